"""The business date of a run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from creditgate.domain.clock import business_today
from creditgate.orchestration.dates import as_of_of, told_as_of

LATE_IN_UTC = datetime(2026, 11, 22, 16, 10, tzinfo=UTC)  # 00:10 of the 23rd in Shanghai


def run(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"conf": {}, "data_interval_end": None, "logical_date": None, **fields})


def event(moment: datetime, **extra: str) -> SimpleNamespace:
    return SimpleNamespace(timestamp=moment, extra=extra)


def test_conf_wins_over_everything() -> None:
    context = {
        "dag_run": run(conf={"as_of": "2026-03-01"}, logical_date=LATE_IN_UTC),
        "params": {"as_of": "2026-02-01"},
        "triggering_asset_events": {"a": [event(LATE_IN_UTC, as_of="2026-01-01")]},
    }
    assert as_of_of(context) == date(2026, 3, 1)


def context_of(events: dict[str, list[SimpleNamespace]], **fields: Any) -> dict[str, Any]:
    return {"dag_run": run(**fields), "params": {"as_of": None}, "triggering_asset_events": events}


def test_the_newest_asset_event_is_followed() -> None:
    older, newer = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    events = {"a": [event(newer, as_of="2026-10-02"), event(older, as_of="2026-10-01")], "b": [event(older)]}
    assert as_of_of(context_of(events, logical_date=LATE_IN_UTC)) == date(2026, 10, 2)


def test_an_event_of_a_run_by_the_clock_builds_for_today() -> None:
    older, newer = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    events = {"a": [event(older, as_of="2026-10-01"), event(newer, provider="jn_taxation")]}
    before = business_today()
    assert before <= as_of_of(context_of(events)) <= business_today()


def test_only_a_run_that_was_told_its_date_passes_it_on() -> None:
    assert told_as_of({"dag_run": run(conf={"as_of": "2026-03-01"})}) == date(2026, 3, 1)
    assert told_as_of({"dag_run": run(logical_date=LATE_IN_UTC), "params": {"as_of": None}}) is None


@pytest.mark.parametrize("field", ["data_interval_end", "logical_date"])
def test_a_scheduled_run_stands_for_the_day_in_shanghai(field: str) -> None:
    assert as_of_of({"dag_run": run(**{field: LATE_IN_UTC})}) == date(2026, 11, 23)


def test_a_run_by_hand_is_for_today() -> None:
    before = business_today()
    assert before <= as_of_of({"dag_run": run(conf=None), "params": {}}) <= business_today()


@pytest.mark.parametrize("told", ["yesterday", "2026-02-30", 20260301])
def test_what_is_no_date_is_refused_with_the_form_that_is_wanted(told: object) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        as_of_of({"dag_run": run(conf={"as_of": told})})
