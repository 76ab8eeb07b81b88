"""The embedded PostgreSQL: a server of our own in $CREDITGATE_HOME/pg, when no DATABASE_URL names one.

It listens on 127.0.0.1 alone, asks for a password (SCRAM), and runs as the user who started it, or as
`nobody` when that is root. The cluster may lie under folders that `nobody` can't traverse: the server is
handed an open descriptor of its data folder, and reaches it as /proc/self/fd/N.

Whether a server runs is read off a file lock, `$CREDITGATE_HOME/pg.lock`: the starter takes it and every
server process inherits it, so that the kernel gives it back when the last one is gone. No pid is trusted:
after `kill -9`, zombies and reused pids don't matter.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import structlog
from psycopg import sql

from creditgate.policy.paths import home as default_home
from creditgate.warehouse.errors import SecretMissingError, ServerStartError, StateFolderError
from creditgate.warehouse.passwords import role_password, secrets_dir
from creditgate.warehouse.programs import (
    Account,
    Programs,
    account_for,
    find_programs,
    reachable,
    remove_copy,
)

log = structlog.get_logger()

HOST = "127.0.0.1"
DATABASE = "creditgate"
OWNER = "creditgate"
_SUPERUSER = "postgres"
_START_SECONDS = 300.0  # recovery after a crash reads up to max_wal_size
_STOP_SECONDS = 60.0
_LOG_BYTES = 10_000_000
_PORT_ATTEMPTS = 5

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "wal_level": "minimal",  # no replicas of an embedded server: a table filled where it is made needs no WAL
    "max_wal_senders": "0",
    "wal_compression": "on",
    "wal_buffers": "64MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # An error's text, statement, detail and context can hold a cell of a feed: the client gets them, the log doesn't.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class ServerInfo:
    """A running embedded server."""

    host: str
    port: int
    pid: int
    data_dir: Path

    def url(self, user: str, password: str, database: str = DATABASE) -> str:
        """A connection URL on this server."""
        return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{self.host}:{self.port}/{database}"


def ensure_running(home: Path | None = None) -> ServerInfo:
    """The embedded server of a state folder, started if it isn't running (and made if it isn't there)."""
    return Server(home).start()


class Server:
    """The embedded server of one state folder."""

    _children: dict[int, subprocess.Popen[bytes]] = {}  # noqa: RUF012 - of this process; kept to be reaped
    _bootstrapped: set[tuple[Path, int]] = set()  # noqa: RUF012 - (folder, pid) known to have our database

    def __init__(
        self,
        home: Path | None = None,
        *,
        programs: Programs | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`programs` and `settings` override what is found and `SETTINGS`; tests use them."""
        self.home = (home or default_home()).resolve()
        self.data_dir = self.home / "pg"
        self.log_file = self.home / "logs" / "postgres.log"
        self._programs = programs
        self._settings = {**SETTINGS, **_shared_memory_setting(), **(settings or {})}

    # -- what others ask ------------------------------------------------------------------------------

    def info(self) -> ServerInfo | None:
        """The running server, or None. Cheap: a lock is tried and a file is read; nothing is connected to."""
        lines = _pid_file_lines(self.data_dir)
        if len(lines) < 8 or lines[7].strip() != "ready" or not self._is_locked():
            return None
        pid, port = int(lines[0]), int(lines[3])
        return ServerInfo(HOST, port, pid, self.data_dir) if _is_alive(pid) else None

    def is_running(self) -> bool:
        """Whether the server accepts connections."""
        return self.info() is not None

    def start(self) -> ServerInfo:
        """Start the server unless it runs; return when it accepts connections and holds our database.

        Safe with several starters at once: one starts, the others wait for it.
        """
        self._prepare_folders()
        deadline = time.monotonic() + _START_SECONDS
        while (info := self.info()) is None:
            with self._lock() as lock:
                if lock is not None:
                    info = self._start_or_explain(lock)
                    break
            if time.monotonic() > deadline:
                raise self._start_error(f"It has been starting or stopping for {_START_SECONDS:.0f} s")
            time.sleep(0.05)
        self._bootstrap(info)
        return info

    def stop(self) -> bool:
        """Stop the server; False when it wasn't running. Open transactions are rolled back."""
        if not self._is_locked():
            return False
        for sign, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, 10.0)):
            self._signal(sign)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                self._reap()
                if not self._is_locked():
                    self._forget_copy()
                    log.info("warehouse.server_stopped", data_dir=str(self.data_dir))
                    return True
                time.sleep(0.02)
        raise ServerStartError(
            "The embedded PostgreSQL does not stop",
            where=str(self.data_dir),
            next_step=f"read {self.log_file}; end the process named in {self.data_dir}/postmaster.pid by hand.",
        )

    # -- the lock -------------------------------------------------------------------------------------

    @property
    def _lock_file(self) -> Path:
        return self.home / "pg.lock"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int | None]:
        """The lock as a descriptor to hand to the server, or None when somebody has it."""
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield handle
        finally:
            os.close(handle)  # not LOCK_UN: the server's processes go on holding it

    def _is_locked(self) -> bool:
        """Whether a starter or a server process holds the lock. Probes share, so they don't see each other."""
        try:
            handle = os.open(self._lock_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except PermissionError as error:
            raise StateFolderError(
                "The state folder belongs to another user",
                where=str(self._lock_file),
                setting="CREDITGATE_HOME",
                next_step="run as the user who made it, or point CREDITGATE_HOME at a folder of your own.",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    # -- starting -------------------------------------------------------------------------------------

    def _prepare_folders(self) -> None:
        secrets_dir(self.home)
        try:
            self.log_file.parent.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StateFolderError(
                f"The state folder cannot be written: {error.strerror}",
                where=str(self.home),
                setting="CREDITGATE_HOME",
                next_step="run as the user who owns it, or point CREDITGATE_HOME at a folder of your own.",
            ) from error

    def _start_or_explain(self, lock: int) -> ServerInfo:
        try:
            return self._start_locked(lock)
        except OSError as error:  # a full disk, a container without the right to change users, …
            raise self._start_error(str(error)) from error

    def _start_locked(self, lock: int) -> ServerInfo:
        """With the lock in hand nothing of ours runs: what a dead server left behind may be removed."""
        account = account_for(self.data_dir)
        version_file = self.data_dir / "PG_VERSION"
        major = int(version_file.read_text()) if version_file.exists() else None
        self._forget_copy()
        found = self._programs or find_programs(major)
        programs = reachable(found, account)
        if programs != found:
            (self.home / "pg.programs").write_text(str(programs.bin_dir))
        if major is None:
            self._initialise(programs, account, lock)
        account.take(self.data_dir)
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        info = self._launch_on_a_free_port(programs, account, lock)
        log.info(
            "warehouse.server_started", data_dir=str(self.data_dir), port=info.port, version=programs.major
        )
        return info

    def _initialise(self, programs: Programs, account: Account, lock: int) -> None:
        """Make the cluster beside its place and move it there whole, so that a kill leaves no half of one."""
        fresh = self.home / "pg.initialising"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        account.take(fresh)
        unsafe = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        with _folder_handle(fresh) as folder, tempfile.TemporaryFile(dir=self.home / "secrets") as password:
            password.write(role_password(self.home, _SUPERUSER).encode() + b"\n")
            password.seek(0)
            if account.uid is not None and account.gid is not None:
                os.fchown(password.fileno(), account.uid, account.gid)
            result = subprocess.run(
                [programs.path("initdb"), "-D", _path_of(folder, fresh, account), "-U", _SUPERUSER, "-E", "UTF8",
                 "--locale=C.UTF-8", "-A", "scram-sha-256", "--pwfile=/dev/stdin", "--data-checksums", *unsafe],
                stdin=password, capture_output=True, text=True, check=False, pass_fds=(folder, lock),
                **account.popen_options(),
            )  # fmt: skip
        if result.returncode != 0:
            raise self._start_error(f"initdb failed: {result.stderr.strip()[-500:]}")
        os.rename(fresh, self.data_dir)

    def _launch_on_a_free_port(self, programs: Programs, account: Account, lock: int) -> ServerInfo:
        for port in self._ports():
            offset = self._rotate_log()
            self._launch(programs, account, lock, port)
            info = self._wait_until_ready()
            if info is not None:
                (self.home / "pg.port").write_text(f"{port}\n")
                return info
            text = self.log_file.read_bytes()[offset:].decode(errors="replace").strip()
            if "could not bind" not in text:
                raise self._start_error(f"It ended while starting: {text[-800:]}")
        raise self._start_error(f"Every one of {_PORT_ATTEMPTS} free ports was taken before it could listen")

    def _ports(self) -> Iterator[int]:
        """The port of last time, then free ones."""
        with contextlib.suppress(OSError, ValueError):
            port = int((self.home / "pg.port").read_text())
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, port))
            yield port
        for _ in range(_PORT_ATTEMPTS):
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                free: int = probe.getsockname()[1]
            yield free

    def _launch(self, programs: Programs, account: Account, lock: int, port: int) -> None:
        settings = {**self._settings, "port": str(port)}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with _folder_handle(self.data_dir) as folder, self.log_file.open("ab") as output:
            process = subprocess.Popen(
                [programs.path("postgres"), "-D", _path_of(folder, self.data_dir, account), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=(folder, lock),
                **account.popen_options(),
            )  # fmt: skip
        self._children[process.pid] = process
        self._started_pid = process.pid

    def _wait_until_ready(self) -> ServerInfo | None:
        """The server once it is ready; None when it ended."""
        process = self._children[self._started_pid]
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                del self._children[process.pid]
                return None
            if (info := self.info()) is not None and info.pid == process.pid:
                return info
            time.sleep(0.01)
        raise self._start_error(f"It is not ready after {_START_SECONDS:.0f} s")

    def _rotate_log(self) -> int:
        """Set a long log aside; return where the log ends now."""
        size = self.log_file.stat().st_size if self.log_file.exists() else 0
        if size > _LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
            return 0
        return size

    # -- the database in it ---------------------------------------------------------------------------

    def superuser_url(self, info: ServerInfo, database: str = "postgres") -> str:
        """A URL of the cluster's superuser, which only the bootstrap and tests use."""
        return info.url(_SUPERUSER, role_password(self.home, _SUPERUSER), database)

    def owner_url(self, info: ServerInfo, database: str = DATABASE) -> str:
        """The URL of the warehouse's owner: may create roles and databases, is no superuser."""
        return info.url(OWNER, role_password(self.home, OWNER), database)

    def _bootstrap(self, info: ServerInfo) -> None:
        """Make the owner and the database where they are missing; several may do so at once."""
        if (self.data_dir, info.pid) in self._bootstrapped:
            return
        try:
            psycopg.connect(self.owner_url(info), connect_timeout=10).close()
        except psycopg.OperationalError:
            self._create_owner_and_database(info)
        self._bootstrapped.add((self.data_dir, info.pid))

    def _create_owner_and_database(self, info: ServerInfo) -> None:
        try:
            conn = psycopg.connect(self.superuser_url(info), connect_timeout=10, autocommit=True)
        except psycopg.OperationalError as error:
            raise SecretMissingError(
                "The password in the state folder does not open the embedded database",
                where=f"{self.home}/secrets/role_{_SUPERUSER}",
                setting="CREDITGATE_HOME",
                next_step="restore the folder secrets/ that belongs to this pg/ from a backup; without one, stop the "
                "server, set pg/ aside and load the feeds again.",
            ) from error
        with conn:
            conn.execute("select pg_advisory_lock(1)")  # one starter at a time; it ends with the connection
            if not conn.execute("select 1 from pg_roles where rolname = %s", (OWNER,)).fetchone():
                conn.execute(
                    sql.SQL("create role {} login createrole createdb").format(sql.Identifier(OWNER))
                )
            set_password(conn, OWNER, role_password(self.home, OWNER))
            if not conn.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
                statement = sql.SQL("create database {} owner {}")
                conn.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))

    # -- stopping -------------------------------------------------------------------------------------

    def _signal(self, sign: signal.Signals) -> None:
        lines = _pid_file_lines(self.data_dir)
        if lines and b"postgres" in _command_of(int(lines[0])):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(lines[0]), sign)

    def _reap(self) -> None:
        for pid, process in list(self._children.items()):
            if process.poll() is not None:
                del self._children[pid]

    def _forget_copy(self) -> None:
        """Remove the temporary copy of the programs that the last start may have made."""
        note = self.home / "pg.programs"
        if note.exists():
            remove_copy(Path(note.read_text().strip()))
            note.unlink(missing_ok=True)

    def _start_error(self, what: str) -> ServerStartError:
        return ServerStartError(
            f"The embedded PostgreSQL does not start. {what}",
            where=str(self.data_dir),
            setting="CREDITGATE_HOME, DATABASE_URL",
            next_step=f"read {self.log_file}; mend the cause, or name a PostgreSQL server in DATABASE_URL.",
        )


