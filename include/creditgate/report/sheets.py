"""What our workbooks have in common: their looks, code lists with drop-downs, plain tables."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from creditgate.policy.contracts import Contract, Field
from creditgate.report.text_sheet import FORMULA_STARTS, CellStyle
from creditgate.report.verdict import SHANGHAI

CODES_SHEET = "代码表"
FONT = "微软雅黑"
INK, PALE, RED, AMBER, GREY = "#1F3A5F", "#EEF2F7", "#F8C9C4", "#FCE8B2", "#E3E3E3"
TEXT = 49
"""Excel's built-in number format for text: what is typed stays as it is typed."""
LINE_HEIGHT = 15.0
"""Points that a line of text takes."""


class Looks:
    """The formats of one workbook."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self.cell = self.style()
        self.wrapped = self.style(text_wrap=True)
        self.masked = self.style(bg_color=GREY, font_color="#555555")
        self.warned = self.style(bg_color=AMBER, border=1, border_color="#C98A00")
        self.faulty = self.style(bg_color=RED, border=1, border_color="#B3261E")
        self.quiet = self.style(font_color="#6B7280")
        head: dict[str, Any] = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1}
        self.header = self.style(**head, bg_color=INK, font_color="#FFFFFF", border_color="#FFFFFF")
        self.front_header = self.style(
            **head, bg_color="#7A1F1A", font_color="#FFFFFF", border_color="#FFFFFF"
        )
        self.asked_header = self.style(**head, bg_color=AMBER, border_color="#C98A00")
        self.title = self.style(bold=True, font_size=16, font_color=INK, valign="vcenter")
        self.section = self.style(bold=True, font_size=12, font_color=INK, bottom=2, bottom_color=INK)
        self.label = self.style(bold=True, bg_color=PALE, text_wrap=True)
        self.example = self.style(italic=True, font_color="#555555")
        self.count = self.format(num_format="#,##0")

    def format(self, **properties: Any) -> Format:
        """A format, text unless it says otherwise, at the top of the cell."""
        return self._workbook.add_format({"num_format": TEXT, "valign": "top", **properties})

    def style(self, **properties: Any) -> CellStyle:
        """A format for text, and its twin for text that begins like a formula."""
        return CellStyle(self.format(**properties), self.format(**properties, quote_prefix=True))


def open_workbook(path: Path, *, title: str, dated_at: datetime) -> Workbook:
    """A workbook whose bytes depend on its content alone; its temporary files lie beside it."""
    workbook = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "default_format_properties": {"font_name": FONT, "font_size": 10},
        },
    )
    created = dated_at.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)
    workbook.set_properties({"title": title, "author": "公共信用信息平台", "created": created})
    return workbook


def close_workbook(workbook: Workbook, path: Path) -> None:
    """Put the workbook together; OSError where the disk is full or the path can't be written."""
    workbook.use_zip64()
    try:
        workbook.close()
    except FileCreateError as fault:
        cause = fault.args[0]
        raise OSError(cause.errno, cause.strerror, str(path)) from fault


def write_text(sheet: Worksheet, row: int, column: int, text: str, style: CellStyle) -> None:
    """Write a text that stays text, whatever it begins with."""
    if text.startswith("<r>"):  # xlsxwriter writes <r>…</r> unescaped, taking it for its own rich text
        text = " " + text
    is_like_formula = text[:1] and text[0] in FORMULA_STARTS
    sheet.write_string(row, column, text, style.quoted if is_like_formula else style.plain)


def write_table(
    sheet: Worksheet, first_row: int, looks: Looks, header: Sequence[str], rows: Sequence[Sequence[str | int]]
) -> int:
    """A small table with a header; returns the row below it."""
    for column, text in enumerate(header):
        write_text(sheet, first_row, column, text, looks.header)
    for row, cells in enumerate(rows, start=first_row + 1):
        for column, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(row, column, cell, looks.count)
            else:
                write_text(sheet, row, column, cell, looks.wrapped)
    return first_row + 1 + len(rows)


def display_width(text: str) -> int:
    """The columns a text takes: 2 for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


@lru_cache(maxsize=20_000)
def row_height(text: str, width: int) -> float:
    """Points that a wrapped text needs in a column of this width, up to what a row can be (409)."""
    lines = sum(max(1, math.ceil(display_width(line) / (width - 2))) for line in text.split("\n"))
    return min(405.0, 5 + LINE_HEIGHT * lines)


def choices_of(contract: Contract | None, field_name: str) -> tuple[str, ...]:
    """What a cell can be picked from: the field's code list; none where a cell may hold several.

    A list that gives each entry as a code and as a Chinese name offers the names; spellings that differ
    in width alone are offered once.
    """
    field = _field(contract, field_name)
    if contract is None or field is None or field.kind == "list" or _takes_several(contract, field_name):
        return ()
    values = contract.values_of(field_name)
    if not values:
        return ("是", "否") if field.kind == "flag" else ()
    distinct = {unicodedata.normalize("NFKC", value): value for value in reversed(values)}
    kept = [value for value in values if value in distinct.values()]
    chinese = [value for value in kept if any(ord(c) > 0x2E80 for c in value)]
    return tuple(chinese or kept)


def is_masked_field(contract: Contract | None, field_name: str) -> bool:
    """Whether what is kept of the field is a masked identity number."""
    field = _field(contract, field_name)
    return field is not None and field.storage == "identity"


def write_codes(workbook: Workbook, looks: Looks, choices: Mapping[str, Sequence[str]]) -> None:
    """The hidden sheet with the code lists, one column each, that drop-downs refer to."""
    if not choices:
        return
    sheet = workbook.add_worksheet(CODES_SHEET)
    for column, header in enumerate(choices):
        write_text(sheet, 0, column, header, looks.header)
    for row in range(max(len(values) for values in choices.values())):
        for column, values in enumerate(choices.values()):
            if row < len(values):
                write_text(sheet, row + 1, column, values[row], looks.cell)
    sheet.hide()


def add_drop_down(
    sheet: Worksheet, column: int, rows: tuple[int, int], codes_column: int, choices: Sequence[str]
) -> None:
    """A drop-down on the cells of a column. It asks before it takes another value: a code is fine as well."""
    letter = xl_col_to_name(codes_column, col_abs=True)
    sheet.data_validation(
        rows[0],
        column,
        rows[1],
        column,
        {
            "validate": "list",
            "source": f"={CODES_SHEET}!{letter}$2:{letter}${len(choices) + 1}",
            "error_type": "warning",
            "error_title": "不在代码表内",
            "error_message": "请从下拉列表中选择。",
        },
    )


def _field(contract: Contract | None, name: str) -> Field | None:
    if contract is None:
        return None
    return next((field for field in contract.fields if field.name == name), None)


def _takes_several(contract: Contract, field_name: str) -> bool:
    return any(rule.field == field_name and rule.kwargs.get("separator") for rule in contract.rules)
