"""What is measured, one task per fresh process: `python -m bench.tasks NAME ARGUMENTS` prints one JSON line.

`seconds` and `cpu_seconds` are those of the work itself: the interpreter's start and the imports (pandas, Great
Expectations; polars, pandera) lie before the clock on both sides. The parent adds what it sees from outside.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from creditgate.samples.bench import BENCH_AS_OF

ITEM = "administrative_penalty"
PROVIDER = "jn_market_regulation"
Work = Callable[[], dict[str, Any]]


def gate(path: str) -> Work:
    """Screen and check of a file, all findings gathered."""
    from bench.gate import gate_findings

    return lambda: {"findings": len(gate_findings(Path(path), ITEM, BENCH_AS_OF))}


def yardstick(path: str) -> Work:
    """The same by pandera on polars."""
    from bench.yardstick_pandera import yardstick_for

    return lambda: {"findings": len(yardstick_for(Path(path), ITEM, BENCH_AS_OF).findings(Path(path)))}


def whole_way(path: str) -> Work:
    """pull, screen, check and settle of the file that waits in the provider's mailbox.

    Before the clock: imports. Within it: the copy to the spool, hashes, every stage, the one transaction.
    """
    import creditgate.check.checker  # noqa: F401 - check imports it when it is called
    from creditgate import pipeline

    def work() -> dict[str, Any]:
        (batch_id,) = pipeline.pull(PROVIDER, ITEM, BENCH_AS_OF)
        laps = {}
        for stage in (pipeline.screen, pipeline.check, pipeline.settle):
            started = time.perf_counter()
            counts = stage(batch_id)
            laps[stage.__name__] = round(time.perf_counter() - started, 3)
        return {"stages": laps, "rows": counts["rows_total"], "accepted": counts["accepted"]}

    return work


def daily(day: str) -> Work:
    """The waiting feeds through the gate; then terms, expiry and build of the day, as the DAGs do them."""
    import dbt.cli.main  # noqa: F401 - the build imports it when it is called

    import creditgate.check.checker  # noqa: F401 - check imports it when it is called
    from creditgate import pipeline

    as_of = date.fromisoformat(day)

    def gate_stages() -> None:
        for batch_id in pipeline.pull(PROVIDER, ITEM, as_of):
            for stage in (pipeline.screen, pipeline.check, pipeline.settle, pipeline.report):
                stage(batch_id)

    def work() -> dict[str, Any]:
        steps: dict[str, Callable[[], Any]] = {
            "gate": gate_stages,
            "terms": lambda: pipeline.build(as_of, "+int_record_terms"),
            "expire": lambda: pipeline.expire(as_of),
            "build": lambda: pipeline.build(as_of),
        }
        laps, said = {}, {}
        for name, step in steps.items():
            started = time.perf_counter()
            said[name] = step()
            laps[name] = round(time.perf_counter() - started, 2)
        return {"stages": laps, "expired": said["expire"]["records"]}

    return work


def feed(path: str, rows: str, wrong_fields: str) -> Work:
    """Make the benchmark's feed: in a process of its own too, for a child's peak memory counts its parent's."""
    from creditgate.samples.bench import bench_penalties

    return lambda: {
        "made": bench_penalties(Path(path), int(rows), wrong_fields=5 if wrong_fields == "5" else 0)
    }


TASKS: dict[str, Callable[..., Work]] = {
    "gate": gate,
    "yardstick": yardstick,
    "whole_way": whole_way,
    "daily": daily,
    "feed": feed,
}


def main() -> None:
    """Run one task."""
    name, *arguments = sys.argv[1:]
    work = TASKS[name](*arguments)
    started, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, **result}))


if __name__ == "__main__":
    main()
