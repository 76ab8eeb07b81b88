"""Where a clock starts and what stops it, read from the warehouse.

A source gives the starts that the batches settled since the last look have brought. A further clock is a
function here, a line in `SOURCES`, and its term in the seed `deadlines.csv`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import sql

from creditgate.domain.clock import BUSINESS_ZONE
from creditgate.policy.contracts import known_items, load_contract
from creditgate.warehouse.connect import Connection


@dataclass(frozen=True)
class Start:
    """A clock that runs, or has run, for something. `subject_ref` tells nothing about a person."""

    clock: str
    subject_ref: str
    provider_code: str | None
    started_on: date
    met_on: date | None


@dataclass(frozen=True)
class WaitingBatch:
    """A batch that was received and has not reached its end."""

    batch_id: str
    provider_code: str
    received_at: datetime


Source = Callable[[Connection, Sequence[str]], Iterator[Start]]


def reporting(conn: Connection, batches: Sequence[str]) -> Iterator[Start]:
    """S10: from the day the data was formed to its receipt; one clock for each such day of a batch."""
    for item in known_items():
        if all(field.name != "formed_on" for field in load_contract(item).fields) or not _is_there(
            conn, item
        ):
            continue
        rows = conn.execute(
            sql.SQL(
                """
                select batch_id || '/' || formed_on, provider_code, formed_on, min(received_on)
                from {} where batch_id = any(%s) and formed_on is not null
                group by batch_id, provider_code, formed_on
                """
            ).format(sql.Identifier("intake", item)),
            (list(batches),),
        )
        yield from (Start("reporting", *row) for row in rows)


def processing(conn: Connection, batches: Sequence[str]) -> Iterator[Start]:
    """S11: from the receipt of a batch to its end, whatever that is."""
    rows = conn.execute(
        """
        select batch_id, provider_code, (received_at at time zone %(zone)s)::date, (settled_at at time zone %(zone)s)::date
        from intake.batches where batch_id = any(%(batches)s)
        """,
        {"zone": BUSINESS_ZONE.key, "batches": list(batches)},
    )
    yield from (Start("processing", *row) for row in rows)


def objections(conn: Connection, batches: Sequence[str]) -> Iterator[Start]:
    """S63, S64: from an objection to its close; 3 working days in the unit's own scope, 7 with the help of others."""
    for scope, record_id, provider_code, raised_on, closed_on in _latest(
        conn, "objection", ("scope", "record_id", "provider_code", "raised_on", "closed_on"), batches
    ):
        clock = "objection_own" if scope == "本单位" else "objection_assisted"
        yield Start(clock, f"objection/{record_id}", provider_code, raised_on, closed_on)


def revocations(conn: Connection, batches: Sequence[str]) -> Iterator[Start]:
    """S68: from a revocation or alteration to its receipt."""
    for record_id, provider_code, revoked_on, received_on in _latest(
        conn, "revocation", ("record_id", "provider_code", "revoked_on", "received_on"), batches
    ):
        yield Start("revocation_report", f"revocation/{record_id}", provider_code, revoked_on, received_on)


def deletion_receipts(conn: Connection, _batches: Sequence[str]) -> Iterator[Start]:
    """S32: from a deletion notice to the unit's receipt; those of which no receipt has been seen."""
    if not _exists(conn, "audit.deletion_notices"):
        return
    rows = conn.execute(
        """
        select 'notice/' || n.notice_id, n.provider_code, n.as_of_on, r.confirmed_on
        from audit.deletion_notices as n
        left join audit.deletion_receipts as r using (notice_id)
        where not exists (
            select 1 from rights.rpt_deadlines as d
            where d.clock = 'deletion_receipt' and d.subject_ref = 'notice/' || n.notice_id and d.met_on is not null
        )
        """
    )
    yield from (Start("deletion_receipt", *row) for row in rows)


SOURCES: tuple[Source, ...] = (reporting, processing, objections, revocations, deletion_receipts)


def starts_of(conn: Connection, batches: Sequence[str], waiting: Iterable[WaitingBatch]) -> list[Start]:
    """The starts that these settled batches bring, open deletion notices, and the processing of what is on its way."""
    found = [start for source in SOURCES for start in source(conn, batches)]
    on_their_way = {batch.batch_id: batch for batch in waiting}
    settled = conn.execute(
        "select batch_id from intake.batches where batch_id = any(%s)", (list(on_their_way),)
    ).fetchall()
    for (batch_id,) in settled:
        del on_their_way[batch_id]
    return found + [
        Start(
            "processing",
            one.batch_id,
            one.provider_code,
            one.received_at.astimezone(BUSINESS_ZONE).date(),
            None,
        )
        for one in on_their_way.values()
    ]


def _latest(
    conn: Connection, item: str, columns: Sequence[str], batches: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """The latest version of each event that the batches brought, or a new version of."""
    if not _is_there(conn, item):
        return
    statement = sql.SQL(
        """
        select {columns} from (
            select distinct on (e.record_id) e.*
            from {table} as e join intake.batches as b using (batch_id)
            where e.record_id in (select record_id from {table} where batch_id = any(%s))
            order by e.record_id, b.settled_at desc, e.batch_id desc, e.row_number desc
        ) as latest
        """
    ).format(columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=sql.Identifier("intake", item))
    yield from conn.execute(statement, (list(batches),))


def drop_what_is_gone(conn: Connection) -> int:
    """Take away the running clocks of objections that have left with their record; how many (S31)."""
    if not _is_there(conn, "objection"):
        return 0
    return conn.execute(
        """
        delete from rights.rpt_deadlines as d
        where d.clock in ('objection_own', 'objection_assisted') and d.met_on is null
            and not exists (select 1 from intake.objection as o where 'objection/' || o.record_id = d.subject_ref)
        """
    ).rowcount


def _is_there(conn: Connection, item: str) -> bool:
    return _exists(conn, f"intake.{item}")


def _exists(conn: Connection, relation: str) -> bool:
    row = conn.execute("select to_regclass(%s)", (relation,)).fetchone()
    return row is not None and row[0] is not None
