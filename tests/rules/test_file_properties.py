"""What holds for any feed of any item, from its bytes on: every row has its fate, and every finding its rule.

Neither the size of chunks nor the order of rows nor how many more rows there are changes a row's verdict.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditgate import pipeline
from creditgate.domain.report import BatchReport
from creditgate.policy.contracts import Contract, known_items, load_contract
from creditgate.policy.rule_finder import rule_finder
from creditgate.screen import csv_blocks, records
from tests.builders import Row, a_feed
from tests.feed_files import as_json, file_of, records_of

FEW = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MANY = settings(FEW, max_examples=300, derandomize=False)
ODD = st.sampled_from(
    ["无", "2026-02-30", "20261116", "370199199001010019", "91370199MA0000015T", "3701****1X", "是", "-1", "自然人", "个体工商户",
     "月收入约8000元", "患有高血压", "保险诈骗罪", "济济南南示示例例公公司司", "济南示例商贸有眼公司", "济市监处罚【2026】1号", "示" * 300, "=1+1", "𠮷",
     "甲\ufffd乙", "［已屏蔽］", "a,b", 'a"b', "a\nb", "\u3000甲"]
)  # fmt: skip


@st.composite
def feeds(draw: st.DrawFn, contract: Contract) -> list[Row]:
    """The contract's own example row, some cells changed, some rows twice; all have the same columns."""
    example = {name: cell or "" for name, cell in contract.example_row().items()}
    cells = ODD | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    changes = st.dictionaries(st.sampled_from(sorted(example)), cells, max_size=4)
    return [
        example | draw(changes)
        for _ in range(draw(st.integers(2, 6)))
        for _ in range(draw(st.integers(1, 2)))
    ]


def checked(path: Path, contract: Contract) -> BatchReport:
    return pipeline.check_file(path, contract.item, None, contract.example_as_of)


def verdicts(
    report: BatchReport, rows: int, *, without: str | None = None
) -> list[set[tuple[str, str | None]]]:
    """(rule, field) of each of the first rows."""
    found: list[set[tuple[str, str | None]]] = [set() for _ in range(rows)]
    for number, slot in report.findings:
        if 0 < number <= rows and slot.rule.expectation != without:
            found[number - 1].add((slot.rule.id, slot.field))
    return found


def about_file(report: BatchReport) -> set[tuple[str, str | None]]:
    return {(slot.rule.id, slot.header) for number, slot in report.findings if number == 0}


def look(contract: Contract, rows: Sequence[Row], order: Sequence[int], size: int) -> None:
    find = rule_finder(contract)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        whole = checked(a_feed(rows, folder / "whole.csv", item=contract.item), contract)
        expected = verdicts(whole, len(rows))
        assert whole.tally.accepted + whole.tally.rejected == whole.tally.total == len(rows)
        assert all(find(slot.rule.id) is not None for _, slot in whole.findings)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_blocks, "BLOCK_BYTES", 200 * size)
            patch.setattr(records, "CHUNK_ROWS", size)
            others = {
                "small blocks": checked(folder / "whole.csv", contract),
                "small chunks": checked(
                    file_of(folder, "feed.json", as_json(records_of(rows, contract.item))), contract
                ),
            }
        for how, report in others.items():
            assert verdicts(report, len(rows)) == expected, how
            assert about_file(report) == about_file(whole), how
        turned = checked(
            a_feed([rows[place] for place in order], folder / "t.csv", item=contract.item), contract
        )
        assert verdicts(turned, len(rows)) == [expected[place] for place in order]
        assert about_file(turned) == about_file(whole)
        more = [*rows, *([rows[0]] * 1_100)]
        large = checked(a_feed(more, folder / "large.csv", item=contract.item), contract)
        double = "gate.duplicate_record"
        assert verdicts(large, len(rows), without=double) == verdicts(whole, len(rows), without=double)


@pytest.mark.parametrize("item", known_items())
def test_a_rows_verdict_is_its_own(item: str) -> None:
    _properties(item, FEW)


@pytest.mark.soak
@pytest.mark.parametrize("item", known_items())
def test_a_rows_verdict_is_its_own_in_hundreds_of_feeds(item: str) -> None:
    _properties(item, MANY)


def _properties(item: str, how_many: settings) -> None:
    contract = load_contract(item)

    @how_many
    @given(rows=feeds(contract), data=st.data(), size=st.integers(1, 4))
    def hold(rows: list[Row], data: st.DataObject, size: int) -> None:
        look(contract, rows, data.draw(st.permutations(range(len(rows)))), size)

    hold()
