"""Feeds from an object store, S3 as moto serves it: ranges, ETags, and nothing lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from creditgate import pipeline
from creditgate.pull import object_store
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.object_store import ObjectStoreSource
from creditgate.pull.source import SourceAccessError, SourceError, StillWritingError, TooLargeError
from tests.builders import AS_OF, PROVIDER, a_penalty
from tests.conftest import Database
from tests.gate_flow import ITEM, take_in
from tests.sources.conftest import FeedFile

LIMIT = 1 << 30
SECRET = "a-secret-of-the-test"
PLACE = "s3://feeds/penalties"


class Store:
    """A bucket as the provider sees it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.fs = ObjectStoreSource(self.settings(), PLACE)._store
        self.fs.mkdir("feeds")

    def settings(self, endpoint: str | None = None) -> ConnectionSettings:
        extra = {
            "endpoint_url": endpoint or self.endpoint,
            "addressing_style": "path",
            "region_name": "cn-north-1",
        }
        return ConnectionSettings("exchange", "aws", login="a-key", password=SECRET, extra=extra)

    def connection(self) -> dict[str, Any]:
        settings = self.settings()
        return {"conn_type": "aws", "login": "a-key", "password": SECRET, "extra": dict(settings.extra)}

    def put(self, name: str, feed: FeedFile) -> None:
        self.fs.pipe_file(f"feeds/penalties/{name}", feed.content)
        if feed.manifest:
            self.fs.pipe_file(f"feeds/penalties/{name}.manifest.json", json.dumps(feed.manifest).encode())

    def names(self) -> list[str]:
        self.fs.invalidate_cache()
        return sorted(path.rpartition("/")[2] for path in self.fs.find("feeds"))


@pytest.fixture
def store() -> Iterator[Store]:
    """A store with one empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = Store(f"http://{host}:{port}")
    yield made
    made.fs.rm("feeds", recursive=True)
    server.stop()


def test_a_feed_is_settled_and_leaves_the_store_with_a_receipt(
    store: Store, register: Callable[..., None], make_feed: Callable[..., FeedFile], database: Database
) -> None:
    register("object_store", PLACE, store.connection())
    assert take_in() == []
    whole = make_feed([a_penalty()])
    store.put("p.csv", FeedFile(whole.content, {}))
    assert take_in() == []
    assert store.names() == ["p.csv"]
    store.put("p.csv", whole)
    (counts,) = take_in()
    assert counts["status"] == "accepted"
    assert store.names() == ["p.csv.receipt.json"]
    store.put("again.csv", whole)
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert store.names() == ["again.csv.receipt.json", "p.csv.receipt.json"]


def test_objects_come_in_ranges_go_on_after_a_break_and_are_never_mixed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_BLOCK", 100_000)
    content = bytes(range(256)) * 2_000
    store.put("big.csv", FeedFile(content, {}))
    with ObjectStoreSource(store.settings(), PLACE) as source:
        (file,) = source.waiting()
        (tmp_path / "landed").write_bytes(content[:250_000])
        read: list[int] = []
        ranged = source._store.cat_file

        def cat_file(path: str, start: int, end: int) -> bytes:
            read.append(start)
            if len(read) == 2:
                raise ConnectionResetError
            return bytes(ranged(path, start=start, end=end))

        monkeypatch.setattr(source._store, "cat_file", cat_file)
        assert source.fetch(file, tmp_path / "landed", LIMIT).path.read_bytes() == content
        assert read == [250_000, 350_000, 350_000, 450_000]
        with pytest.raises(TooLargeError):
            source.fetch(file, tmp_path / "small", 1_000)
        store.put("big.csv", FeedFile(content[::-1], {}))
        with pytest.raises(StillWritingError):
            source.fetch(file, tmp_path / "other", LIMIT)
        source.acknowledge(file, "0" * 64, {}, remove=True)
    assert store.names() == ["big.csv"]


def test_a_missing_bucket_refused_access_and_a_store_that_is_down_are_told_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        ObjectStoreSource(store.settings(), "s3://nobody/x") as source,
        pytest.raises(SourceError, match="is not there"),
    ):
        source.waiting()
    with ObjectStoreSource(store.settings(), PLACE) as source:

        def refused(*_: Any, **__: Any) -> None:
            raise PermissionError("Access Denied for a-key")  # what s3fs makes of S3's 403

        monkeypatch.setattr(source._store, "ls", refused)
        with pytest.raises(SourceAccessError, match="access refused") as fault:
            source.waiting()
    assert "a-key" not in str(fault.value)
    with (
        ObjectStoreSource(store.settings("http://127.0.0.1:1"), PLACE) as source,
        pytest.raises(SourceError, match="is the store up") as down,
    ):
        source.waiting()
    assert SECRET not in str(down.value)
