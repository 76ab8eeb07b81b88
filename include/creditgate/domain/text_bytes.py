"""Questions about a column of texts that its UTF-8 bytes answer without a look at every value.

Each is asked before a costlier step, to leave the step out where the whole column does not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]

_SAMPLE = 4096
_PIECE = 1 << 20


def used_bytes(values: pa.Array) -> Bytes:
    """The bytes of all values, one after the other, without a copy."""
    data, bounds = _parts(values)
    return data[bounds[0] : bounds[-1]]


def lengths(values: pa.Array) -> Places:
    """Bytes of each value; 0 for a null."""
    _, bounds = _parts(values)
    return np.diff(bounds)


def first_bytes(values: pa.Array) -> Bytes:
    """The first byte of each value that has one."""
    data, bounds = _parts(values)
    return data[bounds[:-1][bounds[1:] > bounds[:-1]]]


def is_ascii(values: pa.Array) -> bool:
    """Whether no value has a character beyond ASCII."""
    return not any_piece(used_bytes(values), lambda piece: piece.max() >= 0x80)


def any_piece(data: Bytes, holds_one: Callable[[Bytes], Any]) -> bool:
    """Whether any piece of the data is such. A piece and what is made of it stay near the processor, whatever the column."""
    return any(holds_one(data[begin : begin + _PIECE]) for begin in range(0, len(data), _PIECE))


def holds(values: pa.Array, text: str) -> bool:
    """Whether the text stands in the column; perhaps across two values, never missed."""
    return stands_in(used_bytes(values), text.encode())


def stands_in(data: Bytes, code: bytes) -> bool:
    """Whether the bytes of `code` stand anywhere in the data."""
    return any(len(places) for places in _found(data, code))


def places_of(data: Bytes, code: bytes) -> npt.NDArray[np.intp]:
    """Where the bytes of `code` stand in the data, ascending."""
    found = list(_found(data, code))
    return np.concatenate(found) if found else np.empty(0, np.intp)


def _found(data: Bytes, code: bytes) -> Iterator[npt.NDArray[np.intp]]:
    """Where the code stands, piece by piece: looked for by the two neighbours of it that are rarest together."""
    wanted = np.frombuffer(code, np.uint8)
    last = len(data) - len(code)
    if len(code) == 1:
        for begin in range(0, len(data), _PIECE):
            found = data[begin : begin + _PIECE] == wanted[0]
            if found.any():
                yield np.flatnonzero(found) + begin
        return
    frequent = np.bincount(data[:_SAMPLE], minlength=256)[wanted]
    first = int(np.argmin(frequent[:-1] * frequent[1:]))
    for begin in range(0, last + 1, _PIECE):
        piece = data[begin + first : min(begin + _PIECE, last + 1) + first + 1]
        found = piece[:-1] == wanted[first]
        found &= piece[1:] == wanted[first + 1]
        if found.any():
            places = np.flatnonzero(found) + begin
            yield places[_stand_at(data, places, code)]


def rows_holding(values: pa.Array, texts: Iterable[str]) -> Places:
    """The rows whose value has one of the texts in it, ascending."""
    return rows_with(values, [text.encode() for text in texts])


def rows_with(values: pa.Array, codes: Iterable[bytes]) -> Places:
    """The rows whose value has the bytes of one of the codes in it, ascending."""
    data, bounds = _parts(values)
    if not bounds[-1] - bounds[0]:
        return np.empty(0, np.int32)
    used, found = data[bounds[0] : bounds[-1]], []
    for code in codes:
        begins = places_of(used, code) + bounds[0]
        rows = np.searchsorted(bounds, begins, "right") - 1
        found.append(rows[begins + len(code) <= bounds[rows + 1]])
    return np.unique(np.concatenate(found)).astype(np.int32)


def rows_beginning_or_ending_with(values: pa.Array, begins: Iterable[str], ends: Iterable[str]) -> Places:
    """The rows whose value begins with one of `begins` or ends with one of `ends`, ascending."""
    data, bounds = _parts(values)
    sizes = np.diff(bounds)
    filled = np.flatnonzero(sizes)
    heads, tails = ([text.encode() for text in texts] for texts in (begins, ends))
    found: list[npt.NDArray[np.integer]] = [np.empty(0, np.int32)]
    for codes, place, of_edge in ((heads, 0, bounds[filled]), (tails, -1, bounds[filled + 1] - 1)):
        suspects = filled[_any_byte(code[place] for code in codes)[data[of_edge]]] if codes else filled[:0]
        for code in codes:
            rows = suspects[sizes[suspects] >= len(code)]
            at = bounds[rows + 1] - len(code) if place else bounds[rows]
            found.append(rows[_stand_at(data, at, code)])
    return np.unique(np.concatenate(found)).astype(np.int32)


def begins_or_ends_with(values: pa.Array, characters: str) -> bool:
    """Whether any value begins or ends with one of the characters."""
    data, bounds = _parts(values)
    begin, end = bounds[:-1], bounds[1:]
    filled = end > begin
    if not filled.all():
        begin, end = begin[filled], end[filled]
    if not len(begin):
        return False
    codes = [character.encode() for character in characters]
    heads = begin[_any_byte(code[0] for code in codes)[data[begin]]]
    tails = end[_any_byte(code[-1] for code in codes)[data[end - 1]]]
    for code in codes if len(heads) or len(tails) else ():
        backs = tails - len(code)
        # A place in a shorter value reads on into the next one, or back: at worst a column is trimmed for nothing.
        for places in (heads[heads + len(code) <= len(data)], backs[backs >= 0]):
            if _stand_at(data, places, code).any():
                return True
    return False


def _any_byte(codes: Iterable[int]) -> npt.NDArray[np.bool_]:
    """Which bytes are among the codes, shape (256,)."""
    among = np.zeros(256, np.bool_)
    among[list(codes)] = True
    return among


def _stand_at(data: Bytes, places: npt.NDArray[np.integer], code: bytes) -> npt.NDArray[np.bool_]:
    """Whether the bytes of `code` stand at each place."""
    found = np.ones(len(places), np.bool_)
    for offset, byte in enumerate(code):
        found &= data[places + offset] == byte
        if not found.any():
            break
    return found


def _parts(values: pa.Array) -> tuple[Bytes, Places]:
    """The data buffer, and where each value begins and the last one ends in it."""
    _, offsets, data = values.buffers()
    if len(values) == 0 or offsets is None:
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    return np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8), bounds
