"""The command `creditgate`: for operators, and for provider units before they report.

A unit checks a file many times a day: what is heavy (arrays, Great Expectations, dbt, Airflow) is imported by the
command that needs it.
"""

from __future__ import annotations

import logging
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.table import Table

from creditgate.commands import held, marts
from creditgate.commands.console import (
    EXIT_INTERRUPTED,
    EXIT_REJECTED,
    EXIT_UNUSABLE,
    AsOf,
    Form,
    err,
    fail,
    finish,
    out,
    prepared,
)
from creditgate.domain.batch import BatchStatus
from creditgate.domain.faults import OperationFault
from creditgate.policy.contracts import UnknownItemError, known_items, load_contract
from creditgate.policy.documents import PolicyFileError
from creditgate.policy.providers import UnregisteredProviderError, find_provider
from creditgate.warehouse.errors import WarehouseError

app = typer.Typer(
    name="creditgate",
    help="A city credit platform's data pipeline: provider feeds through a checked gate into marts, with expiry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Role(StrEnum):
    """A reader's database role."""

    BI_READER = "bi_reader"
    SHARING_READER = "sharing_reader"
    QUERY_OFFICER = "query_officer"
    AUDITOR = "auditor"
    DESK = "desk"


def main() -> None:
    """Run the command line. A fault that a user can mend ends in one line and exit code 2."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except (WarehouseError, PolicyFileError, UnknownItemError, UnregisteredProviderError) as error:
        fail(str(error))
    except OperationFault as error:
        err.print(f"creditgate: {error}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("interrupted; nothing is half done: run the command again to go on")
        sys.exit(EXIT_INTERRUPTED)


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="A feed: text, workbook, web page, JSON or XML.", show_default=False)
    ],
    item: Annotated[str, typer.Option(help="The information item, e.g. administrative_penalty.")],
    provider: Annotated[
        str | None, typer.Option(help="The provider unit's code; checks that it may report the item.")
    ] = None,
    as_of: AsOf = None,
    form: Annotated[Form, typer.Option("--format", help="table or json")] = Form.TABLE,
    workbook: Annotated[
        Path | None, typer.Option(help="Write the rejected rows, ready to be mended, to this .xlsx.")
    ] = None,
) -> None:
    """Screen and check a file offline: no database, nothing stored.

    Exit 0: nothing rejected. 1: something rejected, or the file blocked. 2: unusable arguments or unreadable file.
    """
    _known_item(item)
    if provider is not None:
        find_provider(provider)
    if not file.is_file():
        fail(f"{file} is not a file; give the path of a feed")
    from creditgate import pipeline
    from creditgate.domain.feed import UNREAD
    from creditgate.report import write_check_json, write_workbook

    try:
        with err.status(f"checking {file.name}…"):
            made = pipeline.check_file(
                file, item, provider, _business_date(as_of), with_rows=workbook is not None
            )
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror}; check its rights")
    if workbook is not None and made.status is not BatchStatus.BLOCKED and made.tally.rejected:
        written = write_workbook(made, load_contract(item), workbook)
        err.print("written: " + ", ".join(str(path) for path in written))
    if form is Form.JSON:
        write_check_json(made, sys.stdout)
        sys.stdout.write("\n")
    else:
        _print_check(made)
    if made.format == UNREAD:
        raise typer.Exit(EXIT_UNUSABLE)
    raise typer.Exit(0 if made.status is BatchStatus.ACCEPTED else EXIT_REJECTED)


def _print_left_out(made: Any) -> None:
    """Say which rules wait for the gate."""
    for need, rules in made.not_applied.items():
        ids = ", ".join(rule.id for rule in rules)
        out.print(f"not applied offline, for want of {need}: {ids}", markup=False)


def _print_check(made: Any) -> None:
    from creditgate.report.summary import cleaning_of, faults_of

    tally = made.tally
    out.print(f"{made.file_name}: [bold]{made.status.label}[/] ({made.status.value})")
    out.print(
        f"rows {tally.total}, accepted {tally.accepted}, rejected {tally.rejected}, warned {tally.warned}"
    )
    table = Table("rule", "severity", "clause", "column", "rows", "message", "what would pass")
    faults = faults_of(made, load_contract(made.item))
    for fault in faults:
        rule, rows = fault.rule, str(fault.row_count) if fault.row_count else "file"
        table.add_row(
            rule.id, rule.severity.value, rule.clause, fault.column or "", rows, rule.message, rule.expected
        )
    if faults:
        out.print(table)
    for line in cleaning_of(made):
        out.print(
            f"{line['rule']} {line['title']}: {line['header'] or line['field']}, {line['cells']} cells",
            markup=False,
        )
    _print_left_out(made)


@app.command()
def submit(
    file: Annotated[
        Path, typer.Argument(help="A feed: text, workbook, web page, JSON or XML.", show_default=False)
    ],
    provider: Annotated[str, typer.Option(help="The provider unit's code.")],
    item: Annotated[str, typer.Option(help="The information item.")],
    reviewer: Annotated[str, typer.Option(help="Who reviewed the data before it is sent (S14).")],
    reviewed_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="When, YYYY-MM-DD.")],
) -> None:
    """Put a file with its manifest into the provider's source, for the next run."""
    _known_item(item)
    unit = find_provider(provider)
    if item not in unit.items:
        fail(f"{provider} is not registered for {item}; it reports {', '.join(unit.items)} (S08)")
    if not file.is_file():
        fail(f"{file} is not a file; give the path of a feed")
    if reviewed_on.date() > _business_date(None):
        fail("--reviewed-on lies in the future: the review comes before the sending (S14)")
    if not reviewer.strip():
        fail("--reviewer is empty: a feed is sent with the name of who reviewed it (S14)")
    from creditgate import pipeline

    try:
        placed = pipeline.submit(file, provider, item, reviewer.strip(), reviewed_on.date())
    except OSError as error:
        fail(f"{file.name} could not be put into the source of {provider}: {error.strerror}")
    out.print(f"{placed} is waiting for the next run (creditgate run)")


app.command("held")(held.list_held)
app.command()(held.release)
app.command()(held.refuse)


@app.command()
def rules(
    item: Annotated[str | None, typer.Option(help="Only this item's rules.")] = None,
    form: Annotated[Form, typer.Option("--format", help="table, json or markdown")] = Form.TABLE,
) -> None:
    """The rule catalogue: every rule with severity, clause, message and what would pass."""
    from creditgate.policy.catalogue import as_json, as_markdown, rule_catalogue

    if item is not None:
        _known_item(item)
    rows = rule_catalogue(item)
    if form is Form.JSON:
        sys.stdout.write(as_json(rows) + "\n")
    elif form is Form.MARKDOWN:
        sys.stdout.write(as_markdown(rows) + "\n")
    else:
        table = Table("rule", "item", "column", "severity", "clause", "message", "what would pass")
        for row in rows:
            table.add_row(row.id, row.item, row.header, row.severity, row.clause, row.message, row.expected)
        out.print(table)


@app.command()
def template(
    item: Annotated[str, typer.Argument(help="The information item.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="Where to write the workbook.")],
) -> None:
    """An empty feed workbook made from the contract: headers, drop-downs, notes, an example."""
    _known_item(item)
    if target.suffix.lower() != ".xlsx":
        fail(f"{target} must end in .xlsx")
    from creditgate.report import write_template

    try:
        write_template(load_contract(item), target)
    except OSError as error:
        fail(f"{target} can't be written: {error.strerror}")
    out.print(f"written: {target}")


@app.command()
def deadline(
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day the clock starts; it does not count.")
    ],
    days: Annotated[int, typer.Option(min=1, max=400, help="Working days.")],
) -> None:
    """The N-th working day after a date by the State Council's calendar, and whether it is provisional."""
    from creditgate.policy.deadlines import workday_calendar

    due = workday_calendar().deadline(start.date(), days)
    note = "  (provisional: the calendar of that year is not published yet)" if due.is_provisional else ""
    out.print(f"{due.due_on.isoformat()}{note}")


@app.command()
def url(
    role: Annotated[Role | None, typer.Option(help="A reader's role; without it, the owner's.")] = None,
) -> None:
    """Print a connection URL for the warehouse in use; starts the embedded server if it is not running."""
    from creditgate.warehouse.connect import is_embedded, role_url, warehouse_url
    from creditgate.warehouse.server import Server, ensure_running

    if is_embedded():
        was_running = Server().is_running()
        ensure_running()
        if not was_running:
            err.print("started the embedded PostgreSQL; `creditgate stop` (make down) stops it")
    sys.stdout.write((role_url(role.value) if role else warehouse_url()) + "\n")


@app.command()
def run(
    as_of: AsOf = None,
    samples: Annotated[
        bool,
        typer.Option(
            "--samples/--no-samples", help="On a first run with nothing waiting, put the sample feeds in."
        ),
    ] = True,
) -> None:
    """Do a whole run once, through Airflow: take in every waiting feed, build the marts, expire; then stop.

    Exit 0 when every task ended well (rejected rows and blocked files are outcomes, not faults), else 1.
    """
    from creditgate.orchestration.harness import run_once
    from creditgate.summary import print_summary, summarise

    day = _business_date(as_of)
    since = prepared()
    if samples:
        _put_samples(day)
    outcome = run_once(day)
    expired = (outcome.results.get("expire_negative_records.expire") or {}).get("records")
    print_summary(summarise(day, since), out, expired)
    finish(outcome)


app.command()(marts.expire)
app.command()(marts.export)
app.command()(marts.rehearse)


@app.command()
def watch(
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d"], help="The day to look from; default today in Shanghai."
        ),
    ] = None,
) -> None:
    """Look at the working-day clocks now: what is due and missed, and what has to be seen to."""
    from creditgate import pipeline

    day = _business_date(as_of)
    prepared()
    counts = pipeline.watch(day)
    stand = ", ".join(
        f"{counts.get(status, 0)} {status}" for status in ("open", "met", "missed", "provisional")
    )
    out.print(f"as of {day}: {stand}; {counts['alerts']} alerts stand, see quality.rpt_alerts")


