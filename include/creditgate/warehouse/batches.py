"""How a batch ended, asked of the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg.rows import dict_row

from creditgate.domain.batch import Batch, BatchStatus, Tally
from creditgate.domain.feed import ColumnMap
from creditgate.warehouse.connect import Connection

RejectedCells = tuple[npt.NDArray[np.int32], pa.Table]


@dataclass(frozen=True)
class Outcome:
    """The recorded end of a batch, and the rules that were broken by the file as a whole."""

    status: BatchStatus
    settled_at: datetime
    rules: frozenset[str]
    rows_unchanged: int = 0


def find_outcome(conn: Connection, batch_id: str) -> Outcome | None:
    """The outcome of a batch, None where it has none yet."""
    row = conn.execute(
        """
        select b.status, b.settled_at, b.rows_unchanged,
               array(select f.rule_id from intake.findings as f
                     where f.batch_id = b.batch_id and f.row_number = 0)
        from intake.batches as b
        where b.batch_id = %s
        """,
        (batch_id,),
    ).fetchone()
    if row is None:
        return None
    status, settled_at, unchanged, rules = row
    return Outcome(BatchStatus(str(status)), settled_at, frozenset(rules), unchanged)


def mark_returned(conn: Connection, batch_id: str) -> None:
    """Keep when the report of a batch first lay ready for its unit: its rejected rows are returned (S13)."""
    conn.execute(
        "update intake.batches set returned_at = clock_timestamp() where batch_id = %s and returned_at is null",
        (batch_id,),
    )


def is_first_run(conn: Connection) -> bool:
    """Whether no batch has had an outcome yet."""
    row = conn.execute("select not exists (select from intake.batches)").fetchone()
    return bool(row and row[0])


@dataclass(frozen=True)
class SettledBatch:
    """All that the warehouse keeps of a batch as a whole."""

    batch: Batch
    contract_version: str
    outcome: Outcome
    tally: Tally
    format: str
    encoding: str | None
    columns: ColumnMap
    cleaned: dict[str, dict[str, int]]


def load_batch(conn: Connection, batch_id: str) -> SettledBatch | None:
    """A settled batch, None where there is none of this id or it was settled before columns were kept."""
    outcome = find_outcome(conn, batch_id)
    row = (
        conn.cursor(row_factory=dict_row)
        .execute("select * from intake.batches where batch_id = %s and columns is not null", (batch_id,))
        .fetchone()
    )
    if row is None or outcome is None:
        return None
    named: dict[str, Any] = row
    columns = named["columns"]
    batch = Batch(
        **{field: named[field] for field in _BATCH_FIELDS},
        manifest=None,
    )
    tally = Tally(*(named[f"rows_{fate}"] for fate in ("total", "accepted", "rejected", "warned")))
    return SettledBatch(
        batch=batch,
        contract_version=named["contract_version"],
        outcome=outcome,
        tally=tally,
        format=named["format"],
        encoding=named["encoding"],
        columns=ColumnMap(columns["mapped"], tuple(columns["dropped"]), tuple(columns["missing"])),
        cleaned=named["cleaned"] or {},
    )


_BATCH_FIELDS = (
    "batch_id",
    "provider_code",
    "item",
    "file_name",
    "file_sha256",
    "file_bytes",
    "received_at",
    "as_of_on",
)


def load_findings(
    conn: Connection, batch_id: str
) -> tuple[npt.NDArray[np.int32], list[tuple[str, str | None, str | None]]]:
    """The findings of a batch in order: row numbers, and for each its (rule id, field, header)."""
    rows: list[Any] = conn.execute(
        "select row_number, rule_id, field, header from intake.findings where batch_id = %s", (batch_id,)
    ).fetchall()
    return np.array([row[0] for row in rows], np.int32), [tuple(row[1:]) for row in rows]


def load_returned_rows(conn: Connection, batch_id: str, fields: Sequence[str]) -> RejectedCells:
    """The redacted cells of a batch's rejected rows that are still kept, by field, in row order."""
    rows: list[Any] = conn.execute(
        """
        select row_number, content from intake.rejected_rows
        where batch_id = %s and content is not null order by row_number
        """,
        (batch_id,),
    ).fetchall()
    cells = pa.table(
        {field: pa.array([content.get(field) for _, content in rows], pa.string()) for field in fields}
    )
    return np.array([number for number, _ in rows], np.int32), cells


def batches_without_report(conn: Connection, has_report: Callable[[str, str], bool]) -> list[str]:
    """Batches with rejected rows whose content is kept, and no report (`has_report(provider, batch)`)."""
    rows: list[Any] = conn.execute(
        """
        select distinct b.provider_code, b.batch_id
        from intake.batches as b join intake.rejected_rows as r on r.batch_id = b.batch_id
        where r.content is not null and b.columns is not null
        """
    ).fetchall()
    return [batch_id for provider, batch_id in rows if not has_report(provider, batch_id)]
