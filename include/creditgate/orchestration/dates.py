"""The business date of a DAG run: told by whoever triggered it, else the day its schedule stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from creditgate.domain.clock import business_today


def as_of_of(context: Mapping[str, Any]) -> date:
    """The as-of date of the run whose task context is given.

    In this order: what whoever triggered it told (`told_as_of`); what the newest asset event that started it
    tells; the Shanghai date of the end of its data interval, or of its logical date; today in Asia/Shanghai.

    Raises:
        ValueError: `as_of` is not an ISO date.
    """
    run = context["dag_run"]
    told = told_as_of(context) or _told_by_event(context.get("triggering_asset_events") or {})
    moment = getattr(run, "data_interval_end", None) or getattr(run, "logical_date", None)
    return told or business_today(moment)


def told_as_of(context: Mapping[str, Any]) -> date | None:
    """The `as_of` of the run's conf, or of its parameters; None where the run follows the clock."""
    conf = getattr(context["dag_run"], "conf", None) or {}
    told = conf.get("as_of") or (context.get("params") or {}).get("as_of")
    return _iso_date(told) if told else None


def _told_by_event(events_by_asset: Mapping[Any, Iterable[Any]]) -> date | None:
    """The `as_of` in the extra of the newest event.

    Only a run that was told its date passes it on. One that follows the clock, and is run again days later, must
    not take the marts back to its own day.
    """
    events = [event for events in events_by_asset.values() for event in events]
    newest = max(events, key=lambda event: event.timestamp, default=None)
    told = (newest.extra or {}).get("as_of") if newest else None
    return _iso_date(told) if told else None


def _iso_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"as_of {text!r} is not a date; write it as YYYY-MM-DD") from error
