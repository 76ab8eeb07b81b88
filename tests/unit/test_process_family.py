"""A family of processes is started, watched, and ended to the last descendant, whatever kills whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from creditgate.orchestration import processes
from creditgate.orchestration.processes import (
    AlreadyRunningError,
    ComponentDiedError,
    ProcessFamily,
    marked_processes,
    signals_end_us,
    stop_family,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]
PARENT_OF_A_SESSION = [
    sys.executable,
    "-c",
    "import subprocess, sys, time;"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True);"
    "print('ready', flush=True); time.sleep(600)",
]
OWNER = """
import os, sys, time
from pathlib import Path
from creditgate.orchestration.processes import ProcessFamily, signals_end_us
with signals_end_us(), ProcessFamily(Path(sys.argv[1]), "run") as family:
    family.start("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ)
    print("up", flush=True)
    time.sleep(600)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def start_owner(folder: Path) -> subprocess.Popen[str]:
    """Another process that owns a family with one sleeper; returns when it is up."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    return owner


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No long waits for those who do not listen."""
    monkeypatch.setattr(processes, "TERM_SECONDS", (0.5, 0.3))


def test_nobody_is_left_when_the_block_is_left(tmp_path: Path) -> None:
    with ProcessFamily(tmp_path, "run") as family:
        family.start("one", SLEEP, os.environ)
        family.start("two", SLEEP, os.environ)
        assert len(list(marked_processes(tmp_path))) == 2
        family.check()
    assert list(marked_processes(tmp_path)) == []
    assert not (tmp_path / "processes.json").exists()


def test_nobody_is_left_after_an_exception(tmp_path: Path) -> None:
    def mishap() -> None:
        with ProcessFamily(tmp_path, "run") as family:
            family.start("one", SLEEP, os.environ)
            raise RuntimeError("mishap")

    with pytest.raises(RuntimeError, match="mishap"):
        mishap()
    assert list(marked_processes(tmp_path)) == []


def test_who_does_not_hear_sigterm_is_killed(tmp_path: Path) -> None:
    with ProcessFamily(tmp_path, "run") as family:
        deaf = family.start("deaf", DEAF, os.environ)
        wait_for(lambda: deaf.last_lines() == ["deaf"])
    assert deaf.process.returncode == -signal.SIGKILL


def test_a_grandchild_in_a_session_of_its_own_is_ended_too(tmp_path: Path) -> None:
    with ProcessFamily(tmp_path, "run") as family:
        parent = family.start("parent", PARENT_OF_A_SESSION, os.environ)
        wait_for(lambda: parent.last_lines() == ["ready"])
        wait_for(lambda: len(list(marked_processes(tmp_path))) == 2)
    assert list(marked_processes(tmp_path)) == []


def test_a_component_that_dies_is_reported_with_its_last_lines_and_the_next_step(tmp_path: Path) -> None:
    crash = [sys.executable, "-c", "print('port 8080 is taken'); raise SystemExit(3)"]
    with ProcessFamily(tmp_path, "run") as family:
        member = family.start("api-server", crash, os.environ)
        member.process.wait()
        with pytest.raises(ComponentDiedError) as caught:
            family.check()
    for part in ("api-server", "exit status 3", "port 8080 is taken", "Next step", str(member.log_file)):
        assert part in str(caught.value)


def test_a_killed_component_is_reported_with_its_signal(tmp_path: Path) -> None:
    with ProcessFamily(tmp_path, "run") as family:
        member = family.start("scheduler", SLEEP, os.environ)
        member.process.kill()
        member.process.wait()
        with pytest.raises(ComponentDiedError, match="killed by SIGKILL"):
            family.check()


def test_the_state_folder_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    with (
        ProcessFamily(tmp_path, "up"),
        pytest.raises(AlreadyRunningError, match=rf"creditgate up` \(pid {os.getpid()}\)"),
        ProcessFamily(tmp_path, "run"),
    ):
        pass


def test_what_a_killed_owner_left_is_ended_by_the_next(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    owner.kill()
    owner.wait()
    assert len(list(marked_processes(tmp_path))) == 1
    with ProcessFamily(tmp_path, "run"):
        assert list(marked_processes(tmp_path)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_owner_and_family(tmp_path: Path, number: signal.Signals) -> None:
    owner = start_owner(tmp_path)
    owner.send_signal(number)
    assert owner.wait(20) != 0
    assert list(marked_processes(tmp_path)) == []


def test_a_family_can_be_stopped_from_another_terminal(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    reaper = threading.Thread(target=owner.wait)
    reaper.start()
    assert stop_family(tmp_path)
    reaper.join()
    assert list(marked_processes(tmp_path)) == []
    assert not stop_family(tmp_path)


def test_other_processes_of_the_same_user_are_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen(SLEEP)
    try:
        with ProcessFamily(tmp_path, "run") as family:
            family.start("one", SLEEP, os.environ)
        assert psutil.Process(bystander.pid).is_running()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_the_log_of_the_start_before_is_kept(tmp_path: Path) -> None:
    for word in ("first", "second"):
        with ProcessFamily(tmp_path, "run") as family:
            member = family.start("one", [sys.executable, "-c", f"print({word!r})"], os.environ)
            member.process.wait()
    assert member.last_lines() == ["second"]
    assert member.log_file.with_suffix(".log.1").read_text() == "first\n"


def test_signal_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals_end_us():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
