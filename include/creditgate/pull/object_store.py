"""A prefix of an object store as a source, by fsspec (S3 and what speaks its language, through s3fs)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

import fsspec

from creditgate.domain.batch import Manifest, Waiting
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.manifest import MAX_BYTES, SUFFIX, ManifestProblem, manifest_of
from creditgate.pull.patience import patiently
from creditgate.pull.source import (
    RECEIPT_SUFFIX,
    Closing,
    Landed,
    Landing,
    SourceAccessError,
    SourceError,
    StillWritingError,
    TooLargeError,
    is_feed_name,
)

CONNECT_SECONDS, ANSWER_SECONDS = 15, 60
_BLOCK = 8 << 20
_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden", "403")
Result = TypeVar("Result")


class ObjectStoreSource(Closing):
    """The mailbox of a unit in an object store.

    Settings: login and password are access key and secret; in the extras `endpoint_url`, `region_name`, and
    `addressing_style` (`path` or `virtual`).
    """

    def __init__(self, settings: ConnectionSettings, location: str, pattern: str = "*") -> None:
        """location: `s3://bucket/prefix`. Connects at the first use."""
        self._settings, self._place, self._pattern = settings, location.rstrip("/"), pattern
        self._store = fsspec.filesystem("s3", **_options(settings))
        self._prefix = self._place.removeprefix("s3://")

    def waiting(self) -> list[Waiting]:
        """The feed objects below the prefix, not those of deeper ones."""
        return self._patiently("list", self._list)

    def fetch(self, file: Waiting, target: Path, max_bytes: int) -> Landed:
        """Copy an object into the spool, a range at a time; a half-fetched one goes on at its end."""
        with Landing(file, target, max_bytes) as landing:
            self._patiently("fetch", lambda: self._copy(file, landing))
            return landing.finish()

    def manifest(self, file: Waiting, sha256: str) -> Manifest | tuple[ManifestProblem, ...]:
        """The manifest object beside the feed."""
        content = self._patiently("read the manifest", lambda: self._small_object(file.key + SUFFIX))
        return (ManifestProblem("manifest_missing"),) if content is None else manifest_of(content)

    def acknowledge(self, file: Waiting, sha256: str, receipt: Mapping[str, Any], *, remove: bool) -> None:
        """Leave a receipt beside a settled feed and take feed and manifest out."""
        text = json.dumps(receipt, ensure_ascii=False, indent=1, default=str) + "\n"

        def leave() -> None:
            if self._version(file.key) != file.version:
                return
            try:
                self._store.pipe_file(file.key + RECEIPT_SUFFIX, text.encode())
            except PermissionError:
                if remove:
                    raise
                return
            if remove:
                for key in (file.key, file.key + SUFFIX):
                    if self._version(key) is not None:
                        self._store.rm_file(key)

        self._patiently("acknowledge", leave)

    def _list(self) -> list[Waiting]:
        try:
            entries = self._store.ls(self._prefix, detail=True, refresh=True)
        except FileNotFoundError:
            if not self._store.exists(self._prefix.split("/", 1)[0]):
                raise
            return []  # a prefix is there only while something lies below it
        found = []
        for entry in entries:
            name = entry["name"].rpartition("/")[2]
            if entry["type"] != "file" or not name or not is_feed_name(name):
                continue
            if fnmatch(name, self._pattern):
                moment = entry.get("LastModified") or datetime.now(UTC)
                found.append(Waiting(name, entry["name"], _tag(entry), entry["size"], moment))
        return sorted(found, key=lambda file: file.name)

    def _copy(self, file: Waiting, landing: Landing) -> None:
        size = file.size or 0
        if landing.size > size:
            landing.restart()
        while landing.size < size:
            end = min(landing.size + _BLOCK, size)
            block = self._store.cat_file(file.key, start=landing.size, end=end)
            if not block:
                break
            landing.write(block)
        if self._version(file.key) != file.version:
            raise StillWritingError

    def _version(self, key: str) -> str | None:
        self._store.invalidate_cache()
        try:
            return _tag(self._store.info(key, refresh=True))
        except FileNotFoundError:
            return None

    def _small_object(self, key: str) -> bytes | None:
        try:
            return bytes(self._store.cat_file(key, start=0, end=MAX_BYTES + 1))
        except FileNotFoundError:
            return None

    def _patiently(self, what: str, step: Callable[[], Result]) -> Result:
        def once() -> Result:
            try:
                return step()
            except (SourceError, TooLargeError, StillWritingError):
                raise
            except Exception as error:  # fsspec's stores each have their own kinds of errors
                raise self._fault(what, error) from None

        return patiently(once, f"{what} {self._place}")

    def _fault(self, what: str, error: Exception) -> SourceError:
        place = f"{self._place}: could not {what} (connection {self._settings.connection_id})"
        code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
        if isinstance(error, PermissionError) or code in _REFUSED:
            return SourceAccessError(
                f"{place}: access refused; check access key, secret and the bucket's policy"
            )
        if isinstance(error, FileNotFoundError):
            return SourceError(f"{place}: bucket or object is not there; check `location` in the registry")
        return SourceError(f"{place}: {type(error).__name__} {code}; is the store up? The task tries again")


def _options(settings: ConnectionSettings) -> dict[str, Any]:
    style = settings.text("addressing_style")
    return {
        "key": settings.login or None,
        "secret": settings.password or None,
        "endpoint_url": settings.text("endpoint_url") or None,
        "client_kwargs": {"region_name": settings.text("region_name") or "us-east-1"},
        "config_kwargs": {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "retries": {"max_attempts": 1},
            **({"s3": {"addressing_style": style}} if style else {}),
        },
        "use_listings_cache": False,
        "skip_instance_cache": True,
    }


def _tag(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('ETag', '')}:{entry['size']}"
