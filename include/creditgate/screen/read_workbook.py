"""The feed sheet of an XLSX workbook as Arrow tables of strings.

Values only: a formula is never evaluated, the value that the author's program stored is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from creditgate.domain.feed import CHUNK_ROWS
from creditgate.domain.report import AUXILIARY_SHEETS, REPORT_SHEET, TEMPLATE_SHEET
from creditgate.screen.decoding import UnreadableFeedError

Cell = int | float | str | bool | time | date | datetime | timedelta


class SheetRows:
    """The used rows of a workbook's feed sheet: a header row, then data rows.

    The feed sheet is the one of our template or returned workbook, else the first that is visible.
    """

    def __init__(self, path: Path) -> None:
        try:
            workbook = CalamineWorkbook.from_path(str(path))
            visible = [
                sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible
            ]
            wanted = [name for name in visible if name in (REPORT_SHEET, TEMPLATE_SHEET)]
            wanted += [name for name in visible if name not in AUXILIARY_SHEETS]
            if not wanted:
                raise UnreadableFeedError("empty_file")
            rows = workbook.get_sheet_by_name(wanted[0]).to_python(skip_empty_area=True)
        except UnreadableFeedError:
            raise
        except Exception:
            raise UnreadableFeedError("unreadable_workbook") from None
        self._rows = [row for row in rows if any(cell != "" for cell in row)]
        if not self._rows:
            raise UnreadableFeedError("empty_file")

    @property
    def headers(self) -> list[str]:
        """The cells of the first used row."""
        return [as_text(cell) or "" for cell in self._rows[0]]

    def chunks(self, fields: Sequence[str | None]) -> Iterator[pa.Table]:
        """The data rows as tables of the kept columns."""
        for start in range(1, len(self._rows), CHUNK_ROWS):
            rows = self._rows[start : start + CHUNK_ROWS]
            yield pa.table(
                {
                    field: pa.array([as_text(row[i]) for row in rows], pa.string())
                    for i, field in enumerate(fields)
                    if field
                }
            )


def as_text(cell: Cell) -> str | None:
    """A cell as the text a person sees: 5.0 is 5, a date is YYYY-MM-DD, empty is None."""
    if cell == "":
        return None
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)
