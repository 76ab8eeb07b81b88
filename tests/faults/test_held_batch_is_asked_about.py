"""The DAG that asks a person, in a real Airflow: the question is there, the answer by REST is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from creditgate import pipeline
from creditgate.orchestration.airflow_local import AirflowSettings, LocalAirflow, Mode, local_airflow
from creditgate.policy.paths import dags_dir
from tests.builders import a_feed, a_penalty
from tests.conftest import Database
from tests.gate_flow import mailbox, take_in

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1800)]

DAG = "release_held_batches"
LONG = 600.0
"""Seconds for a state that comes: minutes on a machine that is busy with other tests, else much less."""


@pytest.fixture
def airflow(database: Database, tmp_path: Path) -> Iterator[LocalAirflow]:
    """An Airflow with this DAG alone."""
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / f"{DAG}.py").write_bytes((dags_dir() / f"{DAG}.py").read_bytes())
    base = AirflowSettings.of_warehouse(Mode.ONE_SHOT)
    settings = AirflowSettings(
        Mode.ONE_SHOT,
        base.metadata_url,
        base.metadata_async_url,
        airflow_home=tmp_path / "airflow",
        dags_folder=folder,
        parallelism=2,
    )
    with local_airflow(settings, lambda _: None) as made:
        yield made


def hold_one(name: str, empty: str) -> str:
    rows = [a_penalty(decision_number=f"济市监处罚〔2026〕{name}-{n}号", **{empty: ""}) for n in range(60)]
    a_feed(rows, mailbox() / f"{name}.csv")
    (counts,) = take_in()
    assert counts["status"] == "held"
    return str(counts["batch_id"])


def test_two_held_batches_are_asked_about_and_each_answer_is_carried_out(
    airflow: LocalAirflow, database: Database
) -> None:
    for number in range(3):
        rows = [a_penalty(decision_number=f"济市监处罚〔2026〕{number}-{n}号") for n in range(60)]
        a_feed(rows, mailbox() / f"usual_{number}.csv")
        take_in()
    good, bad = hold_one("good", "effective_until"), hold_one("bad", "authority_code")
    airflow.api.unpause(DAG)
    run = airflow.api.trigger(DAG, {})
    path = f"/api/v2/dags/{DAG}/dagRuns/{run.run_id}"

    def questions() -> list[dict[str, Any]]:
        found = airflow.api._pages(f"{path}/taskInstances", "task_instances")
        return [task for task in found if task["state"] == "awaiting_input"]

    def has_ended() -> bool:
        return all(made.has_ended for made in airflow.api.runs([DAG]))

    def answer() -> None:
        """Answer what is asked. An answer within the blink in which the task goes to rest is asked for once more."""
        for task in questions():
            place = f"{path}/taskInstances/{task['task_id']}/{task['map_index']}/hitlDetails"
            told = airflow.api._client.get(place).raise_for_status().json()
            is_good = good[:12] in told["subject"]
            assert is_good or bad[:12] in told["subject"]
            if told["response_received"]:
                continue
            airflow.api._call(
                "PATCH",
                place,
                {
                    "chosen_options": ["release" if is_good else "refuse"],
                    "params_input": {"reason": "已电话核实" if is_good else "导出漏列"},
                },
            )

    def has_ended_or_is_answered() -> bool:
        answer()
        return has_ended()

    airflow.wait(lambda: len(questions()) == 2 or has_ended(), "the questions", LONG)
    assert len(questions()) == 2, airflow.api.runs([DAG])
    airflow.wait(has_ended_or_is_answered, "the end of the run", LONG, pause=3.0)
    assert [made.state for made in airflow.api.runs([DAG])] == ["success"]
    assert pipeline.held() == []
    with database.connect() as connection:
        decided = connection.execute(
            "select d.batch_id, decision, decided_by, reason, status from audit.hold_decisions d "
            "join intake.batches using (batch_id)"
        ).fetchall()
    assert sorted(decided) == sorted(
        [
            (good, "released", "admin", "已电话核实", "accepted"),
            (bad, "refused", "admin", "导出漏列", "blocked"),
        ]
    )
