"""Reads a workbook with calamine in a process of its own, within bounds of memory and time.

    python sheet_reader.py PATH BOUNDS

A workbook is parsed whole, in memory, and a few bytes of one can ask for all the memory there is; what happens
then ends this process and nothing else. It stands alone: it imports nothing of the gate, so that it is small.
On its standard output it writes Python's marshal format: first a dictionary about the sheets, then for each sheet that was asked for
batches of rows (lists of texts, None for an empty cell), each sheet ended by None.
"""

from __future__ import annotations

import json
import marshal
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

BATCH_ROWS = 1_000
MERGED_ROWS = 1_000
"""A range that is merged over more rows is left as it is: a value in its first row."""
EXIT_UNREADABLE, EXIT_TOO_LARGE = 3, 4

Cell = int | float | str | bool | time | date | datetime | timedelta


def as_text(cell: Cell) -> str | None:
    """A cell as the text a person sees: 5.0 is 5, a date is YYYY-MM-DD, empty is None."""
    if cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, ".15g")
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)


def _write_sheet(sheet: Any, out: BinaryIO) -> None:
    """The rows of a sheet that hold anything. A value merged over several rows stands in each of them."""
    merged = [(a, b) for a, b in sheet.merged_cell_ranges or [] if a[0] < b[0] <= a[0] + MERGED_ROWS]
    below = {(row, a[1]): a for a, b in merged for row in range(a[0] + 1, b[0] + 1)}
    tops: dict[tuple[int, int], str | None] = {a: None for a, _ in merged}
    batch = []
    left = (sheet.start or (0, 0))[
        1
    ]  # rows are given from the first of the sheet, columns from the first used
    marshal.dump((left, [a[0] for a, _ in merged]), out)
    for number, row in enumerate(sheet.iter_rows()):
        cells = [as_text(cell) for cell in row]
        if not any(cells):
            continue
        if merged:
            for place in range(len(cells)):
                at = (number, left + place)
                if at in tops:
                    tops[at] = cells[place]
                elif cells[place] is None and at in below:
                    cells[place] = tops[below[at]]
        batch.append(cells)
        if len(batch) == BATCH_ROWS:
            marshal.dump(batch, out)
            batch = []
    marshal.dump(batch, out)
    marshal.dump(None, out)
    out.flush()


def main(path: str, bounds: dict[str, int]) -> int:
    """Write the sheets to standard output; the exit code says how it ended."""
    resource.setrlimit(resource.RLIMIT_AS, (bounds["memory"], bounds["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds["seconds"], bounds["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    out = sys.stdout.buffer
    try:
        workbook = CalamineWorkbook.from_path(path)
        sheets = [
            (sheet.name, sheet.visible == SheetVisibleEnum.Visible)
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        marshal.dump(sheets, out)
        out.flush()
        for name in iter(sys.stdin.readline, ""):
            _write_sheet(workbook.get_sheet_by_name(json.loads(name)), out)
    except MemoryError:
        return EXIT_TOO_LARGE
    except BrokenPipeError:
        return 0
    except BaseException:
        return EXIT_UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
