"""The yearly plans of trainings in credit repair (S55), from the seed that the warehouse uses too.

A unit makes a plan for a year, and organises its trainings together with the development and reform commission.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from creditgate.policy.documents import PolicyFileError
from creditgate.policy.paths import dbt_dir

_COLUMNS = ("plan_code", "plan_year", "title", "organiser", "co_organiser", "confidence", "note")


class TrainingPlanError(PolicyFileError):
    """The seed of the training plans can't be used."""


@dataclass(frozen=True)
class TrainingPlan:
    """A plan of one calendar year; `co_organiser` is the unit that it is carried out with."""

    code: str
    year: int
    title: str
    organiser: str
    co_organiser: str


def training_plans_file() -> Path:
    """The seed."""
    return dbt_dir() / "seeds" / "training_plans.csv"


@cache
def load_training_plans() -> tuple[TrainingPlan, ...]:
    """The plans in the seed's order; TrainingPlanError where the seed is not in order."""
    return read_training_plans(training_plans_file())


def plan_of(day: date) -> TrainingPlan | None:
    """The plan of a training on this day; None where none is registered for the year."""
    return next((plan for plan in load_training_plans() if plan.year == day.year), None)


def read_training_plans(path: Path) -> tuple[TrainingPlan, ...]:
    """Read a seed file, whatever its place."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except OSError as fault:
        raise TrainingPlanError(path, "", "can't be read", f"restore the seed ({fault.strerror})") from fault
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise TrainingPlanError(path, "line 1", "has other columns", f"write {','.join(_COLUMNS)}")
    plans = tuple(_read_row(path, line, row) for line, row in enumerate(rows, start=2))
    codes = [plan.code for plan in plans]
    for code in codes:
        if codes.count(code) > 1:
            raise TrainingPlanError(path, code, "stands twice", "keep one row for each plan_code")
    return plans


def _read_row(path: Path, line: int, row: dict[str, str]) -> TrainingPlan:
    for column in ("plan_code", "title", "organiser", "co_organiser"):
        if not row[column]:
            next_step = "a plan has a code, a title, an organiser and a co-organiser (S55)"
            raise TrainingPlanError(path, f"line {line}", f"{column} is empty", next_step)
    if not row["plan_year"].isdecimal():
        raise TrainingPlanError(path, f"line {line}", "plan_year is no year", "write four digits")
    return TrainingPlan(
        row["plan_code"], int(row["plan_year"]), row["title"], row["organiser"], row["co_organiser"]
    )
