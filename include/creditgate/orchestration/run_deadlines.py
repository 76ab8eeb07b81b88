"""Airflow's deadlines: the platform's own runs have to end in time, and say so when they don't."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from creditgate.orchestration.defaults import is_one_shot

log = structlog.get_logger(__name__)


def ended_within(hours: int) -> list[DeadlineAlert] | None:
    """A run that has not ended this long after it was queued raises `alert.run_is_late`; none in a one-shot run."""
    if is_one_shot():
        return None
    late = AsyncCallback(run_is_late, kwargs={"hours": hours})
    queued = DeadlineReference.DAGRUN_QUEUED_AT
    return [DeadlineAlert(reference=queued, interval=timedelta(hours=hours), callback=late)]


async def run_is_late(hours: int, **context: Any) -> None:
    """Tell operators that a run is late. Airflow's triggerer calls it."""
    run = (context.get("context") or {}).get("dag_run") or {}
    log.warning(
        "alert.run_is_late",
        dag_id=run.get("dag_id"),
        run_id=run.get("dag_run_id") or run.get("run_id"),
        hours=hours,
        next_step="look at the run in Airflow; the DAG's own documentation says what to do",
    )
