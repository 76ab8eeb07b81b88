"""What the bytes of a text file tell before it is decoded, from one pass over them, several blocks at a time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import local

import numpy as np
import pyarrow as pa

from creditgate.domain.in_order import in_order
from creditgate.domain.report import CONTENT_CUT
from creditgate.domain.sealed import BLANKED, GARBLED
from creditgate.domain.text_bytes import Bytes, stands_in

_BLOCK = 1 << 20
_LONGEST_CHARACTER = 4
_REPLACEMENT = "\ufffd".encode()
_MARKS = tuple(dict.fromkeys(mark[0].encode() for mark in (BLANKED, GARBLED, CONTENT_CUT)))
"""What the marks begin with that a report of ours leaves in a cell: one character each, so that none lies in two blocks."""


@dataclass(frozen=True)
class TextFacts:
    """Whether the bytes are UTF-8 throughout, and what stands in them. Of other encodings only the ASCII part tells."""

    is_utf8: bool
    has_quotes: bool
    has_nul: bool
    has_replacements: bool
    has_marks: bool


def text_facts(path: Path) -> TextFacts:
    """The facts about a whole file."""
    with path.open("rb", buffering=0) as file:
        blocks = range(0, os.fstat(file.fileno()).st_size, _BLOCK)
        parts = list(in_order(partial(_facts, file.fileno(), _Room()), blocks))
    return TextFacts(
        is_utf8=all(part.is_utf8 for part in parts),
        has_quotes=any(part.has_quotes for part in parts),
        has_nul=any(part.has_nul for part in parts),
        has_replacements=any(part.has_replacements for part in parts),
        has_marks=any(part.has_marks for part in parts),
    )


class _Room(local):
    """What a thread reads into, again and again."""

    def __init__(self) -> None:
        self.bytes = np.empty(_BLOCK + _LONGEST_CHARACTER, np.uint8)


def _facts(file: int, room: _Room, begin: int) -> TextFacts:
    """The facts about the characters that begin in the block at `begin`."""
    read = os.preadv(file, [room.bytes.data], begin)
    first = _rest_of_character(room.bytes[:read]) if begin else 0
    end = min(read, _BLOCK)
    block = room.bytes[first : end + _rest_of_character(room.bytes[end:read])]
    return TextFacts(
        is_utf8=_is_utf8(block),
        has_quotes=stands_in(block, b'"'),
        has_nul=stands_in(block, b"\0"),
        has_replacements=stands_in(block, _REPLACEMENT),
        has_marks=any(stands_in(block, mark) for mark in _MARKS),
    )


def _rest_of_character(data: Bytes) -> int:
    """How many bytes at the beginning belong to a character that began before."""
    ahead = data[: _LONGEST_CHARACTER - 1]
    goes_on = (ahead & 0xC0) == 0x80
    return len(ahead) if goes_on.all() else int(np.argmin(goes_on))


def _is_utf8(block: Bytes) -> bool:
    """Arrow's check: it costs a third of decoding, and several run at once."""
    bounds = pa.py_buffer(np.array([0, len(block)], np.int32))
    try:
        pa.StringArray.from_buffers(1, bounds, pa.py_buffer(block)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
