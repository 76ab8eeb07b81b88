"""Where a table's header stands, and which rows at its end are no records.

Offices put titles above a table, spread its header over two rows, and write totals and notes below it. The header is
the row (or the pair of rows) of which most cells are known headers of the item.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from creditgate.policy.contracts import Contract, normalise_header
from creditgate.screen.decoding import UnreadableFeedError

SEARCHED_ROWS = 20
MAX_COLUMNS = 1_000
"""More columns than any item has: a table of more is no feed."""
NOTES_HELD = 50
"""Rows of notes at the end of a table, at most; more of them are records that lack nearly everything."""

Cells = Sequence[str | None]

_NOTE = re.compile(
    r"^\s*(?:合计|总计|小计|共计|表格说明|填表说明|填报说明|说明|备注|注|填表人|填报人|制表人?|审核人?|复核人?|负责人|联系人|联系电话|"
    r"制表日期|填报日期|打印日期|导出时间|数据来源|第\s*\d+\s*页)\s*(?:[:：（(\d]|$)"
)
_NOTE_CELLS = 4
_HEADERS_ON_END = 3
"""Headers one below the other that make no chance of it."""


@dataclass(frozen=True)
class HeaderPlace:
    """Rows `first` … `first + rows - 1` (from 0, among those looked at) are the header; `names` its cells."""

    first: int
    rows: int
    names: tuple[str, ...]
    known: int
    stands_on_end: bool = False
    """Whether the headers stand one below the other, so that there is no such row."""

    def checked(self) -> HeaderPlace:
        """The place itself. Raises UnreadableFeedError for a table that stands on end."""
        if self.stands_on_end:
            raise UnreadableFeedError("table_on_end")
        return self

    @property
    def end(self) -> int:
        """The first row after the header."""
        return self.first + self.rows


def find_header(rows: Sequence[Cells], contract: Contract) -> HeaderPlace:
    """The header among the first rows of a table; the very first row where no cell is known."""
    best = HeaderPlace(0, 1, _texts(rows[0]) if rows else (), 0)
    for place, row in enumerate(rows[:SEARCHED_ROWS]):
        names = _texts(row)
        known = _known(names, contract)
        if known > best.known:
            best = HeaderPlace(place, 1, names, known)
    for place in range(min(len(rows), SEARCHED_ROWS) - 1):
        names = _joined(_texts(rows[place]), _texts(rows[place + 1]), contract)
        known = _known(names, contract)
        if known > best.known:
            best = HeaderPlace(place, 2, names, known)
    if best.known <= 1 and _known(_first_cells(rows[:SEARCHED_ROWS]), contract) >= _HEADERS_ON_END:
        return dataclasses.replace(best, stands_on_end=True)
    return best


def _first_cells(rows: Sequence[Cells]) -> tuple[str, ...]:
    return _texts([next((cell for cell in row if cell and cell.strip()), None) for row in rows])


def is_note(cells: Cells, width: int) -> bool:
    """Whether a row looks like a total or a note below a table of so many columns: few cells, the first says so."""
    filled = [cell for cell in cells if cell and cell.strip()]
    return 0 < len(filled) <= min(_NOTE_CELLS, max(1, width // 3)) and bool(_NOTE.match(filled[0]))


class Records:
    """The records of a table: blank rows left out, and notes at its end left out and counted."""

    def __init__(self, rows: Iterator[Cells], width: int) -> None:
        self._rows = rows
        self._width = width
        self.notes = 0

    def __iter__(self) -> Iterator[Cells]:
        held: list[Cells] = []
        for row in self._rows:
            if not any(cell and not cell.isspace() for cell in row):
                continue
            if is_note(row, self._width) and len(held) < NOTES_HELD:
                held.append(row)
                continue
            yield from held
            held.clear()
            yield row
        self.notes = len(held)


def header_like(cells: Cells, contract: Contract) -> int:
    """How many cells of a row are headers of the item."""
    return _known(_texts(cells), contract)


def _texts(cells: Cells) -> tuple[str, ...]:
    return tuple((cell or "").strip() for cell in cells)


def _known(names: Sequence[str], contract: Contract) -> int:
    fields = {contract.headers.get(normalise_header(name)) for name in names if name}
    return len(fields - {None})


def _joined(top: Sequence[str], bottom: Sequence[str], contract: Contract) -> tuple[str, ...]:
    """One header out of two rows: the upper one stands over all columns up to its next cell."""
    names: list[str] = []
    above = ""
    for place in range(max(len(top), len(bottom))):
        above = (top[place] if place < len(top) else "") or above
        below = bottom[place] if place < len(bottom) else ""
        spellings = (f"{above}({below})", above + below, below, "" if below else above)
        known = (name for name in spellings if name and normalise_header(name) in contract.headers)
        names.append(next(known, above + below if below else above))
    return tuple(names)
