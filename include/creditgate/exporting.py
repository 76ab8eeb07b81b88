"""A mart as a file for a named recipient, written down before it is there (S19)."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import structlog
from psycopg import sql

from creditgate.domain.faults import OperationFault
from creditgate.policy.purposes import purposes
from creditgate.warehouse.connect import Connection, connect

log = structlog.get_logger(__name__)

SCHEMAS = ("disclosure", "sharing", "quality")
"""What may be exported: the relations that readers see."""

_LAST_DAYS = ("last_disclosure_on", "last_sanction_on")
_COLUMNS = """
    select attname from pg_attribute
    where attrelid = to_regclass(format('%%I.%%I', %s::text, %s::text)) and attnum > 0 and not attisdropped order by attnum
"""
_LEDGER = """
    insert into audit.exports
        (exported_by, recipient, relation, basis, purpose, row_count, file_sha256, first_last_day_on)
    values (%(exported_by)s, %(recipient)s, %(relation)s, %(basis)s, %(purpose)s, %(rows)s, %(sha256)s, %(first)s)
    returning export_id
"""


class ExportRefusedError(OperationFault):
    """An export may not be made; the message says what is missing."""


@dataclass(frozen=True)
class ExportOrder:
    """Who takes out what, for whom, for what purpose and on what basis."""

    relation: str
    exported_by: str
    recipient: str
    basis: str
    purpose: str


@dataclass(frozen=True)
class Exported:
    """What was written. `delete_from`: the first day on which a row of it must be deleted; None: no such day."""

    export_id: int
    relation: str
    recipient: str
    purpose: str
    basis: str
    rows: int
    sha256: str
    delete_from: str | None


def export_mart(order: ExportOrder, target: Path) -> Exported:
    """Write a relation that readers see to a CSV file (UTF-8, with header), and a note of the export beside it.

    The ledger row is committed before the file appears under its name, so nothing leaves unrecorded. Raises
    ExportRefusedError where recipient, basis, purpose or relation are not in order; nothing is written then.
    """
    schema, _, name = order.relation.partition(".")
    _refuse_unless_in_order(order, schema)
    draft = target.with_name(f".{target.name}.draft")
    try:
        with connect() as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            columns = [str(row[0]) for row in connection.execute(_COLUMNS, (schema, name)).fetchall()]
            if not columns:
                raise ExportRefusedError(
                    f"there is no relation {order.relation}; build the marts, or see README.md"
                )
            relation = sql.Identifier(schema, name)
            rows, digest = _copy(connection, relation, draft)
            last_day = next((column for column in _LAST_DAYS if column in columns), None)
            first = _first_last_day(connection, relation, last_day)
            export_id = _write_ledger(connection, order, rows, digest, first)
            if "record_id" in columns:
                connection.execute(
                    sql.SQL(
                        "insert into audit.export_records select distinct {}::bigint, record_id from {}"
                    ).format(sql.Literal(export_id), relation)
                )
        day_after = None if first is None else date.fromordinal(first.toordinal() + 1).isoformat()
        done = Exported(
            export_id, order.relation, order.recipient, order.purpose, order.basis, rows, digest, day_after
        )
        note = json.dumps(asdict(done), ensure_ascii=False, indent=1) + "\n"
        target.with_name(target.name + ".export.json").write_text(note, encoding="utf-8")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    log.info("export.finished", export_id=export_id, relation=order.relation, rows=rows)
    return done


def _refuse_unless_in_order(order: ExportOrder, schema: str) -> None:
    for name in ("exported_by", "recipient", "basis"):
        if not getattr(order, name).strip():
            raise ExportRefusedError(f"{name} is empty: an export names who, to whom and on what basis (S19)")
    if order.purpose not in purposes():
        raise ExportRefusedError(
            f"{order.purpose!r} is no purpose of the law; it is one of {', '.join(purposes())}"
        )
    if schema not in SCHEMAS:
        raise ExportRefusedError(f"{order.relation} is not for readers; export from {', '.join(SCHEMAS)}")


def _copy(connection: Connection, relation: sql.Identifier, draft: Path) -> tuple[int, str]:
    """The rows as CSV, private; how many, and the file's SHA-256."""
    digest = hashlib.sha256()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    statement = sql.SQL("copy (select * from {}) to stdout (format csv, header)").format(relation)
    with os.fdopen(descriptor, "wb") as file, connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in copy:
                digest.update(block)
                file.write(block)
        rows = cursor.rowcount
    return rows, digest.hexdigest()


def _first_last_day(connection: Connection, relation: sql.Identifier, column: str | None) -> date | None:
    if column is None:
        return None
    query = sql.SQL("select min({}) from {}").format(sql.Identifier(column), relation)
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _write_ledger(
    connection: Connection, order: ExportOrder, rows: int, digest: str, first: date | None
) -> int:
    named = {**asdict(order), "rows": rows, "sha256": digest, "first": first}
    row = connection.execute(_LEDGER, named).fetchone()
    if row is None:
        raise RuntimeError("the ledger of exports gave no number; nothing was exported")
    return int(str(row[0]))
