"""What a provider declares beside a feed is believed only if it is whole and in order (S14)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from creditgate.domain.batch import Manifest
from creditgate.pull.manifest import (
    MAX_BYTES,
    ManifestProblem,
    compare_manifest,
    file_sha256,
    is_manifest,
    manifest_path,
    read_manifest,
    write_manifest,
)

GOOD: dict[str, Any] = {
    "provider": "jn_transport",
    "item": "administrative_penalty",
    "sha256": "0f" * 32,
    "rows": 120,
    "reviewer": "刘明哲",
    "reviewed_on": "2026-11-20",
    "sent_on": "2026-11-23",
}


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "penalties.csv"
    path.write_text("处罚决定日期\n2026-11-20\n", encoding="utf-8")
    return path


def beside(feed: Path, content: bytes | dict[str, Any]) -> Path:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    manifest_path(feed).write_bytes(data)
    return feed


def test_written_manifest_is_read_as_it_was_declared(feed: Path) -> None:
    path = write_manifest(
        feed, "jn_transport", "administrative_penalty", 1, "刘明哲", date(2026, 11, 20), date(2026, 11, 23)
    )
    assert path.name == "penalties.csv.manifest.json"
    assert is_manifest(path)
    assert not is_manifest(feed)
    assert read_manifest(feed) == Manifest(
        "jn_transport",
        "administrative_penalty",
        file_sha256(feed),
        1,
        "刘明哲",
        date(2026, 11, 20),
        date(2026, 11, 23),
    )
    assert sorted(feed.parent.iterdir()) == [feed, path]


def test_manifest_can_be_put_down_before_its_feed(feed: Path) -> None:
    waiting = feed.with_name("later.csv")
    write_manifest(waiting, "p", "i", 1, "刘明哲", date(2026, 11, 20), date(2026, 11, 20), content_of=feed)
    manifest = read_manifest(waiting)
    assert isinstance(manifest, Manifest)
    assert manifest.sha256 == file_sha256(feed)


def test_missing_manifest_is_told_apart_from_a_wrong_one(feed: Path) -> None:
    assert read_manifest(feed) == (ManifestProblem("manifest_missing"),)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        "清单".encode("gb18030"),
        b"[" * 100_000,
        b'{"rows": 1, "rows": 2}',
        b" " * (MAX_BYTES + 1),
    ],
    ids=["empty", "torn", "array", "text", "gb18030", "deep", "key twice", "too large"],
)
def test_anything_but_one_object_is_invalid(feed: Path, content: bytes) -> None:
    assert read_manifest(beside(feed, content)) == (ManifestProblem("manifest_invalid"),)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("provider", ""),
        ("provider", 7),
        ("item", "  "),
        ("sha256", "0f"),
        ("sha256", "zz" * 32),
        ("rows", "120"),
        ("rows", -1),
        ("rows", True),
        ("rows", 1.5),
        ("rows", 2**31),
        ("reviewer", None),
        ("reviewer", "刘\u0000明"),
        ("reviewer", "\ud800"),
        ("reviewed_on", "2026-02-30"),
        ("reviewed_on", "20261120"),
        ("sent_on", "昨天"),
    ],
)
def test_a_wrong_value_is_named_by_its_key_alone(feed: Path, key: str, value: object) -> None:
    assert read_manifest(beside(feed, GOOD | {key: value})) == (ManifestProblem("manifest_invalid", key),)


def test_every_absent_key_is_named(feed: Path) -> None:
    problems = read_manifest(beside(feed, {}))
    assert isinstance(problems, tuple)
    assert [problem.key for problem in problems] == list(GOOD)


def test_review_must_not_be_later_than_sending(feed: Path) -> None:
    late = GOOD | {"reviewed_on": "2026-11-24"}
    assert read_manifest(beside(feed, late)) == (ManifestProblem("review_after_sending", "reviewed_on"),)
    assert isinstance(read_manifest(beside(feed, GOOD | {"reviewed_on": "2026-11-23"})), Manifest)


def test_unknown_keys_a_byte_order_mark_and_capital_hex_are_let_pass(feed: Path) -> None:
    content = json.dumps(GOOD | {"sha256": "0F" * 32, "note": "x"}).encode("utf-8-sig")
    manifest = read_manifest(beside(feed, content))
    assert isinstance(manifest, Manifest)
    assert manifest.sha256 == "0f" * 32


def test_manifest_must_agree_with_source_and_file(feed: Path) -> None:
    manifest = read_manifest(beside(feed, GOOD))
    assert isinstance(manifest, Manifest)
    assert compare_manifest(manifest, provider="jn_transport", item=GOOD["item"], sha256="0F" * 32) == ()
    assert compare_manifest(manifest, provider="jn_taxation", item="talk", sha256="00" * 32) == (
        ManifestProblem("manifest_invalid", "provider"),
        ManifestProblem("manifest_invalid", "item"),
        ManifestProblem("manifest_hash_mismatch", "sha256"),
    )
