"""Delimited text to Arrow tables of strings, block by block.

The Arrow reader takes the well-formed file. Where it stops (a row of another width, a stray quote, a
line beyond its block) Python's csv reader carries on from the same row: slower, and it misses nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from creditgate.domain.feed import CHUNK_ROWS
from creditgate.screen.decoding import MAX_LINE, TextShape, UnreadableFeedError

BLOCK_BYTES = 12 << 20
RawChunk = tuple[pa.Table, npt.NDArray[np.bool_] | None]


def read_csv(path: Path, shape: TextShape, fields: Sequence[str | None]) -> Iterator[RawChunk]:
    """Yield (table of the kept columns, mask of unreadable rows or None) in file order.

    fields: the contract field of each column by position, None for a column that is not kept.
    Raises UnreadableFeedError where the rest of the file can't be told apart into rows.
    """
    rows_done = 0
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
    names = [f"c{i}" for i in range(len(fields))]
    kept = [name for name, field in zip(names, fields, strict=True) if field]
    with _after_header(path, shape) as stream:
        try:
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(
                    column_names=names, block_size=BLOCK_BYTES, encoding=_arrow_encoding(shape)
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=shape.delimiter,
                    quote_char='"' if shape.is_quoted else False,
                    newlines_in_values=shape.is_quoted,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=kept,
                    check_utf8=shape.encoding != "utf-8",  # the shape was told from every byte
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        fields_kept = [field for field in fields if field]
        for batch in reader:
            if batch.num_rows:
                yield pa.Table.from_batches([batch]).rename_columns(fields_kept)


def _arrow_encoding(shape: TextShape) -> str:
    return "utf8" if shape.encoding == "utf-8" else shape.encoding


def _after_header(path: Path, shape: TextShape) -> io.BufferedReader:
    """The file, open at the byte behind its header line."""
    stream = path.open("rb")
    stream.seek(_header_end(path, shape))
    return stream


def _header_end(path: Path, shape: TextShape) -> int:
    if shape.encoding.startswith("utf-16"):
        newline = "\n".encode(shape.encoding)
        head = path.open("rb").read(MAX_LINE)
        at = shape.bom
        while at < len(head) and head[at : at + 2] != newline:
            at += 2
        return min(at + 2, len(head))
    with path.open(encoding=shape.encoding, newline="") as file:
        if shape.bom:
            file.read(1)
        lines = _Counted(file)
        next(csv.reader(lines, delimiter=shape.delimiter), None)
        return shape.bom + len(lines.taken.encode(shape.encoding))


class _Counted:
    """Lines of a text file, remembering what was taken."""

    def __init__(self, file: io.TextIOBase | io.TextIOWrapper) -> None:
        self._file = file
        self.taken = ""

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.taken += line
        return line


def _row_by_row(
    path: Path, shape: TextShape, fields: Sequence[str | None], rows_done: int
) -> Iterator[RawChunk]:
    width = len(fields)
    pending: list[list[str]] = []
    unreadable: list[bool] = []
    size = 0
    csv.field_size_limit(MAX_LINE)
    with path.open(encoding=shape.encoding, newline="") as file:
        if shape.bom:
            file.read(1)
        reader = csv.reader(file, delimiter=shape.delimiter, strict=True)
        try:
            next(reader, None)
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


def _as_chunk(rows: list[list[str]], unreadable: list[bool], fields: Sequence[str | None]) -> RawChunk:
    columns = {
        field: pa.array([row[i] or None for row in rows], pa.string())
        for i, field in enumerate(fields)
        if field
    }
    return pa.table(columns), np.array(unreadable) if any(unreadable) else None
