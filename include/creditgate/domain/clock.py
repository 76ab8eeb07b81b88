"""Business dates, calendar years and working days. The one place that knows what day it is.

Working days are those of the State Council's yearly notice: Monday to Friday, less holidays, plus
make-up days. The notice for a year comes in the autumn before; beyond the last one loaded a deadline
is provisional and has to be reckoned again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar
import numpy as np
import numpy.typing as npt
from chinese_calendar import constants

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")

Days = npt.NDArray[np.datetime64]

COVERED_YEARS = range(min(constants.holidays).year, max(constants.holidays).year + 1)
"""Years whose working days the calendar in use knows from the notices."""

STATUTORY_DAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the public holidays with a fixed date (全国年节及纪念日放假办法, 2024). The four
that follow the moon or the sun (春节, 清明节, 端午节, 中秋节) are known from the notice alone."""


_NO_EARLIER = np.datetime64("1949-10-01", "D")
"""Earlier starts are mistyped: how late they are is counted from here."""


@dataclass(frozen=True)
class Deadline:
    """The last day in time. Provisional: the way to it leaves the years the calendar covers."""

    due_on: date
    is_provisional: bool


def business_today(now: datetime | None = None) -> date:
    """Today's date in Asia/Shanghai; `now` (zoned) stands in for the clock.

    Raises:
        ValueError: `now` has no time zone.
    """
    moment = now or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("now has no time zone; give a zoned moment")
    return moment.astimezone(BUSINESS_ZONE).date()


def add_calendar_years(day: date, years: int) -> date:
    """The corresponding day `years` later; 29 February becomes the 28th where there is none (settled reading 1)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def add_calendar_years_array(days: Days, years: int) -> Days:
    """`add_calendar_years` of each day, datetime64[D]; NaT stays NaT."""
    months = days.astype("datetime64[M]")
    first = (months + 12 * years).astype("datetime64[D]")
    last = (months + 12 * years + 1).astype("datetime64[D]") - 1
    moved: Days = np.minimum(first + (days - months.astype("datetime64[D]")), last)
    return moved


@cache
def earliest_start_running(day: date, years: int) -> date:
    """The earliest start of a term of `years` calendar years whose last day is `day` or later."""
    start = add_calendar_years(day, -years)
    while add_calendar_years(start - timedelta(days=1), years) >= day:
        start -= timedelta(days=1)
    while add_calendar_years(start, years) < day:
        start += timedelta(days=1)
    return start


def is_workday(day: date) -> bool:
    """Whether a day is a working day; beyond the covered years a weekday that is no fixed holiday."""
    if day.year in COVERED_YEARS:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and (day.month, day.day) not in STATUTORY_DAYS


def add_workdays(start: date, n: int) -> Deadline:
    """The n-th working day after `start`, which does not count (民法典 201); never fails beyond the calendar.

    Raises:
        ValueError: n is negative.
    """
    if n < 0:
        raise ValueError(f"{n} working days: a deadline lies ahead; give 0 or more")
    day = start
    for _ in range(n):
        day = _next_workday(day)
    is_covered = day.year in COVERED_YEARS and (start + timedelta(days=min(n, 1))).year in COVERED_YEARS
    return Deadline(day, not is_covered)


def workdays_between(start: date, end: date) -> int:
    """Working days after `start` up to and including `end`; 0 where `end` is not after `start`."""
    if end <= start:
        return 0
    counted = _workdays_until(np.array([start, end], "datetime64[D]"))
    return int(counted[1] - counted[0])


@cache
def earliest_start_in_time(met_on: date, n: int) -> date:
    """The earliest start whose deadline of n working days is kept on `met_on`.

    For S10: a record formed before this day and received on `met_on` is late.
    """
    day = met_on
    while add_workdays(day - timedelta(days=1), n).due_on >= met_on:
        day -= timedelta(days=1)
    return day


def workdays_late(started: Days, met_on: date, n: int) -> npt.NDArray[np.int32]:
    """Working days by which `met_on` misses the deadline of n working days from each start.

    started: datetime64[D], shape (n,). 0 where in time or NaT; at least 1 where late, also when only
    days off lie between.
    """
    late = np.zeros(len(started), np.int32)
    is_early = started < np.datetime64(earliest_start_in_time(met_on, n), "D")  # false for NaT
    if is_early.any():
        distinct, place = np.unique(started[is_early], return_inverse=True)
        days = np.append(np.maximum(distinct, _NO_EARLIER), np.datetime64(met_on, "D"))
        counted = _workdays_until(days)
        passed = counted[-1] - counted[:-1]
        late[is_early] = np.maximum(passed - n, 1)[place]
    return late


def _next_workday(day: date) -> date:
    day += timedelta(days=1)
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def _workdays_until(days: Days) -> npt.NDArray[np.int64]:
    """Working days from the start of the earliest day's year up to and including each day."""
    first = int(days.min().astype("datetime64[Y]").astype(int)) + 1970
    last = int(days.max().astype("datetime64[Y]").astype(int)) + 1970
    flags = np.concatenate([_workdays_of(year) for year in range(first, last + 1)])
    places = (days - np.datetime64(f"{first:04d}-01-01", "D")).astype(np.int64)
    counted: npt.NDArray[np.int64] = np.cumsum(flags)[places]
    return counted


@cache
def _workdays_of(year: int) -> npt.NDArray[np.bool_]:
    """Whether each day of a year is a working day."""
    days = (date(year, 1, 1) + timedelta(days=i) for i in range(366))
    return np.array([is_workday(day) for day in days if day.year == year], bool)
