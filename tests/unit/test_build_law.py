"""The law that a build rests on: when it is another, every record is computed anew."""

from __future__ import annotations

from datetime import date

from creditgate.build.law import law_in_force
from creditgate.build.rehearsal import known_regimes
from creditgate.warehouse.touched import MartsState


def test_the_law_is_another_on_the_day_a_dated_row_of_a_seed_begins_or_ends() -> None:
    before, on, after = (law_in_force(date(2026, month, day)) for month, day in ((3, 31), (4, 1), (4, 2)))
    assert before != on
    assert on == after


def test_the_regimes_are_those_of_the_terms() -> None:
    assert known_regimes() == ("five_years", "notice_2020", "order_58_2023", "order_36_2026")


def test_a_build_goes_on_by_touched_records_only_from_whole_marts_of_the_same_law_and_no_later_day() -> None:
    state = MartsState(date(2026, 4, 1), "law", is_whole=True)
    assert state.allows(date(2026, 4, 1), "law")
    assert state.allows(date(2026, 5, 1), "law")
    assert not state.allows(date(2026, 3, 31), "law")
    assert not state.allows(date(2026, 4, 1), "another law")
    assert not MartsState(date(2026, 4, 1), "law", is_whole=False).allows(date(2026, 4, 1), "law")
    assert not MartsState(None, None, is_whole=True).allows(date(2026, 4, 1), "law")
