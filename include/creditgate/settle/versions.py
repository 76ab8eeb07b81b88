"""The same record again, as it was: a row that says what is held already makes no new version."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from creditgate.domain.batch import Batch
from creditgate.policy.contracts import Contract
from creditgate.warehouse.intake_tables import intake_columns

_OF_THE_BATCH = {
    "record_id",
    "batch_id",
    "row_number",
    "contract_version",
    "received_on",
    "days_late",
    "register_match",
    "target_due_on",
}
"""Columns that tell of the sending, not of the record."""

_IS_FIRST = """
    select not exists (
        select from intake.batches where item = %(item)s and rows_accepted > 0 and batch_id <> %(batch_id)s
    )
"""

_UNCHANGED = sql.SQL(
    """
    with sent as materialized (
        select record_id from {table} where batch_id = %(batch_id)s
    ),
    held as materialized (
        select distinct on (version.record_id) version.*
        from sent
        inner join {table} as version on version.record_id = sent.record_id
        inner join intake.batches as batch on batch.batch_id = version.batch_id
        where version.batch_id <> %(batch_id)s
        order by version.record_id, batch.settled_at desc, version.batch_id desc, version.row_number desc
    )
    delete from {table} as sent
    using held
    where sent.batch_id = %(batch_id)s
      and sent.record_id = held.record_id
      and ({sent}) is not distinct from ({held})
    """
)


def leave_out_unchanged(connection: psycopg.Connection[Any], batch: Batch, contract: Contract) -> int:
    """Take out the batch's rows that equal their record's latest version in every cell; how many they were.

    Compared with the latest version alone: a record that went from A to B and back to A has three versions.
    The unit is compared too, for the version tells who answers for it (S15).
    """
    named = {"item": batch.item, "batch_id": batch.batch_id}
    first = connection.execute(_IS_FIRST, named).fetchone()
    if first is None or first[0]:
        return 0
    compared = [name for name, _ in intake_columns(contract) if name not in _OF_THE_BATCH]
    statement = _UNCHANGED.format(
        table=sql.Identifier("intake", contract.item),
        **{
            side: sql.SQL(", ").join(sql.Identifier(side, name) for name in compared)
            for side in ("sent", "held")
        },
    )
    return connection.execute(statement, named).rowcount
