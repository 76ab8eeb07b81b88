"""What a task hands on: ids and counts, never content. And what it says aloud when a step ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import structlog

from creditgate.domain.faults import OperationFault

log = structlog.get_logger(__name__)

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:+-]{1,80}", re.ASCII)
"""Ids, statuses, dates and moments: no blank, no slash, nothing Chinese."""

BLOCKED_RUNBOOK: Final = "docs/runbooks/batch_is_blocked.md"
HELD_RUNBOOK: Final = "docs/runbooks/batch_is_held.md"


class DatabaseFaultError(OperationFault):
    """The database refused a statement or is away. Carries no value: PostgreSQL quotes cells in its details."""


class StatementFaultError(DatabaseFaultError):
    """The statement and the database don't fit together: a retry would end in the same way."""


_MEANING: Final = {
    "22": (StatementFaultError, "a value does not fit its column; the log of the stage names the batch"),
    "23": (StatementFaultError, "a row breaks a constraint; the log of the stage names the batch"),
    "42": (
        StatementFaultError,
        "is the warehouse of this version? `creditgate prepare` brings it up to date",
    ),
    "53": (DatabaseFaultError, "the server lacks disk, memory or connections; see its log"),
}
"""What a class of SQLSTATE says, and the next step."""

_NAMES_ONLY: Final = ("42703", "42P01", "42883", "42501", "3F000")
"""Undefined column, table, function; no privilege; no schema: their messages name objects, never a value."""


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


def run_stage(stage: str, batch_id: str, *needs: Any) -> dict[str, Any]:
    """Let the pipeline run a stage (screen, check, settle, report) on a batch; give what XCom may hold.

    needs: what the stage takes besides the batch.

    A blocked batch is a recorded outcome: it raises an alert line, not the task.

    Raises:
        DatabaseFaultError: the database refused or was away.
    """
    from creditgate import pipeline

    with no_values_in_faults(stage, batch=batch_id):
        counts = ids_and_counts(getattr(pipeline, stage)(batch_id, *needs))
    log.info(f"{stage}.finished", **{**counts, "batch_id": batch_id})
    if counts.get("status") == "blocked":
        log.warning("alert.batch_blocked", batch_id=batch_id, stage=stage, next_step=f"see {BLOCKED_RUNBOOK}")
    if counts.get("status") == "held":
        log.warning("alert.batch_held", batch_id=batch_id, stage=stage, next_step=f"see {HELD_RUNBOOK}")
    return counts


Reported = Mapping[str, Any] | Iterable[Mapping[str, Any] | None] | None
"""What `xcom_pull` gives of a mapped task: a list, but of a single instance its one result."""


def each_result(pulled: Reported) -> list[Mapping[str, Any]]:
    """The results of a mapped task's instances, without those that gave none."""
    found = [pulled] if isinstance(pulled, Mapping) else pulled or ()
    return [result for result in found if result]


def held_or_skip(pulled: Reported) -> list[str]:
    """The ids of the batches that were held, of what `settle` has counted; skips the task where none was."""
    from airflow.sdk.exceptions import AirflowSkipException

    held = [str(counts["batch_id"]) for counts in each_result(pulled) if counts.get("status") == "held"]
    if not held:
        raise AirflowSkipException("no batch waits for a person")
    return held


@contextmanager
def no_values_in_faults(step: str, **ids: str) -> Iterator[None]:
    """Turn a PostgreSQL error into one that names step, ids and SQLSTATE, and nothing else.

    Raises:
        DatabaseFaultError: instead of a `psycopg.Error` that a retry may mend.
        StatementFaultError: instead of one that it can't.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _fault_of(
            error, f"{step} ({', '.join(f'{key} {value}' for key, value in ids.items())})"
        ) from None


def _fault_of(error: psycopg.Error, where: str) -> DatabaseFaultError:
    state = error.sqlstate or "not connected"
    kind, next_step = _MEANING.get(
        state[:2], (DatabaseFaultError, "is the database up? `creditgate doctor` tells")
    )
    told = f": {error.diag.message_primary}" if state in _NAMES_ONLY else ""
    return kind(f"{where}: {type(error).__name__} ({state}){told}. Next step: {next_step}")


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
