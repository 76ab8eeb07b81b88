"""A local Airflow: its settings, its components as child processes, up when it says it is healthy.

State lies in `$CREDITGATE_HOME/airflow`; metadata in the warehouse's database, under a role and schema of their own.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Final

import httpx
import psycopg

from creditgate.orchestration.airflow_api import AirflowApi
from creditgate.orchestration.component import PARENT_VARIABLE
from creditgate.orchestration.names import ONE_SHOT_VARIABLE
from creditgate.orchestration.processes import OrchestrationError, ProcessFamily
from creditgate.policy.paths import dags_dir, home

Say = Callable[[str], None]

HOST: Final = "127.0.0.1"
USER: Final = "admin"
HEALTHY_SECONDS: Final = 240.0
PARSED_SECONDS: Final = 240.0


class Mode(StrEnum):
    """What Airflow is started for: one run that brings its as-of date, or a service that follows the clock."""

    ONE_SHOT = "run"
    SERVICE = "up"


@dataclass(frozen=True)
class AirflowSettings:
    """Where a local Airflow lies and what it runs."""

    mode: Mode
    metadata_url: str
    metadata_async_url: str | None = None
    airflow_home: Path = field(default_factory=lambda: home() / "airflow")
    dags_folder: Path = field(default_factory=dags_dir)
    port: int | None = None
    parallelism: int = field(default_factory=lambda: 4 + (os.cpu_count() or 1))

    @classmethod
    def of_warehouse(cls, mode: Mode, port: int | None = None) -> AirflowSettings:
        """The settings for the warehouse in use; the embedded one is started if need be."""
        from creditgate.warehouse.connect import airflow_metadata_async_url, airflow_metadata_url

        return cls(mode, airflow_metadata_url(), airflow_metadata_async_url(), port=port)

    @property
    def plain_url(self) -> str:
        """The metadata URL without SQLAlchemy's driver."""
        return self.metadata_url.replace("+psycopg2", "", 1)

    def environment(self, port: int) -> dict[str, str]:
        """The environment of every component: the caller's, with Airflow's settings on top."""
        base = f"http://{HOST}:{port}"
        bundle = {
            "name": "creditgate",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(self.dags_folder)},
        }
        one_shot = self.mode is Mode.ONE_SHOT
        settings = {
            "CORE__DAGS_FOLDER": str(self.dags_folder),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": str(self.parallelism),
            "CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "False",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__DEFAULT_TIMEZONE": "utc",
            "CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords_file),
            "DATABASE__SQL_ALCHEMY_CONN": self.metadata_url,
            "DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "API__HOST": HOST,
            "API__PORT": str(port),
            "API__BASE_URL": base,
            "API__WORKERS": "1",
            "API__SECRET_KEY": secrets.token_hex(32),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "86400" if one_shot else "30",
            "DAG_PROCESSOR__PARSING_PROCESSES": "2",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1" if one_shot else "1",
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            # The supervisor of a task that has just ended may sleep out this interval before it notices.
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "WORKERS__MAX_FAILED_HEARTBEATS": "10",
            "LOGGING__BASE_LOG_FOLDER": str(self.airflow_home / "logs"),
            "LOGGING__COLORED_CONSOLE_LOG": "False",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        if self.metadata_async_url:
            settings["DATABASE__SQL_ALCHEMY_CONN_ASYNC"] = self.metadata_async_url
        ours = {f"AIRFLOW__{key}": value for key, value in settings.items()}
        inherited = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
        return {
            **inherited,
            **ours,
            "AIRFLOW_HOME": str(self.airflow_home),
            "CREDITGATE_HOME": str(home()),
            "DO_NOT_TRACK": "1",
            "SCARF_ANALYTICS": "false",
            "GX_ANALYTICS_ENABLED": "false",
            "PYTHONUNBUFFERED": "1",
            "SPT_NOENV": "1",  # setproctitle would overwrite the environment by which we find our processes
            PARENT_VARIABLE: str(os.getpid()),
            **({ONE_SHOT_VARIABLE: "1"} if one_shot else {}),
        }

    @property
    def passwords_file(self) -> Path:
        """The login of the web interface, made once."""
        return self.airflow_home / "passwords.json"


_NOT_INHERITED: Final = {ONE_SHOT_VARIABLE, "PYTHONDONTWRITEBYTECODE", "AIRFLOW_CONFIG"}
"""Without bytecode files each of the processes would compile Airflow anew: 20 s of processor time at each start."""


class LocalAirflow:
    """A running local Airflow; made by `local_airflow`."""

    def __init__(self, settings: AirflowSettings, family: ProcessFamily, port: int) -> None:
        """Belongs to a family that has been entered; nothing is started yet."""
        self.settings, self.family, self.port = settings, family, port
        self.url = f"http://{HOST}:{port}"
        self.password = login_password(settings.passwords_file)
        self.environment = settings.environment(port)
        self.api = AirflowApi(self.url, USER, self.password)
        self.started_at = datetime.now(UTC)

    def start(self, *arguments: str) -> None:
        """Start a component; its name is Airflow's own."""
        command = [sys.executable, "-m", "creditgate.orchestration.component", *arguments]
        self.family.start(arguments[0], command, self.environment)

    def wait(self, condition: Callable[[], bool], what: str, seconds: float, pause: float = 0.15) -> None:
        """Wait for a condition while watching the components; where the API server is too busy to tell, ask again.

        Raises:
            ComponentDiedError: a component ended.
            OrchestrationError: it took longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not _is_so(condition):
            self.family.check()
            if time.monotonic() > deadline:
                logs = self.family.folder / "logs"
                raise OrchestrationError(
                    f"Airflow: {what} took more than {seconds:.0f} s. Next step: read {logs}; "
                    "is the machine short of memory or very busy?"
                )
            time.sleep(pause)

    def is_healthy(self, *names: str) -> bool:
        """Whether each component has given a sign of life since we started it (an older one doesn't count)."""
        health = self.api.health()
        return all(
            health.get(name, {}).get("status") == "healthy"
            and _moment(health[name].get(f"latest_{name}_heartbeat")) >= self.started_at
            for name in names
        )


@contextmanager
def local_airflow(settings: AirflowSettings, say: Say) -> Iterator[LocalAirflow]:
    """A healthy Airflow whose DAG files are freshly parsed; ended, with all its descendants, on leaving.

    Raises:
        AlreadyRunningError: another process of ours uses the state folder.
        ComponentDiedError, OrchestrationError: it does not come up.
    """
    with ProcessFamily(settings.airflow_home, settings.mode.value) as family:
        port = free_port(settings.port)
        airflow = LocalAirflow(settings, family, port)
        _migrate(airflow, say)
        stale = _has_stale_state(settings)
        (settings.airflow_home / "mode").write_text(settings.mode.value, encoding="utf-8")
        say("starting Airflow")
        airflow.start("api-server", "--host", HOST, "--port", str(port), "--workers", "1")
        airflow.start("dag-processor")
        if not stale:
            _start_scheduler(airflow)
        airflow.wait(airflow.api.is_up, "the start of the API server", HEALTHY_SECONDS)
        airflow.api.log_in()
        say("reading the DAG files")
        airflow.wait(lambda: _is_parsed(airflow), "reading the DAG files", PARSED_SECONDS)
        if stale:
            _clear_leftovers(airflow, say)
            _start_scheduler(airflow)
        airflow.wait(lambda: airflow.is_healthy("scheduler"), "the start of the scheduler", HEALTHY_SECONDS)
        say("Airflow is up")
        try:
            yield airflow
        finally:
            airflow.api.close()
            say("stopping Airflow (Ctrl-C once more: at once)")


def _is_so(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except httpx.TimeoutException:
        return False


def free_port(wanted: int | None = None) -> int:
    """A free TCP port on 127.0.0.1: the wanted one when nobody listens on it, else any."""
    for candidate in (wanted, 0):
        if candidate is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OrchestrationError("No free port on 127.0.0.1. Next step: see what uses them (`ss -ltn`).")


def login_password(path: Path) -> str:
    """The password of the web interface's user, made on the first start; the file is for its owner alone."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({USER: secrets.token_urlsafe(12)}), encoding="utf-8")
    return str(json.loads(path.read_text(encoding="utf-8"))[USER])


def _start_scheduler(airflow: LocalAirflow) -> None:
    airflow.start("scheduler", "--skip-serve-logs")
    if airflow.settings.mode is Mode.SERVICE:
        airflow.start("triggerer", "--skip-serve-logs")


def _migrate(airflow: LocalAirflow, say: Say) -> None:
    """Bring the metadata to this Airflow's version; skipped when it is there already (asked in a millisecond)."""
    marker = airflow.settings.airflow_home / "migrated.json"
    wanted = {"airflow": version("apache-airflow-core"), "revision": _revision(airflow.settings)}
    if wanted["revision"] and marker.exists() and json.loads(marker.read_text(encoding="utf-8")) == wanted:
        return
    say("preparing Airflow's metadata")
    airflow.start("db", "migrate")
    migration = airflow.family.members.pop()
    while migration.process.poll() is None:
        time.sleep(0.05)
    if migration.process.returncode:
        lines = "\n".join(f"    {line}" for line in migration.last_lines())
        raise OrchestrationError(
            f"Airflow's metadata could not be prepared. Last lines:\n{lines}\n"
            f"Next step: read {migration.log_file}; is the database up, and may the role use its schema?"
        )
    marker.write_text(json.dumps({**wanted, "revision": _revision(airflow.settings)}), encoding="utf-8")


def _revision(settings: AirflowSettings) -> str | None:
    row = _ask(settings, "select version_num from alembic_version")
    return str(row) if row else None


def _has_stale_state(settings: AirflowSettings) -> bool:
    """Whether the scheduler must wait for fresh DAGs: other schedules were in force, or runs were left unfinished.

    A service goes on with its own unfinished runs.
    """
    mode_file = settings.airflow_home / "mode"
    before = mode_file.read_text(encoding="utf-8") if mode_file.exists() else None
    if before not in (None, settings.mode.value):
        return True
    unfinished = _ask(settings, "select count(*) from dag_run where state in ('queued', 'running')")
    return bool(unfinished) and settings.mode is Mode.ONE_SHOT


def _ask(settings: AirflowSettings, statement: str) -> object:
    """One value out of Airflow's metadata, None where the table isn't there yet. Read only; writes go by the API."""
    try:
        with psycopg.connect(settings.plain_url, connect_timeout=10) as connection:
            row = connection.execute(statement.encode()).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError as error:
        raise OrchestrationError(
            f"Airflow's metadata database does not answer ({type(error).__name__}). "
            "Next step: is PostgreSQL up? `creditgate doctor` tells."
        ) from error
    return row[0] if row else None


def _is_parsed(airflow: LocalAirflow) -> bool:
    """Whether every DAG file has been read since the start; a file that can't be read is an error.

    Raises:
        OrchestrationError: a DAG file has an import error.
    """
    errors = airflow.api.import_errors(airflow.started_at)
    if errors:
        raise OrchestrationError("A DAG file can't be loaded:\n" + "\n".join(errors))
    files = {path.name for path in airflow.settings.dags_folder.glob("*.py") if _may_hold_dags(path)}
    fresh = {
        Path(dag["fileloc"]).name
        for dag in airflow.api.dags()
        if _moment(dag["last_parsed_time"]) >= airflow.started_at
    }
    return files <= fresh


def _may_hold_dags(path: Path) -> bool:
    """What Airflow's own safe mode asks of a file before it reads it."""
    text = path.read_bytes().lower()
    return b"dag" in text and b"airflow" in text


def _clear_leftovers(airflow: LocalAirflow, say: Say) -> None:
    """Mark the runs that a killed `creditgate run` left unfinished as failed. Their work is taken up by new ones."""
    if airflow.settings.mode is Mode.SERVICE:
        return
    for run in airflow.api.runs(states=("queued", "running")):
        say(f"giving up {run.dag_id} of an interrupted run")
        airflow.api.fail_run(run)


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)
