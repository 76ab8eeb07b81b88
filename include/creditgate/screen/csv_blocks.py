"""A delimited text cut into blocks of whole rows, so that several can be parsed at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditgate.domain.text_bytes import Bytes, places_of
from creditgate.screen.decoding import TextShape

BLOCK_BYTES = 24 << 20
"""Great enough that what a chunk costs whatever its rows (patterns compiled, rules asked) is little; memory follows it."""

_LONGEST = 4 * BLOCK_BYTES
_TAIL = 1 << 14
_SPARE = 1 << 16


class OddQuotesError(Exception):
    """Quote marks that stand where a quoted cell neither begins nor ends: blocks can't be told; read on as a stream.

    begin: the place in the stream where the block begins that could not be told.
    """

    def __init__(self, begin: int) -> None:
        super().__init__("quote marks within cells")
        self.begin = begin


class Rooms:
    """Memory that blocks are read into, used again: fresh memory costs more than the reading."""

    def __init__(self) -> None:
        self._free: deque[Bytes] = deque()

    def take(self, size: int) -> Bytes:
        """Room for so many bytes or more."""
        while self._free:
            room = self._free.popleft()
            if len(room) >= size:
                return room
        return np.empty(size + _SPARE, np.uint8)

    def give_back(self, room: Bytes) -> None:
        """Let the room be taken again."""
        self._free.append(room)


@dataclass(frozen=True)
class RowBlock:
    """Whole rows, at the beginning of a room. Give the room back when they were read."""

    room: Bytes
    size: int

    @property
    def rows(self) -> pa.Buffer:
        """The rows' bytes."""
        return pa.py_buffer(self.room[: self.size])


def row_blocks(stream: BufferedIOBase, shape: TextShape, begin: int, rooms: Rooms) -> Iterator[RowBlock]:
    """Yield blocks of whole rows, in order. `begin` is the place of the stream's first byte.

    Raises OddQuotesError where a line end inside a cell can't be told from the end of a row.
    """
    rest = np.empty(0, np.uint8)
    while True:
        room = rooms.take(len(rest) + BLOCK_BYTES)
        room[: len(rest)] = rest
        read = stream.readinto(room[len(rest) : len(rest) + BLOCK_BYTES].data)
        size = len(rest) + read
        if not size:
            return
        block = room[:size]
        end = _rows_end(block, shape, begin)
        if not read:
            end = size  # the last row may lack its line end
        elif end == 0 and size > _LONGEST:
            raise OddQuotesError(begin)
        rest, begin = block[end:].copy(), begin + end
        if end:
            yield RowBlock(room, end)
        else:
            rooms.give_back(room)


def _rows_end(block: Bytes, shape: TextShape, begin: int) -> int:
    """Behind the last line end of the block that ends a row; 0 where there is none."""
    end = _behind_last_line_end(block)
    if not shape.is_quoted:
        return end
    quotes = places_of(block, shape.quote.encode())
    if not len(quotes):
        return end
    _demand_regular(block, quotes, shape, begin)
    while end and np.searchsorted(quotes, end) % 2:
        end = _behind_last_line_end(block[: end - 1])
    return end


def _behind_last_line_end(block: Bytes) -> int:
    for begin in range((len(block) - 1) // _TAIL * _TAIL, -1, -_TAIL):
        ends = np.flatnonzero(block[begin : begin + _TAIL] == ord("\n"))
        if len(ends):
            return begin + int(ends[-1]) + 1
    return 0


def _demand_regular(data: Bytes, quotes: npt.NDArray[np.intp], shape: TextShape, begin: int) -> None:
    """Every other quote mark begins a cell, the ones between end it, or two stand for one."""
    ordinary = np.zeros(256, np.bool_)
    ordinary[list(shape.delimiter.encode() + shape.quote.encode() + b"\r\n")] = True
    openers, closers = quotes[::2], quotes[1::2]
    before = data[openers[openers > 0] - 1]
    behind = data[closers[closers + 1 < len(data)] + 1]
    if not (ordinary[before].all() and ordinary[behind].all()):
        raise OddQuotesError(begin)
