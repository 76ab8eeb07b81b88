"""`creditgate run` and `creditgate up`: the real scheduler, started for one run or until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from rich.console import Console

from creditgate.orchestration.airflow_api import AirflowApi, Run, TaskRef
from creditgate.orchestration.airflow_local import (
    USER,
    AirflowSettings,
    LocalAirflow,
    Mode,
    Say,
    local_airflow,
)
from creditgate.orchestration.names import BUILD, EXPIRE, MARTS_POOL, WATCH
from creditgate.orchestration.processes import signals_end_us, stop_family
from creditgate.orchestration.registry import Feed, registered_feeds
from creditgate.policy.paths import home

SERVICE_PORT: Final = 8080
LOG_TAIL: Final = 20
FULL_TAILS: Final = 3
"""Of how many failed tasks the log is told; the others' last lines mostly repeat it."""


@dataclass(frozen=True)
class TaskFailure:
    """A task that failed for good: where, and the end of its log."""

    dag_id: str
    task: str
    try_number: int
    log_tail: tuple[str, ...]

    def __str__(self) -> str:
        """The failure as a paragraph for the terminal."""
        lines = "\n".join(f"    {line}" for line in self.log_tail)
        return (
            f"{self.dag_id}: task {self.task} failed at try {self.try_number}. The end of its log:\n{lines}"
        )


@dataclass(frozen=True)
class RunOutcome:
    """What a one-shot run did.

    runs: every DAG run that took place, in order of start. results: what the unmapped tasks `build`,
    `refresh_terms` and `expire` returned (counts), by `dag_id.task_id`.
    """

    as_of: date
    runs: tuple[Run, ...] = ()
    failures: tuple[TaskFailure, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_ok(self) -> bool:
        """Whether every run ended well. Rejected rows and blocked files are no failures."""
        return not self.failures and all(run.state == "success" for run in self.runs)

    @property
    def exit_code(self) -> int:
        """0, or 1 when something failed."""
        return 0 if self.is_ok else 1

    def runs_of(self, dag_id: str) -> tuple[Run, ...]:
        """The runs of one DAG."""
        return tuple(run for run in self.runs if run.dag_id == dag_id)


def run_once(as_of: date, dag_ids: Iterable[str] | None = None, *, say: Say | None = None) -> RunOutcome:
    """Let the DAGs take in every waiting feed, build the marts, expire and look at the clocks, for one as-of date; then stop.

    Args:
        as_of: the business date of all steps.
        dag_ids: the ingest DAGs to run; by default those of feeds that wait.
        say: told what goes on, a line at a time; by default the terminal.

    Raises:
        AlreadyRunningError, ComponentDiedError, OrchestrationError: Airflow could not do its work.
    """
    waves = waiting_waves() if dag_ids is None else [tuple(dag_ids)]
    with _session(Mode.ONE_SHOT, say) as (airflow, tell):
        drive = _Drive(airflow, as_of, tell)
        drive.ingest(waves)
        drive.build()
        drive.expire()
        drive.watch()
        return drive.outcome()


def expire_once(as_of: date, *, dry_run: bool = False, say: Say | None = None) -> RunOutcome:
    """Run `expire_negative_records` alone; its counts are in `results["expire_negative_records.expire"]`."""
    with _session(Mode.ONE_SHOT, say) as (airflow, tell):
        drive = _Drive(airflow, as_of, tell)
        drive.expire(dry_run=dry_run)
        return drive.outcome()


def up(*, port: int = SERVICE_PORT, say: Say | None = None) -> None:
    """Run Airflow with its web interface and its schedules until Ctrl-C.

    Raises:
        AlreadyRunningError, ComponentDiedError, OrchestrationError: Airflow did not come up, or a part of it died.
    """
    try:
        with _session(Mode.SERVICE, say, port=port) as (airflow, tell):
            open_marts(airflow.api)
            for dag in airflow.api.dags():
                if dag["is_paused"]:
                    tell(f"{dag['dag_id']} is paused; unpause it in the web interface if that is not meant")
            tell(f"Airflow: {airflow.url}  user {USER}  password {airflow.password}")
            tell(f"logs: {airflow.settings.airflow_home / 'logs'}. Ctrl-C stops everything.")
            while True:
                airflow.family.check()
                time.sleep(1)
    except KeyboardInterrupt:
        return


def down() -> bool:
    """End `creditgate up` or `run` of this state folder from another terminal; whether there was anything to end."""
    return stop_family(home() / "airflow")


def waiting_dags() -> tuple[str, ...]:
    """The ingest DAGs of the feeds that wait in the providers' sources."""
    return tuple(feed.dag_id for feed in _waiting_feeds())


def waiting_waves() -> list[tuple[str, ...]]:
    """The same in the order in which they must run: the register, then records (S12), then events about them."""
    feeds = _waiting_feeds()
    waves = [tuple(feed.dag_id for feed in feeds if feed.wave == number) for number in range(3)]
    return [wave for wave in waves if wave]


def _waiting_feeds() -> list[Feed]:
    from creditgate import pipeline

    return [feed for feed in registered_feeds() if pipeline.may_wait(feed.provider, feed.item)]


@contextmanager
def _session(mode: Mode, say: Say | None, port: int | None = None) -> Iterator[tuple[LocalAirflow, Say]]:
    tell = say or _terminal()
    settings = AirflowSettings.of_warehouse(mode, port)
    with signals_end_us(), local_airflow(settings, tell) as airflow:
        yield airflow, tell


def _terminal() -> Say:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/dim]  {text}", markup=True)

    return say


