"""The yardstick of the benchmark finds what the gate finds: the same rows, the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest

pytest.importorskip("pandera.polars", reason="the dependency group `bench` is not installed")

from bench.gate import gate_findings
from bench.yardstick_pandera import yardstick_for
from creditgate.domain.findings import FILE_ROW
from creditgate.policy.contracts import Field, load_contract
from creditgate.samples.bench import BENCH_AS_OF, WRONG_FIELDS, bench_penalties
from creditgate.samples.canaries import PROHIBITED_TEXTS
from creditgate.screen.normalise import normalise_column
from tests.builders import AS_OF, Row, a_feed, a_penalty, a_personal_penalty

ITEM = "administrative_penalty"


def found_by_gate(path: Path) -> set[tuple[int, str]]:
    return {(row, slot.rule.id) for row, slot in gate_findings(path, ITEM, BENCH_AS_OF) if row != FILE_ROW}


def found_by_yardstick(path: Path) -> set[tuple[int, str]]:
    return set(yardstick_for(path, ITEM, BENCH_AS_OF).findings(path).iter_rows())


@pytest.mark.parametrize("wrong_fields", [0, 5])
def test_yardstick_and_gate_agree_on_the_benchmarks_files(
    tmp_path: Path, wrong_fields: Literal[0, 5]
) -> None:
    path = tmp_path / "penalties.csv"
    bench_penalties(path, 2_000, wrong_fields=wrong_fields)
    found = found_by_gate(path)
    assert found_by_yardstick(path) == found
    assert len(found) == 2_000 * (len(WRONG_FIELDS) if wrong_fields else 0)


def test_yardstick_and_gate_agree_on_every_rules_examples(tmp_path: Path) -> None:
    rows = list(_examples())
    path = a_feed(rows, tmp_path / "examples.csv")
    found = found_by_gate(path)
    assert found_by_yardstick(path) == found
    assert {rule for _, rule in found} >= {rule.id for rule in load_contract(ITEM).check_rules()}


def test_yardstick_and_gate_agree_on_prohibited_values_and_doubled_records(tmp_path: Path) -> None:
    texts = [text.format(mark="K7") for text in PROHIBITED_TEXTS.values()]
    rows = [a_penalty(facts=text, decision_number=f"济市监罚〔2026〕{i}号") for i, text in enumerate(texts)]
    rows += [
        a_personal_penalty(facts=text, decision_number=f"济公罚〔2026〕{i}号") for i, text in enumerate(texts)
    ]
    rows += [
        a_penalty(decision_number="济市监罚〔2026〕99号"),
        a_penalty(decision_number="济市监罚[2026] 99号"),
    ]
    path = a_feed(rows, tmp_path / "prohibited.csv")
    found = found_by_gate(path)
    assert found_by_yardstick(path) == found
    assert len({rule for _, rule in found if rule.startswith("PD-")}) == len(PROHIBITED_TEXTS)


def _examples() -> Iterator[Row]:
    """The failing and the passing example of each rule, each a record of its own, spelled as the screen spells it.

    The yardstick takes values as they stand: 撤回 for 是 is the screen's business, and the gate's alone.
    """
    contract = load_contract(ITEM)
    assert contract.example_as_of <= AS_OF
    for rule in contract.check_rules():
        for change in (rule.passing, rule.failing):
            row = {**contract.example_row(), **(change or {})}
            yield {
                name: text for name, value in row.items() if (text := _spelled(contract.field(name), value))
            }


def _spelled(field: Field, value: object) -> str | None:
    texts = pa.array([None if value is None else str(value)], pa.string())
    spelled: str | None = normalise_column(texts, field)[0].as_py()
    return spelled
