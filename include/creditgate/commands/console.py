"""What all commands share: the two consoles, exit codes, options, and how a fault is told.

Nothing heavy is imported here: what a command needs, it imports when it runs.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_REJECTED = 1
EXIT_UNUSABLE = 2
EXIT_INTERRUPTED = 130


class Form(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="Business date, YYYY-MM-DD; default today in Asia/Shanghai."
    ),
]


def fail(message: str) -> NoReturn:
    """End with a line that says what a user can mend."""
    err.print(f"creditgate: {message}", style="red", markup=False)
    sys.exit(EXIT_UNUSABLE)


def finish(outcome: Any) -> NoReturn:
    """End as the run ended, its failures told."""
    for failure in outcome.failures:
        err.print(str(failure), style="red", markup=False)
    sys.exit(outcome.exit_code)


def prepared() -> datetime:
    """Bring the warehouse up to date; the moment from which a run's outcomes count."""
    from creditgate.policy.contracts import known_items, load_contract
    from creditgate.policy.providers import load_providers
    from creditgate.policy.rule_finder import common_rules
    from creditgate.warehouse.prepare import prepare_warehouse

    with err.status("preparing the warehouse…"):
        prepare_warehouse(map(load_contract, known_items()), load_providers().values(), common_rules())
    return datetime.now(UTC)
