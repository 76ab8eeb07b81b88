"""Whatever is in a file: a rule id, a Chinese message and a next step; never a traceback, never a value."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditgate import pipeline
from creditgate.domain.batch import BatchStatus
from creditgate.domain.report import BatchReport
from creditgate.policy.contracts import load_contract
from tests.builders import AS_OF, Row, a_feed, a_penalty

ITEM = "administrative_penalty"


def _check(path: Path) -> BatchReport:
    return pipeline.check_file(path, ITEM, None, AS_OF, with_rows=True)


def _rules(report: BatchReport) -> set[str]:
    return {slot.rule.id for _, slot in report.findings}


def _as_csv(rows: list[Row], *, more: list[list[str]] | None = None) -> str:
    contract = load_contract(ITEM)
    names = [field.name for field in contract.fields if field.name in rows[0]]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([contract.field(name).header for name in names])
    writer.writerows([row[name] for name in names] for row in rows)
    writer.writerows(more or [])
    return text.getvalue()


def _file(folder: Path, content: bytes | str, name: str = "feed.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


ONE = _as_csv([a_penalty()])


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        pytest.param(b"", "feed.csv", "FILE-009", id="an empty file"),
        pytest.param(b"\xef\xbb\xbf \r\n", "feed.csv", "FILE-009", id="a byte order mark and blanks"),
        pytest.param(ONE.splitlines()[0] + "\n", "feed.csv", "FILE-009", id="a header without rows"),
        pytest.param(ONE, "feed.xlsx", "FILE-010", id="text with a workbook's extension"),
        pytest.param(ONE, "feed.pdf", "FILE-010", id="an extension that is not taken"),
        pytest.param(b"%PDF-1.7 ...", "feed.csv", "FILE-010", id="a PDF with a feed's extension"),
        pytest.param(b"<html><table></table>", "feed.csv", "FILE-010", id="a web page"),
        pytest.param(b"PK\x03\x04 and no more", "feed.xlsx", "FILE-011", id="a truncated workbook"),
        pytest.param(ONE.replace("罚款", "罚\0款"), "feed.csv", "FILE-014", id="a NUL byte"),
        pytest.param(b"\xa1\xff\xff\x80\xff" * 50, "feed.csv", "FILE-012", id="no text at all"),
        pytest.param("甲,乙\n1,2\n", "feed.csv", "FILE-016", id="no column of the item"),
        pytest.param(ONE + '"never closed,', "feed.csv", "FILE-019", id="a quote that is never closed"),
    ],
)
def test_a_file_that_cannot_be_read_is_blocked_with_its_rule(
    tmp_path: Path, content: bytes | str, name: str, rule: str
) -> None:
    report = _check(_file(tmp_path, content, name))
    assert report.status is BatchStatus.BLOCKED
    assert rule in _rules(report)
    assert len(report.rejected) == 0


def test_a_truncated_real_workbook_is_blocked(tmp_path: Path) -> None:
    whole = a_feed([a_penalty()], tmp_path / "whole.xlsx").read_bytes()
    for size in (40, len(whole) // 2, len(whole) - 20):
        report = _check(_file(tmp_path, whole[:size], "cut.xlsx"))
        assert _rules(report) == {"FILE-011"}


def test_a_zip_that_is_no_workbook_is_blocked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "feed.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert _rules(_check(tmp_path / "feed.xlsx")) == {"FILE-010"}


def test_two_encodings_in_one_file_are_blocked(tmp_path: Path) -> None:
    line = ONE.splitlines()[1] + "\r\n"
    mixed = ONE.encode("utf-8") + line.encode("gb18030") + line.encode("utf-8")
    assert "FILE-013" in _rules(_check(_file(tmp_path, mixed)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_an_encoding_is_told_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    report = _check(_file(tmp_path, ONE.encode(encoding)))
    assert report.status is BatchStatus.ACCEPTED
    assert report.encoding is not None
    assert report.encoding.startswith(encoding[:5])


def test_a_column_that_stands_twice_blocks_the_file(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(ONE)))
    text = io.StringIO()
    csv.writer(text).writerows([*row, row[0]] for row in rows)
    assert "FILE-015" in _rules(_check(_file(tmp_path, text.getvalue())))


def test_an_unknown_column_is_dropped_aloud(tmp_path: Path) -> None:
    path = a_feed([a_penalty()], tmp_path / "feed.csv", extra_columns={"内部备注": ["某某"]})
    report = _check(path)
    assert report.status is BatchStatus.ACCEPTED
    assert report.columns.dropped == ("内部备注",)
    assert "FILE-021" in _rules(report)


@pytest.mark.parametrize("cells", [1, 60])
def test_a_row_of_another_width_goes_back_and_the_others_are_taken(tmp_path: Path, cells: int) -> None:
    first = _as_csv([a_penalty()], more=[["x"] * cells])
    second = ONE.splitlines()[1].replace("118", "119")
    report = _check(_file(tmp_path, first + second + "\r\n"))
    assert [(row, slot.rule.id) for row, slot in report.findings] == [(2, "FILE-017")]
    assert (report.tally.total, report.tally.accepted) == (3, 2)


def test_a_cell_of_ten_megabytes_goes_back_and_the_others_are_taken(tmp_path: Path) -> None:
    rows = [a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕2号", facts="长" * 3_500_000)]
    report = _check(_file(tmp_path, _as_csv(rows)))
    assert (report.tally.accepted, report.tally.rejected) == (1, 1)
    assert {slot.field for row, slot in report.findings if row == 2} == {"facts"}


def test_a_cell_beyond_all_bounds_never_gets_in(tmp_path: Path) -> None:
    report = _check(_file(tmp_path, _as_csv([a_penalty(facts="长" * 12_000_000)])))
    assert report.tally.accepted == 0
    assert _rules(report) & {"FILE-018", "FILE-019", "AP-081"}


def test_line_breaks_inside_quotes_belong_to_the_cell(tmp_path: Path) -> None:
    report = _check(_file(tmp_path, _as_csv([a_penalty(facts="第一行\n第二行\r\n第三行")])))
    assert report.status is BatchStatus.ACCEPTED
    assert report.tally.total == 1


def test_no_finding_and_no_message_repeats_what_stood_in_a_bad_row(tmp_path: Path) -> None:
    marker = "MARKER7351"
    report = _check(_file(tmp_path, _as_csv([a_penalty()], more=[[marker] * 3])))
    assert marker not in repr(report)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=400), at=st.floats(0, 1))
def test_no_mutation_of_a_feed_ends_in_an_exception(tmp_path: Path, junk: bytes, at: float) -> None:
    whole = ONE.encode()
    place = int(at * len(whole))
    report = _check(_file(tmp_path, whole[:place] + junk + whole[place:]))
    assert report.status in set(BatchStatus)
    tally = report.tally
    assert report.status is BatchStatus.BLOCKED or tally.accepted + tally.rejected == tally.total
