"""The version in force on the day of the decision applies, and earlier ones stay usable (S08)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from creditgate.policy.contracts import Contract, ContractError, known_items, load_contract, read_contract
from creditgate.policy.paths import checklist_dir
from tests.builders import a_penalty
from tests.rules.checking import broken_rules, checked

PENALTY = "administrative_penalty"
NOT_TAKEN = {"AP-104": {"penalty_procedure": "简易程序"}, "AP-107": {"is_minor_and_corrected": "是"}}
CASES = [(rule, day) for rule in NOT_TAKEN for day in ("2020-09-30", "2020-10-01")]


def edited(tmp_path: Path, *edits: tuple[str, str]) -> Contract:
    text = (checklist_dir() / f"{PENALTY}.odcs.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    path = tmp_path / f"{PENALTY}.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return read_contract(path)


@pytest.mark.parametrize(("rule", "day"), CASES)
def test_what_the_regulation_leaves_out_is_rejected_from_the_day_it_came_into_force(
    rule: str, day: str
) -> None:
    row = a_penalty(**NOT_TAKEN[rule], decided_on=day, formed_on=day, conduct_ended_on="2020-09-01")
    assert (rule in broken_rules(checked(load_contract(PENALTY), row))) == (day >= "2020-10-01")


def test_a_row_without_a_day_of_decision_is_held_against_the_version_in_force_now() -> None:
    row = a_penalty(penalty_procedure="简易程序", decided_on=None)
    assert "AP-104" in broken_rules(checked(load_contract(PENALTY), row))


def test_one_file_may_hold_decisions_under_two_versions() -> None:
    old = a_penalty(
        penalty_procedure="简易程序", decided_on="2020-09-30", decision_number="济市监处罚〔2020〕1号"
    )
    sealed = checked(load_contract(PENALTY), a_penalty(penalty_procedure="简易程序"), old)
    assert ["AP-104" in broken_rules(sealed, row) for row in (1, 2)] == [True, False]


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2014, 12, 31), None),
        (date(2015, 1, 1), "1.0.0"),
        (date(2020, 9, 30), "1.0.0"),
        (date(2020, 10, 1), "now"),
        (date(2026, 11, 20), "now"),
    ],
)
def test_the_version_of_a_day(day: date, version: str | None) -> None:
    contract = load_contract(PENALTY)
    assert contract.version_on(day) == (contract.version if version == "now" else version)


def test_an_ended_item_has_no_version_and_takes_no_decision_after_its_last_day(tmp_path: Path) -> None:
    contract = edited(tmp_path, ("effective_until, value: null", "effective_until, value: 2026-06-30"))
    assert contract.version_on(date(2026, 7, 1)) is None
    late, last = (a_penalty(decided_on=day, formed_on=day) for day in ("2026-07-01", "2026-06-30"))
    sealed = checked(contract, late, last)
    assert ["AP-102" in broken_rules(sealed, row) for row in (1, 2)] == [True, False]


def test_the_rules_of_a_past_version_can_be_asked_for() -> None:
    contract = load_contract(PENALTY)
    before, after = ({r.id for r in contract.rules_on(day)} for day in (date(2020, 9, 30), date(2020, 10, 1)))
    assert {"AP-104", "AP-107"} <= after - before
    assert before < after


def test_a_rule_that_has_ended_speaks_of_old_decisions_alone(tmp_path: Path) -> None:
    old = "- {property: passing, value: {conduct_type: 价格违法行为}}"
    text = (checklist_dir() / f"{PENALTY}.odcs.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "property: since, value: 2020-10-01" in line)
    assert old not in text or line
    contract = edited(tmp_path, (line.strip(), "- {property: until, value: 2020-09-30}"))
    rows = [
        a_penalty(penalty_procedure="简易程序", decided_on=day, formed_on=day, conduct_ended_on="2020-09-01")
        for day in ("2020-09-30", "2020-10-01")
    ]
    sealed = checked(contract, *rows)
    assert ["AP-104" in broken_rules(sealed, row) for row in (1, 2)] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("decision_day, value: decided_on", "decision_day, value: nonsense", "no field 'nonsense'"),
        ("{version: 1.0.0, effective_until", "{version: 9.9.9, effective_until", None),
        ("effective_until: 2020-09-30}]", "effective_until: 2014-09-30}]", "is not in order of time"),
        (
            "  - {property: decision_day, value: decided_on}\n",
            "",
            "AP-104 has days, and the contract no decision_day",
        ),
    ],
)
def test_a_slip_in_the_versions_is_named(tmp_path: Path, old: str, new: str, says: str | None) -> None:
    if says is None:
        assert edited(tmp_path, (old, new)).past_versions[0].version == "9.9.9"
        return
    with pytest.raises(ContractError, match=says):
        edited(tmp_path, (old, new))


@pytest.mark.parametrize("item", known_items())
def test_every_contract_says_the_seven_elements_and_its_days(item: str) -> None:
    contract = load_contract(item)
    elements = (
        contract.title, contract.information_nature, contract.unified_code_field, contract.data_standard,
        contract.disclosure_mode, contract.validity, contract.provider_units,
    )  # fmt: skip
    assert all(elements)
    assert contract.version_on(contract.example_as_of) == contract.version


@pytest.mark.parametrize("item", known_items())
def test_a_decision_is_held_against_the_days_on_which_the_item_is_on_the_checklist(item: str) -> None:
    contract = load_contract(item)
    if contract.decision_day is None:
        return
    windows = [
        rule
        for rule in contract.rules
        if rule.field == contract.decision_day
        and rule.kwargs.get("earliest") == contract.effective_from.isoformat()
    ]
    assert windows, f"add a rule with earliest: effective_from at {contract.decision_day}, as AP-102 is"
