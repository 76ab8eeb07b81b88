"""The feed sheet of a workbook (XLSX, XLS) as records, and what its other places hold.

Values only: a formula is never evaluated, the value that the author's program stored is read. calamine parses, in a
process of its own (`sheet_reader`), so that no workbook, however made, takes this one with it.
"""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import AUXILIARY_SHEETS, REPORT_SHEET, TEMPLATE_SHEET
from creditgate.policy.contracts import Contract, normalise_header
from creditgate.policy.gate_rules import gate_rule
from creditgate.screen.decoding import UnreadableFeedError
from creditgate.screen.header_rows import SEARCHED_ROWS, Cells, Records, find_header
from creditgate.screen.records import RecordSource
from creditgate.screen.workbook_parts import comment_texts, has_hidden_columns, look_into, uses_1904

MEMORY = 1 << 30
"""Bytes of address space that the parsing process gets."""
SECONDS = 600
_READER = Path(__file__).with_name("sheet_reader.py")
_TOO_LARGE = (4, -6, -9, -11, -24)
"""How the parser ends beyond its bounds: it says so, Rust aborts for want of memory, or the kernel ends it."""
_DAYS_1904 = 1462


@dataclass(frozen=True)
class HiddenPlace:
    """Texts that a reader of the workbook doesn't see. headers: those that may be names of columns."""

    headers: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Workbook:
    """A workbook's feed sheet, and what is hidden in it: sheets, columns that are not kept, comments."""

    source: RecordSource
    hidden: tuple[HiddenPlace, ...]


def read_workbook(path: Path, content: str, contract: Contract) -> Workbook:
    """Open a workbook of which the feed sheet is that of our template or report, else the first that is visible.

    Raises UnreadableFeedError where it can't be opened, or holds more than the reader takes.
    """
    if content == "xlsx":
        look_into(path)
    feed = _FeedRows(path)
    wanted, sheets, first = feed.sheet, feed.sheets, feed.first
    header = find_header(first, contract).checked()
    hidden_columns = has_hidden_columns(path, wanted) if content == "xlsx" else set()
    slots = []
    if header.first:
        slots.append(Slot(gate_rule("title_rows_left_out"), None))
    if any(row >= header.end for row in feed.merged_rows):
        slots.append(Slot(gate_rule("merged_cells_filled"), None))
    seen = [name for name, is_visible in sheets if is_visible and name not in (wanted, *AUXILIARY_SHEETS)]
    dates = _date_columns(header.names, contract) if content == "xlsx" and uses_1904(path) else frozenset()
    others, hidden = _other_sheets(path, seen, [name for name, is_visible in sheets if not is_visible])
    if others:
        slots.append(Slot(gate_rule("other_sheets_left_out"), None))
    if hidden_columns:
        places = {column - feed.left for column in hidden_columns}
        hidden.append(_hidden_columns(path, wanted, header.end, header.names, places, contract))
    comments = comment_texts(path) if content == "xlsx" else []
    if comments:
        hidden.append(HiddenPlace((), tuple(comments)))
    records = Records(_days_from_1900(feed.after(header.end), dates), len(header.names))
    source = RecordSource(content, None, header.names, records, Findings.about_file(slots))
    return Workbook(source, tuple(hidden))


class _FeedRows:
    """The rows of the feed sheet, the first of them looked at already; read once."""

    def __init__(self, path: Path) -> None:
        self._rows = self._read(path)
        next(self._rows)
        self.first = list(islice(self._rows, SEARCHED_ROWS))
        if not self.first:
            raise UnreadableFeedError("empty_file")

    def _read(self, path: Path) -> Iterator[Cells]:
        with _sheet_reader(path) as reader:
            self.sheets = reader.sheets
            self.sheet = _feed_sheet(reader.sheets)
            rows = reader.rows(self.sheet)
            head = next(rows, None)
            self.left, self.merged_rows = reader.left, reader.merged_rows
            yield ()
            if head is not None:
                yield head
                yield from rows

    def after(self, place: int) -> Iterator[Cells]:
        """All rows from this one on."""
        return chain(self.first[place:], self._rows)


