"""Held batches as Airflow sees them: whom to ask about what, and what to do with the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import Param

from creditgate.orchestration.outcomes import ids_and_counts, no_values_in_faults

RELEASE: Final = "release"
REFUSE: Final = "refuse"


def ask_person(task_id: str, subject: Any) -> Any:
    """A task that waits for a person's answer, for as long as it takes; its output is the answer."""
    from airflow.providers.standard.operators.hitl import HITLOperator

    return HITLOperator(
        task_id=task_id,
        subject=subject,
        body="`release` takes the rows in as they are; `refuse` sends the file back. docs/runbooks/batch_is_held.md",
        options=[RELEASE, REFUSE],
        params={"reason": Param("", type="string", title="Reason (it is kept for audit)")},
        execution_timeout=None,
    ).output


def batches_to_ask_about(context: Mapping[str, Any]) -> list[str]:
    """The held batches that the events of this run name; all that are held where it was started by hand."""
    from creditgate import pipeline

    held = [batch.batch_id for batch in pipeline.held()]
    events = context.get("triggering_asset_events") or {}
    named = {
        batch for found in events.values() for event in found for batch in event.extra.get("batches", ())
    }
    return [batch_id for batch_id in held if not named or batch_id in named]


def described(batch_id: str) -> str:
    """One line about a held batch, of ids and counts: what the person sees first."""
    from creditgate import pipeline

    found = next((batch for batch in pipeline.held() if batch.batch_id == batch_id), None)
    if found is None:
        return f"{batch_id[:12]}: decided already"
    return f"{batch_id[:12]} {found.provider_code}/{found.item}, {found.rows} rows: {', '.join(found.rules)}"


def carry_out_answer(batch_id: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Record a person's answer, then settle and report the batch; counts.

    Where the batch has been decided elsewhere in the meantime, that decision counts.
    """
    from creditgate import pipeline
    from creditgate.domain.batch import HoldDecision
    from creditgate.orchestration.connections import airflow_connection

    user = answer.get("responded_by_user") or {}
    decision = HoldDecision.RELEASED if answer["chosen_options"] == [RELEASE] else HoldDecision.REFUSED
    with no_values_in_faults("carry_out", batch=batch_id):
        counts = pipeline.decide_held(
            batch_id,
            decision,
            by=str(user.get("name") or user.get("id") or "unknown"),
            reason=str(answer["params_input"].get("reason", "")),
            connections=airflow_connection,
        )
    return ids_and_counts(counts)
