"""Run one Airflow component: `python -m creditgate.orchestration.component scheduler …`.

The same as `airflow scheduler …`, with two additions: the component ends when the process that started it dies,
however it dies; and the scheduler imports the heavy libraries once, so that its tasks, which are forks of it, need not.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import signal
import sys
import traceback
from typing import Final, NoReturn

from creditgate.orchestration.names import ONE_SHOT_VARIABLE

PRELOADED: Final = (
    "pandas",
    "pyarrow.compute",
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
)
"""Third-party libraries that tasks use and that take seconds to import. Our own code is not among them: a
long-running scheduler must take it as it is on disk when the task starts."""

GC_THRESHOLDS: Final = (100_000, 50, 100)
"""Airflow makes a million objects at its start that stay; at Python's own thresholds the garbage collector walks
them over and over, a second of every five."""

OURS: Final = (
    "creditgate.pipeline",
    "creditgate.check.checker",
    "creditgate.report",
    "creditgate.build.dbt_runner",
)

PARENT_VARIABLE: Final = "CREDITGATE_PARENT_PID"

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies (Linux; elsewhere the next start clears what is left)."""
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before we asked
        raise SystemExit(1)


def preload() -> None:
    """Import what tasks will need; what is not installed here is left out."""
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def preload_ours() -> None:
    """Import our own code and read contracts, catalogue and registry, for a scheduler that serves one run.

    What can't be read is left to the task that needs it: its failure is reported, this one would not be.
    """
    from creditgate.policy.contracts import known_items, load_contract
    from creditgate.policy.prohibited import load_prohibited
    from creditgate.policy.providers import load_providers

    for name in OURS:
        importlib.import_module(name)
    for item in known_items():
        load_contract(item)
    load_prohibited()
    load_providers()


def main(arguments: list[str]) -> None:
    """Hand over to Airflow's command line; does not return."""
    end_with_parent()
    gc.set_threshold(*GC_THRESHOLDS)
    if arguments[:1] == ["scheduler"]:
        preload()
        if os.environ.get(ONE_SHOT_VARIABLE) == "1":
            with contextlib.suppress(Exception):
                preload_ours()
    sys.argv = ["airflow", *arguments]
    end_at_once(_run_airflow())


def end_at_once(code: int) -> NoReturn:
    """Leave after the exit handlers, without taking apart a million objects first: that takes seconds."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run_airflow() -> int:
    from airflow.__main__ import main as airflow_main

    try:
        airflow_main()  # type: ignore[no-untyped-call]
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
