"""What a task hands on: ids and counts, never content. And what it says aloud when a step ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import structlog

from creditgate.domain.faults import OperationFault

log = structlog.get_logger(__name__)

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:+-]{1,80}", re.ASCII)
"""Ids, statuses, dates and moments: no blank, no slash, nothing Chinese."""

BLOCKED_RUNBOOK: Final = "docs/runbooks/batch_is_blocked.md"


class DatabaseFaultError(OperationFault):
    """The database refused a statement. Carries no value: PostgreSQL quotes cells in its details."""


def ids_and_counts(result: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a step's result may go into XCom: numbers, flags, ids, dates, and mappings or lists of those.

    Any other text could be a cell of a feed. It is left out, and that is logged by its key.
    """
    kept: dict[str, Any] = {}
    for key, value in (result or {}).items():
        try:
            kept[str(key)] = _plain(value)
        except TypeError:
            log.warning("xcom.value_withheld", key=str(key), kind=type(value).__name__)
    return kept


def run_stage(stage: str, batch_id: str) -> dict[str, Any]:
    """Let the pipeline run a stage (screen, check, settle, report) on a batch; give what XCom may hold.

    A blocked batch is a recorded outcome: it raises an alert line, not the task.

    Raises:
        DatabaseFaultError: the database refused or was away.
    """
    from creditgate import pipeline

    with no_values_in_faults(stage, batch=batch_id):
        counts = ids_and_counts(getattr(pipeline, stage)(batch_id))
    log.info(f"{stage}.finished", **{**counts, "batch_id": batch_id})
    if counts.get("status") == "blocked":
        log.warning("alert.batch_blocked", batch_id=batch_id, stage=stage, next_step=f"see {BLOCKED_RUNBOOK}")
    return counts


@contextmanager
def no_values_in_faults(step: str, **ids: str) -> Iterator[None]:
    """Turn a PostgreSQL error into one that names step, ids and SQLSTATE, and nothing else.

    Raises:
        DatabaseFaultError: instead of any `psycopg.Error`; a retry may mend it.
    """
    try:
        yield
    except psycopg.Error as error:
        where = ", ".join(f"{key} {value}" for key, value in ids.items())
        state = error.sqlstate or "no SQLSTATE: not connected"
        raise DatabaseFaultError(
            f"{step} ({where}): {type(error).__name__} ({state}); is the database up and its disk not full? "
            "`creditgate doctor` tells"
        ) from None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if _PLAIN.fullmatch(str(key))}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if isinstance(value, (bytes, bytearray)) or not _PLAIN.fullmatch(text):
        raise TypeError("not an id, a count or a date")
    return text
