"""The gate's figures beside their yardsticks, measured in one run.

    python -m bench [--rows 1000000] [--runs 5] [--quick] [--only gate|way|expiry|prohibited] [--format table|json]
    python -m bench --only daily [--held 5000000] [--days 3]

Every run is a process of its own; what is compared alternates (A B A B), and the medians are compared.
Progress goes to stderr. Exit status 1: a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from bench import prohibited
from bench.bars import Bar, bars_of
from bench.daily import measure_daily
from bench.expiry import held_records
from bench.expiry import rounds as expiry_rounds
from bench.measure import Figures, Run, run_task
from bench.warehouse import fresh_warehouse, run_copy

NOTES = (
    "Seconds are wall time without the interpreter's start and imports, on both sides. The gate's figure includes "
    "decoding, normalising, every rule, prohibited values, record ids; the yardstick reads the "
    "file and checks the same rules on the values as they stand. File to settled: pull (copy and hash), screen, "
    "check, settle; a fresh embedded warehouse, prepared before the clock.",
    "Expiry: 500,000 records held (50,000 with --quick), 3,300 and 33,000 of them past it (330 and 3,300), in one transaction on each side, rolled back: "
    "commits are left out of both. The expiry also finds the records, writes tombstones and deletion notices, and clears rejections.",
    "settle, killed at any moment and run again: a test, tests/faults/test_settle_is_killed.py (make test).",
)


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="100,000 rows, three runs: a first look")
    parser.add_argument("--only", choices=("gate", "way", "expiry", "prohibited", "daily"), help="one part")
    parser.add_argument("--held", type=int, default=5_000_000, help="records held, for --only daily")
    parser.add_argument("--days", type=int, default=3, help="days measured, for --only daily")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if options.only == "daily":
        return _daily(options.held, options.days, options.format)
    rows, runs = (100_000, 3) if options.quick else (options.rows, options.runs)
    with tempfile.TemporaryDirectory(prefix="creditgate-bench-") as folder:
        figures = {} if options.only == "prohibited" else _measured(Path(folder), rows, runs, options.only)
    bars = bars_of(figures)
    if options.only in (None, "prohibited"):
        bars += prohibited.bars()
    if options.format == "json":
        print(json.dumps(_as_dict(rows, runs, figures, bars), ensure_ascii=False, indent=1))
    else:
        _show(f"{rows:,} penalties, 22 columns; medians of {runs}; {_machine()}", bars)
        _show_notes()
    return int(any(bar.is_met is False for bar in bars))


def _daily(held: int, days: int, form: str) -> int:
    """A day's run with many records held: its figures, and the exit status."""
    with tempfile.TemporaryDirectory(prefix="creditgate-bench-") as folder:
        figures = measure_daily(Path(folder), held, days)
    bar = figures.bar()
    if form == "json":
        print(json.dumps({**asdict(figures), "ratio": round(bar.ratio, 4), "is_met": bar.is_met}, indent=1))
    else:
        _show(f"medians of {days} days; {os.cpu_count()} cores, Python {platform.python_version()}", [bar])
    return int(bar.is_met is False)


def _measured(folder: Path, rows: int, runs: int, only: str | None) -> dict[str, Figures]:
    done: dict[str, list[Run]] = {}
    for name, run in _runs(folder, rows, runs, only):
        done.setdefault(name, []).append(run)
        _say(
            f"{name:14} {run.seconds:7.2f} s   CPU {run.cpu_seconds:6.1f} s   "
            f"{run.peak_bytes / 2**20:6.0f} MiB  {run.said.get('stages', '')}"
        )
    return {name: Figures.of(of_name) for name, of_name in done.items()}


def _runs(folder: Path, rows: int, runs: int, only: str | None) -> Iterator[tuple[str, Run]]:
    """Every run of every part that was asked for."""
    if only != "expiry":
        clean, wrong = folder / "clean.csv", folder / "wrong.csv"
        _say(f"making {rows:,} rows, clean and wrong in five fields")
        run_task("feed", clean, rows, 0)
        run_task("feed", wrong, rows, 5)
        for number in range(1, runs + 1):
            _say(f"run {number}/{runs}")
            yield from _round(folder, clean, wrong, number, only)
    if only in (None, "expiry"):
        held = min(rows // 2, 500_000)
        _say(f"building the marts of {held:,} records")
        with held_records(folder / "expiry", held, held * 33 // 500) as env:
            yield from expiry_rounds(env, runs)


def _round(
    folder: Path, clean: Path, wrong: Path, number: int, only: str | None
) -> Iterator[tuple[str, Run]]:
    """Each thing measured once."""
    if only != "way":
        yield "gate", run_task("gate", clean)
        yield "yardstick", run_task("yardstick", clean)
        yield "gate_wrong", run_task("gate", wrong)
    if only != "gate":
        with fresh_warehouse(folder / f"home-{number}", clean) as env:
            if number % 2:
                yield "whole_way", run_task("whole_way", clean, env=env)
                yield "copy", run_copy(clean, env)
            else:
                yield "copy", run_copy(clean, env)
                yield "whole_way", run_task("whole_way", clean, env=env)


def _show(title: str, bars: list[Bar]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("", "figure", "yardstick", "ratio", "bar", "met"):
        table.add_column(heading, justify="left" if not heading else "right")
    for bar in bars:
        table.add_row(
            f"{bar.title}\n[dim]{bar.note}[/dim]",
            f"{bar.figure:,.2f} {bar.unit}",
            f"{bar.yardstick:,.2f} {bar.unit}",
            f"{bar.ratio:.2f}",
            "" if bar.most is None else f"≤ {bar.most:g}",
            {True: "yes", False: "[bold red]NO[/]", None: ""}[bar.is_met],
        )
    _console().print(table)


def _show_notes() -> None:
    console = _console()
    for note in NOTES:
        console.print(note, style="dim", highlight=False)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 120)


def _as_dict(rows: int, runs: int, figures: dict[str, Figures], bars: list[Bar]) -> dict[str, object]:
    return {
        "rows": rows,
        "runs": runs,
        "machine": _machine(),
        "figures": {name: asdict(of_name) for name, of_name in figures.items()},
        "bars": [{**asdict(bar), "ratio": round(bar.ratio, 4), "is_met": bar.is_met} for bar in bars],
        "notes": NOTES,
    }


def _machine() -> str:
    tools = ", ".join(f"{name} {version(name)}" for name in ("polars", "pandera", "pyarrow"))
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {tools}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
