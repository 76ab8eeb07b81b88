"""Remove negative records that are past their last day of disclosure (S26–S32).

**What.** `refresh_terms` computes the last days anew as of the business date; `expire` deletes the content of what is past its
last day from marts, intake and reports, and writes tombstones that keep it from coming back.

**When.** 00:10 Asia/Shanghai each day. Missed days need no catching up: everything past its last day goes, whenever it ended.
By hand with `{"as_of": "YYYY-MM-DD", "dry_run": true}` to count only.

**Is a rerun safe?** Yes; a second run of a day changes nothing. A deletion is final, whatever as-of date comes later.

**When it is red.** Readers are safe: the guard views hide what is past its last day even if nothing was deleted. Mend the
cause and clear the task the same day; see docs/runbooks/expiry_is_wrong.md.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from creditgate.orchestration.dates import as_of_of
from creditgate.orchestration.defaults import as_of_param, at, default_args
from creditgate.orchestration.names import MARTS_POOL
from creditgate.orchestration.outcomes import ids_and_counts, no_values_in_faults
from creditgate.orchestration.run_deadlines import ended_within


@dag(
    schedule=at("10 0 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(),
    doc_md=__doc__,
    params={
        "as_of": as_of_param(),
        "dry_run": Param(False, type="boolean", title="Count only, remove nothing"),
    },
    deadline=ended_within(hours=3),
    tags=["expiry"],
)
def expire_negative_records() -> None:
    @task(pool=MARTS_POOL)
    def refresh_terms() -> dict[str, Any]:
        from creditgate import pipeline

        as_of = as_of_of(get_current_context())
        with no_values_in_faults("refresh_terms", as_of=as_of.isoformat()):
            return ids_and_counts(pipeline.build(as_of, select="+int_record_terms"))

    @task(pool=MARTS_POOL)
    def expire() -> dict[str, Any]:
        from creditgate import pipeline

        context = get_current_context()
        as_of, dry_run = as_of_of(context), bool(context["params"]["dry_run"])
        with no_values_in_faults("expire", as_of=as_of.isoformat()):
            return {**ids_and_counts(pipeline.expire(as_of, dry_run=dry_run)), "as_of": as_of.isoformat()}

    refresh_terms() >> expire()


expire_negative_records()
