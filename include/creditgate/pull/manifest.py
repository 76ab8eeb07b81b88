"""What a provider declares beside a feed file, `<file name>.manifest.json`: read, compared, written (S14).

Nothing that a manifest holds is repeated in a problem: only which key is wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from creditgate.domain.batch import Manifest

SUFFIX = ".manifest.json"
MAX_BYTES = 65_536
"""A manifest is a few hundred bytes; a larger file is something else."""

_KEYS = ("provider", "item", "sha256", "rows", "reviewer", "reviewed_on", "sent_on")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HASH_BLOCK = 1 << 20


@dataclass(frozen=True)
class ManifestProblem:
    """Why a manifest does not do: a kind of gate_rules.yaml and, where one is at fault, the key."""

    kind: str
    key: str | None = None


def manifest_path(feed_path: Path) -> Path:
    """Where the manifest of a feed file lies: `penalties.csv` → `penalties.csv.manifest.json`."""
    return feed_path.with_name(feed_path.name + SUFFIX)


def is_manifest(path: Path) -> bool:
    """Whether a file of a mailbox is a manifest and not a feed."""
    return path.name.endswith(SUFFIX)


def read_manifest(feed_path: Path) -> Manifest | tuple[ManifestProblem, ...]:
    """The manifest beside a feed file, or everything that is wrong with it.

    Kinds: `manifest_missing`; `manifest_invalid` (key None: not one JSON object in UTF-8 with each
    key once; else the key that is absent or has no value of its kind); `review_after_sending`. Unknown keys are let pass.
    """
    path = manifest_path(feed_path)
    if not path.is_file():
        return (ManifestProblem("manifest_missing"),)
    with path.open("rb") as file:
        return manifest_of(file.read(MAX_BYTES + 1))


def manifest_of(content: bytes) -> Manifest | tuple[ManifestProblem, ...]:
    """The manifest in a file's bytes, or everything that is wrong with it (kinds as in `read_manifest`)."""
    declared = _object_in(content)
    return (ManifestProblem("manifest_invalid"),) if declared is None else manifest_from(declared)


def manifest_from(declared: Mapping[str, Any]) -> Manifest | tuple[ManifestProblem, ...]:
    """The manifest that these keys and values make, or everything that is wrong with it."""
    values: dict[str, Any] = {key: _READERS[key](declared.get(key)) for key in _KEYS}
    wrong = tuple(ManifestProblem("manifest_invalid", key) for key, value in values.items() if value is None)
    if wrong:
        return wrong
    manifest = Manifest(**values)
    if manifest.reviewed_on > manifest.sent_on:
        return (ManifestProblem("review_after_sending", "reviewed_on"),)
    return manifest


def compare_manifest(
    manifest: Manifest, *, provider: str, item: str, sha256: str
) -> tuple[ManifestProblem, ...]:
    """Where a manifest disagrees with the source it lay in and with the file beside it.

    Kinds: `manifest_invalid` with key `provider` or `item`; `manifest_hash_mismatch`.
    """
    problems = []
    if manifest.provider != provider:
        problems.append(ManifestProblem("manifest_invalid", "provider"))
    if manifest.item != item:
        problems.append(ManifestProblem("manifest_invalid", "item"))
    if manifest.sha256 != sha256.lower():
        problems.append(ManifestProblem("manifest_hash_mismatch", "sha256"))
    return tuple(problems)


def write_manifest(
    feed_path: Path,
    provider: str,
    item: str,
    rows: int,
    reviewer: str,
    reviewed_on: date,
    sent_on: date,
    *,
    content_of: Path | None = None,
) -> Path:
    """Write the manifest of a feed file beside it, whole or not at all; the path of the manifest.

    content_of: a file with the feed's bytes, for a sender that puts the manifest down before the feed.
    """
    path = manifest_path(feed_path)
    manifest = Manifest(
        provider, item, file_sha256(content_of or feed_path), rows, reviewer, reviewed_on, sent_on
    )
    text = json.dumps(asdict(manifest), ensure_ascii=False, default=date.isoformat, indent=1)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 lower-case hex digits; reads in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class _DuplicateKeyError(ValueError):
    """An object names a key twice: which of the two values is meant can't be known."""


def _object_in(content: bytes) -> dict[str, Any] | None:
    """The JSON object in these bytes; None where they hold anything else."""
    if len(content) > MAX_BYTES:
        return None
    try:
        declared = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_object_of)
    except (ValueError, RecursionError):
        return None
    return declared if isinstance(declared, dict) else None


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _DuplicateKeyError
    return content


def _text(value: object) -> str | None:
    """A text that can be shown and stored: no control characters, no broken surrogates."""
    return value.strip() or None if isinstance(value, str) and value.isprintable() else None


def _hash(value: object) -> str | None:
    return value.lower() if isinstance(value, str) and _SHA256.fullmatch(value) else None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**31 else None


def _date(value: object) -> date | None:
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


_READERS = {
    "provider": _text,
    "item": _text,
    "sha256": _hash,
    "rows": _count,
    "reviewer": _text,
    "reviewed_on": _date,
    "sent_on": _date,
}
