"""What holds for any table at all: no row is lost, no finding is without a rule, chunks and order don't matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditgate.check.checker import Checker
from creditgate.domain.feed import SUBJECT_KIND, Chunk, ColumnMap
from creditgate.domain.findings import Findings
from creditgate.domain.keys import KeyedHash
from creditgate.domain.subjects import subject_kinds
from creditgate.domain.verdict import tally_of
from creditgate.policy.contracts import Contract, known_items, load_contract
from creditgate.policy.rule_finder import rule_finder
from creditgate.screen.normalise import normalise

Row = Mapping[str, str | None]
QUIET = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ODD = st.sampled_from(
    ["", " ", "无", "2026-02-30", "2026-11-16", "20261116", "370199199001010019", "91370199MA0000015T", "3701****1X",
     "是", "否", "-1", "0.2", "自然人", "个体工商户", "法人", "罚款;警告", "\u3000", "示" * 300, "；", "—", "=1+1", "𠮷"]
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, contract: Contract) -> list[Row]:
    """The contract's own example row, over and over, some cells changed, some rows twice."""
    names = [field.name for field in contract.fields]
    rows: list[Row] = []
    for _ in range(draw(st.integers(1, 8))):
        changed = draw(
            st.dictionaries(
                st.sampled_from(names), st.one_of(ODD, st.text(max_size=12), st.none()), max_size=4
            )
        )
        rows += [{**contract.example_row(), **changed}] * draw(st.integers(1, 2))
    return rows


def verdicts(
    contract: Contract, rows: Sequence[Row], sizes: Sequence[int]
) -> tuple[Findings, list[set[str]]]:
    """The findings of the rows, given in chunks of these sizes (the last ones repeat).

    With them the rules of the file as a whole, then those of each row.
    """
    names = [field.name for field in contract.fields]
    checker = Checker(
        contract, ColumnMap({name: name for name in names}), contract.example_as_of, KeyedHash(b"k")
    )
    parts, start, turn = [], 0, 0
    while start < len(rows):
        part = rows[start : start + sizes[turn % len(sizes)]]
        table = pa.table({name: pa.array([row.get(name) for row in part], pa.string()) for name in names})
        table = normalise(table, contract)
        table = table.append_column(SUBJECT_KIND, subject_kinds(table))
        parts.append(checker.check(Chunk(start + 1, table, Findings.none())).findings)
        start, turn = start + len(part), turn + 1
    findings = Findings.concat([*parts, checker.finish()])
    broken: list[set[str]] = [set() for _ in range(len(rows) + 1)]
    for number, slot in findings:
        broken[number].add(slot.rule.id)
    return findings, broken


@pytest.mark.parametrize("item", known_items())
@QUIET
@given(data=st.data())
def test_any_table_is_accepted_or_rejected_row_by_row(item: str, data: st.DataObject) -> None:
    contract = load_contract(item)
    rows = data.draw(tables(contract))
    findings, broken = verdicts(contract, rows, [len(rows)])
    tally = tally_of(len(rows), findings)
    assert tally.accepted + tally.rejected == tally.total == len(rows)
    find = rule_finder(contract)
    assert all(find(rule_id).id == rule_id for rules in broken for rule_id in rules)
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    assert verdicts(contract, rows, sizes)[1] == broken
    order = data.draw(st.permutations(range(len(rows))))
    turned = verdicts(contract, [rows[place] for place in order], sizes)[1]
    assert turned == [broken[0], *(broken[1 + place] for place in order)]
