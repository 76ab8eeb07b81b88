"""What every DAG file of the project must be."""

from __future__ import annotations

import ast
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from creditgate.orchestration.airflow_local import Mode
from creditgate.orchestration.assets import ACCEPTED_RECORDS, HELD_BATCHES
from creditgate.orchestration.defaults import default_args
from creditgate.orchestration.names import MARTS_POOL
from creditgate.orchestration.registry import registered_feeds
from creditgate.policy.paths import dags_dir

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

FILES = sorted(dags_dir().glob("*.py"))
MARTS_DAGS = ("build_marts", "expire_negative_records")
SINGLE_DAGS = (*MARTS_DAGS, "watch_deadlines")
ASKING_DAG = "release_held_batches"
INGEST_DAGS = tuple(feed.dag_id for feed in registered_feeds())


def file_id(path: Path) -> str:
    return path.stem


def test_dag_files_load_without_an_error_or_a_warning(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert [str(warning) for warnings in bag.captured_warnings.values() for warning in warnings] == []


def test_every_entry_of_the_registry_has_one_dag(bag: DagBag) -> None:
    assert set(bag.dags) == {*INGEST_DAGS, *SINGLE_DAGS, ASKING_DAG}
    assert len(INGEST_DAGS) >= 6


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_a_dag_file_has_less_than_100_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 100


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_a_dag_file_imports_airflow_sdk_and_orchestration_alone(path: Path) -> None:
    imported = {
        name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    allowed = {name for name in imported if name.startswith("creditgate.orchestration")}
    assert imported - allowed <= {"__future__", "typing", "airflow.sdk"}


def test_a_dag_says_what_it_does_when_and_what_to_do_when_it_is_red(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.doc_md
        for heading in ("**What.**", "**When.**", "**Is a rerun safe?**", "**When it is red.**"):
            assert heading in dag.doc_md, f"{dag.dag_id} lacks {heading}"


def test_a_single_dag_is_named_as_its_file(bag: DagBag) -> None:
    for dag_id in (*SINGLE_DAGS, ASKING_DAG):
        assert Path(bag.dags[dag_id].fileloc).stem == dag_id


def test_every_dag_can_be_serialised(bag: DagBag) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in bag.dags.values():
        assert DagSerialization.to_dict(dag)["dag"]["dag_id"] == dag.dag_id


def test_every_task_is_tried_again_with_growing_delay_and_ends_in_time(bag: DagBag) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.owner == "creditgate"
            assert task.retries == 3
            assert task.retry_exponential_backoff
            assert task.retry_policy is not None
            waits_for_a_person = (dag.dag_id, task.task_id) == (ASKING_DAG, "batch.decide")
            assert task.execution_timeout == (None if waits_for_a_person else timedelta(hours=1))


def test_one_run_at_a_time_and_no_catching_up(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.max_active_runs == (16 if dag.dag_id == ASKING_DAG else 1)
        assert not dag.catchup


def test_held_batches_are_asked_about_as_soon_as_they_are_held(bag: DagBag) -> None:
    timetable = bag.dags[ASKING_DAG].timetable
    assert [asset.uri for asset in timetable.asset_condition.objects] == [HELD_BATCHES.uri]
    for dag_id in INGEST_DAGS:
        ask = bag.dags[dag_id].get_task("ask")
        assert ask.upstream_task_ids == {"batch.settle"}


def test_an_ingest_dag_follows_its_registry_entry_in_shanghai_time(bag: DagBag) -> None:
    for feed in registered_feeds():
        timetable = cron_of(bag.dags[feed.dag_id])
        assert timetable["expression"] == feed.schedule
        assert timetable["timezone"] == "Asia/Shanghai"


def test_expiry_runs_ten_minutes_after_midnight_in_shanghai(bag: DagBag) -> None:
    timetable = cron_of(bag.dags["expire_negative_records"])
    assert (timetable["expression"], timetable["timezone"]) == ("10 0 * * *", "Asia/Shanghai")


def test_the_marts_are_built_on_accepted_records_and_once_a_day_even_if_feeds_are_silent(bag: DagBag) -> None:
    from airflow.sdk import AssetOrTimeSchedule

    timetable = bag.dags["build_marts"].timetable
    assert isinstance(timetable, AssetOrTimeSchedule)
    assert [asset.uri for asset in timetable.asset_condition.objects] == [ACCEPTED_RECORDS.uri]


def test_an_ingest_dag_goes_pull_screen_check_settle_report(bag: DagBag) -> None:
    for dag_id in INGEST_DAGS:
        dag = bag.dags[dag_id]
        way = ("pull", "batch.screen", "batch.check", "batch.settle", "batch.report")
        for task, following in pairwise(way):
            assert following in dag.get_task(task).downstream_task_ids


def test_a_report_that_fails_does_not_hold_back_the_marts(bag: DagBag) -> None:
    announce = bag.dags[INGEST_DAGS[0]].get_task("announce")
    assert announce.upstream_task_ids == {"batch.settle"}
    assert announce.trigger_rule == "all_done_min_one_success"


def test_what_writes_marts_takes_its_turn(bag: DagBag) -> None:
    for dag_id in MARTS_DAGS:
        assert {task.pool for task in bag.dags[dag_id].tasks} == {MARTS_POOL}


def test_the_clocks_are_watched_every_morning_in_shanghai(bag: DagBag) -> None:
    timetable = cron_of(bag.dags["watch_deadlines"])
    assert (timetable["expression"], timetable["timezone"]) == ("0 6 * * *", "Asia/Shanghai")


def test_the_platforms_own_runs_have_deadlines_but_not_in_a_one_shot_run(
    bag: DagBag, one_shot_bag: DagBag
) -> None:
    for dag_id in SINGLE_DAGS:
        (alert,) = bag.dags[dag_id].deadline
        assert alert.interval <= timedelta(hours=3)
        assert alert.callback.path == "creditgate.orchestration.run_deadlines.run_is_late"
        assert not one_shot_bag.dags[dag_id].deadline


def test_a_one_shot_run_has_no_clock_of_its_own(one_shot_bag: DagBag) -> None:
    for dag_id, dag in one_shot_bag.dags.items():
        if dag_id != "build_marts":
            assert type(dag.timetable).__name__ == "NullTimetable"
    assert type(one_shot_bag.dags["build_marts"].timetable).__name__ == "AssetTriggeredTimetable"


@pytest.mark.usefixtures("one_shot_bag")
def test_a_one_shot_run_tries_again_within_seconds() -> None:
    assert default_args()["retry_delay"] <= timedelta(seconds=5)
    assert Mode.ONE_SHOT.value == "run"


def test_inside_a_task_only_its_own_dag_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from creditgate.orchestration import registry

    wanted = type("Parsing", (), {"dag_id": INGEST_DAGS[1]})
    monkeypatch.setattr("airflow.sdk.get_parsing_context", wanted)
    assert [feed.dag_id for feed in registry.feeds_to_parse()] == [INGEST_DAGS[1]]


def cron_of(dag: Any) -> dict[str, Any]:
    """Expression and time zone of a DAG's cron timetable, as Airflow stores them."""
    from airflow.serialization.serialized_objects import DagSerialization

    timetable: dict[str, Any] = DagSerialization.to_dict(dag)["dag"]["timetable"]["__var"]
    return timetable
