"""The business date of a DAG run: told by whoever triggered it, else the day its schedule stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from creditgate.domain.clock import business_today


def as_of_of(context: Mapping[str, Any]) -> date:
    """The as-of date of the run whose task context is given.

    In this order: the run's conf, or its parameter, `as_of`; the `as_of` of the newest asset event that started
    it; the Shanghai date of the end of its data interval, or of its logical date; today in Asia/Shanghai.

    Raises:
        ValueError: `as_of` is not an ISO date.
    """
    run = context["dag_run"]
    told = (getattr(run, "conf", None) or {}).get("as_of") or (context.get("params") or {}).get("as_of")
    if told:
        return _iso_date(told)
    by_event = latest_event_date(context.get("triggering_asset_events") or {})
    if by_event:
        return by_event
    moment = getattr(run, "data_interval_end", None) or getattr(run, "logical_date", None)
    return business_today(moment)


def latest_event_date(events_by_asset: Mapping[Any, Iterable[Any]]) -> date | None:
    """The `as_of` in the extra of the newest asset event that has one."""
    events = [
        event for events in events_by_asset.values() for event in events if "as_of" in (event.extra or {})
    ]
    if not events:
        return None
    return _iso_date(max(events, key=lambda event: event.timestamp).extra["as_of"])


def _iso_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"as_of {text!r} is not a date; write it as YYYY-MM-DD") from error
