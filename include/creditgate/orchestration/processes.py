"""A family of child processes that starts together, is watched, and leaves nobody behind.

Whether somebody of the family lives is read off a file lock that every member inherits: the kernel gives it back
when the last one is gone, so neither a reused pid nor a zombie can mislead. Who is to be ended is found by a mark in
the environment, which descendants inherit even when their parent dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Final, Self

import psutil
import structlog

from creditgate.domain.faults import OperationFault

log = structlog.get_logger(__name__)

MARK: Final = "CREDITGATE_PROCESS_FAMILY"
TERM_SECONDS: Final = (10.0, 5.0)
"""How long a member may take after the first SIGTERM, and after the second, before it is killed."""

_RECORD: Final = "processes.json"

ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


class OrchestrationError(OperationFault):
    """The local Airflow can't do its work; the message says what to do."""


class AlreadyRunningError(OrchestrationError):
    """Another process of ours uses the same state folder."""


class ComponentDiedError(OrchestrationError):
    """A component ended by itself."""


@dataclass(frozen=True)
class Member:
    """A component: its name, its process, where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def last_lines(self, count: int = 15) -> list[str]:
        """The end of its output."""
        return tail(self.log_file, count)


class ProcessFamily:
    """The components of one state folder, as a context manager: entered alone, left empty."""

    def __init__(self, folder: Path, purpose: str) -> None:
        """Use `folder` for lock, record and logs; `purpose` is told to who finds the folder in use."""
        self.folder = folder
        self.purpose = purpose
        self.members: list[Member] = []
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the folder; end what a killed run left there.

        Raises:
            AlreadyRunningError: a living process of ours holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = self._take_lock()
        try:
            self._record()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every member and all their descendants, whatever happened."""
        self.stop()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Member:
        """Start a component in a session of its own; its output goes to `<folder>/logs/<name>.log`."""
        if self._lock is None:
            raise RuntimeError("start() is for use inside the with block")
        log_file = self.folder / "logs" / f"{name}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".log.1"))
        with log_file.open("wb") as output:
            process = subprocess.Popen(
                list(command),
                env={**environment, MARK: str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the terminal reaches us alone, and we end them in order
                pass_fds=(self._lock.fileno(),),
            )
        member = Member(name, process, log_file)
        self.members.append(member)
        return member

    def check(self) -> None:
        """Raise ComponentDiedError, with its last lines, when a component has ended by itself."""
        for member in self.members:
            code = member.process.poll()
            if code is not None:
                lines = "\n".join(f"    {line}" for line in member.last_lines()) or "    (no output)"
                raise ComponentDiedError(
                    f"Airflow's {member.name} ended by itself ({_how(code)}). Its last lines:\n{lines}\n"
                    f"Next step: read {member.log_file}, mend what it names, run again; "
                    "`creditgate doctor` checks ports, memory and the database."
                )

    def stop(self) -> None:
        """TERM, wait, TERM, wait, KILL: the components, then whatever descends from them. A signal hurries it."""
        if self._lock is None:
            return
        with _hurried_by_signals() as hurry:
            for seconds in TERM_SECONDS:
                if hurry.is_set() or not self._terminate(seconds, hurry):
                    break
            end_all(self.folder)
            for member in self.members:
                member.process.wait()
        self.members.clear()
        self._record_file.unlink(missing_ok=True)
        self._lock.close()
        self._lock = None

    def _terminate(self, seconds: float, hurry: threading.Event) -> bool:
        """Send SIGTERM to each living component; whether any is still there after `seconds`."""
        for member in self.members:
            if member.process.poll() is None:
                member.process.terminate()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not hurry.is_set():
            if all(member.process.poll() is not None for member in self.members):
                return False
            time.sleep(0.05)
        return True

    @property
    def _record_file(self) -> Path:
        return self.folder / _RECORD

    def _record(self) -> None:
        owner = {"pid": os.getpid(), "created": psutil.Process().create_time(), "purpose": self.purpose}
        self._record_file.write_text(json.dumps(owner), encoding="utf-8")

    def _take_lock(self) -> IO[str]:
        handle = (self.folder / "processes.lock").open("w", encoding="utf-8")
        if _try_lock(handle):
            return handle
        owner = _living_owner(self.folder)
        if owner is None:
            log.warning("process.leftovers_found", folder=str(self.folder), next_step="ending them")
            ended = end_all(self.folder)
            log.warning("process.leftovers_ended", count=ended)
        deadline = time.monotonic() + 10
        while owner is None and time.monotonic() < deadline:
            if _try_lock(handle):
                return handle
            time.sleep(0.05)
        handle.close()
        who = f"`creditgate {owner['purpose']}` (pid {owner['pid']})" if owner else "another process"
        raise AlreadyRunningError(
            f"{who} is using {self.folder}. Next step: wait for it or end it (Ctrl-C in its terminal), "
            "or set CREDITGATE_HOME to another folder."
        )


def stop_family(folder: Path, seconds: float = 60.0) -> bool:
    """End the family that another process of ours runs in this folder, or what a killed one left; whether any.

    Raises:
        OrchestrationError: it does not end.
    """
    owner = _living_owner(folder)
    if owner is None:
        return end_all(folder) > 0
    process = psutil.Process(int(str(owner["pid"])))
    process.terminate()
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired as error:
        raise OrchestrationError(
            f"`creditgate {owner['purpose']}` (pid {process.pid}) does not end. "
            f"Next step: `kill -9 {process.pid}`, then this command again."
        ) from error
    return True


def _living_owner(folder: Path) -> dict[str, object] | None:
    try:
        owner = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        process = psutil.Process(owner["pid"])
        is_owner = abs(process.create_time() - owner["created"]) < 0.5
        is_alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return owner if is_owner and is_alive else None


def end_all(folder: Path) -> int:
    """Kill every process that carries the mark of this folder, until there is none; how many there were."""
    ended: set[int] = set()
    for _ in range(100):
        marked = list(marked_processes(folder))
        if not marked:
            break
        for process in marked:
            ended.add(process.pid)
            try:
                process.kill()
            except psutil.Error:
                continue
        time.sleep(0.05)  # not wait_procs(): reaping our own children is for who started them
    return len(ended)


def marked_processes(folder: Path) -> Iterator[psutil.Process]:
    """The living processes that were started by the family of this folder, or descend from one."""
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(folder):
                yield process
        except (psutil.Error, OSError):
            continue


@contextmanager
def signals_end_us() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the program by an exception, as Ctrl-C does, so that `with` blocks are left.

    SIGINT is heard even where the shell has told us to ignore it, as it does to what is started with `&`.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled_by(leave, ENDING_SIGNALS), _handled_by(signal.default_int_handler, (signal.SIGINT,)):
        yield


@contextmanager
def _hurried_by_signals() -> Iterator[threading.Event]:
    """An event that a further Ctrl-C or SIGTERM sets, instead of breaking off the stop half-way."""
    hurry = threading.Event()
    with _handled_by(lambda _number, _frame: hurry.set(), (signal.SIGINT, *ENDING_SIGNALS)):
        yield hurry


@contextmanager
def _handled_by(handler: signal._HANDLER, numbers: Sequence[signal.Signals]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def tail(path: Path, count: int) -> list[str]:
    """The last lines of a text file; none when it isn't there."""
    try:
        with path.open("rb") as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - 64_000))
            return handle.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
