"""Questions about a column of texts that its UTF-8 bytes answer without a look at every value.

Each is asked before a costlier step, to leave the step out where the whole column does not need it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]

_SAMPLE = 4096


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
    return not (used_bytes(values) & 0x80).any()


def holds(values: pa.Array, text: str) -> bool:
    """Whether the text stands in the column; perhaps across two values, never missed."""
    return stands_in(used_bytes(values), text.encode())


def stands_in(data: Bytes, code: bytes) -> bool:
    """Whether the bytes of `code` stand anywhere in the data."""
    return bool(len(places_of(data, code)))


def places_of(data: Bytes, code: bytes) -> npt.NDArray[np.intp]:
    """Where the bytes of `code` stand in the data, ascending: looked for by the rarest of them, or by two together."""
    if len(data) < len(code):
        return np.empty(0, np.intp)
    wanted = np.frombuffer(code, np.uint8)
    frequent = np.bincount(data[:_SAMPLE], minlength=256)[wanted]
    if len(code) == 1 or not frequent.min():
        rarest = int(np.argmin(frequent))
        begins = np.flatnonzero(data[rarest : len(data) - len(code) + 1 + rarest] == wanted[rarest])
    else:
        rarest = int(np.argmin(frequent[:-1] * frequent[1:]))
        begins = _places_of_pair(data, code[rarest : rarest + 2]) - rarest
        begins = begins[(begins >= 0) & (begins <= len(data) - len(code))]
    return begins[_stand_at(data, begins, code)]


def _places_of_pair(data: Bytes, pair: bytes) -> npt.NDArray[np.intp]:
    """Where two bytes stand, ascending: compared as one number, at the even places and at the odd ones."""
    number = np.frombuffer(pair, np.uint16)[0]
    even, odd = (data[first : first + (len(data) - first) // 2 * 2].view(np.uint16) for first in (0, 1))
    return np.sort(
        np.concatenate([np.flatnonzero(even == number) * 2, np.flatnonzero(odd == number) * 2 + 1])
    )


def rows_holding(values: pa.Array, texts: Iterable[str]) -> Places:
    """The rows whose value has one of the texts in it, ascending."""
    data, bounds = _parts(values)
    if not bounds[-1] - bounds[0]:
        return np.empty(0, np.int32)
    used, found = data[bounds[0] : bounds[-1]], []
    for code in (text.encode() for text in texts):
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
