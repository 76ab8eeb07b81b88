"""A settle that is killed at any moment and run again leaves the tables of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from creditgate import pipeline
from tests.builders import AS_OF, PROVIDER, a_feed, a_penalty
from tests.conftest import Database
from tests.gate_flow import ITEM, mailbox

ROWS = 6_000
FINDINGS = ROWS + ROWS // 7
"""The rows are so alike that each is told so (AP-112); every seventh is wrong as well."""
_SETTLE = (
    "import sys; from creditgate import pipeline; print('ready', flush=True); pipeline.settle(sys.argv[1])"
)
_TABLES = (
    "select batch_id, status, rows_total, rows_accepted, rows_rejected, rows_warned, rows_late from intake.batches",
    "select batch_id, row_number, rule_id, field from intake.findings",
    "select batch_id, row_number, record_key, content::text, content_until, status from intake.rejected_rows",
    "select * from intake.administrative_penalty",
)


def _pulled_and_checked() -> str:
    rows = [
        a_penalty(decision_number=f"济市监处罚〔2026〕{n}号", severity="轻重" if n % 7 == 0 else "一般")
        for n in range(1, ROWS + 1)
    ]
    a_feed(rows, mailbox() / "penalties.csv", provider=PROVIDER)
    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    pipeline.screen(batch_id)
    pipeline.check(batch_id)
    return batch_id


def _content(database: Database) -> list[list[tuple[object, ...]]]:
    with database.connect() as connection:
        return [sorted(connection.execute(query).fetchall(), key=repr) for query in _TABLES]


def _settle_killed_after(seconds: float, batch_id: str) -> bool:
    """Settle in a process of its own and kill it; whether it was still at work."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SETTLE, batch_id], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    was_working = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return was_working


@pytest.mark.parametrize("after", [0.0, 0.03, 0.08, 0.15, 0.3])
def test_a_killed_settle_run_again_gives_the_tables_of_an_undisturbed_run(
    database: Database, after: float
) -> None:
    batch_id = _pulled_and_checked()
    was_working = _settle_killed_after(after, batch_id)
    if was_working:
        assert all(table == [] for table in _content(database)), "half a batch was left behind"
    counts = pipeline.settle(batch_id)
    after_kill = _content(database)
    again = pipeline.settle(batch_id)
    assert again["is_new"] is False
    assert _content(database) == after_kill
    assert [len(table) for table in after_kill] == [1, FINDINGS, ROWS // 7, ROWS - ROWS // 7]
    assert counts["rejected"] == ROWS // 7


def test_a_batch_is_settled_once_by_two_at_a_time(database: Database, tmp_path: Path) -> None:
    batch_id = _pulled_and_checked()
    processes = [subprocess.Popen([sys.executable, "-c", _SETTLE, batch_id]) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert [len(table) for table in _content(database)] == [1, FINDINGS, ROWS // 7, ROWS - ROWS // 7]
