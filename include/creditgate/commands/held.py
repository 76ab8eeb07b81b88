"""Commands about held batches: which wait, and what a person decides about one."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from creditgate.commands.console import out
from creditgate.domain.batch import HoldDecision

Batch = Annotated[str, typer.Argument(help="The batch id, or its beginning.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who decides; kept for audit.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept for audit.")]


def list_held() -> None:
    """The batches that wait for a person's decision: unlike what their provider usually sends."""
    from creditgate import pipeline

    table = Table("batch", "provider", "item", "file", "rows", "received", "why")
    waiting = pipeline.held()
    for batch in waiting:
        received = f"{batch.received_at:%Y-%m-%d %H:%M}"
        table.add_row(
            batch.batch_id,
            batch.provider_code,
            batch.item,
            batch.file_name,
            str(batch.rows),
            received,
            ", ".join(batch.rules),
        )
    if waiting:
        out.print(table)
    out.print(f"{len(waiting)} batches wait for a decision (docs/runbooks/batch_is_held.md)")


def release(batch: Batch, by: By, reason: Reason) -> None:
    """Take a held batch in as it is, for the next build of the marts."""
    _decide(batch, HoldDecision.RELEASED, by, reason)


def refuse(batch: Batch, by: By, reason: Reason) -> None:
    """Send a held batch back to its provider: nothing of it is kept."""
    _decide(batch, HoldDecision.REFUSED, by, reason)


def _decide(batch: str, decision: HoldDecision, by: str, reason: str) -> None:
    from creditgate import pipeline
    from creditgate.holding import whole_id

    counts = pipeline.decide_held(whole_id(batch), decision, by=by, reason=reason)
    out.print(
        f"{counts['batch_id']}: {counts['status']}, {counts['accepted']} rows accepted, {counts['rejected']} rejected"
    )
