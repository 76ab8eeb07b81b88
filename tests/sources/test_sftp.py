"""Feeds from an SFTP server: whose server it is, is checked; a broken line loses nothing."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from creditgate import pipeline
from creditgate.domain.batch import Waiting
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.sftp import SftpSource
from creditgate.pull.source import (
    SourceAccessError,
    SourceError,
    SourceSettingsError,
    StillWritingError,
    TooLargeError,
)
from tests.builders import AS_OF, PROVIDER, a_penalty
from tests.conftest import Database
from tests.gate_flow import ITEM, finish, take_in
from tests.sources.conftest import FeedFile

PASSWORD = "a-password-of-the-test"
LIMIT = 1 << 30


@dataclass
class SftpServer:
    """An SFTP server over a folder. `break_after`: bytes read after which it cuts the line, once."""

    root: Path
    key: Any = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    break_after: int | None = None
    reads: list[int] = field(default_factory=list)
    logins: int = 0
    port: int = 0

    @property
    def host_key(self) -> str:
        return self.key.export_public_key().decode().strip()  # type: ignore[no-any-return]

    def settings(self, **extra: Any) -> ConnectionSettings:
        trusted = extra or {"host_key": self.host_key}
        return ConnectionSettings("exchange", "sftp", "127.0.0.1", self.port, "unit", PASSWORD, extra=trusted)

    def connection(self) -> dict[str, Any]:
        return {
            "conn_type": "sftp",
            "host": "127.0.0.1",
            "port": self.port,
            "login": "unit",
            "password": PASSWORD,
            "extra": {"host_key": self.host_key},
        }

    def put(self, name: str, feed: FeedFile, *, manifest: bool = True) -> Path:
        folder = self.root / "outbox"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(feed.content)
        if manifest:
            (folder / f"{name}.manifest.json").write_text(json.dumps(feed.manifest), encoding="utf-8")
        return folder / name


class _Login(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._server.logins += 1
        return (username, password) == ("unit", PASSWORD)


def _served(server: SftpServer) -> type[asyncssh.SFTPServer]:
    class Served(asyncssh.SFTPServer):
        def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(chan, chroot=str(server.root).encode())

        def read(self, file_obj: object, offset: int, size: int) -> bytes:
            server.reads.append(offset)
            if server.break_after is not None and offset >= server.break_after:
                server.break_after = None
                self.channel.get_connection().abort()
            return super().read(file_obj, offset, size)  # type: ignore[return-value]

    return Served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    """A running server; its folder is empty."""
    made = SftpServer(tmp_path / "sftp")
    made.root.mkdir()
    loop = asyncio.new_event_loop()

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[made.key],
            server_factory=lambda: _Login(made),
            sftp_factory=_served(made),
        )

    listener = loop.run_until_complete(listen())
    made.port = listener.get_port()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield made
    loop.call_soon_threadsafe(listener.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def _big(lines: int = 120_000) -> FeedFile:
    return FeedFile(b"".join(b"%020d,%020d\n" % (n, n) for n in range(lines)), {})


def test_a_feed_is_settled_and_leaves_the_server_with_a_receipt(
    server: SftpServer, register: Callable[..., None], make_feed: Callable[..., FeedFile], database: Database
) -> None:
    register("sftp", "/outbox", server.connection())
    path = server.put("p.csv", make_feed([a_penalty()]))
    server.put("half.csv.part", FeedFile(b"no feed", {}))
    (counts,) = take_in()
    assert (counts["status"], counts["accepted"]) == ("accepted", 1)
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "half.csv.part",
        "half.csv.part.manifest.json",
        "p.csv.receipt.json",
    ]
    receipt = json.loads(path.with_name("p.csv.receipt.json").read_text(encoding="utf-8"))
    assert receipt["batch_id"] == counts["batch_id"]
    server.put("again.csv", make_feed([a_penalty()]))
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert not (path.parent / "again.csv").exists()


def test_a_feed_without_its_manifest_waits_and_is_taken_once_it_is_whole(
    server: SftpServer, register: Callable[..., None], make_feed: Callable[..., FeedFile], database: Database
) -> None:
    register("sftp", "/outbox", server.connection())
    whole = make_feed([a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕119号")])
    path = server.put("p.csv", FeedFile(whole.content[:300], {}), manifest=False)
    assert take_in() == []
    assert path.exists()
    server.put("p.csv", whole)
    (counts,) = take_in()
    assert counts["accepted"] == 2


def test_a_kept_feed_is_fetched_once_and_then_known_by_size_and_time(
    server: SftpServer, register: Callable[..., None], make_feed: Callable[..., FeedFile], database: Database
) -> None:
    register("sftp", "/outbox", server.connection(), after_settle="keep")
    path = server.put("p.csv", make_feed([a_penalty()]))
    take_in()
    server.reads.clear()
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert path.exists()
    assert len(server.reads) <= 2  # the manifest, which the receipt is held against; not the feed


def test_a_prohibited_column_leaves_no_copy_on_server_or_spool(
    server: SftpServer,
    register: Callable[..., None],
    make_feed: Callable[..., FeedFile],
    database: Database,
    creditgate_home: Path,
) -> None:
    register("sftp", "/outbox", server.connection())
    marker = "甲型CANARY6161"
    path = server.put("p.csv", make_feed([a_penalty()], extra_columns={"血型": [marker]}))
    (counts,) = take_in()
    assert counts["status"] == "blocked"
    assert not path.exists()
    for found in creditgate_home.rglob("*"):
        assert not found.is_file() or marker.encode() not in found.read_bytes(), found


def test_a_killed_pull_goes_on_where_it_ended(
    server: SftpServer,
    register: Callable[..., None],
    make_feed: Callable[..., FeedFile],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register("sftp", "/outbox", server.connection())
    server.put(
        "p.csv", make_feed([a_penalty(decision_number=f"济市监处罚〔2026〕{n}号") for n in range(900)])
    )

    def kill(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr("creditgate.pull.source.Landing.finish", kill)
        with pytest.raises(KeyboardInterrupt):
            pipeline.pull(PROVIDER, ITEM, AS_OF)
    server.reads.clear()
    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    assert not [offset for offset in server.reads if 1_000 < offset < 300_000]
    assert finish(batch_id)["rows_total"] == 900


def test_a_line_that_breaks_half_way_is_taken_up_again(server: SftpServer, tmp_path: Path) -> None:
    feed = _big()
    server.put("big.csv", feed, manifest=False)
    server.break_after = 2 << 20
    with SftpSource(server.settings(), "/outbox") as source:
        (file,) = source.waiting()
        landed = source.fetch(file, tmp_path / "landed", LIMIT)
    assert landed.path.read_bytes() == feed.content
    assert server.break_after is None
    assert server.logins == 2
    assert server.reads.count(0) == 1


def test_a_file_that_changes_meanwhile_is_left_for_the_next_run(server: SftpServer, tmp_path: Path) -> None:
    path = server.put("p.csv", _big(100), manifest=False)
    with SftpSource(server.settings(), "/outbox") as source:
        (file,) = source.waiting()
        path.write_bytes(path.read_bytes() + b"more\n")
        with pytest.raises(StillWritingError):
            source.fetch(file, tmp_path / "landed", LIMIT)
        source.acknowledge(file, "0" * 64, {}, remove=True)
    assert path.exists()


def test_a_file_that_is_too_large_is_not_fetched(server: SftpServer, tmp_path: Path) -> None:
    server.put("big.csv", _big(), manifest=False)
    with SftpSource(server.settings(), "/outbox") as source:
        (file,) = source.waiting()
        with pytest.raises(TooLargeError):
            source.fetch(file, tmp_path / "landed", 1_000)
    assert not (tmp_path / "landed").exists()
    assert not server.reads


def test_another_servers_key_is_refused_before_the_password_is_shown(server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with (
        SftpSource(server.settings(host_key=other), "/outbox") as source,
        pytest.raises(SourceAccessError, match="not the one that is trusted") as fault,
    ):
        source.waiting()
    assert server.logins == 0
    assert PASSWORD not in str(fault.value)


def test_known_hosts_are_held_against_host_and_port(server: SftpServer, tmp_path: Path) -> None:
    server.put("p.csv", _big(3), manifest=False)
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n", encoding="utf-8")
    with SftpSource(server.settings(known_hosts=str(known)), "/outbox") as source:
        assert [file.name for file in source.waiting()] == ["p.csv"]
    known.write_text(f"another.example {server.host_key}\n", encoding="utf-8")
    with (
        SftpSource(server.settings(known_hosts=str(known)), "/outbox") as source,
        pytest.raises(SourceAccessError),
    ):
        source.waiting()


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"no_host_key_check": "true"}, "no_host_key_check is not supported"),
        ({"host_key": "not a key"}, "host_key is no public key"),
        ({"known_hosts": "/nowhere/known_hosts"}, "can't be checked"),
    ],
)
def test_a_server_is_never_trusted_blindly(extra: dict[str, Any], says: str) -> None:
    with pytest.raises(SourceSettingsError, match=says):
        SftpSource(ConnectionSettings("exchange", "sftp", "127.0.0.1", 22, extra=extra), "/outbox")


def test_a_wrong_password_is_tried_once_and_not_told(server: SftpServer) -> None:
    settings = ConnectionSettings(
        "exchange",
        "sftp",
        "127.0.0.1",
        server.port,
        "unit",
        "wrong-secret",
        extra={"host_key": server.host_key},
    )
    with (
        SftpSource(settings, "/outbox") as source,
        pytest.raises(SourceAccessError, match="login refused") as fault,
    ):
        source.waiting()
    assert server.logins == 1
    assert "wrong-secret" not in f"{fault.value!r} {fault.value.__cause__!r} {settings!r}"


def test_a_server_that_is_down_or_lacks_the_folder_is_a_fault_to_try_again(server: SftpServer) -> None:
    with (
        SftpSource(server.settings(), "/nothing_here") as source,
        pytest.raises(SourceError, match="not there"),
    ):
        source.waiting()
    closed = ConnectionSettings("exchange", "sftp", "127.0.0.1", 1, extra={"host_key": server.host_key})
    with (
        SftpSource(closed, "/outbox") as source,
        pytest.raises(SourceError, match="is the server up") as fault,
    ):
        source.fetch(Waiting("p.csv", "/outbox/p.csv", "1:1", 1, None), server.root / "x", LIMIT)  # type: ignore[arg-type]
    assert not isinstance(fault.value, (SourceAccessError, SourceSettingsError))
