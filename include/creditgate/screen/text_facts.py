"""What the bytes of a text file tell before it is decoded, from one pass over them, several blocks at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditgate.domain.in_order import in_order
from creditgate.domain.text_bytes import stands_in

_BLOCK = 1 << 22
_REPLACEMENT = "\ufffd".encode()


@dataclass(frozen=True)
class TextFacts:
    """Whether the bytes are UTF-8 throughout, and what stands in them. Of other encodings only the ASCII part tells."""

    is_utf8: bool
    has_quotes: bool
    has_nul: bool
    has_replacements: bool


def text_facts(path: Path) -> TextFacts:
    """The facts about a whole file."""
    parts = list(in_order(_facts, _blocks(path)))
    return TextFacts(
        is_utf8=all(part.is_utf8 for part in parts),
        has_quotes=any(part.has_quotes for part in parts),
        has_nul=any(part.has_nul for part in parts),
        has_replacements=any(part.has_replacements for part in parts),
    )


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks; no character of UTF-8 lies in two of them."""
    rest = b""
    with path.open("rb") as file:
        while read := file.read(_BLOCK):
            block = rest + read
            end = _whole_characters(block)
            yield block[:end]
            rest = block[end:]
    if rest:
        yield rest


def _whole_characters(block: bytes) -> int:
    """How many bytes to take so that a character begun at the end is left for the next block."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            return len(block) - back
    return len(block)


def _facts(block: bytes) -> TextFacts:
    return TextFacts(
        is_utf8=block.isascii() or _is_utf8(block),
        has_quotes=b'"' in block,
        has_nul=b"\0" in block,
        has_replacements=stands_in(np.frombuffer(block, np.uint8), _REPLACEMENT),
    )


def _is_utf8(block: bytes) -> bool:
    """Arrow's check: it costs a third of decoding, and several run at once."""
    bounds = pa.py_buffer(np.array([0, len(block)], np.int32))
    try:
        pa.StringArray.from_buffers(1, bounds, pa.py_buffer(block)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
