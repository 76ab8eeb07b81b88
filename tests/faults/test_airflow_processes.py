"""The local Airflow, started for real: it runs, it dies, it is killed, and nobody is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from creditgate.orchestration.airflow_api import Run
from creditgate.orchestration.airflow_local import (
    AirflowSettings,
    LocalAirflow,
    Mode,
    free_port,
    local_airflow,
    login_password,
)
from creditgate.orchestration.processes import (
    AlreadyRunningError,
    ComponentDiedError,
    OrchestrationError,
    marked_processes,
)
from creditgate.warehouse.roles import AIRFLOW

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1800)]

LONG = 600.0
"""Seconds for a state that comes: minutes on a machine that is busy with other tests, else much less."""

DAGS = """
import time
from airflow.sdk import dag, task

@dag(schedule=None)
def quick():
    @task
    def one(): return 1
    one()

@dag(schedule=None)
def slow():
    @task
    def sleep(): time.sleep(7200)
    sleep()

quick()
slow()
"""

OWNER = """
import json, sys, time
from pathlib import Path
from creditgate.orchestration.airflow_local import AirflowSettings, Mode, local_airflow
from creditgate.orchestration.processes import signals_end_us
told = json.loads(sys.argv[1])
settings = AirflowSettings(Mode(told["mode"]), told["metadata_url"], airflow_home=Path(told["airflow_home"]),
                           dags_folder=Path(told["dags_folder"]), parallelism=2)
with signals_end_us(), local_airflow(settings, lambda text: None) as airflow:
    run = airflow.api.trigger("slow", {})
    airflow.wait(lambda: airflow.api.runs(["slow"], states=["running"]), "slow", 600)
    print("up", flush=True)
    while True:
        airflow.family.check()
        time.sleep(0.2)
"""


@pytest.fixture(scope="module")
def settings(pg_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowSettings]:
    """An Airflow of the module's own: state folder, metadata, two DAGs, one that ends at once, one that doesn't."""
    home = tmp_path_factory.mktemp("airflow_home")
    dags = home / "dags"
    dags.mkdir()
    (dags / "quick_and_slow.py").write_text(DAGS, encoding="utf-8")
    name = f"airflow_{home.name.rsplit('_', 1)[-1]}"
    with pg_server.admin() as connection:
        make = sql.SQL("create database {} template template_creditgate")
        connection.execute(make.format(sql.Identifier(name)))
        allow = sql.SQL("grant connect on database {} to {}")
        connection.execute(allow.format(sql.Identifier(name), sql.Identifier(AIRFLOW)))
    url = pg_server.url(name, AIRFLOW).replace("postgresql://", "postgresql+psycopg2://", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDITGATE_HOME", str(home))
        yield AirflowSettings(
            Mode.ONE_SHOT, url, airflow_home=home / "airflow", dags_folder=dags, parallelism=2
        )
    shutil.rmtree(home, ignore_errors=True)
    with pg_server.admin() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(autouse=True)
def nobody_is_left(settings: AirflowSettings) -> Iterator[None]:
    """The claim of every test here."""
    yield
    left = [f"{process.pid} {process.name()}" for process in marked_processes(settings.airflow_home)]
    assert left == []


def silent(_text: str) -> None:
    """Says nothing."""


def running(airflow: LocalAirflow, dag_id: str) -> Run:
    """Trigger a DAG and wait until it runs."""
    run = airflow.api.trigger(dag_id, {})
    airflow.wait(lambda: state_of(airflow, run) == "running", dag_id, LONG)
    return run


def state_of(airflow: LocalAirflow, run: Run) -> str:
    return next(found.state for found in airflow.api.runs([run.dag_id]) if found.run_id == run.run_id)


def wait_for(condition: Callable[[], bool], seconds: float = LONG) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def start_owner(settings: AirflowSettings) -> subprocess.Popen[str]:
    """A process of its own that has started Airflow and a task that sleeps."""
    told = json.dumps({key: str(value) for key, value in asdict(settings).items()})
    owner = subprocess.Popen([sys.executable, "-c", OWNER, told], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert "up\n" in iter(owner.stdout.readline, "")
    return owner


def test_a_dag_runs_and_a_second_start_is_refused_meanwhile(settings: AirflowSettings) -> None:
    with local_airflow(settings, silent) as airflow:
        run = airflow.api.trigger("quick", {})
        airflow.wait(lambda: state_of(airflow, run) == "success", "quick", LONG)
        assert airflow.api.result(run, "one") == 1
        with (
            pytest.raises(AlreadyRunningError, match=f"pid {os.getpid()}"),
            local_airflow(settings, silent),
        ):
            pass


def test_a_scheduler_that_is_killed_ends_everything_and_its_last_lines_are_told(
    settings: AirflowSettings,
) -> None:
    def session() -> None:
        with local_airflow(settings, silent) as airflow:
            running(airflow, "slow")
            scheduler = next(m for m in airflow.family.members if m.name == "scheduler")
            scheduler.process.kill()
            airflow.wait(lambda: False, "the end", LONG)

    with pytest.raises(ComponentDiedError, match="scheduler ended by itself") as caught:
        session()
    assert "Next step" in str(caught.value)


def test_airflow_does_not_outlive_its_starter_and_the_next_start_gives_up_its_runs(
    settings: AirflowSettings,
) -> None:
    owner = start_owner(settings)
    owner.kill()
    owner.wait()

    def components() -> list[str]:
        commands = [" ".join(process.cmdline()) for process in marked_processes(settings.airflow_home)]
        names = ("api-server", "dag-processor", "scheduler")
        return [name for name in names if any(f"component {name}" in command for command in commands)]

    wait_for(lambda: components() == [])
    with local_airflow(settings, silent) as airflow:
        assert {run.state for run in airflow.api.runs(["slow"])} == {"failed"}
        run = airflow.api.trigger("quick", {})
        airflow.wait(lambda: state_of(airflow, run) == "success", "quick", LONG)


def test_ctrl_c_stops_everything_even_a_task_that_sleeps(settings: AirflowSettings) -> None:
    owner = start_owner(settings)
    owner.send_signal(signal.SIGINT)
    assert owner.wait(LONG) != 0


def test_a_dag_file_that_cannot_be_loaded_is_named(settings: AirflowSettings, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module  # of a dag for airflow\n", encoding="utf-8")
    broken = AirflowSettings(
        Mode.ONE_SHOT, settings.metadata_url, airflow_home=settings.airflow_home, dags_folder=tmp_path
    )
    with (
        pytest.raises(OrchestrationError, match=r"(?s)broken\.py.*no_such_module"),
        local_airflow(broken, silent),
    ):
        pass


def test_a_database_that_is_down_is_told_at_once(tmp_path: Path) -> None:
    nowhere = f"postgresql+psycopg2://airflow@127.0.0.1:{free_port()}/none"
    settings = AirflowSettings(Mode.ONE_SHOT, nowhere, airflow_home=tmp_path)
    with pytest.raises(OrchestrationError, match="does not answer"), local_airflow(settings, silent):
        pass


def test_a_port_that_is_taken_is_left_to_its_owner() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert free_port(taken.getsockname()[1]) != taken.getsockname()[1]


def test_the_login_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    password = login_password(file)
    assert login_password(file) == password
    assert file.stat().st_mode & 0o077 == 0
