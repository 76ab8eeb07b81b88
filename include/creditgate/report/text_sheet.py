"""A worksheet that takes rows of text as Arrow columns: some 20 times faster than cell by cell.

Text stays text. Every cell is an inline string, which no program evaluates, whatever it begins with. A cell
that would become a formula when somebody edits it (`=1+1`, `＠x`) also gets Excel's quote-prefix attribute:
what the leading apostrophe stands for, kept in the cell's style, so that not one character is added and
the mended file reads back as the text that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from creditgate.domain.report import CONTENT_CUT

LONGEST_TEXT = 32_767
"""UTF-16 units that a cell can hold."""

FORMULA_STARTS = "=+-@\t\r＝＋－＠'"
"""What makes a program take an edited text for a formula, or (the apostrophe) swallow a character."""

_FORMULA_START = "^[=+\\-@\\t\\r＝＋－＠']"
_NEEDS_CARE = "[&<>\\r\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{FFFE}\\x{FFFF}]|_x[0-9a-fA-F]{4}_"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"(_x[0-9a-fA-F]{4}_)")


@dataclass(frozen=True)
class CellStyle:
    """The two forms of a format: for plain text, and with the quote prefix for text like a formula."""

    plain: Format
    quoted: Format


@dataclass(frozen=True)
class TextColumn:
    """A column of a chunk. cells: strings or whole numbers, shape (n,).

    levels: index into `styles` for each cell, shape (n,); None: the first style for all.
    """

    cells: pa.Array
    styles: Sequence[CellStyle]
    levels: npt.NDArray[np.int8] | None = None


class TextSheet(Worksheet):  # type: ignore[misc]  # xlsxwriter has no types
    """A worksheet of a `constant_memory` workbook; `write_rows` appends below what was written.

    Comments on rows have to be written before the rows: later ones are ignored.
    """

    def write_rows(
        self, first_row: int, columns: Sequence[TextColumn], heights: npt.NDArray[np.float64]
    ) -> None:
        """Append rows of text. first_row: of the sheet, from 0, below all earlier ones; heights: points.

        An empty cell is written only where its style differs from the first one, which the sheet's columns
        should have as theirs. Text beyond 32,767 UTF-16 units is cut, and says so.
        """
        count = len(columns[0].cells)
        if not count:
            return
        if self.table:  # rows written cell by cell before, the header, are still held back
            self._write_single_row(first_row)
        numbers = pc.cast(pa.array(np.arange(first_row + 1, first_row + count + 1)), pa.string())
        parts: list[Any] = ['<row r="', numbers, '" ht="', pc.cast(pa.array(heights), pa.string()), '">']
        parts += [_cells_xml(numbers, place, column) for place, column in enumerate(columns)]
        rows = pc.binary_join_element_wise(*parts, "</row>", "")
        self.row_data_fh.writelines(rows.to_pylist())
        self._check_dimensions(first_row, 0)
        self._check_dimensions(first_row + count - 1, len(columns) - 1)
        self.previous_row = first_row + count


def is_too_long(cells: pa.Array) -> npt.NDArray[np.bool_]:
    """Which texts a cell can't hold: bool, shape (n,)."""
    long = pc.fill_null(pc.greater(pc.utf8_length(cells), LONGEST_TEXT // 2), False)
    mask: npt.NDArray[np.bool_] = long.to_numpy(zero_copy_only=False).astype(bool)
    for index in np.flatnonzero(mask).tolist():
        mask[index] = _utf16_length(cells[index].as_py()) > LONGEST_TEXT
    return mask


def _cells_xml(numbers: pa.Array, place: int, column: TextColumn) -> pa.Array:
    """The `<c>` elements of a column; empty text for a cell that need not be written."""
    cells = column.cells
    if pa.types.is_integer(cells.type):
        style = column.styles[0].plain._get_xf_index()
        start, text = f'<c r="{xl_col_to_name(place)}', pc.cast(cells, pa.string())
        return pc.binary_join_element_wise(start, numbers, f'" s="{style}"><v>', text, "</v></c>", "")
    levels = column.levels if column.levels is not None else np.zeros(len(cells), np.int8)
    quoted = pc.fill_null(pc.match_substring_regex(cells, _FORMULA_START), False)
    style_ids = [str(form._get_xf_index()) for style in column.styles for form in (style.plain, style.quoted)]
    index = levels.astype(np.int32) * 2 + quoted.to_numpy(zero_copy_only=False).astype(np.int32)
    styles = pc.take(pa.array(style_ids), pa.array(index))
    start = f'<c r="{xl_col_to_name(place)}'
    text = pc.binary_join_element_wise(
        start,
        numbers,
        '" s="',
        styles,
        '" t="inlineStr"><is><t xml:space="preserve">',
        _escape(_cut(cells)),
        "</t></is></c>",
        "",
    )
    is_empty = pc.fill_null(pc.equal(cells, ""), True)
    if not pc.any(is_empty).as_py():
        return text
    blank = pc.binary_join_element_wise(start, numbers, '" s="', styles, '"/>', "")
    return pc.if_else(is_empty, pc.if_else(pa.array(levels != 0), blank, ""), text)


def _escape(cells: pa.Array) -> pa.Array:
    """Text as XML: only the few cells that need it are touched."""
    care = pc.fill_null(pc.match_substring_regex(cells, _NEEDS_CARE), False)
    if not pc.any(care).as_py():
        return cells
    return pc.replace_with_mask(
        cells, care, pa.array([_escape_one(text) for text in cells.filter(care).to_pylist()], pa.string())
    )


def _escape_one(text: str) -> str:
    text = _LOOKS_ESCAPED.sub(r"_x005F\1", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _cut(cells: pa.Array) -> pa.Array:
    too_long = is_too_long(cells)
    if not too_long.any():
        return cells
    mask = pa.array(too_long)
    room = (LONGEST_TEXT - len(CONTENT_CUT)) * 2
    cut = [
        text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CONTENT_CUT
        for text in cells.filter(mask).to_pylist()
    ]
    return pc.replace_with_mask(cells, mask, pa.array(cut, pa.string()))


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
