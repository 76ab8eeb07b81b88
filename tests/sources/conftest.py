"""Real servers for the sources, started by the test on a free port, and a registry entry that names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from creditgate.policy.providers import FeedSource, find_provider, load_providers
from creditgate.pull import patience
from tests.builders import PROVIDER, Row, a_feed
from tests.gate_flow import ITEM

CONNECTION = "exchange"


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.01)


@dataclass(frozen=True)
class FeedFile:
    """A feed with its manifest, as bytes."""

    content: bytes
    manifest: dict[str, Any]


@pytest.fixture
def make_feed(tmp_path: Path) -> Callable[..., FeedFile]:
    """Build a feed of the usual provider and item from rows."""

    def make(rows: list[Row], **options: Any) -> FeedFile:
        path = a_feed(rows, tmp_path / "made" / "feed.csv", **options)
        manifest = path.with_name("feed.csv.manifest.json").read_text(encoding="utf-8")
        return FeedFile(path.read_bytes(), json.loads(manifest))

    return make


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the provider's feed come from a source, and put its connection into the environment."""

    def put(kind: str, location: str, connection: dict[str, Any], **options: Any) -> None:
        provider = find_provider(PROVIDER)
        feed = FeedSource(
            ITEM,
            kind,
            location,
            "0 1 * * *",
            "*",
            connection=CONNECTION,
            **{"after_settle": "remove", **options},
        )
        monkeypatch.setitem(load_providers(), PROVIDER, replace(provider, feeds=(feed,)))
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONNECTION.upper()}", json.dumps(connection))

    return put
