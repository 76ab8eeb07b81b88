"""Touched records: which ones the next build of the marts must compute anew (docs/adr/0011).

A record is touched by a new version, by an event that names it, by its last day or a date of an event
passing, and by whoever notes it. The list is gathered under the lock of the marts, and only a whole build
that succeeded empties it: what a failed or partial build left undone is done by the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg
import structlog
from psycopg import sql

log = structlog.get_logger()

Connection = psycopg.Connection[Any]

_NEW_BATCHES: Final = """
    create temporary table new_batches on commit drop as
    select batch_id from intake.batches
    where as_of_on <= %(as_of)s and status <> 'refused'
      and not exists (select 1 from reference.marts_batches as known where known.batch_id = batches.batch_id)
"""
"""A refused batch has no rows, and may be settled anew under the same id."""

_COLUMNS_OF_INTAKE: Final = """
    select class.relname, attribute.attname
    from pg_attribute as attribute
    inner join pg_class as class on class.oid = attribute.attrelid
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = 'intake' and class.relkind in ('r', 'p') and not class.relispartition
      and attribute.attnum > 0 and not attribute.attisdropped
      and (attribute.attname in ('record_id', 'target_record_id', 'batch_id') or attribute.atttypid = 'date'::regtype)
    order by class.relname, attribute.attnum
"""
"""Found in the catalogue, not listed: an item that is added needs no line here."""

_PAST_THEIR_LAST_DAY: Final = """
    insert into intermediate.touched_records
    select record_id from intermediate.int_record_terms
    where last_disclosure_on >= %(since)s and last_disclosure_on < %(as_of)s
    union all
    select record_id from intermediate.int_licences_in_force
    where valid_until >= %(since)s and valid_until < %(as_of)s
    union all
    select record_id from intermediate.int_incentives_publishable
    where valid_until >= %(since)s and valid_until < %(as_of)s
"""

_EVIDENCE_OF_REPAIRS: Final = ("repair_training", "credit_report")
"""Items of a subject, not of a record: a repair decision of that subject may take effect by them (S53)."""

_REPAIRS_OF_SUBJECTS: Final = """
    insert into intermediate.touched_records
    select repair.target_record_id
    from intake.repair_decision as repair
    where repair.target_record_id is not null
      and repair.subject_key in (
          select subject_key from intake.{table}
          where batch_id = any(array(select batch_id from new_batches))
      )
"""


@dataclass(frozen=True)
class MartsState:
    """The day and the law that the marts were kept for; `is_whole` when every mart stands on them."""

    as_of: date | None
    law: str | None
    is_whole: bool

    def allows(self, as_of: date, law: str) -> bool:
        """Whether a build for this day and law can go on from here, by touched records alone."""
        return self.is_whole and self.law == law and self.as_of is not None and self.as_of <= as_of


def marts_state(connection: Connection) -> MartsState:
    """What the marts were kept for."""
    row = connection.execute("select as_of_on, law, is_whole from reference.marts_state").fetchone()
    return MartsState(*row) if row else MartsState(None, None, is_whole=False)


def note_touched(connection: Connection, query: sql.Composed | sql.SQL, values: Any = None) -> int:
    """Note records (a query of ids) that changed otherwise than by a row of a new batch; how many.

    For stages that change accepted rows; the note belongs into the transaction of the change.
    """
    statement = sql.SQL("insert into intake.touched_records (record_id) {}").format(query)
    return connection.execute(statement, values).rowcount


def start_anew(connection: Connection, as_of: date, law: str) -> None:
    """Before a build of everything: every batch of the day counts as gathered, and nothing as done."""
    with connection.transaction():
        connection.execute("truncate reference.marts_batches, intermediate.touched_records")
        connection.execute("delete from intake.touched_records")
        _gather_batches(connection, as_of)
        _write_state(connection, as_of, law, is_whole=False)


def gather_touched(connection: Connection, as_of: date, law: str) -> int:
    """Add to the list what has touched records since the last time; how many ids it holds now.

    Only where `MartsState.allows` says so.
    """
    since = marts_state(connection).as_of
    with connection.transaction():
        new_batches = _gather_batches(connection, as_of)
        for table, columns in _intake_tables(connection).items():
            if new_batches and "record_id" in columns:
                _touch_rows_of_new_batches(connection, table, "record_id")
            if "target_record_id" in columns:
                if new_batches:
                    _touch_rows_of_new_batches(connection, table, "target_record_id")
                _touch_dates(connection, table, columns, since, as_of)
            if new_batches and table in _EVIDENCE_OF_REPAIRS:
                connection.execute(sql.SQL(_REPAIRS_OF_SUBJECTS).format(table=sql.Identifier(table)))
        connection.execute(_PAST_THEIR_LAST_DAY, {"since": since, "as_of": as_of})
        connection.execute(
            "with noted as (delete from intake.touched_records returning record_id) "
            "insert into intermediate.touched_records select record_id from noted"
        )
        _write_state(connection, as_of, law, is_whole=True)
    connection.execute("analyze intermediate.touched_records")
    row = connection.execute("select count(distinct record_id) from intermediate.touched_records").fetchone()
    touched = int(row[0]) if row else 0
    log.info("build.touched", as_of=as_of.isoformat(), batches=new_batches, records=touched)
    return touched


def all_done(connection: Connection) -> None:
    """After a whole build that succeeded: every mart stands on what was gathered."""
    with connection.transaction():
        connection.execute("truncate intermediate.touched_records")
        connection.execute("update reference.marts_state set is_whole = true")


def _gather_batches(connection: Connection, as_of: date) -> int:
    connection.execute("drop table if exists pg_temp.new_batches")
    connection.execute(_NEW_BATCHES, {"as_of": as_of})
    return connection.execute("insert into reference.marts_batches select batch_id from new_batches").rowcount


def _intake_tables(connection: Connection) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for table, column in connection.execute(_COLUMNS_OF_INTAKE).fetchall():
        tables.setdefault(str(table), []).append(str(column))
    return {table: columns for table, columns in tables.items() if "batch_id" in columns}


def _touch_rows_of_new_batches(connection: Connection, table: str, column: str) -> None:
    connection.execute(
        sql.SQL(
            "insert into intermediate.touched_records select {column} from intake.{table} "
            "where batch_id = any(array(select batch_id from new_batches)) and {column} is not null"
        ).format(table=sql.Identifier(table), column=sql.Identifier(column))
    )


def _touch_dates(
    connection: Connection, table: str, columns: list[str], since: date | None, as_of: date
) -> None:
    """An event may take or lose its effect on any of its dates, on the day itself or on the next."""
    dates = [name for name in columns if name not in ("record_id", "target_record_id", "batch_id")]
    if not dates or since == as_of:
        return
    passed = sql.SQL(" or ").join(
        sql.SQL("{} between %(since)s and %(as_of)s").format(sql.Identifier(name)) for name in dates
    )
    connection.execute(
        sql.SQL(
            "insert into intermediate.touched_records select target_record_id from intake.{table} "
            "where target_record_id is not null and ({passed})"
        ).format(table=sql.Identifier(table), passed=passed),
        {"since": since, "as_of": as_of},
    )


def _write_state(connection: Connection, as_of: date, law: str, *, is_whole: bool) -> None:
    connection.execute(
        "update reference.marts_state set as_of_on = %s, law = %s, is_whole = %s", (as_of, law, is_whole)
    )
