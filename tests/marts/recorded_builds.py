"""The SQL that dbt runs, recorded once and run again for any day.

A dbt process costs seconds, and a random history needs hundreds of builds. What dbt sends to PostgreSQL does not
depend on the data: it is recorded from a build of each kind, and replayed with another as-of date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg
import pytest

from creditgate.build.law import disclosure_bases, public_items
from creditgate.policy.paths import dbt_dir
from creditgate.warehouse.connect import dbt_env

RECORDED_DAY: Final = date(2001, 2, 3)
_LITERAL: Final = f"date '{RECORDED_DAY.isoformat()}'"
_LOOKS_ONLY: Final = re.compile(
    r"^(/\*.*?\*/\s*)?(select|with)\b(?!.*\bset_config\b)", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True)
class Statement:
    """A statement of a build, and the model that it belongs to."""

    model: str
    text: str


@dataclass(frozen=True)
class RecordedBuild:
    """The statements of one kind of build, in their order."""

    statements: tuple[Statement, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The models built, in their order."""
        return tuple(dict.fromkeys(statement.model for statement in self.statements))

    def run(
        self, connection: psycopg.Connection[Any], as_of: date, models: Iterable[str] | None = None
    ) -> None:
        """Run the build, or its part for some models, as of a day."""
        wanted = set(self.models if models is None else models)
        literal = f"date '{as_of.isoformat()}'"
        for statement in self.statements:
            if statement.model in wanted:
                connection.execute(statement.text.replace(_LITERAL, literal))  # type: ignore[call-overload]


def record_build(target: str, *, is_by_touch: bool) -> RecordedBuild:
    """Run dbt on the warehouse in use, and keep what its tables' models sent (no seeds, views, tests)."""
    from dbt.cli.main import dbtRunner

    seen: list[Statement] = []

    def listen(event: Any) -> None:
        if event.info.name == "SQLQuery" and event.data.node_info.unique_id.startswith("model."):
            model = event.data.node_info.unique_id.rpartition(".")[2]
            if event.data.node_info.materialized in ("incremental", "table"):
                seen.append(Statement(model, event.data.sql))

    variables = {
        "as_of_date": RECORDED_DAY.isoformat(),
        "public_items": list(public_items()),
        "disclosure_bases": disclosure_bases(),
        "by_touch": is_by_touch,
    }
    arguments = [
        "run", "--threads", "1", "--project-dir", str(dbt_dir()), "--profiles-dir", str(dbt_dir()),
        "--target-path", f"{target}/target", "--log-path", f"{target}/logs", "--vars", json.dumps(variables),
        "--log-level", "none", *([] if is_by_touch else ["--full-refresh"]),
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in dbt_env().items():
            patch.setenv(name, value)
        result = dbtRunner(callbacks=[listen]).invoke(arguments)
    assert result.success, result.exception
    return RecordedBuild(tuple(_that_change(seen)))


def _that_change(statements: Sequence[Statement]) -> Iterable[Statement]:
    for statement in statements:
        text = statement.text.strip()
        if (
            text
            and text.lower().rstrip(";") not in ("begin", "commit", "rollback")
            and not _LOOKS_ONLY.match(text)
        ):
            yield Statement(statement.model, text)
