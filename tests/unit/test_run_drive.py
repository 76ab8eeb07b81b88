"""How one run is driven through Airflow: waves, the shut pool, who builds, what is reported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from creditgate.orchestration import harness
from creditgate.orchestration.airflow_api import Run, TaskRef
from creditgate.orchestration.harness import LOG_TAIL, RunOutcome, _Drive
from creditgate.orchestration.names import BUILD, EXPIRE, WATCH
from creditgate.orchestration.registry import Feed

AS_OF = date(2026, 11, 23)
REGISTER, PENALTIES, LISTINGS = "ingest__a__credit_subject", "ingest__b__penalty", "ingest__c__listing"


class FakeAirflow:
    """An Airflow in which every run ends at the second look; ingest runs announce, which starts a build."""

    def __init__(self, failing: Collection[str] = (), silent: Collection[str] = ()) -> None:
        self.api = self
        self.failing, self.silent = failing, silent
        self.log: list[str] = []
        self.made: list[Run] = []
        self.slots = 1
        self.queued = False
        self.built_for: dict[str, str] = {}

    def wait(self, condition: Callable[[], bool], _what: str, _seconds: float, pause: float = 0) -> None:
        assert pause < 1
        for _ in range(20):
            if condition():
                return
            self._go_on()
        raise AssertionError("waits for ever")

    def set_pool(self, _name: str, slots: int, _text: str) -> None:
        self.slots = slots
        self.log.append(f"pool {slots}")

    def unpause(self, dag_id: str) -> None:
        self.log.append(f"unpause {dag_id}")

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> Run:
        self.log.append(f"trigger {dag_id}")
        return self._make(dag_id, "manual", str(conf["as_of"]))

    def runs(
        self,
        dag_ids: Collection[str] | None = None,
        *,
        states: Sequence[str] | None = None,
        since: datetime | None = None,
    ) -> list[Run]:
        return [
            run
            for run in reversed(self.made)
            if (dag_ids is None or run.dag_id in dag_ids)
            and (states is None or run.state in states)
            and (since is None or run.started_at >= since)
        ]

    def has_queued_events(self, _dag_id: str) -> bool:
        return self.queued

    def result(self, run: Run, task_id: str) -> Any:
        return {"as_of": self.built_for[run.run_id]} if task_id == "build" else {"records": 3}

    def failed_tasks(self, run: Run) -> list[TaskRef]:
        return [TaskRef(run, "batch.settle", 0, "0f0f", "failed", 3)] if run.dag_id in self.failing else []

    def log_lines(self, _task: TaskRef) -> list[str]:
        return ["Pushing xcom", *(f"line {n}" for n in range(50)), "DatabaseFaultError: it is down"]

    def _make(self, dag_id: str, kind: str, as_of: str) -> Run:
        run = Run(dag_id, f"run_{len(self.made)}", "running", kind, datetime.now(UTC), None)
        self.made.append(run)
        self.built_for[run.run_id] = as_of
        return run

    def _go_on(self) -> None:
        for place, run in enumerate(self.made):
            if run.state != "running" or (run.dag_id == BUILD and not self.slots):
                continue
            state = "failed" if run.dag_id in self.failing else "success"
            self.made[place] = replace(run, state=state, ended_at=run.started_at + timedelta(seconds=2))
            if run.dag_id.startswith("ingest") and run.dag_id not in self.silent and state == "success":
                self.queued = True
        if self.queued and not self.runs([BUILD], states=["running"]):
            self.queued = False
            self.log.append("asset starts build")
            self._make(BUILD, "asset_triggered", AS_OF.isoformat())


def drive(airflow: FakeAirflow, waves: Sequence[Sequence[str]]) -> RunOutcome:
    driven = _Drive(airflow, AS_OF, lambda _text: None)  # type: ignore[arg-type]
    driven.ingest(waves)
    driven.build()
    driven.expire()
    driven.watch()
    return driven.outcome()


def built(airflow: FakeAirflow, as_of: date, state: str = "success") -> FakeAirflow:
    """There is a build of an earlier run."""
    run = airflow._make(BUILD, "manual", as_of.isoformat())
    long_ago = run.started_at - timedelta(days=1)
    airflow.made[-1] = replace(run, state=state, started_at=long_ago, ended_at=long_ago)
    return airflow


def test_the_register_is_taken_in_before_the_others() -> None:
    airflow = FakeAirflow()
    outcome = drive(airflow, [[REGISTER], [PENALTIES, LISTINGS]])
    ends = [run.dag_id for run in outcome.runs if run.dag_id.startswith("ingest")]
    assert ends == [REGISTER, PENALTIES, LISTINGS]
    first = next(run for run in outcome.runs if run.dag_id == REGISTER)
    second = next(run for run in outcome.runs if run.dag_id == PENALTIES)
    assert first.ended_at is not None
    assert second.started_at >= first.started_at
    assert outcome.exit_code == 0


def test_the_build_is_started_by_the_asset_and_waits_until_all_is_in() -> None:
    airflow = FakeAirflow()
    outcome = drive(airflow, [[REGISTER], [PENALTIES]])
    assert f"trigger {BUILD}" not in airflow.log
    assert {run.run_type for run in outcome.runs_of(BUILD)} == {"asset_triggered"}
    assert airflow.log.index("pool 0") < airflow.log.index(f"trigger {REGISTER}")
    assert airflow.log.index("pool 1") > airflow.log.index(f"trigger {PENALTIES}")
    assert airflow.log.index(f"trigger {EXPIRE}") < airflow.log.index(f"trigger {WATCH}")
    assert airflow.log[-1] == f"trigger {WATCH}"


def test_nothing_waiting_and_marts_of_the_day_only_expire_and_watch() -> None:
    airflow = built(FakeAirflow(), AS_OF)
    outcome = drive(airflow, [])
    assert [run.dag_id for run in outcome.runs] == [EXPIRE, WATCH]
    assert outcome.results == {
        f"{EXPIRE}.refresh_terms": {"records": 3},
        f"{EXPIRE}.expire": {"records": 3},
        f"{WATCH}.watch": {"records": 3},
    }


@pytest.mark.parametrize("earlier", ["none", "another day", "failed"])
def test_nothing_waiting_and_no_marts_of_the_day_builds_them(earlier: str) -> None:
    airflow = FakeAirflow()
    if earlier == "another day":
        built(airflow, AS_OF - timedelta(days=1))
    if earlier == "failed":
        built(airflow, AS_OF, "failed")
    outcome = drive(airflow, [])
    assert [run.dag_id for run in outcome.runs] == [BUILD, EXPIRE, WATCH]


def test_a_build_that_failed_in_this_run_is_reported_not_repeated() -> None:
    airflow = FakeAirflow(failing=[BUILD])
    outcome = drive(airflow, [[PENALTIES]])
    assert len(outcome.runs_of(BUILD)) == 1
    assert outcome.exit_code == 1


def test_a_failure_is_told_with_the_end_of_its_log_and_the_rest_goes_on() -> None:
    airflow = FakeAirflow(failing=[PENALTIES])
    outcome = drive(airflow, [[PENALTIES, LISTINGS]])
    assert outcome.exit_code == 1
    (failure,) = outcome.failures
    assert failure.task == "batch.settle [0f0f]"
    assert len(failure.log_tail) == LOG_TAIL
    assert "DatabaseFaultError: it is down" in str(failure)
    assert "Pushing xcom" not in str(failure)
    assert [run.state for run in outcome.runs_of(EXPIRE)] == ["success"]


def test_of_many_failures_the_first_are_told_in_full() -> None:
    dag_ids = [f"ingest__p__{n}" for n in range(5)]
    outcome = drive(FakeAirflow(failing=dag_ids), [dag_ids])
    assert [len(failure.log_tail) for failure in outcome.failures] == [LOG_TAIL] * 3 + [1] * 2


def test_the_commands_do_not_import_airflow_which_would_make_a_folder_in_the_users_home() -> None:
    asks = "import sys, creditgate.orchestration.harness as h; h.waiting_dags; sys.exit('airflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", asks], check=True)


def test_waiting_feeds_go_in_waves(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = (
        Feed("a", "objection", "0 0 * * *", "甲"),
        Feed("a", "penalty", "0 0 * * *", "甲"),
        Feed("a", "credit_subject", "0 0 * * *", "甲"),
        Feed("b", "penalty", "0 0 * * *", "乙"),
        Feed("c", "penalty", "0 0 * * *", "丙"),
    )

    def may_wait(provider: str, _item: str) -> bool:
        return provider != "c"

    monkeypatch.setattr(harness, "registered_feeds", lambda: feeds)
    monkeypatch.setattr("creditgate.pipeline.may_wait", may_wait)
    assert harness.waiting_waves() == [
        ("ingest__a__credit_subject",),
        ("ingest__a__penalty", "ingest__b__penalty"),
        ("ingest__a__objection",),
    ]
    assert len(harness.waiting_dags()) == 4