class _Drive:
    """Drives one run through a local Airflow."""

    def __init__(self, airflow: LocalAirflow, as_of: date, say: Say) -> None:
        self._airflow, self._api, self._say = airflow, airflow.api, say
        self._conf = {"as_of": as_of.isoformat()}
        self._as_of = as_of
        self._since = datetime.now(UTC)
        self._clock = time.monotonic()

    def ingest(self, waves: Sequence[Sequence[str]]) -> None:
        """Run the ingest DAGs, wave by wave, and wait for them.

        The pool of the marts is shut meanwhile: the first asset event makes a run of `build_marts`, the others
        gather behind it, and one build does for all.
        """
        if not any(waves):
            self._say("no feed is waiting")
            return
        self._api.unpause(BUILD)  # an asset event passes a paused DAG by for ever
        self._open_marts(0)
        for wave in waves:
            self._say(f"taking in {len(wave)} feeds: {', '.join(wave)}")
            self._wait_for([self._trigger(dag_id) for dag_id in wave], "the ingest")

    def build(self) -> None:
        """Wait for the builds that assets have started; start one if none was for this as-of date.

        An ingest DAG's event is queued in the transaction that ends its task, so when the ingest runs have ended
        the build is either queued or made.
        """
        self._open_marts(1)
        self._airflow.wait(self._no_build_is_due, "the start of build_marts", 300)
        self._airflow.wait(self._no_build_is_running, "build_marts", 6 * 3600)
        if self._needs_build():
            self._say(f"{BUILD}: the marts are not those of {self._as_of}; building")
            self._wait_for([self._trigger(BUILD)], BUILD)

    def expire(self, *, dry_run: bool = False) -> None:
        """Run the expiry."""
        self._open_marts(1)
        conf = {**self._conf, "dry_run": dry_run}
        self._wait_for([self._trigger(EXPIRE, conf)], EXPIRE)

    def watch(self) -> None:
        """Look at the clocks."""
        self._wait_for([self._trigger(WATCH)], WATCH)

    def outcome(self) -> RunOutcome:
        """What took place, with the logs of what failed."""
        runs = tuple(sorted(self._api.runs(since=self._since), key=lambda run: run.started_at))
        failed = [task for run in runs if run.state != "success" for task in self._api.failed_tasks(run)]
        results = {
            f"{run.dag_id}.{task_id}": self._api.result(run, task_id)
            for run in runs
            for task_id in _RESULTS.get(run.dag_id, ())
        }
        return RunOutcome(
            as_of=self._as_of,
            runs=runs,
            failures=tuple(
                _failure_of(self._api, task, LOG_TAIL if shown < FULL_TAILS else 1)
                for shown, task in enumerate(failed)
            ),
            results=results,
            seconds=time.monotonic() - self._clock,
        )

    def _open_marts(self, slots: int) -> None:
        open_marts(self._api, slots)

    def _trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> Run:
        self._api.unpause(dag_id)
        return self._api.trigger(dag_id, conf or self._conf)

    def _wait_for(self, runs: Sequence[Run], what: str) -> None:
        waiting = {(run.dag_id, run.run_id) for run in runs}

        def all_ended() -> bool:
            for run in self._api.runs({dag_id for dag_id, _ in waiting}, since=self._since):
                if run.has_ended and (run.dag_id, run.run_id) in waiting:
                    waiting.remove((run.dag_id, run.run_id))
                    self._say(f"{run.dag_id}: {run.state} in {run.seconds or 0:.1f} s")
            return not waiting

        self._airflow.wait(all_ended, what, 24 * 3600, pause=0.5)

    def _no_build_is_due(self) -> bool:
        return not self._api.has_queued_events(BUILD)

    def _no_build_is_running(self) -> bool:
        return not self._api.runs([BUILD], states=("queued", "running"))

    def _needs_build(self) -> bool:
        newest = next(iter(self._api.runs([BUILD])), None)
        if newest is None:
            return True
        if newest.state != "success":
            return newest.started_at < self._since  # one that failed just now is a failure to report
        result = self._api.result(newest, "build") or {}
        return bool(result.get("as_of") != self._as_of.isoformat())


def open_marts(api: AirflowApi, slots: int = 1) -> None:
    """Make the pool of the marts, or shut it (0 slots)."""
    api.set_pool(MARTS_POOL, slots, "Tasks that write marts; one at a time.")


_RESULTS: Final = {BUILD: ("build",), EXPIRE: ("refresh_terms", "expire"), WATCH: ("watch",)}


_NOISE: Final = (
    "DAG bundles loaded",
    "Filling up the DagBag",
    "Worker startup parse complete",
    "Task failed with exception",
    "Retry policy decision",
    "Pushing xcom",
)
"""What Airflow says around every task."""


def _failure_of(api: AirflowApi, task: TaskRef, lines: int) -> TaskFailure:
    name = task.task_id if task.map_index < 0 else f"{task.task_id} [{task.name or task.map_index}]"
    said = [line for line in api.log_lines(task) if not line.startswith(_NOISE)]
    return TaskFailure(task.run.dag_id, name, task.try_number, tuple(said[-lines:]))
