"""An empty feed workbook made from a contract: what a provider unit fills in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from creditgate.domain.report import TEMPLATE_SHEET
from creditgate.domain.rules import Rule, Severity
from creditgate.policy.contracts import Contract, Field
from creditgate.report.sheets import (
    Looks,
    add_drop_down,
    choices_of,
    close_workbook,
    display_width,
    open_workbook,
    row_height,
    write_codes,
    write_text,
)

FILLABLE_ROWS = 100_000
KIND_LABELS = {
    "code": "代码",
    "name": "名称",
    "text": "文本",
    "number": "数字",
    "date": "日期（如 2026-11-23）",
    "flag": "是 / 否",
    "free_text": "文本",
    "identity": "证件号码",
    "list": "可填多项，用分号隔开",
}
_REQUIRED, _CONDITIONAL, _OPTIONAL = "必填", "视情形必填", "选填"
_PRESENCE = ("expect_column_values_to_be_present", "expect_one_of_columns_to_be_present")
_GUIDE_COLUMNS = (
    ("列名", 26),
    ("国家标准代码", 20),
    ("是否必填", 12),
    ("类型", 20),
    ("填写要求", 64),
    ("示例", 30),
    ("依据条款", 20),
)
_INTRODUCTION = (
    f"1. 在“{TEMPLATE_SHEET}”表中从第 2 行起逐行填写，一行一条信息。列名不要改动；不用的选填列可以删除。",
    "2. 所有单元格均为文本格式：代码前面的 0 不会丢失，日期请写成 2026-11-23 的样子。",
    "3. 带下拉箭头的单元格请从列表中选择；列名的批注写有要求和示例。",
    "4. 不得加入本表以外的列（S09）；收入、存款、宗教信仰、病史等禁止归集的信息一律不得填写（S16、S17）。",
    "5. 报送前由审查人核实（S14），并在数据形成后 7 个工作日内报送（S10）。",
)


@dataclass(frozen=True)
class FieldGuide:
    """What an officer has to know about a column."""

    field: Field
    need: str
    demands: tuple[str, ...]
    clauses: tuple[str, ...]

    @property
    def note(self) -> str:
        """The comment on the header."""
        lines = [f"{self.need}　{KIND_LABELS.get(self.field.kind, '')}", *self.demands]
        if self.field.example:
            lines.append(f"示例：{self.field.example}")
        return "\n".join(lines)


def write_template(contract: Contract, path: Path) -> Path:
    """Write the template; the feed's sheet comes first, the example on a sheet of its own.

    The same contract gives the same bytes. OSError where the path can't be written.
    """
    dated_at = datetime.combine(contract.effective_from, time(), UTC)
    title = f"{contract.title} 填报模板 {contract.version}"
    workbook = open_workbook(path, title=title, dated_at=dated_at)
    looks = Looks(workbook)
    guides = [guide_of(contract, field) for field in contract.fields]
    offered = {field.header: choices_of(contract, field.name) for field in contract.fields}
    choices = {header: values for header, values in offered.items() if values}
    sheet = workbook.add_worksheet(TEMPLATE_SHEET)
    _write_headers(sheet, looks, guides)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    columns = list(offered)
    for codes_column, (header, values) in enumerate(choices.items()):
        add_drop_down(sheet, columns.index(header), (1, FILLABLE_ROWS), codes_column, values)
    _write_example(workbook, looks, guides)
    _write_guide(workbook, looks, contract, guides)
    write_codes(workbook, looks, choices)
    close_workbook(workbook, path)
    return path


def _write_headers(sheet: Worksheet, looks: Looks, guides: list[FieldGuide]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 36)
    for column, guide in enumerate(guides):
        width = min(
            34, max(12, display_width(guide.field.header) + 2, display_width(guide.field.example or ""))
        )
        sheet.set_column(column, column, width, looks.cell.plain)
    for column, guide in enumerate(guides):
        style = {
            _REQUIRED: looks.front_header,
            _CONDITIONAL: looks.asked_header,
            _OPTIONAL: looks.header,
        }[guide.need]
        write_text(sheet, 0, column, guide.field.header, style)
        lines = sum(1 + display_width(line) // 44 for line in guide.note.splitlines())
        sheet.write_comment(0, column, guide.note, {"width": 320, "height": 20 + 18 * lines, "font_size": 9})


def _write_example(workbook: Workbook, looks: Looks, guides: list[FieldGuide]) -> None:
    sheet = workbook.add_worksheet("示例")
    _write_headers(sheet, looks, guides)
    for column, guide in enumerate(guides):
        if guide.field.example:
            write_text(sheet, 1, column, guide.field.example, looks.example)
    write_text(sheet, 3, 0, "本表仅供参考，系统不读取；主体、代码和文号均为虚构。", looks.example)


def _write_guide(workbook: Workbook, looks: Looks, contract: Contract, guides: list[FieldGuide]) -> None:
    sheet = workbook.add_worksheet("填写说明")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)
    for column, (_, width) in enumerate(_GUIDE_COLUMNS):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 30)
    write_text(sheet, 0, 0, f"{contract.title}：填写说明（{contract.version} 版）", looks.title)
    for row, line in enumerate(_introduction(contract), start=1):
        write_text(sheet, row, 0, line, looks.cell)
    first = len(_INTRODUCTION) + 4
    for column, (header, _) in enumerate(_GUIDE_COLUMNS):
        write_text(sheet, first, column, header, looks.header)
    for row, guide in enumerate(guides, start=first + 1):
        cells = _guide_cells(guide)
        heights = (row_height(text, width) for text, (_, width) in zip(cells, _GUIDE_COLUMNS, strict=True))
        sheet.set_row(row, max(heights))
        for column, text in enumerate(cells):
            write_text(sheet, row, column, text, looks.label if column == 0 else looks.wrapped)


def _introduction(contract: Contract) -> Iterator[str]:
    yield f"信息性质：{contract.information_nature}　披露方式：{contract.disclosure_mode}　依据：{contract.disclosure_basis}"
    yield from _INTRODUCTION
    yield "列名颜色：深红为必填，黄色为视情形必填，深蓝为选填。"


def _guide_cells(guide: FieldGuide) -> tuple[str, ...]:
    field = guide.field
    return (
        field.header,
        field.code or "",
        guide.need,
        KIND_LABELS.get(field.kind, ""),
        "\n".join(guide.demands),
        field.example or "",
        "、".join(guide.clauses),
    )


def guide_of(contract: Contract, field: Field) -> FieldGuide:
    """A column's need and demands, from the rules shown at it."""
    rules = [rule for rule in contract.check_rules() if rule.field == field.name]
    rules.sort(key=lambda rule: rule.severity is Severity.WARN)
    demands = list(dict.fromkeys(rule.expected for rule in rules if not rule.expectation.endswith("_to_fit")))
    if field.max_length:
        demands.append(f"不超过 {field.max_length} 个字符")
    clauses = sorted({clause for rule in rules for clause in rule.clauses})
    return FieldGuide(field, _need(field, rules), tuple(demands), tuple(clauses))


def _need(field: Field, rules: list[Rule]) -> str:
    asking = [r for r in rules if r.expectation in _PRESENCE and r.severity is Severity.REJECT]
    if field.is_required or any("when" not in r.kwargs and r.expectation == _PRESENCE[0] for r in asking):
        return _REQUIRED
    return _CONDITIONAL if asking else _OPTIONAL