def _feed_sheet(sheets: list[tuple[str, bool]]) -> str:
    visible = [name for name, is_visible in sheets if is_visible]
    wanted = [name for name in visible if name in (REPORT_SHEET, TEMPLATE_SHEET)]
    wanted += [name for name in visible if name not in AUXILIARY_SHEETS]
    if not wanted:
        raise UnreadableFeedError("empty_file")
    return wanted[0]


def _rows_of(path: Path, sheet: str, skipped: int) -> Iterator[Cells]:
    with _sheet_reader(path) as reader:
        yield from islice(reader.rows(sheet), skipped, None)


def _other_sheets(path: Path, seen: list[str], hidden: list[str]) -> tuple[bool, list[HiddenPlace]]:
    """Whether some other visible sheet holds rows, and what the hidden sheets hold."""
    if not seen and not hidden:
        return False, []
    places: list[HiddenPlace] = []
    with _sheet_reader(path) as reader:
        has_rows = bool(seen) and next(reader.rows(seen[0]), None) is not None
    for name in hidden:
        with _sheet_reader(path) as reader:
            places.append(_place(name, reader.rows(name)))
    return has_rows, places


def _place(name: str, rows: Iterator[Cells]) -> HiddenPlace:
    headers: dict[str, None] = {name: None}
    texts: dict[str, None] = {}
    for number, row in enumerate(rows):
        for cell in row:
            if cell and number < SEARCHED_ROWS and len(cell) <= 40:
                headers[cell] = None
            if cell:
                texts[cell] = None
    return HiddenPlace(tuple(headers), tuple(texts))


def _hidden_columns(
    path: Path, sheet: str, skipped: int, names: Cells, hidden: set[int], contract: Contract
) -> HiddenPlace:
    """The texts of hidden columns that the screen would drop unread."""
    places = [
        place
        for place, name in enumerate(names)
        if place in hidden and normalise_header(name or "") not in contract.headers
    ]
    texts: dict[str, None] = {}
    if places:
        for row in _rows_of(path, sheet, skipped):
            texts.update((row[place] or "", None) for place in places if place < len(row))
    return HiddenPlace((), tuple(texts))


def _date_columns(names: Cells, contract: Contract) -> frozenset[int]:
    fields = [contract.headers.get(normalise_header(name or "")) for name in names]
    return frozenset(
        place for place, field in enumerate(fields) if field and contract.field(field).kind == "date"
    )


def _days_from_1900(rows: Iterator[Cells], columns: frozenset[int]) -> Iterator[Cells]:
    """Day numbers of a workbook that counts from 1904, as dates."""
    if not columns:
        yield from rows
        return
    for row in rows:
        yield [_day_1904(cell) if place in columns else cell for place, cell in enumerate(row)]


def _day_1904(cell: str | None) -> str | None:
    if cell and cell.isascii() and cell.isdigit() and len(cell) == 5:
        return (date(1899, 12, 30) + timedelta(days=int(cell) + _DAYS_1904)).isoformat()
    return cell


class _SheetReader:
    """The parsing process, asked for one sheet."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.left = 0
        self.merged_rows: list[int] = []
        self.sheets: list[tuple[str, bool]] = self._load()

    def rows(self, sheet: str) -> Iterator[Cells]:
        """The rows of a sheet that hold anything; ask for a sheet once the one before has been read."""
        assert self._process.stdin is not None  # noqa: S101 - it was opened with a pipe
        try:
            self._process.stdin.write(json.dumps(sheet).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._fault() from None
        self.left, self.merged_rows = self._load()
        while (batch := self._load()) is not None:
            yield from batch

    def _load(self) -> Any:
        try:
            return marshal.load(self._process.stdout)  # type: ignore[arg-type]  # noqa: S302 - our own process wrote it
        except (EOFError, ValueError, TypeError, OSError):
            raise self._fault() from None

    def _fault(self) -> UnreadableFeedError:
        code = self._process.wait()
        return UnreadableFeedError("sheet_too_large" if code in _TOO_LARGE else "unreadable_workbook")


@contextmanager
def _sheet_reader(path: Path) -> Iterator[_SheetReader]:
    bounds = json.dumps({"memory": MEMORY, "seconds": SECONDS})
    command = [sys.executable, "-I", str(_READER), str(path), bounds]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield _SheetReader(process)
        finally:
            process.kill()
