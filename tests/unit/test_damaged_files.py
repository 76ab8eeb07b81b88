"""A damaged file of any format: an outcome with a rule, a Chinese message and a next step; no exception, no hang."""

from __future__ import annotations

import re
import time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditgate import pipeline
from creditgate.domain.batch import BatchStatus
from creditgate.policy.contracts import load_contract
from creditgate.policy.rule_finder import rule_finder
from tests.builders import AS_OF, Row, a_penalty
from tests.feed_files import (
    ITEM,
    as_csv,
    as_html,
    as_json,
    as_xls,
    as_xml,
    records_of,
    seen,
    table_of,
    with_part,
)
from tests.mutations import mutated, with_mutated_part

ROWS: list[Row] = [a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕119号", fine_10k_yuan="0.20")]
TABLE, RECORDS = table_of(ROWS), records_of(ROWS)
LONGEST = 20
"""Seconds that a small file may take on a busy machine."""
HAN = re.compile(r"[\u4e00-\u9fff]")


def _xlsx(folder: Path) -> bytes:
    book = openpyxl.Workbook()
    for row in TABLE:
        book.active.append(row)
    book.save(folder / "whole.xlsx")
    return (folder / "whole.xlsx").read_bytes()


WHOLE = {
    "csv": ("feed.csv", as_csv(TABLE).encode()),
    "gb18030": ("feed.csv", as_csv(TABLE).encode("gb18030")),
    "utf-16": ("feed.csv", as_csv(TABLE).encode("utf-16")),
    "tsv": ("feed.tsv", as_csv(TABLE, "\t").encode()),
    "html, as .xls": ("feed.xls", as_html(TABLE).encode()),
    "json": ("feed.json", as_json({"data": RECORDS}).encode()),
    "jsonl": ("feed.jsonl", "\n".join(as_json(record) for record in RECORDS).encode()),
    "xml": ("feed.xml", as_xml(RECORDS).encode()),
    "xls": ("feed.xls", as_xls(TABLE)),
    "xlsx": ("feed.xlsx", b""),
}
FIND = rule_finder(load_contract(ITEM))


def screened(folder: Path, name: str, content: bytes) -> None:
    """Screen the file to its end: it has rows or is blocked, and every finding has a rule that says what to do."""
    path = folder / name
    path.write_bytes(content)
    begun = time.monotonic()
    made = seen(path)
    assert time.monotonic() - begun < LONGEST
    if not made.rows and not any(row == 0 for row, _, _ in made.findings):
        checked(folder, name, content)  # a file without rows is told of when all of it was read
    for rule in map(FIND, made.rules):
        assert HAN.search(rule.message)
        assert HAN.search(rule.expected)
    assert "\ufffd" not in str(made.rows)


def checked(folder: Path, name: str, content: bytes) -> None:
    """Check the file as a unit does before it reports: every row has its fate."""
    path = folder / name
    path.write_bytes(content)
    report = pipeline.check_file(path, ITEM, None, AS_OF, with_rows=True)
    tally = report.tally
    assert report.status is BatchStatus.BLOCKED or tally.accepted + tally.rejected == tally.total > 0


def _damaged(kind: str, content: bytes) -> st.SearchStrategy[bytes]:
    return mutated(content) | with_mutated_part(content) if kind == "xlsx" else mutated(content)


FEW = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=5_000, derandomize=False)


def _look(folder: Path, kind: str, data: st.DataObject, whole: bytes) -> None:
    name = WHOLE[kind][0]
    content = data.draw(_damaged(kind, whole))
    (checked if data.draw(st.integers(0, 9)) == 0 else screened)(folder, name, content)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_damaged_file_has_an_outcome_and_raises_nothing(tmp_path: Path, kind: str) -> None:
    whole = _xlsx(tmp_path) if kind == "xlsx" else WHOLE[kind][1]

    @FEW
    @given(data=st.data())
    def look(data: st.DataObject) -> None:
        _look(tmp_path, kind, data, whole)

    look()


def test_a_workbook_whose_parts_cannot_be_told_is_refused(tmp_path: Path) -> None:
    """Its cells open; which columns are hidden does not."""
    _xlsx(tmp_path)
    path = with_part(
        tmp_path / "whole.xlsx",
        "xl/_rels/workbook.xml.rels",
        b"<Relationships><Relationship></Relationships>",
    )
    assert seen(path).rules == {"FILE-011"}


@pytest.mark.soak
@pytest.mark.parametrize("kind", WHOLE)
def test_thousands_of_damaged_files_have_an_outcome_and_raise_nothing(tmp_path: Path, kind: str) -> None:
    whole = _xlsx(tmp_path) if kind == "xlsx" else WHOLE[kind][1]

    @MANY
    @given(data=st.data())
    def look(data: st.DataObject) -> None:
        _look(tmp_path, kind, data, whole)

    look()
