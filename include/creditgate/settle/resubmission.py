"""What a batch answers: rejections that it mends, or that come back to be mended once more (S13).

A rejected row waits as `open`. When it comes again it is known by its record key, or by the row key of the
returned workbook where the record key is what had to be mended. Taken, it is `accepted`, and so is every
earlier rejection of the same case; rejected again, the earlier one is `resubmitted` and the new one waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow.compute as pc
from psycopg import sql

from creditgate.domain.batch import Batch, BatchStatus
from creditgate.domain.feed import ROW_KEY, WITHDRAWN, SealedChunk
from creditgate.domain.report import split_row_key
from creditgate.policy.contracts import Contract

_IS_NOBODY_WAITING = """
    select not exists (
        select
        from intake.rejected_rows as waiting
        inner join intake.batches as batch on batch.batch_id = waiting.batch_id
        where batch.item = %(item)s and waiting.batch_id <> %(batch_id)s
          and waiting.status in ('open', 'resubmitted')
    )
"""

_MAKE_ANSWERS = """
    create temporary table answers (
        row_number integer not null,
        case_batch_id text not null,
        case_row_number integer not null,
        is_rejected boolean not null
    ) on commit drop
"""

_MAKE_ROW_KEYS = """
    create temporary table row_keys (
        row_number integer not null, old_batch_id text not null, old_row_number integer not null
    ) on commit drop
"""

_CASE = """
    coalesce(waiting.case_batch_id, waiting.batch_id) as case_batch_id,
    coalesce(waiting.case_row_number, waiting.row_number) as case_row_number
"""

_BY_RECORD_KEY = sql.SQL(
    """
    insert into answers (row_number, case_batch_id, case_row_number, is_rejected)
    select sent.row_number, {case}, false
    from intake.rejected_rows as waiting
    inner join {table} as sent on sent.record_id = waiting.record_key::uuid
    where waiting.status in ('open', 'resubmitted') and waiting.record_key is not null
      and sent.batch_id = %(batch_id)s and waiting.batch_id <> %(batch_id)s
    union
    select again.row_number, {case}, true
    from intake.rejected_rows as waiting
    inner join intake.rejected_rows as again on again.record_key = waiting.record_key
    where waiting.status in ('open', 'resubmitted') and waiting.record_key is not null
      and again.batch_id = %(batch_id)s and waiting.batch_id <> %(batch_id)s
    """
)

_BY_ROW_KEY = sql.SQL(
    """
    insert into answers (row_number, case_batch_id, case_row_number, is_rejected)
    select distinct row_keys.row_number, {case}, again.row_number is not null
    from row_keys
    inner join intake.rejected_rows as waiting
        on waiting.batch_id = row_keys.old_batch_id and waiting.row_number = row_keys.old_row_number
    inner join intake.batches as batch
        on batch.batch_id = waiting.batch_id
        and batch.provider_code = %(provider_code)s and batch.item = %(item)s
    left join intake.rejected_rows as again
        on again.batch_id = %(batch_id)s and again.row_number = row_keys.row_number
    where waiting.status in ('open', 'resubmitted') and waiting.batch_id <> %(batch_id)s
    """
)
"""Only the unit's own rejections: a row key of another unit's workbook closes nothing."""

_CHOOSE = """
    create temporary table answered on commit drop as
    select distinct
        row_number, case_batch_id, case_row_number, is_rejected,
        first_value(case_batch_id) over of_row as chosen_batch_id,
        first_value(case_row_number) over of_row as chosen_row_number
    from answers
    window of_row as (partition by row_number order by case_batch_id, case_row_number)
"""
"""A row may answer two cases, one by its record key and one by its row key: they become one case."""

_LINK = """
    update intake.rejected_rows as again
    set case_batch_id = answered.chosen_batch_id, case_row_number = answered.chosen_row_number
    from answered
    where answered.is_rejected and again.batch_id = %(batch_id)s and again.row_number = answered.row_number
"""

_REJECTED_AGAIN = sql.SQL(
    """
    update intake.rejected_rows as waiting
    set status = 'resubmitted', resubmitted_at = clock_timestamp(),
        case_batch_id = answered.chosen_batch_id, case_row_number = answered.chosen_row_number
    from answered
    where answered.is_rejected and waiting.status in ('open', 'resubmitted') and waiting.batch_id <> %(batch_id)s
      and {place} = (answered.case_batch_id, answered.case_row_number)
    """
)

_TAKEN = sql.SQL(
    """
    update intake.rejected_rows as waiting
    set status = {status},
        resubmitted_at = coalesce(waiting.resubmitted_at, clock_timestamp()),
        {dated} = clock_timestamp()
    from (
        select distinct case_batch_id, case_row_number from answered
        where not is_rejected and {which}
    ) as answered
    where waiting.status in ('open', 'resubmitted')
      and {place} = (answered.case_batch_id, answered.case_row_number)
    """
)

_PLACES = (
    sql.SQL("(waiting.batch_id, waiting.row_number)"),
    sql.SQL("(waiting.case_batch_id, waiting.case_row_number)"),
)
"""The first rejection of a case, and the later ones."""

_NEVER_TO_COME_AGAIN = """
    update intake.rejected_rows as gone
    set status = 'withdrawn', withdrawn_at = clock_timestamp()
    from intake.findings as finding
    where finding.batch_id = %(batch_id)s and finding.rule_id = %(rule_id)s
      and gone.batch_id = finding.batch_id and gone.row_number = finding.row_number
