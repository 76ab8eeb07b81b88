"""How a delimited text is laid out: its delimiter and quote mark, where its header stands and where its rows end.

Delimiter and quote mark are those under which most of the header is known; the first line alone would be misled by
a title, and by commas inside the headers.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from creditgate.policy.contracts import Contract
from creditgate.screen.decoding import MAX_LINE, TextShape, UnreadableFeedError
from creditgate.screen.header_rows import MAX_COLUMNS, SEARCHED_ROWS, HeaderPlace, find_header, is_note

DELIMITERS = (",", "\t", ";", "|", "，", "\x01", "^", "~", ":")
_HEAD = 1 << 20
_TAIL = 1 << 13


@dataclass(frozen=True)
class TextLayout:
    """A delimited text as it will be read. titles: rows above the header; notes: rows left out at the end."""

    shape: TextShape
    headers: tuple[str, ...]
    titles: int
    notes: int


@dataclass(frozen=True)
class _Reading:
    """The first records of the text under one delimiter and quote mark; `ends`: characters taken by each record."""

    delimiter: str
    quote: str
    header: HeaderPlace
    ends: tuple[int, ...]


def lay_out(path: Path, shape: TextShape, contract: Contract) -> TextLayout:
    """The layout of a delimited text. Raises UnreadableFeedError where its first record has no end or no bounds."""
    text = _head(path, shape)
    quotes = ('"', "'") if not shape.is_quoted or shape.encoding.startswith("utf-16") else ('"',)
    readings = [_read(text, delimiter, quote, contract) for quote in quotes for delimiter in _present(text)]
    best = max(
        readings, key=lambda reading: (reading.header.known, reading.quote == "'", len(reading.header.names))
    )
    best.header.checked()
    if len(best.header.names) > MAX_COLUMNS:
        raise UnreadableFeedError("too_many_columns")
    end_of_header = best.ends[best.header.end - 1]
    if end_of_header >= len(text) and len(text.encode(shape.encoding)) >= _HEAD - 8:
        raise UnreadableFeedError("line_too_long")
    shape = dataclasses.replace(
        shape,
        delimiter=best.delimiter,
        quote=best.quote,
        is_quoted=shape.is_quoted or best.quote != '"',
        header_end=shape.bom + len(text[:end_of_header].encode(shape.encoding)),
    )
    notes, end = _notes(path, shape, len(best.header.names))
    return TextLayout(dataclasses.replace(shape, end=end), best.header.names, best.header.first, notes)


def _head(path: Path, shape: TextShape) -> str:
    with path.open("rb") as file:
        file.seek(shape.bom)
        return file.read(_HEAD).decode(shape.encoding, errors="ignore")


def _present(text: str) -> list[str]:
    """The delimiters that stand in the first lines; a comma for a text of one column."""
    lines = "".join(itertools.islice(io.StringIO(text[:65_536], newline=""), SEARCHED_ROWS))
    return [mark for mark in DELIMITERS if mark in lines] or [","]


def _read(text: str, delimiter: str, quote: str, contract: Contract) -> _Reading:
    csv.field_size_limit(MAX_LINE)
    lines = _Counted(text)
    rows: list[list[str]] = []
    ends: list[int] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, quotechar=quote):
            if any(row):
                rows.append(row)
                ends.append(lines.taken)
            if len(rows) == SEARCHED_ROWS:
                break
    except csv.Error as error:
        if not rows:
            raise UnreadableFeedError("line_too_long") from error
    if quote == "'" and not _is_single_quoted(text, delimiter):
        return _Reading(delimiter, '"', HeaderPlace(0, 1, (), -1), (0,))
    if not rows:
        raise UnreadableFeedError("empty_file")
    return _Reading(delimiter, quote, find_header(rows, contract), tuple(ends))


def _is_single_quoted(text: str, delimiter: str) -> bool:
    """Whether cells stand between apostrophes as a rule."""
    return text[:65_536].count(f"'{delimiter}'") > 1


class _Counted:
    """The lines of a text; `taken` is how many characters were handed out."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken += len(line)
        return line


def _notes(path: Path, shape: TextShape, width: int) -> tuple[int, int | None]:
    """How many lines at the end are totals and notes, and the byte where they begin (None where there are none)."""
    size = path.stat().st_size
    unit = 2 if shape.encoding.startswith("utf-16") else 1
    start = max(shape.header_end, size - _TAIL)
    start -= (start - shape.bom) % unit
    with path.open("rb") as file:
        file.seek(start)
        tail = file.read()
    lines = list(io.StringIO(tail.decode(shape.encoding, errors="ignore"), newline=""))
    if start > shape.header_end:
        lines = lines[1:]  # it may have begun in the middle
    kept, notes = len(lines), 0
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place]
        if shape.quote in line or not _is_note_line(line, shape.delimiter, width):
            if line.strip():
                break
            continue
        kept, notes = place, notes + 1
    if not notes or (shape.is_quoted and not _is_even(path, shape)):
        return 0, None
    return notes, size - len("".join(lines[kept:]).encode(shape.encoding))


def _is_note_line(line: str, delimiter: str, width: int) -> bool:
    cells = line.rstrip("\r\n").split(delimiter)
    return is_note(cells, width)


def _is_even(path: Path, shape: TextShape) -> bool:
    """Whether every quote is closed, so that the last line is no part of a cell."""
    mark, count = shape.quote.encode(shape.encoding), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(mark)
    return count % 2 == 0
