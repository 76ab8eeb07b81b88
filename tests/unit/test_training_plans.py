"""The yearly plans of trainings (S55): one seed, read by the warehouse, the contract and the samples."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from creditgate.policy.contracts import load_contract
from creditgate.policy.training_plans import (
    TrainingPlanError,
    load_training_plans,
    plan_of,
    read_training_plans,
    training_plans_file,
)


def test_every_plan_names_the_unit_that_it_is_carried_out_with() -> None:
    assert load_training_plans()
    assert all(plan.co_organiser and plan.organiser for plan in load_training_plans())


def test_the_contract_takes_the_registered_plans_and_flags_others() -> None:
    contract = load_contract("repair_training")
    assert contract.values_of("plan_code") == tuple(plan.code for plan in load_training_plans())
    assert {contract.rule(rule_id).severity.value for rule_id in ("RT-041", "RT-042")} == {"warn"}


def test_a_training_belongs_to_the_plan_of_its_year() -> None:
    plan = plan_of(date(2026, 5, 6))
    assert plan is not None
    assert plan.year == 2026
    assert plan_of(date(1999, 1, 1)) is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("plan_code,", "code,", "line 1: has other columns"),
        (",济南市发展和改革委员会,", ",,", "line 2: co_organiser is empty"),
        (",2026,", ",next,", "line 3: plan_year is no year"),
        ("JNPX-2026", "JNPX-2025", "JNPX-2025: stands twice"),
    ],
)
def test_a_slip_in_the_seed_is_named_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "training_plans.csv"
    path.write_text(training_plans_file().read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TrainingPlanError, match=says):
        read_training_plans(path)


def test_a_seed_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingPlanError, match="can't be read"):
        read_training_plans(tmp_path / "training_plans.csv")
