"""`intake.<item>`: the typed table of an item's accepted rows, made from its contract.

A table grows with its contract: a new field becomes a new column. No column is dropped, none changes its
type by itself. Nothing here knows a value.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from psycopg import sql

from creditgate.domain.sealed import identity_columns
from creditgate.policy.contracts import Contract, Field
from creditgate.warehouse.connect import Connection
from creditgate.warehouse.errors import IntakeTableError

log = structlog.get_logger()

_META_COLUMNS: tuple[tuple[str, str, bool], ...] = (
    ("record_id", "uuid", True),
    ("batch_id", "text", True),
    ("provider_code", "text", True),
    ("row_number", "integer", True),
    ("contract_version", "text", True),
    ("received_on", "date", True),
    ("subject_kind", "text", True),
    ("subject_key", "text", False),
    ("days_late", "integer", True),
    ("register_match", "text", False),
)

TARGET_COLUMNS: tuple[tuple[str, str], ...] = (("target_record_id", "uuid"), ("target_due_on", "date"))
"""Of an item whose rows are about other records: which record, and until when it has to have come."""

_INDEXED = {"credit_subject": ("uscc", "identity_key")}
"""Columns by which the register is asked; a further index on every batch would only slow loading."""


def intake_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """(name, PostgreSQL type) of `intake.<item>` in order: the batch's columns, then the contract's fields."""
    meta = tuple((name, kind) for name, kind, _ in _META_COLUMNS)
    target = TARGET_COLUMNS if contract.target_items else ()
    return (*meta, *target, *(column for field in contract.fields for column in _columns_of(field)))


def _columns_of(field: Field) -> tuple[tuple[str, str], ...]:
    if field.storage == "identity":
        return tuple((name, "text") for name in identity_columns(field.name))
    return ((field.name, field.pg_type),)


def ensure_intake_table(conn: Connection, contract: Contract) -> tuple[str, ...]:
    """Make `intake.<item>`, or add the columns it lacks; the names of the columns added.

    Raises `IntakeTableError` when a column has another type than the contract says. Two at once are safe.
    """
    wanted = intake_columns(contract)
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"intake.{contract.item}",))
        known = _known_columns(conn, contract.item)
        if not known:
            _create(conn, contract)
            return tuple(name for name, _ in wanted)
        _check_types(contract, known)
        added = tuple((name, kind) for name, kind in wanted if name not in known)
        _index_days(conn, contract)
        for name, kind in added:
            conn.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    _table(contract.item),
                    sql.Identifier(name),
                    sql.SQL(kind),  # the contract reader checks the type
                )
            )
    if added:
        log.info("warehouse.columns_added", item=contract.item, columns=[name for name, _ in added])
    return tuple(name for name, _ in added)


def _table(item: str) -> sql.Identifier:
    return sql.Identifier("intake", item)


def _known_columns(conn: Connection, item: str) -> dict[str, str]:
    """Column → type of an existing table, in PostgreSQL's own spelling; empty when there is no table."""
    rows = conn.execute(
        """
        select a.attname, format_type(a.atttypid, a.atttypmod)
        from pg_attribute as a
        where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped
        """,
        (f'intake."{item}"',),
    )
    return {str(name): str(kind) for name, kind in rows}


def _create(conn: Connection, contract: Contract) -> None:
    required = {name for name, _, is_required in _META_COLUMNS if is_required}
    lines = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(name), sql.SQL(kind), sql.SQL(" not null" if name in required else "")
        )
        for name, kind in intake_columns(contract)
    ]
    conn.execute(sql.SQL("create table {} ({})").format(_table(contract.item), sql.SQL(", ").join(lines)))
    conn.execute(sql.SQL("alter table {} alter column days_late set default 0").format(_table(contract.item)))
    names = {name for name, _ in intake_columns(contract)}
    for column in ("record_id", "batch_id", "target_record_id", *_INDEXED.get(contract.item, ())):
        if column in names:
            index = sql.Identifier(f"{contract.item}_{column}")
            # Rows of a batch lie together: a block range index costs the loader next to nothing.
            kind = sql.SQL("brin" if column == "batch_id" else "btree")
            statement = sql.SQL("create index {} on {} using {} ({})")
            conn.execute(statement.format(index, _table(contract.item), kind, sql.Identifier(column)))
    _index_days(conn, contract)
    conn.execute(
        sql.SQL("comment on table {} is {}").format(
            _table(contract.item),
            sql.Literal(
                f"{contract.title}: accepted rows, append-only by batch; the last row of a record counts"
            ),
        )
    )


def _index_days(conn: Connection, contract: Contract) -> None:
    """Index the day by which near-duplicates are looked for; by ranges of blocks, for a feed tells of few days."""
    if not contract.has_rule_of_kind("gate.near_duplicate"):
        return
    day = str(contract.rule_of_kind("gate.near_duplicate").kwargs["day"])
    statement = sql.SQL("create index if not exists {} on {} using brin ({} date_minmax_multi_ops)")
    index = sql.Identifier(f"{contract.item}_{day}")
    conn.execute(statement.format(index, _table(contract.item), sql.Identifier(day)))


_OTHER_SPELLINGS = {
    "decimal": "numeric",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
}


def _spelling(pg_type: str) -> str:
    """A type as PostgreSQL's format_type spells it: `decimal(18, 6)` → `numeric(18,6)`."""
    name, bracket, rest = pg_type.lower().replace(" ", "").partition("(")
    return _OTHER_SPELLINGS.get(name, name) + bracket + rest


def _check_types(contract: Contract, known: Mapping[str, str]) -> None:
    for name, kind in intake_columns(contract):
        if name in known and _spelling(kind) != _spelling(known[name]):
            raise IntakeTableError(
                f"The column {name} is {known[name]}, and the contract {contract.item} {contract.version} says {kind}",
                where=f"intake.{contract.item}",
                setting=f"expectations/checklist/{contract.item}.odcs.yaml, physicalType of {name}",
                next_step="give the field its type back, or a new name; or write a numbered migration that converts "
                "the column (include/creditgate/warehouse/migrations/versions).",
            )
