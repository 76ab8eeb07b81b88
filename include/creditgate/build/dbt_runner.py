"""Runs dbt in this process, and gives back counts and names: never a row, never a message of the database."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from creditgate.build.law import disclosure_bases, law_in_force, public_items
from creditgate.policy.paths import dbt_dir, home
from creditgate.warehouse.connect import dbt_env, warehouse_url
from creditgate.warehouse.marts_lock import marts_locked
from creditgate.warehouse.touched import all_done, gather_touched, marts_state, start_anew

log = structlog.get_logger()

_BAD = {"error", "fail", "runtime error"}


class BuildFailedError(Exception):
    """dbt did not do all it was asked to. Names models and tests; what was published before stays."""

    def __init__(self, failed: Sequence[str], folder: Path) -> None:
        self.failed = tuple(failed)
        what = f"failed: {', '.join(failed)}" if failed else "dbt did not start"
        super().__init__(
            f"the build of the marts {what}; readers still see the last good publication. "
            f"Next step: docs/runbooks/build_has_failed.md, log in {folder / 'logs'}"
        )


@dataclass(frozen=True)
class DbtOutcome:
    """How a dbt run ended: nodes by result (success, pass, warn, fail, error, skipped), and names."""

    counts: Mapping[str, int]
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    is_success: bool


def run_dbt(select: str | None, as_of: date) -> dict[str, int]:
    """Build the models (or a selection of them) with their tests for one as-of date; counts by result.

    By touched records, where the marts stand on the same law and on no later day; anew otherwise. Unit
    tests are left out: they test the project, not the day. Raises BuildFailedError.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if select is not None:  # a test that looks at a model beyond the selection would see it as of another day
        arguments += ["--select", select, "--indirect-selection", "buildable"]
    law = law_in_force(as_of)
    with marts_locked(warehouse_url()) as connection:
        is_by_touch = marts_state(connection).allows(as_of, law)
        if is_by_touch:
            gather_touched(connection, as_of, law)
        else:
            start_anew(connection, as_of, law)
            arguments.append("--full-refresh")
        outcome = _run(arguments, as_of, {"by_touch": is_by_touch}, state_folder())
        if outcome.is_success and select is None:
            all_done(connection)
    if not outcome.is_success:
        raise BuildFailedError(outcome.failed, state_folder())
    return dict(outcome.counts)


def invoke_dbt(arguments: Sequence[str], as_of: date) -> DbtOutcome:
    """Run one dbt command on the warehouse in use, alone among all writers of the marts.

    Every record is computed anew, and the next `run_dbt` does so too.
    """
    with marts_locked(warehouse_url()):
        return _run(arguments, as_of, {"by_touch": False}, state_folder())


def invoke_rehearsal(select: str, as_of: date, variables: Mapping[str, Any]) -> DbtOutcome:
    """Build models without their tests in schemas of a rehearsal (`schema_prefix`); no mart is touched."""
    folder = state_folder() / "rehearsal"
    folder.mkdir(mode=0o700, exist_ok=True)
    arguments = ["build", "--exclude-resource-type", "unit_test", "test", "--select", select]
    return _run(arguments, as_of, {"by_touch": False, **variables}, folder)


def _run(
    arguments: Sequence[str], as_of: date, more_variables: Mapping[str, Any], folder: Path
) -> DbtOutcome:
    from dbt.cli.main import dbtRunner

    variables = {
        "as_of_date": as_of.isoformat(),
        "public_items": list(public_items()),
        "disclosure_bases": disclosure_bases(),
        **more_variables,
    }
    options = [
        "--project-dir", str(dbt_dir()),
        "--profiles-dir", str(dbt_dir()),
        "--target-path", str(folder / "target"),
        "--log-path", str(folder / "logs"),
        "--vars", json.dumps(variables),
        "--log-level", "none",
        "--log-level-file", "info",
    ]  # fmt: skip
    with _environment(dbt_env()):
        result = dbtRunner().invoke([*arguments, *options])
    outcome = _outcome_of(result)
    log.info(
        "build.finished",
        as_of=as_of.isoformat(),
        is_by_touch=variables["by_touch"],
        failed=list(outcome.failed),
        **outcome.counts,
    )
    if outcome.warned:
        log.warning("build.warned", nodes=list(outcome.warned))
    return outcome


def state_folder() -> Path:
    """Where dbt keeps what it compiled and its logs, closed to others."""
    folder = home() / "dbt"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The profile's variables, for as long as dbt runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _outcome_of(result: Any) -> DbtOutcome:
    nodes = list(getattr(result.result, "results", None) or ())
    statuses = [(str(node.node.name), str(getattr(node.status, "value", node.status))) for node in nodes]
    return DbtOutcome(
        counts=dict(sorted(Counter(status.replace(" ", "_") for _, status in statuses).items())),
        failed=tuple(name for name, status in statuses if status in _BAD),
        warned=tuple(name for name, status in statuses if status == "warn"),
        is_success=bool(result.success),
    )
