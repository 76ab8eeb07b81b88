"""Let a person decide about held batches: feeds that are unlike what the provider usually sends.

**What.** For each held batch `decide` waits for an operator: *release* takes the rows in as they are, *refuse* sends the
file back to the provider unit (nothing of it is kept). A reason is needed either way; who, when and why go into
`audit.hold_decisions`. `carry_out` then settles and reports the batch, and announces its records to `build_marts`.

**When.** As soon as an ingest DAG has held a batch; each run asks about the batches of its own. Started by hand it asks about
all that wait. The three working days of S11 go on meanwhile. The same on the command line: `creditgate held`,
`creditgate release`, `creditgate refuse`; whichever comes first counts.

**Is a rerun safe?** Yes. A batch is decided once; the first decision stays, and settling it again does nothing.

**When it is red.** `carry_out` says *needs the name and the reason*: the reason was left out; clear `decide`, it asks again. Else
database, disk or source: mend the cause and clear `carry_out`, the decision is kept. See docs/runbooks/batch_is_held.md.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task, task_group

from creditgate.orchestration.assets import ACCEPTED_RECORDS, HELD_BATCHES
from creditgate.orchestration.defaults import default_args, on_asset
from creditgate.orchestration.holds import ask_person, batches_to_ask_about, carry_out_answer, described

BATCH_NAME = "{{ task.op_args[0][:12] }}"


@dag(
    dag_id="release_held_batches",
    schedule=on_asset(HELD_BATCHES),
    catchup=False,
    max_active_runs=16,
    default_args=default_args(),
    doc_md=__doc__,
    tags=["gate"],
)
def release_held_batches() -> None:
    """The DAG: one question for each held batch."""

    @task
    def waiting() -> list[str]:
        return batches_to_ask_about(get_current_context())

    @task(map_index_template=BATCH_NAME)
    def describe(batch_id: str) -> str:
        return described(batch_id)

    @task(map_index_template=BATCH_NAME, outlets=[ACCEPTED_RECORDS])
    def carry_out(batch_id: str, answer: dict[str, Any]) -> dict[str, Any]:
        return carry_out_answer(batch_id, answer)

    @task_group
    def batch(batch_id: str) -> None:
        carry_out(batch_id, ask_person("decide", describe(batch_id)))

    batch.expand(batch_id=waiting())


release_held_batches()
