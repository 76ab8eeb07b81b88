"""An ingest DAG from pull to announcement, with the pipeline replaced at its boundary."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from creditgate import pipeline

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAG_ID = "ingest__jn_taxation__administrative_penalty"
GOOD, BLOCKED, BROKEN, HELD = "a" * 32, "b" * 32, "c" * 32, "d" * 32

pytestmark = pytest.mark.usefixtures("airflow_database")


class FakePipeline:
    """Notes what it is asked to do; a batch BROKEN can't be settled."""

    def __init__(self, batches: list[str]) -> None:
        self.batches = batches
        self.calls: list[tuple[str, str]] = []
        self.as_of: date | None = None

    def pull(self, provider: str, item: str, as_of: date, connections: Any) -> list[str]:
        self.calls.append(("pull", f"{provider}/{item}"))
        self.as_of = as_of
        return self.batches

    def screen(self, batch_id: str) -> dict[str, Any]:
        return self._note("screen", batch_id)

    def check(self, batch_id: str) -> dict[str, Any]:
        return self._note("check", batch_id)

    def settle(self, batch_id: str) -> dict[str, Any]:
        if batch_id == BROKEN:
            raise ValueError("this batch does not settle")
        status = {BLOCKED: "blocked", HELD: "held"}.get(batch_id, "accepted")
        return {**self._note("settle", batch_id), "status": status}

    def report(self, batch_id: str, connections: Any) -> dict[str, Any]:
        return self._note("report", batch_id)

    def _note(self, stage: str, batch_id: str) -> dict[str, Any]:
        self.calls.append((stage, batch_id))
        return {"batch_id": batch_id, "rows": 1}


@pytest.fixture
def run(bag: DagBag, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the DAG with these batches waiting: (fake pipeline, DagRun)."""

    def run_with(*batches: str) -> tuple[FakePipeline, Any]:
        fake = FakePipeline(list(batches))
        for name in ("pull", "screen", "check", "settle", "report"):
            monkeypatch.setattr(pipeline, name, getattr(fake, name))
        return fake, bag.dags[DAG_ID].test(run_conf={"as_of": "2026-11-20"})

    return run_with


def states(dag_run: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for instance in dag_run.get_task_instances():
        found.setdefault(instance.task_id, []).append(str(instance.state))
    return {task_id: sorted(values) for task_id, values in found.items()}


def test_each_batch_goes_through_every_stage_and_is_announced(run: Any) -> None:
    fake, dag_run = run(GOOD, BLOCKED)
    assert dag_run.state == "success"
    for batch_id in (GOOD, BLOCKED):
        stages = [stage for stage, batch in fake.calls if batch == batch_id]
        assert stages == ["screen", "check", "settle", "report"]
    assert states(dag_run)["announce"] == ["success"]


def test_the_as_of_date_of_the_run_reaches_the_pull(run: Any) -> None:
    fake, _ = run(GOOD)
    assert fake.as_of == date(2026, 11, 20)


def test_nothing_waiting_ends_green_and_announces_nothing(run: Any) -> None:
    _, dag_run = run()
    assert dag_run.state == "success"
    assert states(dag_run)["announce"] == ["skipped"]


def test_a_batch_that_fails_is_red_and_does_not_hold_back_the_others(run: Any) -> None:
    fake, dag_run = run(GOOD, BROKEN)
    assert dag_run.state == "failed"
    assert ("report", GOOD) in fake.calls
    assert states(dag_run)["batch.settle"] == ["failed", "success"]
    assert states(dag_run)["announce"] == ["success"]


def test_a_batch_is_named_in_the_web_interface(run: Any) -> None:
    _, dag_run = run(GOOD)
    names = {i.rendered_map_index for i in dag_run.get_task_instances() if i.task_id == "batch.settle"}
    assert names == {GOOD[:12]}


def test_a_person_is_asked_where_a_batch_is_held_alone_or_among_others(run: Any) -> None:
    for batches in ((HELD,), (GOOD, HELD)):
        _, dag_run = run(*batches)
        assert dag_run.state == "success"
        assert states(dag_run)["ask"] == ["success"]


def test_nobody_is_asked_where_no_batch_is_held(run: Any) -> None:
    for batches in ((GOOD,), (GOOD, BLOCKED)):
        _, dag_run = run(*batches)
        assert dag_run.state == "success"
        assert states(dag_run)["ask"] == ["skipped"]
