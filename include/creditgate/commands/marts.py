"""Commands about built marts: what expires, what is taken out for a recipient, what a change of terms would change."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from creditgate.commands.console import Form, fail, finish, out, prepared


def expire(
    as_of: Annotated[
        datetime,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d"], help="What is past its last day on this date is removed."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, remove nothing.")] = False,
    ahead: Annotated[
        bool, typer.Option("--forecast", help="Tell what will expire in 1, 7 and 30 days, remove nothing.")
    ] = False,
) -> None:
    """Run the daily expiry alone, through its DAG. A second run of a day changes nothing."""
    from creditgate.orchestration.harness import expire_once

    day = as_of.date()
    prepared()
    if ahead:
        _print_forecast(day)
        return
    outcome = expire_once(day, dry_run=dry_run)
    counts = outcome.results.get("expire_negative_records.expire") or {}
    verb = "would be removed" if dry_run else "removed"
    out.print(
        f"as of {day}: {counts.get('records', 0)} records {verb}, "
        f"{counts.get('rejections', 0)} rejected rows cleared, {counts.get('reports', 0)} reports removed"
    )
    finish(outcome)


def _print_forecast(day: date) -> None:
    from creditgate.expire import forecast
    from creditgate.warehouse.connect import connect

    with connect() as connection:
        expected = forecast(connection, day)
    if not expected:
        out.print(f"as of {day}: nothing expires within 30 days, by the last build of the marts")
        return
    table = Table("provider", "item", "within days", "records")
    for line in expected:
        table.add_row(line.provider_code, line.item, str(line.within_days), str(line.records))
    out.print(table)


def export(
    relation: Annotated[
        str, typer.Argument(help="What readers see: disclosure.fct_penalties, say.", show_default=False)
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="Where to write the file.")],
    recipient: Annotated[str, typer.Option(help="Who receives it: the unit and the officer.")],
    basis: Annotated[str, typer.Option(help="The law or the authorisation that allows it.")],
    purpose: Annotated[str, typer.Option(help="A code of expectations/purposes.yaml.")],
    exported_by: Annotated[str, typer.Option(help="Who takes it out.")],
) -> None:
    """Write a mart to a CSV file for a named recipient; the ledger audit.exports tells of it (S19)."""
    from creditgate.exporting import ExportOrder, ExportRefusedError, export_mart

    try:
        done = export_mart(ExportOrder(relation, exported_by, recipient, basis, purpose), target)
    except ExportRefusedError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{target} can't be written: {error.strerror}")
    until = f"; rows of it must be deleted from {done.delete_from} on" if done.delete_from else ""
    out.print(f"export {done.export_id}: {done.rows} rows in {target}{until}")


def rehearse(
    regime: Annotated[
        str, typer.Option(help="The regime to switch on (dbt_project/seeds/disclosure_terms.csv).")
    ],
    as_of: Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day to look at.")],
    item: Annotated[str, typer.Option(help="Switch it for this item alone; * is every item.")] = "*",
    replacing: Annotated[str | None, typer.Option(help="A regime that it takes the place of.")] = None,
    form: Annotated[Form, typer.Option("--format", help="table or json")] = Form.TABLE,
) -> None:
    """What a switch of a term regime would change in every mart. Readers see nothing of it.

    Counts and record ids, no names. What was deleted already can't come back, and is not shown.
    """
    from creditgate.build.dbt_runner import BuildFailedError
    from creditgate.build.rehearsal import CannotRehearseError
    from creditgate.build.rehearsal import rehearse as compare
    from creditgate.rehearsal_report import as_json, as_tables

    prepared()
    try:
        found = compare(regime, as_of.date(), item=item, replacing=replacing)
    except (CannotRehearseError, BuildFailedError) as error:
        fail(str(error))
    if form is Form.JSON:
        sys.stdout.write(as_json(found) + "\n")
    else:
        for table in as_tables(found):
            out.print(table)
