"""Held batches, composed: a feed that is unlike the provider's usual waits, sealed, until a person has decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import structlog

from creditgate.domain.batch import Batch, BatchStatus, HoldDecision
from creditgate.domain.faults import OperationFault
from creditgate.domain.feed import FeedLayout
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.whole_file import FileProfile
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule
from creditgate.warehouse.connect import Connection, connect
from creditgate.warehouse.holds import (
    Decided,
    HeldBatch,
    find_decision,
    held_batches,
    load_history,
    record_decision,
)

log = structlog.get_logger(__name__)


class HoldError(OperationFault):
    """A held batch can't be decided about in this way."""


@dataclass(frozen=True)
class WholeFileLook:
    """A feed as a whole: what is told of it, and whether a person has to decide."""

    findings: Findings
    is_held: bool
    profile: dict[str, Any]


def look_at_whole_file(
    connection: Connection,
    batch: Batch,
    contract: Contract,
    layout: FeedLayout,
    chunks: Iterable[tuple[int, pa.Table]],
    findings: Findings,
) -> WholeFileLook:
    """Hold a checked feed against the provider's earlier ones, by the thresholds of its contract.

    chunks: (first row, sealed rows). A contract without thresholds lets every feed pass.
    """
    from creditgate.check.whole_file import deviations, profile_of

    profile = profile_of(contract, layout.columns.mapped.values(), chunks, findings)
    rules = contract.whole_file
    if rules is None:
        return WholeFileLook(Findings.none(), False, profile.as_json())
    history = load_history(connection, batch.provider_code, batch.item, rules.history)
    found = deviations(profile, history, rules)
    for deviation in found:
        log.warning(
            "check.unlike_the_usual",
            batch_id=batch.batch_id,
            kind=deviation.kind,
            about=deviation.about,
            measure=round(deviation.measure, 3),
            is_held=deviation.is_held,
        )
    headers = {field: header for header, field in layout.columns.mapped.items()}
    known = {field.name for field in contract.fields}
    slots = {
        (deviation.kind, field): Slot(gate_rule(deviation.kind), field, headers.get(field or ""))
        for deviation in found
        for field in [deviation.about if deviation.about in known else _field_of(deviation.about, findings)]
    }
    return WholeFileLook(
        Findings.about_file(slots.values()), any(made.is_held for made in found), profile.as_json()
    )


def kept_profile(facts: dict[str, Any]) -> FileProfile | None:
    """The profile that the check has written down; None of a feed that was checked before there were any."""
    raw = facts.get("profile")
    return FileProfile.from_json(raw) if raw else None


def status_without_settling(batch_id: str, facts: Mapping[str, Any]) -> BatchStatus | None:
    """How a checked batch stands of which no row is taken: held, or refused by a person. None: its rows are settled."""
    if not facts.get("is_held"):
        return None
    with connect() as connection:
        decided = find_decision(connection, batch_id)
    if decided is None:
        return BatchStatus.HELD
    return None if decided.decision is HoldDecision.RELEASED else BatchStatus.BLOCKED


def with_refusal(findings: Findings) -> Findings:
    """The findings about a file that a person has refused."""
    return Findings.concat([findings, Findings.about_file([Slot(gate_rule("refused_by_person"), None)])])


def held() -> list[HeldBatch]:
    """The batches that wait for a person's decision, the longest waiting first."""
    with connect() as connection:
        return held_batches(connection)


def decide(batch_id: str, decision: HoldDecision, by: str, reason: str) -> Decided:
    """Record who decided what about a held batch, and why. The first decision stays.

    Raises HoldError.
    """
    name, why = by.strip(), reason.strip()
    if not name or not why:
        raise HoldError(
            "a decision about a held batch needs the name of who decides, and the reason; give both"
        )
    with connect() as connection:
        try:
            decided = record_decision(connection, batch_id, decision, name, why)
        except LookupError:
            raise HoldError(
                f"no batch {batch_id} waits for a decision; `creditgate held` lists those that do"
            ) from None
    if decided.decision is not decision:
        raise HoldError(
            f"batch {batch_id} was {decided.decision.value} by {decided.by} on {decided.decided_at:%Y-%m-%d %H:%M}; "
            "a decision is not changed"
        )
    log.info("hold.decided", batch_id=batch_id, decision=decision.value)
    return decided


def whole_id(beginning: str) -> str:
    """The id of the held batch that begins so. Raises HoldError where none or several do."""
    found = [batch.batch_id for batch in held() if batch.batch_id.startswith(beginning)]
    if len(found) != 1:
        raise HoldError(
            f"{len(found) or 'no'} batches that begin with {beginning!r} wait for a decision; "
            "`creditgate held` lists those that do"
        )
    return found[0]


def _field_of(rule_id: str | None, findings: Findings) -> str | None:
    """The field at which a rule found most; the report names its column."""
    return next((slot.field for slot in findings.table if slot.rule.id == rule_id), None)
