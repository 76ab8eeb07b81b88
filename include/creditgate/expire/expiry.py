"""The daily expiry: one transaction, safe to repeat, to run twice at once, and to be killed anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import structlog

from creditgate.expire import statements
from creditgate.expire.reports import BatchReports, purge_reports
from creditgate.warehouse.marts_lock import lock_marts

log = structlog.get_logger()

RECEIPT_DUE_DAYS = 7
"""Calendar days in which a unit confirms that it has deleted too; the notice sets none (S32)."""


class TermsNotReadyError(Exception):
    """`intermediate.int_record_terms` is missing, or was built for another day."""


@dataclass(frozen=True)
class ExpiryResult:
    """What an expiry removed, or, after a dry run, what it would remove.

    records: records that left everywhere; by_item and by_reason split them. rejections: rejected rows
    whose content was destroyed. reports: report folders removed (only when `expire` was given the state
    folder). report_batches: the batches whose reports must go. superseded: records past their last day by
    terms that a later version has overtaken; they wait for the next build of the terms. notices: deletion
    notices issued, one a unit (S32).
    """

    as_of: date
    is_dry_run: bool
    records: int
    by_item: Mapping[str, int]
    by_reason: Mapping[str, int]
    rejections: int
    reports: int
    report_batches: tuple[BatchReports, ...]
    superseded: int
    notices: int = 0


def expire(
    connection: psycopg.Connection[Any], as_of: date, *, dry_run: bool = False, home: Path | None = None
) -> ExpiryResult:
    """Remove every record whose last day of disclosure is before `as_of`, and leave tombstones (S26-S31).

    A record leaves intake with all its versions, and every table of the warehouse that carries its id.
    The content of rejected rows goes when its time is up, or its record's. With `home`, the reports of the
    batches concerned are removed before the commit: a run that is killed in between is simply repeated.

    Needs the terms as of the same day (`dbt build --select +int_record_terms`); raises TermsNotReadyError
    otherwise. Does nothing that was done before; two at once wait for each other.
    """
    with connection.transaction(force_rollback=dry_run):
        started_at = _one(connection.execute("select clock_timestamp()"))
        lock_marts(connection)
        _check_terms(connection, as_of)
        superseded = _collect(connection, as_of)
        by_item = _counts(connection.execute(statements.COUNT_BY_ITEM))
        by_reason = _counts(connection.execute(statements.COUNT_BY_REASON))
        records = sum(by_item.values())
        connection.execute(statements.WRITE_TOMBSTONES, {"as_of": as_of})
        _delete_content(connection)
        notices = _write_notices(connection, as_of)
        cleared = [
            str(batch_id)
            for statement in statements.CLEAR_REJECTIONS
            for (batch_id,) in connection.execute(statement, {"as_of": as_of}).fetchall()
        ]
        batches = _reports_of(connection, set(cleared))
        reports = purge_reports(home, batches) if home is not None and not dry_run else 0
        connection.execute(
            statements.RECORD_RUN,
            {
                "as_of": as_of,
                "started_at": started_at,
                "records": records,
                "rejections": len(cleared),
                "reports": reports,
            },
        )
    result = ExpiryResult(
        as_of, dry_run, records, by_item, by_reason, len(cleared), reports, batches, superseded, notices
    )
    _report(result)
    return result


def _check_terms(connection: psycopg.Connection[Any], as_of: date) -> None:
    """A deletion is final: it may rest only on terms of the very day."""
    step = f"build them first: dbt build --select +int_record_terms --vars 'as_of_date: \"{as_of}\"'"
    if not _one(connection.execute(statements.ARE_TERMS_THERE)):
        raise TermsNotReadyError(f"intermediate.int_record_terms does not exist; {step}")
    other = connection.execute(statements.TERMS_OF_ANOTHER_DAY, {"as_of": as_of}).fetchone()
    if other is not None:
        raise TermsNotReadyError(
            f"intermediate.int_record_terms was built as of {other[0]}, not {as_of}; {step}"
        )


def _collect(connection: psycopg.Connection[Any], as_of: date) -> int:
    """Gather the records to remove in a temporary table; give how many were passed over as superseded."""
    connection.execute(statements.DROP_EXPIRING)
    connection.execute(statements.COLLECT_EXPIRING, {"as_of": as_of})
    superseded = 0
    for item in _items(connection):
        superseded += connection.execute(statements.pass_over_superseded(item), {"item": item}).rowcount
    if _one(connection.execute(statements.HAS_RIGHTS)):
        connection.execute(statements.NAME_EARLIER_END)
    connection.execute(statements.COLLECT_RETURNED)
    connection.execute("analyze expiring")
    return superseded


def _delete_content(connection: psycopg.Connection[Any]) -> None:
    """Delete the gathered records everywhere: all their versions, every copy in the marts, every event about them."""
    connection.execute("drop table if exists pg_temp.deleted_rows")
    connection.execute(statements.MAKE_DELETED)
    for item in _items(connection):
        connection.execute(statements.delete_versions(item), {"item": item})
    for schema, table in connection.execute(statements.TABLES_WITH_RECORDS).fetchall():
        connection.execute(statements.delete_copies(schema, table))
    for schema, table in connection.execute(statements.TABLES_WITH_EVENTS).fetchall():
        connection.execute(statements.delete_events(schema, table))


def _write_notices(connection: psycopg.Connection[Any], as_of: date) -> int:
    """Write down which unit has to be told of which rows; the number of notices."""
    named = {"as_of": as_of, "due_days": RECEIPT_DUE_DAYS}
    notices = connection.execute(statements.WRITE_NOTICES, named).rowcount
    connection.execute(statements.WRITE_NOTICE_RECORDS)
    return notices


def _items(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute("select distinct item from expiring order by item").fetchall()
    return [str(row[0]) for row in rows]


def _reports_of(connection: psycopg.Connection[Any], batch_ids: Iterable[str]) -> tuple[BatchReports, ...]:
    rows = connection.execute(statements.BATCHES, {"batch_ids": sorted(batch_ids)}).fetchall()
    return tuple(sorted(BatchReports(str(provider), str(batch)) for provider, batch in rows))


def _counts(cursor: psycopg.Cursor[Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in cursor.fetchall()}


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]


def _report(result: ExpiryResult) -> None:
    log.info(
        "expire.removed",
        as_of=result.as_of.isoformat(),
        is_dry_run=result.is_dry_run,
        records=result.records,
        by_reason=dict(result.by_reason),
        rejections=result.rejections,
        reports=result.reports,
    )
    if result.superseded:
        log.warning(
            "expire.superseded", records=result.superseded, next_step="build the terms and expire again"
        )
