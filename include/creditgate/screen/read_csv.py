"""Delimited text to Arrow tables of strings, block by block.

The Arrow reader takes the well-formed file. Where it stops (a row of another width, a stray quote, a
line beyond its block) Python's csv reader carries on from the same row: slower, and it misses nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from creditgate.domain.feed import CHUNK_ROWS
from creditgate.domain.in_order import in_order
from creditgate.screen.csv_blocks import BLOCK_BYTES, OddQuotesError, Rooms, RowBlock, row_blocks
from creditgate.screen.decoding import MAX_LINE, TextShape, UnreadableFeedError

_PIECE_BYTES = 1 << 20

RawChunk = tuple[pa.Table, npt.NDArray[np.bool_] | None]


def read_csv(path: Path, shape: TextShape, fields: Sequence[str | None]) -> Iterator[RawChunk]:
    """Yield (table of the kept columns, mask of unreadable rows or None) in file order.

    fields: the contract field of each column by position, None for a column that is not kept.
    Raises UnreadableFeedError where the rest of the file can't be told apart into rows.
    """
    rows_done = 0
    if len(shape.delimiter.encode()) == 1:
        try:
            for table in _well_formed(path, shape, fields):
                rows_done += table.num_rows
                yield table, None
        except pa.ArrowInvalid:
            # The message quotes the row: it is dropped, never logged or chained.
            pass
        else:
            return
    yield from _row_by_row(path, shape, fields, rows_done)


def _well_formed(path: Path, shape: TextShape, fields: Sequence[str | None]) -> Iterator[pa.Table]:
    if shape.encoding != "utf-8":
        yield from _streamed(path, shape, fields, shape.header_end)
        return
    begin = None
    with _section(path, shape, shape.header_end) as stream:
        try:
            rooms = Rooms()
            blocks = row_blocks(stream, shape, shape.header_end, rooms)
            parse = partial(_parsed, shape=shape, fields=fields, rooms=rooms)
            yield from filter(len, in_order(parse, blocks))
        except OddQuotesError as odd:
            begin = odd.begin
    if begin is not None:
        yield from _streamed(path, shape, fields, begin)


def _parsed(block: RowBlock, shape: TextShape, fields: Sequence[str | None], rooms: Rooms) -> pa.Table:
    """A block of whole rows, parsed a piece at a time: what the parser works on stays near the processor."""
    options = _options(shape, fields, _PIECE_BYTES)
    try:
        table = pacsv.read_csv(block.rows, **options).combine_chunks()
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.table({})
        raise
    finally:
        rooms.give_back(block.room)
    return table.rename_columns([field for field in fields if field])


def _streamed(path: Path, shape: TextShape, fields: Sequence[str | None], begin: int) -> Iterator[pa.Table]:
    """The rows from the byte `begin` on, one block after the other: for what can't be cut beforehand."""
    with _section(path, shape, begin) as stream:
        try:
            reader = pacsv.open_csv(stream, **_options(shape, fields, BLOCK_BYTES))
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        fields_kept = [field for field in fields if field]
        for batch in reader:
            if batch.num_rows:
                yield pa.Table.from_batches([batch]).rename_columns(fields_kept)


def _options(shape: TextShape, fields: Sequence[str | None], block_bytes: int) -> dict[str, Any]:
    names = [f"c{i}" for i in range(len(fields))]
    return {
        "read_options": pacsv.ReadOptions(
            column_names=names,
            block_size=block_bytes,
            encoding=_arrow_encoding(shape),
            use_threads=False,  # several blocks are parsed at once
        ),
        "parse_options": pacsv.ParseOptions(
            delimiter=shape.delimiter,
            quote_char=shape.quote if shape.is_quoted else False,
            newlines_in_values=shape.is_quoted,
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[name for name, field in zip(names, fields, strict=True) if field],
            check_utf8=shape.encoding != "utf-8",  # the shape was told from every byte
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    }


def _arrow_encoding(shape: TextShape) -> str:
    return "utf8" if shape.encoding == "utf-8" else shape.encoding


def _section(path: Path, shape: TextShape, begin: int) -> io.BufferedReader:
    """The file from a byte to the byte where its rows end."""
    if shape.end is not None:
        return io.BufferedReader(_Section(path, begin, shape.end))
    stream = path.open("rb")
    stream.seek(begin)
    return stream


class _Section(io.RawIOBase):
    """The bytes of a file from `start` to `end`."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = max(0, end - start)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on, up to the end of the section."""
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        """Close the file as well."""
        self._file.close()
        super().close()


def _row_by_row(
    path: Path, shape: TextShape, fields: Sequence[str | None], rows_done: int
) -> Iterator[RawChunk]:
    width = len(fields)
    pending: list[list[str]] = []
    unreadable: list[bool] = []
    size = 0
    csv.field_size_limit(MAX_LINE)
    with io.TextIOWrapper(
        _section(path, shape, shape.header_end), encoding=shape.encoding, newline=""
    ) as file:
        reader = csv.reader(
            _bounded_lines(file), delimiter=shape.delimiter, quotechar=shape.quote, strict=True
        )
        try:
            for row in (cells for cells in reader if cells):
                if rows_done:
                    rows_done -= 1
                    continue
                fits = len(row) == width
                pending.append(row if fits else [""] * width)
                unreadable.append(not fits)
                size += sum(map(len, row))
                if len(pending) == CHUNK_ROWS or size > BLOCK_BYTES:
                    yield _as_chunk(pending, unreadable, fields)
                    pending, unreadable, size = [], [], 0
        except csv.Error as error:
            kind = "line_too_long" if "field larger" in str(error) else "unclosed_quote"
            raise UnreadableFeedError(kind) from None
    if pending:
        yield _as_chunk(pending, unreadable, fields)


def _bounded_lines(file: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a text; a line without an end in sight is refused before it fills the memory."""
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            raise UnreadableFeedError("line_too_long")
        yield line


def _as_chunk(rows: list[list[str]], unreadable: list[bool], fields: Sequence[str | None]) -> RawChunk:
    columns = {
        field: pa.array([row[i] or None for row in rows], pa.string())
        for i, field in enumerate(fields)
        if field
    }
    return pa.table(columns), np.array(unreadable) if any(unreadable) else None
