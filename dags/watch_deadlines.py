"""Watch the working-day clocks and tell what operators have to see to (S06, S10, S11, S32, S49, S63, S64, S68).

**What.** `watch` brings the working-day calendar up to date, judges each clock as of the business date, fills `rights.rpt_deadlines` and
`quality.rpt_alerts`, and logs each alert that stands (`alert.…`).

**When.** 06:00 Asia/Shanghai each day. Missed days need no catching up. By hand with `{"as_of": "YYYY-MM-DD"}`.

**Is a rerun safe?** Yes; a second look of a day changes nothing.

**When it is red.** Nothing that readers see depends on it, and the expiry does not; see docs/runbooks/deadline_is_missed.md.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

from creditgate.orchestration.dates import as_of_of
from creditgate.orchestration.defaults import as_of_param, at, default_args
from creditgate.orchestration.outcomes import ids_and_counts, no_values_in_faults
from creditgate.orchestration.run_deadlines import ended_within


@dag(
    schedule=at("0 6 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(),
    doc_md=__doc__,
    params={"as_of": as_of_param()},
    deadline=ended_within(hours=1),
    tags=["clocks"],
)
def watch_deadlines() -> None:
    @task
    def watch() -> dict[str, Any]:
        from creditgate import pipeline

        as_of = as_of_of(get_current_context())
        with no_values_in_faults("watch", as_of=as_of.isoformat()):
            return {**ids_and_counts(pipeline.watch(as_of)), "as_of": as_of.isoformat()}

    watch()


watch_deadlines()
