"""Feed files as providers make them: CSV in several encodings, and workbooks. Written chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from creditgate.samples.penalties import Columns

_CREATED = datetime(2020, 9, 15, tzinfo=UTC)


def write_csv(
    path: Path,
    headers: Sequence[str],
    chunks: Iterable[Columns],
    *,
    encoding: str = "utf-8",
    line_end: str = "\n",
) -> None:
    """Write chunks of columns (dict order = column order) under these headers.

    encoding: any of Python's that holds the text (`utf-8`, `utf-8-sig`, `gb18030`).
    Cells are quoted where they hold a comma, a quote or a line end. Nulls are written as nothing.
    """
    body_encoding = "utf-8" if encoding == "utf-8-sig" else encoding
    with path.open("wb") as file:
        head = {str(place): pa.array([header]) for place, header in enumerate(headers)}
        file.write(_lines(head, line_end).decode().encode(encoding))
        for chunk in chunks:
            data = _lines(chunk, line_end)
            file.write(data if body_encoding == "utf-8" else data.decode().encode(body_encoding))


def _lines(columns: Columns, line_end: str) -> bytes:
    """The rows as UTF-8 lines."""
    cells = [_quoted(column) for column in columns.values()]
    rows = pc.binary_join_element_wise(*cells, ",")
    rows = pc.binary_join_element_wise(rows, "", line_end)
    first, last = rows.offset, rows.offset + len(rows)
    _, offsets, data = rows.buffers()
    bounds = memoryview(offsets).cast("i")
    return bytes(memoryview(data)[bounds[first] : bounds[last]])


def _quoted(column: pa.Array) -> pa.Array:
    cells = pc.fill_null(column, "")
    needs_quotes = pc.match_substring_regex(cells, '[",\\r\\n]')
    if not pc.any(needs_quotes).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(needs_quotes, pc.binary_join_element_wise('"', doubled, '"', ""), cells)


def write_workbook(path: Path, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows of texts to the first sheet of a workbook, the headers above them.

    The same rows give the same bytes: the workbook does not say when it was written.
    """
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": _CREATED})
        sheet = book.add_worksheet("数据")
        for number, row in enumerate([headers, *rows]):
            for place, cell in enumerate(row):
                if cell:
                    sheet.write_string(number, place, cell)
