"""Held batches and the decisions about them, asked of and told to the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from creditgate.domain.batch import HoldDecision
from creditgate.domain.whole_file import FileProfile
from creditgate.warehouse.connect import Connection


@dataclass(frozen=True)
class HeldBatch:
    """A batch that waits for a person: what it is, since when, and the rules that say why."""

    batch_id: str
    provider_code: str
    item: str
    file_name: str
    rows: int
    received_at: datetime
    held_at: datetime
    rules: Sequence[str]


@dataclass(frozen=True)
class Decided:
    """A decision about a held batch, as it was recorded."""

    decision: HoldDecision
    by: str
    decided_at: datetime


def load_history(conn: Connection, provider: str, item: str, limit: int) -> list[FileProfile]:
    """The profiles of the provider's last settled batches of the item, the newest first."""
    rows: list[Any] = conn.execute(
        """
        select profile from intake.batches
        where provider_code = %s and item = %s and profile is not null
          and status in ('accepted', 'partly_rejected', 'rejected')
        order by settled_at desc limit %s
        """,
        (provider, item, limit),
    ).fetchall()
    return [FileProfile.from_json(profile) for (profile,) in rows]


def save_profile(conn: Connection, batch_id: str, profile: FileProfile) -> None:
    """Keep a batch's profile with it."""
    conn.execute(
        "update intake.batches set profile = %s where batch_id = %s", (Jsonb(profile.as_json()), batch_id)
    )


def find_decision(conn: Connection, batch_id: str) -> Decided | None:
    """What was decided about a batch; None where nothing was."""
    row = conn.execute(
        "select decision, decided_by, decided_at from audit.hold_decisions where batch_id = %s", (batch_id,)
    ).fetchone()
    return Decided(HoldDecision(str(row[0])), str(row[1]), row[2]) if row else None


def record_decision(conn: Connection, batch_id: str, decision: HoldDecision, by: str, reason: str) -> Decided:
    """Record a decision about a held batch; the first one stays. What holds now.

    Raises LookupError where no batch of this id is held.
    """
    conn.execute(
        """
        insert into audit.hold_decisions (batch_id, provider_code, item, decision, decided_by, reason, rule_ids)
        select b.batch_id, b.provider_code, b.item, %s, %s, %s,
               array(select distinct f.rule_id from intake.findings as f
                     where f.batch_id = b.batch_id and f.row_number = 0 order by 1)
        from intake.batches as b where b.batch_id = %s and b.status = 'held'
        on conflict (batch_id) do nothing
        """,
        (decision.value, by, reason, batch_id),
    )
    decided = find_decision(conn, batch_id)
    if decided is None:
        raise LookupError(f"no batch {batch_id} is held")
    return decided


def held_batches(conn: Connection) -> list[HeldBatch]:
    """The batches that wait for a person, the longest waiting first; those that are decided but not settled too."""
    rows: list[Any] = conn.execute(
        """
        select b.batch_id, b.provider_code, b.item, b.file_name, coalesce((b.profile ->> 'rows')::int, 0),
               b.received_at, b.settled_at,
               array(select distinct f.rule_id from intake.findings as f
                     where f.batch_id = b.batch_id and f.row_number = 0 order by 1)
        from intake.batches as b where b.status = 'held' order by b.received_at, b.batch_id
        """
    ).fetchall()
    return [HeldBatch(*row) for row in rows]
