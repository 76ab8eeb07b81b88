"""Feeds from an HTTP interface: pages, token, ETag, ranges; broken and slow answers lose nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from creditgate import pipeline
from creditgate.pull import http_api
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.http_api import HttpSource
from creditgate.pull.source import (
    SourceAccessError,
    SourceError,
    SourceSettingsError,
    StillWritingError,
    TooLargeError,
)
from tests.builders import AS_OF, PROVIDER, a_penalty
from tests.conftest import Database
from tests.gate_flow import ITEM, take_in
from tests.sources.conftest import FeedFile

TOKEN = "a-token-of-the-test"
LIMIT = 1 << 30


@dataclass
class HttpServer:
    """A provider's interface with two files on a page. Faults are set by the test."""

    files: dict[str, FeedFile] = field(default_factory=dict)
    receipts: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    break_after: int | None = None
    slow_seconds: float = 0.0
    failures: int = 0
    has_tags: bool = True
    ranges: bool = True
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    port: int = 0

    def settings(self, password: str = TOKEN, **extra: Any) -> ConnectionSettings:
        return ConnectionSettings("exchange", "http", "127.0.0.1", self.port, "", password, "http", extra)

    def connection(self) -> dict[str, Any]:
        return {
            "conn_type": "http",
            "host": "127.0.0.1",
            "port": self.port,
            "schema": "http",
            "password": TOKEN,
        }

    def tag(self, name: str) -> str:
        return f'"{sha256(self.files[name].content).hexdigest()[:12]}"'

    def source(self) -> HttpSource:
        return HttpSource(self.settings(), "/feeds?state=ready")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: HttpServer

    def log_message(self, *_: Any) -> None:
        return

    def do_GET(self) -> None:
        state = self._noted()
        time.sleep(state.slow_seconds)
        if self._refused():
            return
        path, _, query = self.path.partition("?")
        name = path.rpartition("/")[2]
        if path == "/feeds":
            self._list(int(dict(part.split("=") for part in query.split("&")).get("page", 0)))
        elif name in state.files:
            self._file(name)
        else:
            self._send(404)

    def do_POST(self) -> None:
        state = self._noted()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._refused():
            state.receipts[self.path.split("/")[2]] = json.loads(body)
            self._send(204)

    def do_DELETE(self) -> None:
        state = self._noted()
        if self._refused():
            return
        name = self.path.rpartition("/")[2]
        if name not in state.files:
            self._send(404)
        elif self.headers.get("If-Match") not in (None, state.tag(name)):
            self._send(412)
        else:
            del state.files[name]
            self._send(204)

    def _noted(self) -> HttpServer:
        self.server_state.requests.append((self.command, self.path, self.headers.get("Range", "")))
        return self.server_state

    def _refused(self) -> bool:
        state = self.server_state
        told = state.answers.get(f"{self.command} {self.path.partition('?')[0]}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401)
        elif state.failures:
            state.failures -= 1
            self._send(503)
        elif told:
            self._send(told[0], told[2], **told[1])
        else:
            return False
        return True

    def _list(self, page: int) -> None:
        state = self.server_state
        names = sorted(state.files)
        entries = [
            {
                "name": name,
                "url": f"/file/{name}",
                "size": len(state.files[name].content),
                "ready_at": "2026-11-23T08:00:00+08:00",
                "manifest": state.files[name].manifest or None,
                **({"etag": state.tag(name)} if state.has_tags else {}),
            }
            for name in names[page * 2 : page * 2 + 2]
        ]
        following = f"/feeds?page={page + 1}" if len(names) > page * 2 + 2 else None
        self._send(200, json.dumps({"files": entries, "next": following}).encode())

    def _file(self, name: str) -> None:
        state, content = self.server_state, self.server_state.files[name].content
        start, status, headers = 0, 200, {"ETag": state.tag(name)} if state.has_tags else {}
        if state.ranges and self.headers.get("If-Range") == state.tag(name):
            start, status = int(self.headers["Range"][6:-1]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if state.break_after is not None:
            cut, state.break_after = state.break_after, None
            self._head(status, len(content) - start, headers)
            self.wfile.write(content[start:cut])
            self.wfile.flush()
            self.close_connection = True
            return
        self._send(status, content[start:], **headers)

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self._head(status, len(body), headers)
        self.wfile.write(body)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A running interface without files."""
    state = HttpServer()
    handler = type("Handler", (_Handler,), {"server_state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        state.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield state
        http.shutdown()


def _big() -> FeedFile:
    return FeedFile(bytes(range(256)) * 20_000, {})


def test_feeds_of_all_pages_are_settled_and_deleted_with_a_receipt(
    server: HttpServer, register: Callable[..., None], make_feed: Callable[..., FeedFile], database: Database
) -> None:
    register("http", "/feeds?state=ready", server.connection())
    for n in range(5):
        server.files[f"p{n}.csv"] = make_feed([a_penalty(decision_number=f"济市监处罚〔2026〕{n}号")])
    server.files["p5.csv"] = server.files["p1.csv"]  # the same bytes: known by their hash
    outcomes = take_in()
    assert [counts["accepted"] for counts in outcomes] == [1] * 5
    assert set(server.receipts) == {f"p{n}.csv" for n in range(5)}
    assert list(server.files) == ["p5.csv"]
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert server.files == {}
    assert server.receipts["p5.csv"]["batch_id"] == server.receipts["p1.csv"]["batch_id"]


def test_an_entry_without_manifest_waits_and_a_kept_file_is_fetched_once(
    server: HttpServer, register: Callable[..., None], make_feed: Callable[..., FeedFile], database: Database
) -> None:
    register("http", "/feeds?state=ready", server.connection(), after_settle="keep")
    whole = make_feed([a_penalty()])
    server.files["p.csv"] = FeedFile(whole.content, {})
    assert take_in() == []
    server.files["p.csv"] = whole
    (counts,) = take_in()
    assert counts["status"] == "accepted"
    server.requests.clear()
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert "p.csv" in server.files
    assert not [path for method, path, _ in server.requests if method == "GET" and path.startswith("/file")]


def test_a_transfer_that_breaks_goes_on_by_range_where_its_tag_holds(
    server: HttpServer, tmp_path: Path
) -> None:
    server.files["big.csv"] = _big()
    server.break_after = 3_000_000
    with server.source() as source:
        (file,) = source.waiting()
        landed = source.fetch(file, tmp_path / "landed", LIMIT)
    assert landed.sha256 == sha256(_big().content).hexdigest()
    ranges = [asked for method, path, asked in server.requests if path == "/file/big.csv"]
    assert ranges[0] == ""
    assert ranges[1].startswith("bytes=")
    assert ranges[1] != "bytes=0-"


@pytest.mark.parametrize("spoil", ["no tags", "no ranges", "another file"])
def test_a_transfer_that_can_not_go_on_begins_anew(server: HttpServer, tmp_path: Path, spoil: str) -> None:
    server.files["big.csv"] = _big()
    server.has_tags, server.ranges = spoil != "no tags", spoil != "no ranges"
    (tmp_path / "landed").write_bytes(b"of another time" if spoil != "another file" else b"x" * 6_000_000)
    with server.source() as source:
        (file,) = source.waiting()
        assert source.fetch(file, tmp_path / "landed", LIMIT).path.read_bytes() == _big().content


def test_a_file_that_was_replaced_is_neither_mixed_nor_deleted(server: HttpServer, tmp_path: Path) -> None:
    server.files["p.csv"] = _big()
    with server.source() as source:
        (file,) = source.waiting()
        server.files["p.csv"] = FeedFile(b"another delivery", {})
        with pytest.raises(StillWritingError):
            source.fetch(file, tmp_path / "landed", LIMIT)
        source.acknowledge(file, "0" * 64, {}, remove=True)
    assert "p.csv" in server.files


def test_without_tags_the_content_is_compared_before_it_is_deleted(server: HttpServer) -> None:
    server.has_tags = False
    server.files["p.csv"] = FeedFile(b"first", {})
    with server.source() as source:
        (file,) = source.waiting()
        source.acknowledge(file, sha256(b"other").hexdigest(), {}, remove=True)
        assert "p.csv" in server.files
        source.acknowledge(file, sha256(b"first").hexdigest(), {}, remove=True)
        assert "p.csv" not in server.files
        source.acknowledge(file, sha256(b"first").hexdigest(), {}, remove=True)


def test_a_short_failure_is_bridged_and_a_longer_one_is_left_to_the_task(server: HttpServer) -> None:
    server.failures = 2
    with server.source() as source:
        assert source.waiting() == []
        server.failures = 99
        with pytest.raises(SourceError, match="HTTP 503"):
            source.waiting()


def test_a_wrong_token_is_shown_once_and_told_to_nobody(server: HttpServer) -> None:
    settings = server.settings("wrong-secret")
    with HttpSource(settings, "/feeds?state=ready") as source, pytest.raises(SourceAccessError) as fault:
        source.waiting()
    assert len(server.requests) == 1
    assert "wrong-secret" not in f"{fault.value!r} {settings!r}"


def test_a_slow_answer_ends_in_a_fault_and_a_server_that_is_down_too(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_api, "TIMEOUT", httpx.Timeout(0.1))
    server.slow_seconds = 0.3
    with server.source() as source, pytest.raises(SourceError, match="ReadTimeout"):
        source.waiting()
    closed = ConnectionSettings("exchange", "http", "127.0.0.1", 1, "", TOKEN, "http")
    with HttpSource(closed, "/feeds") as source, pytest.raises(SourceError, match="ConnectError"):
        source.waiting()


def test_a_file_that_is_too_large_is_cut_off(server: HttpServer, tmp_path: Path) -> None:
    server.files["big.csv"] = _big()
    with server.source() as source:
        (file,) = source.waiting()
        with pytest.raises(TooLargeError):
            source.fetch(file, tmp_path / "landed", 1_000)
    assert not (tmp_path / "landed").exists()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (b"<html>", "not in the agreed form"),
        (b'{"files": [{"name": "../p.csv", "url": "/file/p"}]}', "not in the agreed form"),
        (b'{"files": [{"name": "p.csv", "url": "https://elsewhere.example/p"}]}', "on another host"),
        (b'{"files": [], "next": "https://elsewhere.example/feeds"}', "on another host"),
        (b'{"files": [], "next": "/feeds?state=ready"}', "have no end"),
    ],
)
def test_a_list_in_another_form_is_refused_and_the_token_goes_nowhere_else(
    server: HttpServer, page: bytes, says: str
) -> None:
    server.answers["GET /feeds"] = (200, {}, page)
    with server.source() as source, pytest.raises(SourceError, match=says):
        source.waiting()


def test_redirects_are_not_followed_and_a_server_that_keeps_files_is_told_of(server: HttpServer) -> None:
    server.files["p.csv"] = FeedFile(b"x", {})
    with server.source() as source:
        (file,) = source.waiting()
        server.answers["DELETE /file/p.csv"] = (405, {}, b"")
        with pytest.raises(SourceSettingsError, match="after_settle: keep"):
            source.acknowledge(file, "0" * 64, {}, remove=True)
        server.answers["GET /feeds"] = (302, {"Location": "https://elsewhere.example/"}, b"")
        with pytest.raises(SourceSettingsError, match="redirects are not followed"):
            source.waiting()


def test_verification_can_not_be_switched_off(server: HttpServer) -> None:
    with pytest.raises(SourceSettingsError, match="verify=false is not supported"):
        HttpSource(server.settings(verify="false"), "/feeds")
