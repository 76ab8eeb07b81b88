"""Take in the feeds of one provider unit for one information item.

**What.** `pull` copies what waits in the provider's source (a folder, or what its Airflow connection leads to) into the
spool, one batch per file. Each batch goes through `screen` (what the file is, known columns, prohibited headers), `check` (each
row: prohibited values, the contract's rules), `settle` (one transaction) and `report` (what the unit reads). `announce` starts `build_marts`
once a batch is settled. A batch unlike the provider's usual is held; `ask` then starts `release_held_batches`.

**When.** By the schedule of the registry entry in `include/providers/` (Asia/Shanghai); one run at a time.
By hand with `{"as_of": "YYYY-MM-DD"}` to take a past business date.

**Is a rerun safe?** Yes. A batch is known by its file's hash; settled batches are left alone.

**When it is red.** Something failed that is no matter of the feed: database, disk, code. Rejected rows and blocked files
leave the run green; they are recorded outcomes. Read the red task's log, mend the cause, clear the task. The file
stays in the source until its batch is settled; see docs/runbooks/feed_is_late.md and docs/runbooks/batch_is_blocked.md.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, TriggerRule, dag, get_current_context, task, task_group

from creditgate.orchestration.assets import ACCEPTED_RECORDS, HELD_BATCHES
from creditgate.orchestration.dates import as_of_of, told_as_of
from creditgate.orchestration.defaults import as_of_param, at, default_args
from creditgate.orchestration.outcomes import each_result, held_or_skip, no_values_in_faults, run_stage
from creditgate.orchestration.registry import Feed, feeds_to_parse

BATCH_NAME = "{{ task.op_args[0][:12] }}"


def ingest_dag(feed: Feed) -> DAG:
    """The DAG of one feed."""

    @task
    def pull() -> list[str]:
        from creditgate import pipeline
        from creditgate.orchestration.connections import airflow_connection

        with no_values_in_faults("pull", provider=feed.provider, item=feed.item):
            as_of = as_of_of(get_current_context())
            return pipeline.pull(feed.provider, feed.item, as_of, airflow_connection)

    @task(map_index_template=BATCH_NAME)
    def screen(batch_id: str) -> dict[str, Any]:
        return run_stage("screen", batch_id)

    @task(map_index_template=BATCH_NAME)
    def check(batch_id: str) -> dict[str, Any]:
        return run_stage("check", batch_id)

    @task(map_index_template=BATCH_NAME)
    def settle(batch_id: str) -> dict[str, Any]:
        return run_stage("settle", batch_id)

    @task(map_index_template=BATCH_NAME)
    def report(batch_id: str) -> dict[str, Any]:
        from creditgate.orchestration.connections import airflow_connection

        return run_stage("report", batch_id, airflow_connection)

    @task_group
    def batch(batch_id: str) -> None:
        screen(batch_id) >> check(batch_id) >> settle(batch_id) >> report(batch_id)

    @task(outlets=[ACCEPTED_RECORDS], trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def announce(*, outlet_events: Any, ti: Any) -> None:
        settled = each_result(ti.xcom_pull(task_ids="batch.settle"))
        extra = {"provider": feed.provider, "item": feed.item, "batches": len(settled)}
        told = told_as_of(get_current_context())
        outlet_events[ACCEPTED_RECORDS].extra = {**extra, "as_of": told.isoformat()} if told else extra

    @task(outlets=[HELD_BATCHES], trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def ask(*, outlet_events: Any, ti: Any) -> None:
        outlet_events[HELD_BATCHES].extra = {"batches": held_or_skip(ti.xcom_pull(task_ids="batch.settle"))}

    @dag(
        dag_id=feed.dag_id,
        schedule=at(feed.schedule),
        catchup=False,
        max_active_runs=1,
        default_args=default_args(),
        doc_md=__doc__,
        params={"as_of": as_of_param()},
        tags=["ingest", feed.provider],
        dag_display_name=f"{feed.unit_name} · {feed.item}",
    )
    def ingest() -> None:
        batches = batch.expand(batch_id=pull())
        settled = batches.get_child_by_label("settle")
        settled >> [announce(), ask()]  # not behind the reports: one that fails ends the run red, no more

    return ingest()


for registered in feeds_to_parse():
    globals()[registered.dag_id] = ingest_dag(registered)
