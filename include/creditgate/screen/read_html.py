"""The tables of a web page as records: what many systems export as .xls is one. Read twice.

The first pass looks at the first rows of every table for the header; the second one hands out the rows below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from creditgate.domain.findings import Findings, Slot
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule
from creditgate.screen.decoding import MAX_LINE, TextShape, UnreadableFeedError, text_blocks
from creditgate.screen.header_rows import MAX_COLUMNS, SEARCHED_ROWS, Cells, HeaderPlace, Records, find_header
from creditgate.screen.records import RecordSource

MAX_TABLES = 500
MAX_DEPTH = 200
MAX_IN_ROW = 20_000
_SPAN_ROWS = 10_000


def read_html(path: Path, shape: TextShape, contract: Contract) -> RecordSource:
    """The rows of the page's table that is the item's. Raises UnreadableFeedError for a page without a table."""
    first: dict[int, list[Cells]] = {}
    for table, row in _rows(path, shape):
        rows = first.setdefault(table, [])
        if len(first) > MAX_TABLES:
            raise UnreadableFeedError("too_many_columns")
        if len(rows) < SEARCHED_ROWS and any(row):
            rows.append(row)
    headers = {table: find_header(rows, contract) for table, rows in first.items() if rows}
    if not headers:
        raise UnreadableFeedError("no_record_list")
    table = max(headers, key=lambda number: headers[number].known)
    header = headers[table].checked()
    slots = [Slot(gate_rule("title_rows_left_out"), None)] if header.first else []
    records = Records(_below(path, shape, table, header), len(header.names))
    return RecordSource("html", shape.published_name, header.names, records, Findings.about_file(slots))


def _below(path: Path, shape: TextShape, table: int, header: HeaderPlace) -> Iterator[Cells]:
    rows = (row for number, row in _rows(path, shape) if number == table and any(row))
    return islice(rows, header.end, None)


def _rows(path: Path, shape: TextShape) -> Iterator[tuple[int, Cells]]:
    """Every row of every table, with the table's number; a cell merged over several places stands in each."""
    tables: list[tuple[int, _Grid]] = []
    count = depth = open_rows = inside = 0
    for event, element in _events(path, shape):
        tag = element.tag
        if not isinstance(tag, str):
            continue
        if event == "start":
            depth += 1
            inside += 1
            if depth > MAX_DEPTH:
                raise UnreadableFeedError("nested_too_deep")
            if open_rows and inside > MAX_IN_ROW:
                raise UnreadableFeedError("line_too_long")
            if tag == "tr":
                open_rows += 1
                inside = 0
            if tag == "table":
                tables.append((count, _Grid()))
                count += 1
            continue
        depth -= 1
        if tag == "table" and tables:
            tables.pop()
        elif tag == "tr":
            open_rows -= 1
            if not tables:
                tables.append((count, _Grid()))
                count += 1
            number, grid = tables[-1]
            yield number, grid.row(element)
        if not open_rows:
            element.clear()
            _drop_before(element)


class _Grid:
    """The cells of a table as they lie, row after row: which are still covered from above."""

    def __init__(self) -> None:
        self._covered: dict[int, tuple[int, str]] = {}

    def row(self, element: Any) -> Cells:
        """The cells of the next row."""
        cells: list[str | None] = []
        for cell in element:
            if cell.tag not in ("td", "th"):
                continue
            self._take_covered(cells)
            text = _text_of(cell)
            rows = min(_span(cell, "rowspan"), _SPAN_ROWS)
            for place in range(min(_span(cell, "colspan"), MAX_COLUMNS + 1)):
                if rows > 1:
                    self._covered[len(cells)] = (rows - 1, text)
                cells.append(text if place == 0 else "")
            if len(cells) > MAX_COLUMNS:
                raise UnreadableFeedError("too_many_columns")
        self._take_covered(cells)
        return cells

    def _take_covered(self, cells: list[str | None]) -> None:
        while (covered := self._covered.get(len(cells))) is not None:
            left, text = covered
            if left > 1:
                self._covered[len(cells)] = (left - 1, text)
            else:
                del self._covered[len(cells)]
            cells.append(text)


def _span(cell: Any, name: str) -> int:
    text = (cell.get(name) or "1").strip()
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _text_of(cell: Any) -> str:
    for line_break in cell.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    text = "".join(cell.itertext())
    if len(text) > MAX_LINE:
        raise UnreadableFeedError("line_too_long")
    return text.strip()


def _drop_before(element: Any) -> None:
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:  # len(parent) would count them each time
        del parent[0]


def _events(path: Path, shape: TextShape) -> Iterator[tuple[str, Any]]:
    parser = etree.HTMLPullParser(
        events=("start", "end"), encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )
    pending = 0
    try:
        for block in text_blocks(path, shape):
            parser.feed(block)
            pending += len(block)
            for event in parser.read_events():
                pending = 0
                yield event
            if pending > 2 * MAX_LINE:
                raise UnreadableFeedError("line_too_long")
        parser.close()
        yield from parser.read_events()
    except (etree.LxmlError, ValueError, MemoryError):
        raise UnreadableFeedError("unreadable_html") from None
