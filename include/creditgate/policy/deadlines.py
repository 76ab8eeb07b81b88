"""The clocks' terms and the local working days, from the seeds: data that officials change without code.

`dbt_project/seeds/deadlines.csv`: how many working days each clock runs, and by which clause.
`dbt_project/seeds/workday_overrides.csv`: days that differ here from the State Council's notice, or that came after it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from creditgate.domain.workday_calendar import (
    KnownDay,
    WorkdayCalendar,
    library_days,
    version_of,
    with_overrides,
)
from creditgate.policy.documents import PolicyFileError
from creditgate.policy.paths import dbt_dir

_CLOCK_COLUMNS = ("clock", "name", "workdays", "clause", "is_set_by_notice")
_DAY_COLUMNS = ("day", "is_workday", "source_ref")


class DeadlineSeedError(PolicyFileError):
    """A seed of the clocks can't be used."""


@dataclass(frozen=True)
class ClockTerm:
    """How long a clock runs. Where the notice names no number of days, the platform has set one."""

    clock: str
    name: str
    workdays: int
    clause: str
    is_set_by_notice: bool


def deadlines_file() -> Path:
    """The seed of the clocks."""
    return dbt_dir() / "seeds" / "deadlines.csv"


def overrides_file() -> Path:
    """The seed of local working days."""
    return dbt_dir() / "seeds" / "workday_overrides.csv"


@cache
def load_clock_terms() -> dict[str, ClockTerm]:
    """The terms of all clocks by code."""
    return read_clock_terms(deadlines_file())


def read_clock_terms(path: Path) -> dict[str, ClockTerm]:
    """Read a seed of clocks; DeadlineSeedError says what to mend."""
    terms: dict[str, ClockTerm] = {}
    for where, row in _rows(path, _CLOCK_COLUMNS):
        if not row["workdays"].isdecimal() or int(row["workdays"]) < 1:
            raise DeadlineSeedError(path, where, "workdays is no whole number above zero", "write digits")
        if row["clock"] in terms:
            raise DeadlineSeedError(path, where, f"the clock {row['clock']!r} stands twice", "keep one line")
        terms[row["clock"]] = ClockTerm(
            clock=row["clock"],
            name=row["name"],
            workdays=int(row["workdays"]),
            clause=row["clause"],
            is_set_by_notice=_flag(path, where, row["is_set_by_notice"]),
        )
    return terms


def read_overrides(path: Path) -> tuple[KnownDay, ...]:
    """Read a seed of local working days; DeadlineSeedError says what to mend."""
    days = []
    for where, row in _rows(path, _DAY_COLUMNS):
        try:
            day = date.fromisoformat(row["day"])
        except ValueError:
            raise DeadlineSeedError(path, where, "day is no date", "write it as YYYY-MM-DD") from None
        if not row["source_ref"]:
            raise DeadlineSeedError(path, where, "source_ref is empty", "name the notice that says so")
        days.append(KnownDay(day, _flag(path, where, row["is_workday"]), row["source_ref"]))
    if len({known.day for known in days}) != len(days):
        raise DeadlineSeedError(path, "", "a day stands twice", "keep one line of it")
    return tuple(days)


def known_workdays() -> tuple[KnownDay, ...]:
    """The calendar to load into the warehouse: the library's days, and the overrides in their place."""
    return with_overrides(library_days(), read_overrides(overrides_file()))


def workday_calendar() -> WorkdayCalendar:
    """The calendar without a warehouse, for what is reckoned offline."""
    days = known_workdays()
    return WorkdayCalendar({known.day: known.is_workday for known in days}, version_of(days))


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        file = path.open(encoding="utf-8", newline="")
    except OSError as fault:
        raise DeadlineSeedError(path, "", "can't be read", f"restore the file ({fault.strerror})") from fault
    with file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != columns:
            raise DeadlineSeedError(path, "", "has other columns", f"write the columns {', '.join(columns)}")
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise DeadlineSeedError(
                    path, f"line {number}", "has more or fewer cells than the header", "mend it"
                )
            yield f"line {number}", {name: cell.strip() for name, cell in row.items()}


def _flag(path: Path, where: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise DeadlineSeedError(path, where, f"{text!r} is not true or false", "write true or false")
    return text == "true"
