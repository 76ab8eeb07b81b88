"""What texts look like that were misread, stand in the wrong column, or were doubled on their way.

Masks as in `masks`: True = unexpected. Texts differ from row to row, so a pattern is tried on those values alone
that hold, begin with or end with what it needs; their bytes tell which.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import BoolMask, ChunkView, true_where
from creditgate.domain.text_bytes import lengths, rows_beginning_or_ending_with, rows_holding

_MOST_BYTES = 4
"""Bytes of a character in UTF-8, at most."""
_LEAST_DOUBLED = 6
"""Characters of the shortest doubled text: 人人 and 风风火火 are words."""


def matches(
    view: ChunkView,
    column: str,
    regex: str,
    holding: Sequence[str] | None = None,
    beginning: Sequence[str] | None = None,
    ending: Sequence[str] | None = None,
    at_most: int | None = None,
) -> BoolMask:
    """A value that the RE2 pattern matches, of those that hold, begin or end with a text given, or are so short.

    at_most: characters. One of the four at least is given.
    """

    def judge(values: pa.Array) -> BoolMask:
        suspects = [rows_beginning_or_ending_with(values, beginning or (), ending or ())]
        if holding:
            suspects.append(rows_holding(values, holding))
        if at_most:
            suspects.append(np.flatnonzero(lengths(values) <= at_most * _MOST_BYTES).astype(np.int32))
        rows = np.unique(np.concatenate(suspects))
        found = np.zeros(len(values), bool)
        if len(rows):
            found[rows] = true_where(pc.match_substring_regex(values.take(pa.array(rows)), regex))
        return found

    return view.judged(column, ("matches", regex), judge)


def is_doubled(view: ChunkView, column: str) -> BoolMask:
    """A text of which every character stands twice, as some print programs leave it: 每每字字."""
    return view.judged(column, "doubled", doubled)


def doubled(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each text is one of which every character stands twice. Shape (n,)."""
    found = np.zeros(len(values), bool)
    rows = _first_character_doubled(values)
    if not len(rows):
        return found
    sizes = pc.utf8_length(values.take(pa.array(rows))).to_numpy()
    rows = rows[(sizes >= _LEAST_DOUBLED) & (sizes % 2 == 0)]
    if not len(rows):
        return found
    texts = values.take(pa.array(rows))
    pairs = pc.utf8_length(texts).to_numpy() // 2
    characters = np.frombuffer("".join(texts.to_pylist()).encode("utf-32-le"), np.uint32)
    same = characters[0::2] == characters[1::2]
    found[rows] = np.logical_and.reduceat(same, np.concatenate([[0], np.cumsum(pairs)[:-1]]))
    return found


def _first_character_doubled(values: pa.Array) -> npt.NDArray[np.intp]:
    """The rows whose text may begin with one character twice: told by its last bytes of three, or its only one."""
    sizes = lengths(values)
    rows = np.flatnonzero(sizes >= _LEAST_DOUBLED)
    if not len(rows):
        return rows
    _, offsets, data = values.buffers()
    begins = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values)][rows]
    bytes_ = np.frombuffer(data, np.uint8)
    lead = bytes_[begins]
    of_one, of_three = lead < 0x80, (lead & 0xF0) == 0xE0
    alike = np.where(of_one, lead == bytes_[begins + 1], bytes_[begins + 2] == bytes_[begins + 5])
    alike[alike] &= of_one[alike] | (bytes_[begins[alike] + 1] == bytes_[begins[alike] + 4])
    suspects: npt.NDArray[np.intp] = rows[alike | ~(of_one | of_three)]
    return suspects