@app.command()
def up(port: Annotated[int, typer.Option(help="Port of Airflow's web interface.")] = 8080) -> None:
    """Run Airflow with its web interface and its schedules until Ctrl-C."""
    from creditgate.orchestration.harness import up as serve

    prepared()
    serve(port=port)


@app.command()
def prepare() -> None:
    """Bring the warehouse up to date: migrations, intake tables, roles, registry. Safe to repeat."""
    prepared()
    out.print("the warehouse is up to date")


@app.command()
def stop() -> None:
    """Stop what `up` or an interrupted `run` left running, and the embedded PostgreSQL."""
    from creditgate.orchestration.harness import down
    from creditgate.warehouse.server import Server

    if down():
        out.print("Airflow has been stopped")
    out.print("stopped" if Server().stop() else "the embedded PostgreSQL is not running")


@app.command()
def doctor() -> None:
    """Check the installation and say what to mend. Exit 0 when all is well, else 1."""
    from creditgate.doctor import examine

    table = Table("", "what", "found", "next step")
    findings = examine()
    for finding in findings:
        table.add_row("ok" if finding.is_well else "!!", finding.what, finding.found, finding.next_step)
    out.print(table)
    raise typer.Exit(0 if all(finding.is_well for finding in findings) else 1)


def _put_samples(as_of: date) -> None:
    """On a first run, with nothing waiting and nothing settled, put the sample feeds into the sources."""
    from creditgate.orchestration.harness import waiting_dags
    from creditgate.policy.paths import home
    from creditgate.samples.feeds import sample_feeds
    from creditgate.warehouse.batches import is_first_run
    from creditgate.warehouse.connect import connect

    with connect() as connection:
        if waiting_dags() or not is_first_run(connection):
            return
    made = sample_feeds(home() / "sources", as_of)
    err.print(
        f"first run: {len(made)} sample feeds are waiting (include/samples/README.md tells their story)"
    )


def _known_item(item: str) -> None:
    if item not in known_items():
        fail(f"the checklist has no item {item!r}; it has {', '.join(known_items())} (S08)")


def _business_date(as_of: datetime | None) -> date:
    from creditgate.domain.clock import business_today

    return as_of.date() if as_of else business_today()
