"""A check takes as much memory for a large file as for a small one: chunks pass by, the file is never whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from creditgate.samples.bench import BENCH_AS_OF, bench_penalties

PEAK = """
import sys
from datetime import date
from pathlib import Path
from creditgate import pipeline

made = pipeline.check_file(Path(sys.argv[1]), "administrative_penalty", None, date.fromisoformat(sys.argv[2]))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(made.tally.total, made.tally.rejected, int(peak.split()[1]) // 1024)
"""
ROWS = 36_000
SPARE = 150
"""MiB by which a file larger by 70 MB may differ: record ids are kept (16 bytes a row), and chunks in flight vary."""


def _times(path: Path, once: bytes, count: int) -> Path:
    """The feed as often again, each time under other decision numbers."""
    header, _, rows = once.partition(b"\n")
    with path.open("wb") as file:
        file.write(header + b"\n")
        for turn in "甲乙丙丁戊己庚辛壬"[:count]:
            file.write(rows.replace("号,".encode(), f"号{turn},".encode()))
    return path


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peaks are read from /proc")
def test_the_peak_does_not_follow_the_files_size(tmp_path: Path) -> None:
    bench_penalties(tmp_path / "once.csv", ROWS)
    once = (tmp_path / "once.csv").read_bytes()
    peaks = []
    for count in (6, 9):
        path = _times(tmp_path / "feed.csv", once, count)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(path), BENCH_AS_OF.isoformat()],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        rows, rejected, peak = map(int, done.stdout.split())
        assert (rows, rejected) == (count * ROWS, 0)
        peaks.append(peak)
    assert peaks[1] < peaks[0] + SPARE, peaks
