"""Calendar years, working days and the business date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditgate.domain import clock

COVERED = st.dates(date(2004, 1, 1), date(2026, 11, 30))


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]")


def test_the_business_day_begins_at_midnight_in_shanghai():
    assert clock.business_today(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert clock.business_today(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)


def test_a_moment_without_a_zone_has_no_business_day():
    with pytest.raises(ValueError, match="time zone"):
        clock.business_today(datetime(2026, 11, 22))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        ("2020-09-15", 5, "2025-09-15"),
        ("2020-02-29", 5, "2025-02-28"),
        ("2020-02-29", 4, "2024-02-29"),
        ("2021-02-28", 3, "2024-02-28"),
        ("2021-12-31", 1, "2022-12-31"),
    ],
)
def test_years_end_on_the_corresponding_day(start, years, end):
    assert clock.add_calendar_years(date.fromisoformat(start), years) == date.fromisoformat(end)
    assert clock.add_calendar_years_array(days(start), years)[0] == np.datetime64(end)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-50, 50))
def test_years_of_one_day_and_of_a_column_agree(day, years):
    moved = clock.add_calendar_years_array(np.array([day, "NaT"], "datetime64[D]"), years)
    assert moved[0] == np.datetime64(clock.add_calendar_years(day, years))
    assert np.isnat(moved[1])


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        ("2020-09-28", 7, "2020-10-14"),
        ("2020-09-30", 7, "2020-10-16"),
        ("2020-09-30", 3, "2020-10-12"),
        ("2021-02-09", 3, "2021-02-19"),
        ("2021-02-09", 7, "2021-02-24"),
        ("2024-02-08", 7, "2024-02-23"),
        ("2025-09-26", 7, "2025-10-13"),
        ("2025-09-30", 3, "2025-10-11"),  # a Saturday that is worked
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-09-28", 7, "2026-10-13"),
    ],
)
def test_deadlines_follow_the_notices(start, n, due):
    assert clock.add_workdays(date.fromisoformat(start), n) == clock.Deadline(date.fromisoformat(due), False)


def test_deadline_beyond_the_last_notice_is_provisional():
    assert clock.add_workdays(date(2026, 12, 28), 3) == clock.Deadline(date(2026, 12, 31), False)
    assert clock.add_workdays(date(2026, 12, 28), 7) == clock.Deadline(date(2027, 1, 7), True)
    assert clock.add_workdays(date(2003, 12, 1), 3).is_provisional


def test_deadline_behind_the_start_is_refused():
    with pytest.raises(ValueError, match="lies ahead"):
        clock.add_workdays(date(2026, 1, 5), -1)


@given(COVERED, st.integers(0, 30))
def test_workdays_to_a_deadline_are_those_that_were_given(start, n):
    assert clock.workdays_between(start, clock.add_workdays(start, n).due_on) == n


def test_no_working_days_lie_backwards():
    assert clock.workdays_between(date(2026, 11, 23), date(2026, 11, 20)) == 0


@given(day=st.dates(date(1990, 1, 1), date(2060, 12, 31)), years=st.integers(1, 6), back=st.integers(-3, 3))
def test_a_term_runs_on_a_day_from_the_earliest_such_start_on(day, years, back):
    earliest = clock.earliest_start_running(day, years)
    start = earliest + timedelta(days=back)
    assert (clock.add_calendar_years(start, years) >= day) == (back >= 0)


@pytest.mark.parametrize(
    ("day", "earliest"),
    [
        (date(2025, 2, 28), date(2020, 2, 28)),
        (date(2025, 3, 1), date(2020, 3, 1)),
        (date(2024, 2, 29), date(2019, 3, 1)),
    ],
)
def test_the_earliest_running_start_around_a_leap_day(day, earliest):
    assert clock.earliest_start_running(day, 5) == earliest


@given(COVERED, st.integers(0, 15))
def test_the_earliest_start_in_time_is_in_time_and_the_day_before_is_late(met_on, n):
    start = clock.earliest_start_in_time(met_on, n)
    before = np.datetime64(start) - 1
    assert clock.add_workdays(start, n).due_on >= met_on
    assert clock.workdays_late(np.array([start, before], "datetime64[D]"), met_on, n).tolist()[0] == 0
    assert clock.workdays_late(np.array([start, before], "datetime64[D]"), met_on, n).tolist()[1] >= 1


def test_days_late_are_working_days_after_the_deadline():
    started = days("2026-11-12", "2026-11-11", "2026-10-29", "NaT", "2026-11-12", "2030-01-01", "0001-01-01")
    late = clock.workdays_late(started, date(2026, 11, 23), 7)
    assert late.tolist()[:6] == [0, 1, 10, 0, 0, 0]
    assert late[6] > 10_000
    assert late.dtype == np.int32


def test_received_on_a_day_off_after_the_deadline_is_one_day_late():
    friday_before, saturday = "2026-11-11", date(2026, 11, 21)
    assert clock.add_workdays(date(2026, 11, 11), 7).due_on == date(2026, 11, 20)
    assert clock.workdays_late(days(friday_before), saturday, 7).tolist() == [1]


def test_no_dates_are_not_late():
    assert clock.workdays_late(days(), date(2026, 11, 23), 7).tolist() == []
    assert clock.workdays_late(days("NaT"), date(2026, 11, 23), 7).tolist() == [0]
