"""A folder as a source: the provider's mailbox on the exchange server, or a mounted share.

It is a mailbox, not an archive: what has been settled is taken out and a receipt is left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from creditgate.domain.batch import Manifest, Waiting
from creditgate.pull.manifest import ManifestProblem, file_sha256, manifest_path, read_manifest
from creditgate.pull.source import (
    RECEIPT_SUFFIX,
    Closing,
    Landed,
    Landing,
    SourceError,
    in_blocks,
    is_feed_name,
)


def waiting_files(folder: Path, pattern: str = "*") -> list[Path]:
    """The feed files that lie in a mailbox, by name; hidden, partial, manifest and receipt files are none."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if is_feed_name(path.name) and fnmatch(path.name, pattern) and path.is_file()
    )


class FolderSource(Closing):
    """A mailbox on this machine, or one that is mounted."""

    def __init__(self, folder: Path, pattern: str = "*") -> None:
        """folder: need not be there yet. pattern: a glob of file names."""
        self._folder, self._pattern = folder, pattern

    def waiting(self) -> list[Waiting]:
        """The feed files in the folder."""
        found = []
        for path in waiting_files(self._folder, self._pattern):
            try:
                status = path.stat()
            except FileNotFoundError:  # taken away between listing and asking
                continue
            received_at = datetime.fromtimestamp(status.st_mtime, UTC)
            version = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"
            found.append(Waiting(path.name, path.name, version, status.st_size, received_at))
        return found

    def fetch(self, file: Waiting, target: Path, max_bytes: int) -> Landed:
        """Copy a feed into the spool and hash it on the way; a local copy always begins anew."""
        source = self._folder / file.key
        try:
            with Landing(file, target, max_bytes) as landing, source.open("rb") as read:
                landing.restart()
                for block in in_blocks(read.read):
                    landing.write(block)
                return landing.finish()
        except OSError as error:
            raise SourceError(
                f"{source.name} could not be copied from {source.parent} to the spool: {error.strerror}; "
                "check the rights of the source folder and the space of the spool, then run again"
            ) from error

    def manifest(self, file: Waiting, sha256: str) -> Manifest | tuple[ManifestProblem, ...]:
        """The manifest beside the feed."""
        return read_manifest(self._folder / file.key)

    def acknowledge(self, file: Waiting, sha256: str, receipt: Mapping[str, Any], *, remove: bool) -> None:
        """Leave a receipt beside a settled feed and take feed and manifest out of the mailbox."""
        source = self._folder / file.key
        try:
            if not source.is_file() or file_sha256(source) != sha256:
                return
            text = json.dumps(receipt, ensure_ascii=False, indent=1, default=str)
            source.with_name(source.name + RECEIPT_SUFFIX).write_text(text + "\n", encoding="utf-8")
            if remove:
                manifest_path(source).unlink(missing_ok=True)
                source.unlink(missing_ok=True)
        except OSError as error:
            raise SourceError(
                f"the receipt of {source.name} could not be left in {source.parent}: {error.strerror}; "
                "check the rights of the source folder, then run again"
            ) from error