def set_password(conn: psycopg.Connection[tuple[Any, ...]], role: str, password: str) -> None:
    """Give a role its password. Only the SCRAM verifier is sent, so no log can hold the password."""
    verifier = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    conn.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _shared_memory_setting() -> dict[str, str]:
    """Containers give /dev/shm 64 MB, too little for parallel joins: then shared memory is mapped from files."""
    try:
        stats = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size only
        is_roomy = stats.f_blocks * stats.f_frsize >= 256 * 2**20
    except OSError:
        is_roomy = not sys.platform.startswith("linux")
    return {} if is_roomy else {"dynamic_shared_memory_type": "mmap"}


@contextlib.contextmanager
def _folder_handle(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _path_of(handle: int, folder: Path, account: Account) -> str:
    """How the server names its data folder: through the descriptor when another account runs it."""
    is_by_handle = account.uid is not None and os.path.isdir("/proc/self/fd")
    return f"/proc/self/fd/{handle}" if is_by_handle else str(folder)


def _pid_file_lines(data_dir: Path) -> list[str]:
    try:
        return (data_dir / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise StateFolderError(
            "The embedded database belongs to another user",
            where=str(data_dir),
            setting="CREDITGATE_HOME",
            next_step="run as the user who made it, or point CREDITGATE_HOME at a folder of your own.",
        ) from error


def _is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state not in "ZX"


def _command_of(pid: int) -> bytes:
    """The command line of a process; a placeholder that names postgres where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b"" if os.path.isdir("/proc/self") else b"postgres"
