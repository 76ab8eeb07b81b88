"""What a run has done and what there is now, read from the warehouse for the operator's terminal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from psycopg import sql
from rich.console import Console
from rich.table import Table

from creditgate.fates import count_fates
from creditgate.policy.paths import home
from creditgate.warehouse.connect import Connection, connect

MARTS = (
    ("disclosure", "fct_penalties"),
    ("disclosure", "fct_listings"),
    ("disclosure", "dim_subjects"),
    ("sharing", "fct_sanction_list"),
    ("sharing", "fct_linked_persons"),
    ("sharing", "fct_incentive_list"),
    ("rights", "fct_repairs"),
    ("rights", "fct_objections"),
    ("rights", "fct_revocations"),
    ("rights", "fct_talks"),
    ("rights", "rpt_talks_due"),
    ("quality", "fct_batches"),
    ("quality", "fct_rejections"),
    ("quality", "rpt_provider_scorecard"),
    ("quality", "rpt_alerts"),
    ("rights", "rpt_deadlines"),
    ("audit", "tombstones"),
)


@dataclass(frozen=True)
class BatchLine:
    """One batch as the summary shows it."""

    provider_code: str
    item: str
    file_name: str
    status: str
    rows: int
    accepted: int
    rejected: int
    warned: int
    late: int


@dataclass(frozen=True)
class RunSummary:
    """Batches settled since a moment, how many were settled before, and the marts with their row counts."""

    as_of: date
    batches: tuple[BatchLine, ...]
    settled_before: int
    marts: tuple[tuple[str, int | None], ...]
    fates: tuple[tuple[str, int], ...]
    reports: Path


def summarise(as_of: date, since: datetime) -> RunSummary:
    """The summary of a run that began at `since` (zoned)."""
    with connect() as connection:
        rows = connection.execute(
            """
            select provider_code, item, file_name, status, rows_total, rows_accepted, rows_rejected,
                   rows_warned, rows_late
            from intake.batches where settled_at >= %s order by provider_code, item, file_name
            """,
            (since,),
        ).fetchall()
        before = connection.execute(
            "select count(*) from intake.batches where settled_at < %s and status not in ('refused', 'held')",
            (since,),
        ).fetchone()
        marts = tuple((f"{schema}.{name}", _count(connection, schema, name)) for schema, name in MARTS)
        fates = count_fates(connection, as_of)
    batches = tuple(BatchLine(*row) for row in rows)
    return RunSummary(as_of, batches, int(str(before[0])) if before else 0, marts, fates, home() / "reports")


def _count(connection: Connection, schema: str, name: str) -> int | None:
    found = connection.execute("select to_regclass(%s) is not null", (f"{schema}.{name}",)).fetchone()
    if not found or not found[0]:
        return None
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    ).fetchone()
    return int(str(row[0])) if row else None


def print_summary(summary: RunSummary, console: Console, expired: int | None) -> None:
    """Print a summary: per batch its rows by fate, the marts, the reports, how to connect."""
    console.print(f"\n[bold]Run of {summary.as_of}[/]")
    if summary.batches:
        table = Table("provider", "item", "file", "outcome", "rows", "accepted", "rejected", "warned", "late")
        for line in summary.batches:
            counts = (line.rows, line.accepted, line.rejected, line.warned, line.late)
            table.add_row(line.provider_code, line.item, line.file_name, line.status, *map(str, counts))
        console.print(table)
        blocked = sum(line.status == "blocked" for line in summary.batches)
        refused = sum(line.status == "refused" for line in summary.batches)
        held = sum(line.status == "held" for line in summary.batches)
        waiting = f", {held} held for a person's decision (creditgate held)" if held else ""
        console.print(f"{len(summary.batches)} batches, {blocked} blocked, {refused} refused{waiting}")
    else:
        console.print("Nothing new was waiting: nothing was loaded again.")
    if summary.settled_before:
        console.print(f"{summary.settled_before} batches had been settled before and were left alone.")
    if expired is not None:
        console.print(f"{expired} records were past their last day and have been removed.")
    table = Table("relation", "rows")
    for name, count in summary.marts:
        table.add_row(name, "not built" if count is None else str(count))
    console.print(table)
    if summary.fates:
        table = Table("fate", "count")
        for name, number in summary.fates:
            table.add_row(name, str(number))
        console.print(table)
    console.print(f"reports for the provider units: {summary.reports}")
    console.print('connect: psql "$(.venv/bin/creditgate url --role bi_reader)"')
