"""A delimited text cut into blocks of whole rows, so that several can be parsed at once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

import numpy as np
import numpy.typing as npt

from creditgate.screen.decoding import TextShape

BLOCK_BYTES = 16 << 20
"""Great enough that what a chunk costs whatever its rows (patterns compiled, rules asked) is little; memory follows it."""

_LONGEST = 4 * BLOCK_BYTES


class OddQuotesError(Exception):
    """Quote marks that stand where a quoted cell neither begins nor ends: blocks can't be told; read on as a stream.

    begin: the place in the stream where the block begins that could not be told.
    """

    def __init__(self, begin: int) -> None:
        super().__init__("quote marks within cells")
        self.begin = begin


def row_blocks(stream: BufferedIOBase, shape: TextShape, begin: int) -> Iterator[bytes]:
    """Yield the bytes of whole rows, in order. `begin` is the place of the stream's first byte.

    Raises OddQuotesError where a line end inside a cell can't be told from the end of a row.
    """
    rest = b""
    while True:
        read = stream.read(BLOCK_BYTES)
        block = rest + read
        if not block:
            return
        end = _rows_end(block, shape, begin)
        if not read:
            end = len(block)  # the last row may lack its line end
        elif end == 0 and len(block) > _LONGEST:
            raise OddQuotesError(begin)
        if end:
            yield block[:end]
        rest, begin = block[end:], begin + end


def _rows_end(block: bytes, shape: TextShape, begin: int) -> int:
    """Behind the last line end of the block that ends a row; 0 where there is none."""
    end = block.rfind(b"\n") + 1
    if not shape.is_quoted or shape.quote.encode() not in block:
        return end
    data = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(data == ord(shape.quote))
    _demand_regular(data, quotes, shape, begin)
    while end and np.searchsorted(quotes, end) % 2:
        end = block.rfind(b"\n", 0, end - 1) + 1
    return end


def _demand_regular(
    data: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp], shape: TextShape, begin: int
) -> None:
    """Every other quote mark begins a cell, the ones between end it, or two stand for one."""
    ordinary = np.zeros(256, np.bool_)
    ordinary[list(shape.delimiter.encode() + shape.quote.encode() + b"\r\n")] = True
    openers, closers = quotes[::2], quotes[1::2]
    before = data[openers[openers > 0] - 1]
    behind = data[closers[closers + 1 < len(data)] + 1]
    if not (ordinary[before].all() and ordinary[behind].all()):
        raise OddQuotesError(begin)
