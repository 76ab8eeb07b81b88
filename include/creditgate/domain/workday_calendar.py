"""The working-day calendar as a value: the days that are known, where they are known from, and what lies beyond.

Up to the frontier a day is what the State Council's notice, or a local override, says. Beyond it a day is taken to be
a working day from Monday to Friday unless it is a public holiday of fixed date; deadlines that reach there are
provisional until the next notice is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import version

import chinese_calendar

from creditgate.domain.clock import COVERED_YEARS, STATUTORY_DAYS, Deadline

LIBRARY = "chinesecalendar"


@dataclass(frozen=True)
class KnownDay:
    """One day of the calendar; `source_ref` is the notice, the library or the override that it is known from."""

    day: date
    is_workday: bool
    source_ref: str


@dataclass(frozen=True)
class WorkdayCalendar:
    """Known days, and the version of the whole: two calendars of one version say the same."""

    days: Mapping[date, bool]
    version: str

    @cached_property
    def first(self) -> date | None:
        """The first known day; None where the calendar is empty. What lies before is history, not provisional."""
        return min(self.days, default=None)

    @cached_property
    def frontier(self) -> date | None:
        """The last day before the first gap; None where the calendar is empty."""
        day = self.first
        while day is not None and day + timedelta(days=1) in self.days:
            day += timedelta(days=1)
        return day

    def knows_year(self, year: int) -> bool:
        """Whether the whole year is known."""
        return date(year, 1, 1) in self.days and date(year, 12, 31) in self.days

    def is_workday(self, day: date) -> bool:
        """Whether a day is a working day; an assumption where the calendar does not know it."""
        known = self.days.get(day)
        if known is not None:
            return known
        return day.weekday() < 5 and (day.month, day.day) not in STATUTORY_DAYS

    def deadline(self, start: date, workdays: int) -> Deadline:
        """The last of this many working days after `start`, which does not count (民法典 201). Never fails.

        Provisional where it lies beyond the frontier. Raises ValueError where workdays is negative.
        """
        if workdays < 0:
            raise ValueError(f"{workdays} working days: a deadline lies ahead; give 0 or more")
        day, left = start, workdays
        while left:
            day += timedelta(days=1)
            left -= self.is_workday(day)
        return Deadline(day, self.frontier is None or day > self.frontier)

    def workdays_after(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; 0 where `end` is not after `start`."""
        return sum(self.is_workday(start + timedelta(days=i)) for i in range(1, (end - start).days + 1))


def library_days() -> Iterable[KnownDay]:
    """Every day that the library knows: the years of which the State Council's notice is out."""
    source = f"{LIBRARY} {version(LIBRARY)}"
    day, last = date(COVERED_YEARS.start, 1, 1), date(COVERED_YEARS.stop - 1, 12, 31)
    while day <= last:
        yield KnownDay(day, bool(chinese_calendar.is_workday(day)), source)
        day += timedelta(days=1)


def with_overrides(days: Iterable[KnownDay], overrides: Iterable[KnownDay]) -> tuple[KnownDay, ...]:
    """The days in order; an override stands in place of its day, or adds it."""
    merged = {known.day: known for known in days} | {known.day: known for known in overrides}
    return tuple(merged[day] for day in sorted(merged))


def version_of(days: Iterable[KnownDay]) -> str:
    """Names what the days say: changes when a day does, or its source."""
    told = "\n".join(f"{known.day} {known.is_workday:d} {known.source_ref}" for known in days)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
