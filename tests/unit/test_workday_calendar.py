"""Working days come from the State Council's notices, local overrides take their place, and beyond them a deadline is provisional."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from creditgate.domain.clock import COVERED_YEARS, Deadline, add_workdays
from creditgate.domain.workday_calendar import (
    KnownDay,
    WorkdayCalendar,
    library_days,
    version_of,
    with_overrides,
)
from creditgate.policy.deadlines import (
    DeadlineSeedError,
    load_clock_terms,
    read_clock_terms,
    read_overrides,
    workday_calendar,
)
from creditgate.warehouse.workdays import read_workdays, refresh_workdays
from tests.conftest import Database

DAYS = tuple(library_days())
LAST_YEAR = COVERED_YEARS.stop - 1


def calendar_of(*overrides: KnownDay) -> WorkdayCalendar:
    days = with_overrides(DAYS, overrides)
    return WorkdayCalendar({one.day: one.is_workday for one in days}, version_of(days))


@pytest.mark.parametrize(
    ("start", "workdays", "due"),
    [
        ("2020-09-28", 7, "2020-10-14"),
        ("2020-09-30", 7, "2020-10-16"),
        ("2020-09-30", 3, "2020-10-12"),
        ("2021-02-09", 3, "2021-02-19"),
        ("2021-02-09", 7, "2021-02-24"),
        ("2024-02-08", 7, "2024-02-23"),
        ("2025-09-26", 7, "2025-10-13"),
        ("2025-09-30", 3, "2025-10-11"),
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-09-28", 7, "2026-10-13"),
    ],
)
def test_make_up_days_and_holidays_count_as_the_notice_says(start: str, workdays: int, due: str) -> None:
    deadline = calendar_of().deadline(date.fromisoformat(start), workdays)
    assert deadline == Deadline(date.fromisoformat(due), is_provisional=False)
    assert add_workdays(date.fromisoformat(start), workdays) == deadline


def test_the_library_agrees_with_another_one_on_every_day_but_one() -> None:
    other = holidays.country_holidays("CN", years=COVERED_YEARS)
    differ = {one.day for one in DAYS if one.is_workday != other.is_working_day(one.day)}
    assert differ == {date(2005, 12, 31)}


def test_beyond_the_frontier_a_deadline_is_provisional_and_nothing_fails() -> None:
    calendar = calendar_of()
    assert calendar.frontier == date(LAST_YEAR, 12, 31)
    assert not calendar.deadline(date(LAST_YEAR, 12, 20), 3).is_provisional
    assert calendar.deadline(date(LAST_YEAR, 12, 28), 7).is_provisional
    assert calendar.deadline(date(2099, 1, 1), 7).is_provisional
    assert WorkdayCalendar({}, "").deadline(date(2026, 1, 5), 3) == Deadline(date(2026, 1, 8), True)


def test_a_fixed_holiday_beyond_the_frontier_is_no_working_day() -> None:
    calendar = calendar_of()
    assert not calendar.is_workday(date(2099, 10, 1))
    assert calendar.is_workday(date(2099, 10, 5)) == (date(2099, 10, 5).weekday() < 5)


def test_before_the_first_known_year_a_deadline_is_not_provisional() -> None:
    assert not calendar_of().deadline(date(1999, 3, 1), 7).is_provisional


def test_an_override_takes_its_days_place_and_changes_the_version() -> None:
    plain = calendar_of()
    local = calendar_of(KnownDay(date(2026, 3, 4), False, "济政办〔2026〕1号"))
    assert plain.deadline(date(2026, 3, 3), 3).due_on == date(2026, 3, 6)
    assert local.deadline(date(2026, 3, 3), 3).due_on == date(2026, 3, 9)
    assert (
        plain.version
        != local.version
        == calendar_of(KnownDay(date(2026, 3, 4), False, "济政办〔2026〕1号")).version
    )


def test_one_day_beyond_a_gap_moves_no_frontier() -> None:
    beyond = date(LAST_YEAR + 1, 2, 8)
    assert calendar_of(KnownDay(beyond, True, "补班")).frontier == date(LAST_YEAR, 12, 31)


def test_a_year_that_was_loaded_by_overrides_is_known() -> None:
    first = date(LAST_YEAR + 1, 1, 1)
    year = [
        KnownDay(first + timedelta(days=i), (first + timedelta(days=i)).weekday() < 5, "国办发明电")
        for i in range((date(LAST_YEAR + 2, 1, 1) - first).days)
    ]
    calendar = calendar_of(*year)
    assert calendar.knows_year(LAST_YEAR + 1)
    assert not calendar.deadline(date(LAST_YEAR, 12, 28), 7).is_provisional


def test_every_clock_of_the_notice_has_its_days_and_clause() -> None:
    terms = {term.clause: term.workdays for term in load_clock_terms().values() if term.is_set_by_notice}
    assert terms == {"S10": 7, "S11": 3, "S63": 3, "S64": 7, "S68": 3}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("reporting,报送,0,S10,true", "no whole number above zero"),
        ("reporting,报送,7,S10,yes", "'yes' is not true or false"),
        ("reporting,报送,7,S10", "more or fewer cells"),
    ],
)
def test_a_broken_seed_of_clocks_says_what_to_mend(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "deadlines.csv"
    path.write_text(f"clock,name,workdays,clause,is_set_by_notice\n{line}\n", encoding="utf-8")
    with pytest.raises(DeadlineSeedError, match=fault):
        read_clock_terms(path)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("2026-02-30,true,通知", "day is no date"),
        ("2026-02-03,true,", "source_ref is empty"),
        ("2026-02-03,true,通知\n2026-02-03,false,通知", "a day stands twice"),
    ],
)
def test_a_broken_override_says_what_to_mend(tmp_path: Path, lines: str, fault: str) -> None:
    path = tmp_path / "workday_overrides.csv"
    path.write_text(f"day,is_workday,source_ref\n{lines}\n", encoding="utf-8")
    with pytest.raises(DeadlineSeedError, match=fault):
        read_overrides(path)


def test_the_warehouse_holds_the_calendar_and_takes_a_new_version_as_a_whole(database: Database) -> None:
    with database.connect() as conn:
        assert read_workdays(conn).frontier is None
        version = refresh_workdays(conn, DAYS)
        held = read_workdays(conn)
        assert (held.version, held.days) == (version, {one.day: one.is_workday for one in DAYS})
        assert refresh_workdays(conn, DAYS) == version
        changed = (replace(DAYS[0], is_workday=not DAYS[0].is_workday), *DAYS[1:-1])
        assert refresh_workdays(conn, changed) != version
        assert read_workdays(conn).days == {one.day: one.is_workday for one in changed}


def test_offline_the_same_calendar_is_used() -> None:
    assert workday_calendar().days.items() >= {one.day: one.is_workday for one in DAYS[:1000]}.items()
