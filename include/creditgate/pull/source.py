"""What every kind of source can do: list what waits, fetch it, tell its manifest, take an acknowledgement.

A source is opened for one task, used by that task alone, and closed. It keeps nothing between two tasks: what has
been fetched before is known by the warehouse, a half-fetched file by the spool.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from creditgate.domain.batch import Manifest, Waiting
from creditgate.domain.faults import OperationFault
from creditgate.pull.manifest import SUFFIX, ManifestProblem

RECEIPT_SUFFIX = ".receipt.json"
_BLOCK = 1 << 20
_PARTIAL_SUFFIXES = (".part", ".tmp", ".filepart")


class SourceError(OperationFault):
    """A source can't be read or written; the message says which one and what to do. Trying again may help."""


class SourceSettingsError(SourceError):
    """A source is described in a way that can't work: no connection, no host key, a wrong location."""


class SourceAccessError(SourceError):
    """A source does not let us in, or is not the one it should be. Trying again would lock the account."""


class TooLargeError(Exception):
    """A waiting file is larger than its feed may be; it was not fetched."""


class StillWritingError(Exception):
    """A file changed while it was fetched: it is left for the next run."""


@dataclass(frozen=True)
class Landed:
    """A copy of a feed file in the spool. `received_at` is when it lay complete in the source."""

    path: Path
    file_name: str
    sha256: str
    size: int
    received_at: datetime


class Source(Protocol):
    """One provider's feed of one item. Every error is a SourceError and carries no secret and no cell."""

    def waiting(self) -> list[Waiting]:
        """The files that wait, by name; files that are obviously not whole are left out."""
        ...

    def fetch(self, file: Waiting, target: Path, max_bytes: int) -> Landed:
        """Copy a file into the spool; goes on where an earlier try left `target`, if the source can.

        Raises TooLargeError, StillWritingError, SourceError.
        """
        ...

    def manifest(self, file: Waiting, sha256: str) -> Manifest | tuple[ManifestProblem, ...]:
        """What the provider declares about a file whose content has this hash, or all that is wrong with it."""
        ...

    def acknowledge(self, file: Waiting, sha256: str, receipt: Mapping[str, Any], *, remove: bool) -> None:
        """Leave a receipt and, with `remove`, take file and manifest out of the source.

        A file that has changed since it was fetched is a new feed: it stays. Doing it twice does no harm.
        """
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Closing:
    """A source as a context manager: closed on leaving."""

    def close(self) -> None:
        """Nothing to give back, unless a kind says otherwise."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Landing:
    """The file in the spool that a fetch writes to: private, hashed, and never larger than it may be."""

    def __init__(self, file: Waiting, target: Path, max_bytes: int) -> None:
        """target: as an earlier try has left it, or not there yet. Raises TooLargeError for a file that says so."""
        if file.size is not None and file.size > max_bytes:
            raise TooLargeError
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._waiting, self._target, self._max_bytes = file, target, max_bytes
        self._file = os.fdopen(os.open(target, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        self._digest = hashlib.sha256()
        self.size = 0
        while block := self._file.read(_BLOCK):
            self._digest.update(block)
            self.size += len(block)
        self._refuse_too_large()

    def write(self, block: bytes) -> None:
        """Add bytes at the end. Raises TooLargeError, SourceError where the spool is full."""
        self.size += len(block)
        self._refuse_too_large()
        self._digest.update(block)
        try:
            self._file.write(block)
        except OSError as error:
            raise SourceError(
                f"the spool can't be written: {error.strerror}; give it space, then run again"
            ) from error

    def restart(self) -> None:
        """Forget what is there: the source can't go on in the middle, or the file is another one."""
        self._file.seek(0)
        self._file.truncate()
        self._digest, self.size = hashlib.sha256(), 0

    def finish(self) -> Landed:
        """Close the file; what has landed."""
        self._file.close()
        digest, file = self._digest.hexdigest(), self._waiting
        return Landed(self._target, file.name, digest, self.size, file.received_at)

    def _refuse_too_large(self) -> None:
        if self.size > self._max_bytes:
            self._file.close()
            self._target.unlink(missing_ok=True)
            raise TooLargeError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def is_feed_name(name: str) -> bool:
    """Whether a file of a mailbox is a feed: not hidden, half-written, a manifest or a receipt."""
    return not name.startswith((".", "~$")) and not name.endswith(
        (SUFFIX, RECEIPT_SUFFIX, *_PARTIAL_SUFFIXES)
    )


def in_blocks(read: Any, block: int = _BLOCK) -> Iterator[bytes]:
    """The blocks of a file-like object to its end."""
    while part := read(block):
        yield part
