"""How a batch ended, asked of the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from creditgate.domain.batch import BatchStatus
from creditgate.warehouse.connect import Connection


@dataclass(frozen=True)
class Outcome:
    """The recorded end of a batch, and the rules that were broken by the file as a whole."""

    status: BatchStatus
    settled_at: datetime
    rules: frozenset[str]


def find_outcome(conn: Connection, batch_id: str) -> Outcome | None:
    """The outcome of a batch, None where it has none yet."""
    row = conn.execute(
        """
        select b.status, b.settled_at,
               array(select f.rule_id from intake.findings as f
                     where f.batch_id = b.batch_id and f.row_number = 0)
        from intake.batches as b
        where b.batch_id = %s
        """,
        (batch_id,),
    ).fetchone()
    if row is None:
        return None
    status, settled_at, rules = row
    return Outcome(BatchStatus(str(status)), settled_at, frozenset(rules))


def is_first_run(conn: Connection) -> bool:
    """Whether no batch has had an outcome yet."""
    row = conn.execute("select not exists (select from intake.batches)").fetchone()
    return bool(row and row[0])
