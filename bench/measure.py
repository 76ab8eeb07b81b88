"""One run of a command in a fresh process: wall seconds, CPU seconds and peak memory of its whole tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


class BenchError(Exception):
    """A measured command failed; the message has what it said."""


@dataclass(frozen=True)
class Run:
    """One run. `seconds` and `cpu_seconds` are of the work alone where the command tells them, else of the process."""

    seconds: float
    process_seconds: float
    cpu_seconds: float
    peak_bytes: int
    said: dict[str, Any] = field(default_factory=dict)


def run_task(name: str, *arguments: object, env: Mapping[str, str] | None = None) -> Run:
    """Run a task of `bench.tasks` in a process of its own."""
    return run_command(
        [sys.executable, "-m", "bench.tasks", name, *map(str, arguments)], env, tells_json=True
    )


def run_command(
    command: Sequence[str], env: Mapping[str, str] | None = None, *, tells_json: bool = False
) -> Run:
    """Run a command and wait for it.

    CPU and memory are the kernel's account of the process and of the children that it has waited for
    (`wait4`); the memory is that of the greatest of them. Raises BenchError where it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    out = process.stdout.read()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - started
    if process.returncode:
        raise BenchError(f"{' '.join(command[-3:])} failed ({process.returncode}): {errors.decode()[-3000:]}")
    said = json.loads(out.splitlines()[-1]) if tells_json else {}
    return Run(
        seconds=said.get("seconds", elapsed),
        process_seconds=elapsed,
        cpu_seconds=said.get("cpu_seconds", usage.ru_utime + usage.ru_stime),
        peak_bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        said=said,
    )


@dataclass(frozen=True)
class Figures:
    """The medians of several runs, and the spread of the wall seconds."""

    seconds: float
    process_seconds: float
    cpu_seconds: float
    peak_bytes: int
    fastest: float
    slowest: float

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Figures:
        """Medians of the runs; of the peak memory the greatest."""
        seconds = [run.seconds for run in runs]
        return cls(
            seconds=median(seconds),
            process_seconds=median(run.process_seconds for run in runs),
            cpu_seconds=median(run.cpu_seconds for run in runs),
            peak_bytes=max(run.peak_bytes for run in runs),
            fastest=min(seconds),
            slowest=max(seconds),
        )