"""
"""A record that was deleted at its end can't be mended: nobody is to wait for it."""

_CLOSE_FILES = """
    update intake.batches as earlier
    set closed_at = clock_timestamp(), closed_by_batch_id = %(batch_id)s
    where earlier.provider_code = %(provider_code)s and earlier.item = %(item)s
      and earlier.file_name = %(file_name)s and earlier.batch_id <> %(batch_id)s
      and earlier.status in ('blocked', 'refused') and earlier.closed_at is null
"""


def answer_rejections(
    connection: psycopg.Connection[Any],
    batch: Batch,
    contract: Contract,
    status: BatchStatus,
    chunks: Callable[[], Iterable[SealedChunk]],
) -> None:
    """Give every rejection that this batch answers its new status. Call it when all rows are written.

    chunks: the batch's rows from the first; looked at only where somebody waits.
    """
    named = {
        "batch_id": batch.batch_id,
        "item": batch.item,
        "provider_code": batch.provider_code,
        "file_name": batch.file_name,
    }
    if status in (BatchStatus.ACCEPTED, BatchStatus.PARTLY_REJECTED):
        connection.execute(_CLOSE_FILES, named)
    if contract.has_rule_of_kind("gate.already_expired"):
        rule_id = contract.rule_of_kind("gate.already_expired").id
        connection.execute(_NEVER_TO_COME_AGAIN, {**named, "rule_id": rule_id})
    nobody = connection.execute(_IS_NOBODY_WAITING, named).fetchone()
    if nobody is None or nobody[0]:
        return
    _gather(connection, contract, chunks, named)
    connection.execute(_LINK, named)
    for place in _PLACES:
        connection.execute(_REJECTED_AGAIN.format(place=place), named)
    _close_taken(connection, contract, named)


def _gather(
    connection: psycopg.Connection[Any],
    contract: Contract,
    chunks: Callable[[], Iterable[SealedChunk]],
    named: dict[str, str],
) -> None:
    """Which rows of the batch answer which case, in the temporary table `answered`."""
    case, table = sql.SQL(_CASE), sql.Identifier("intake", contract.item)
    connection.execute("drop table if exists pg_temp.answers, pg_temp.answered, pg_temp.row_keys")
    connection.execute(_MAKE_ANSWERS)
    connection.execute(_BY_RECORD_KEY.format(case=case, table=table), named)
    keys = list(_row_keys(chunks()))
    if keys:
        connection.execute(_MAKE_ROW_KEYS)
        with connection.cursor() as cursor, cursor.copy("copy row_keys from stdin") as copy:
            for key in keys:
                copy.write_row(key)
        connection.execute("analyze row_keys")
        connection.execute(_BY_ROW_KEY.format(case=case), named)
    connection.execute(_CHOOSE)
    connection.execute("analyze answered")


def _row_keys(chunks: Iterable[SealedChunk]) -> Iterable[tuple[int, str, int]]:
    """(row number, batch id and row number of the rejection) of each row that came with a row key."""
    for chunk in chunks:
        if ROW_KEY not in chunk.table.column_names:
            return
        column = chunk.table.column(ROW_KEY)
        places: npt.NDArray[np.int64] = np.flatnonzero(pc.is_valid(column).to_numpy())
        for place, text in zip(places.tolist(), column.take(places).to_pylist(), strict=True):
            key = split_row_key(text)
            if key is not None:
                yield chunk.first_row + place, *key


def _close_taken(connection: psycopg.Connection[Any], contract: Contract, named: dict[str, str]) -> None:
    """Close the cases whose row was taken: accepted, or withdrawn where the row says so itself."""
    withdrawn: sql.Composable = sql.SQL("false")
    if any(field.name == WITHDRAWN for field in contract.fields):
        withdrawn = sql.SQL(
            "exists (select from {} as sent where sent.batch_id = {} and sent.is_withdrawn"
            " and sent.row_number = answered.row_number)"
        ).format(sql.Identifier("intake", contract.item), sql.Literal(named["batch_id"]))
    ends = (
        ("withdrawn", sql.SQL("withdrawn_at"), withdrawn),
        ("accepted", sql.SQL("accepted_at"), sql.SQL("true")),
    )
    for status, dated, which in ends:
        for place in _PLACES:
            connection.execute(
                _TAKEN.format(status=sql.Literal(status), dated=dated, which=which, place=place), named
            )
