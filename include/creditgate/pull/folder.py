"""A folder as a source: the provider's mailbox on the exchange server, or a mounted share.

It is a mailbox, not an archive: what has been settled is taken out and a receipt is left.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from creditgate.domain.faults import OperationFault
from creditgate.pull.manifest import file_sha256, is_manifest, manifest_path

RECEIPT_SUFFIX = ".receipt.json"
_BLOCK = 1 << 20


class SourceError(OperationFault):
    """A source can't be read or written; the message says which one and what to do."""


@dataclass(frozen=True)
class Landed:
    """A copy of a feed file in the spool. `received_at` is when it lay complete in the source."""

    path: Path
    file_name: str
    sha256: str
    size: int
    received_at: datetime


def waiting_files(folder: Path, pattern: str = "*") -> list[Path]:
    """The feed files that lie in a mailbox, by name; hidden, partial, manifest and receipt files are none."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file()
        and fnmatch(path.name, pattern)
        and not is_manifest(path)
        and not path.name.startswith((".", "~$"))
        and not path.name.endswith((RECEIPT_SUFFIX, ".part", ".tmp", ".filepart"))
    )


def land(source: Path, target: Path) -> Landed:
    """Copy a feed into the spool (folder made 0700, file 0600) and hash it on the way.

    Raises SourceError where the file can't be read or the spool can't be written.
    """
    digest = hashlib.sha256()
    try:
        received_at = datetime.fromtimestamp(source.stat().st_mtime, UTC)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
            while block := read.read(_BLOCK):
                digest.update(block)
                write.write(block)
    except OSError as error:
        raise SourceError(
            f"{source.name} could not be copied from {source.parent} to the spool: {error.strerror}; "
            "check the rights of the source folder and the space of the spool, then run again"
        ) from error
    return Landed(target, source.name, digest.hexdigest(), target.stat().st_size, received_at)


def acknowledge(source: Path, sha256: str, receipt: dict[str, Any], *, remove: bool) -> None:
    """Leave a receipt beside a settled feed and take feed and manifest out of the mailbox.

    A file that has changed since it was pulled is a new feed: it stays.
    """
    if not source.is_file() or file_sha256(source) != sha256:
        return
    text = json.dumps(receipt, ensure_ascii=False, indent=1, default=str)
    source.with_name(source.name + RECEIPT_SUFFIX).write_text(text + "\n", encoding="utf-8")
    if remove:
        manifest_path(source).unlink(missing_ok=True)
        source.unlink(missing_ok=True)
