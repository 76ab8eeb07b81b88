"""One real first run for all tests here: embedded PostgreSQL, Airflow's scheduler, the sample feeds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
import pytest

from creditgate.domain.clock import business_today

COMMAND = Path(sys.executable).with_name("creditgate")


@dataclass(frozen=True)
class Installation:
    """A state folder in which `creditgate` is used as an operator uses it."""

    home: Path
    as_of: date
    _urls: dict[str | None, str] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of its commands."""
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CREDITGATE_HASH_KEY")}
        return {**kept, "CREDITGATE_HOME": str(self.home)}

    def command(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        return subprocess.run(
            [str(COMMAND), *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def url(self, role: str | None = None) -> str:
        """The connection URL that `creditgate url` prints; asked for once: the server runs until the end."""
        if role not in self._urls:
            done = self.command("url", *(["--role", role] if role else []))
            assert done.returncode == 0, done.stderr
            self._urls[role] = done.stdout.strip()
        return self._urls[role]

    def rows(self, query: str, role: str | None = None) -> list[tuple[object, ...]]:
        """The answer to a query of the owner or a reading role."""
        with psycopg.connect(self.url(role)) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type] # a test's own literal


@dataclass(frozen=True)
class FirstRun:
    """The installation after its first run, and what that run printed."""

    installation: Installation
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstRun]:
    """`creditgate run` on an empty state folder."""
    installation = Installation(tmp_path_factory.mktemp("home") / "state", business_today())
    try:
        yield FirstRun(installation, installation.command("run", timeout=900))
    finally:
        installation.command("stop")
