"""Build the marts from the accepted records: one dbt build, tests included.

**What.** `build` runs staging, intermediate and marts with their tests for one as-of date. The tests that guard publication
(no person, nothing expired, nothing unmasked) stand before the public models: when one fails, the last good publication stays.

**When.** Whenever an ingest DAG has settled batches (asset `accepted_records`), and at 00:30 Asia/Shanghai each day, so that
a silent feed can't stop the build. Nothing new for the same as-of date: it ends at once.

**Is a rerun safe?** Yes. The same records and the same as-of date give the same marts.

**When it is red.** The log names the failed model or test. Readers still see the last good build; see
docs/runbooks/build_has_failed.md.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task

from creditgate.orchestration.assets import ACCEPTED_RECORDS
from creditgate.orchestration.dates import as_of_of
from creditgate.orchestration.defaults import as_of_param, asset_or_time, default_args
from creditgate.orchestration.names import MARTS_POOL
from creditgate.orchestration.outcomes import ids_and_counts, no_values_in_faults
from creditgate.orchestration.run_deadlines import ended_within


@dag(
    schedule=asset_or_time("30 0 * * *", ACCEPTED_RECORDS),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(),
    doc_md=__doc__,
    params={"as_of": as_of_param()},
    deadline=ended_within(hours=3),
    tags=["marts"],
)
def build_marts() -> None:
    @task(pool=MARTS_POOL)
    def build() -> dict[str, Any]:
        from creditgate import pipeline

        as_of = as_of_of(get_current_context())
        with no_values_in_faults("build", as_of=as_of.isoformat()):
            return {**ids_and_counts(pipeline.build(as_of)), "as_of": as_of.isoformat()}

    build()


build_marts()
