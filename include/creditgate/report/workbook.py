"""The returned rows as a workbook that can be mended and sent back as it is (S13)."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from creditgate.domain.report import REPORT_COLUMNS, REPORT_SHEET, BatchReport
from creditgate.domain.sealed import BLANKED
from creditgate.policy.contracts import Contract
from creditgate.report.headers import shown_file_name
from creditgate.report.reasons import MASKED, WARNED, RowReasons
from creditgate.report.sheets import (
    Looks,
    add_drop_down,
    choices_of,
    close_workbook,
    display_width,
    is_masked_field,
    open_workbook,
    row_height,
    write_codes,
    write_table,
    write_text,
)
from creditgate.report.summary import SEVERITY_LABELS, Fault, faults_of
from creditgate.report.text_sheet import CellStyle, TextColumn, TextSheet, is_too_long
from creditgate.report.verdict import (
    LATE_NOTE,
    SEVERITY_MEANINGS,
    STATUS_MEANINGS,
    shanghai_text,
    verdict_of,
)

ROWS_IN_A_PART = 100_000
COMMENTS_IN_A_PART = 2_000
_ROWS_AT_ONCE = 4_096
_FRONT = len(REPORT_COLUMNS)
_FRONT_WIDTHS = (56, 8, 12)
_NOTE_WIDTH = 88
MASKED_NOTE = "※ 证件号码已遮盖，重新报送前请补填完整号码。"
BLANKED_NOTE = f"※ “{BLANKED}”处原有禁止归集的信息，请重新填写该单元格，不得再含此类信息。"
CUT_NOTE = "※ 有单元格内容过长，未能全部列出，请按原文件补全。"


@dataclass(frozen=True)
class _Part:
    """One of the files that a batch's rejected rows are spread over: rows start … stop - 1 of them."""

    number: int
    of: int
    start: int
    stop: int

    @property
    def row_count(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class _Source:
    """What every part is written from."""

    report: BatchReport
    contract: Contract | None
    reasons: RowReasons
    faults: list[Fault]
    masked: npt.NDArray[np.bool_]
    choices: dict[str, tuple[str, ...]]


def write_workbooks(
    report: BatchReport, contract: Contract | None, folder: Path, stem: str = "report"
) -> tuple[Path, ...]:
    """Write `<stem>-01.xlsx`, … with up to 100,000 rejected rows each; at least one file.

    `contract` gives drop-downs and says which cells are masked; None: the item is on no checklist.
    """
    total = len(report.rejected)
    count = max(1, math.ceil(total / ROWS_IN_A_PART))
    source = _source(report, contract)
    paths = []
    for number in range(1, count + 1):
        start = (number - 1) * ROWS_IN_A_PART
        path = folder / f"{stem}-{number:02d}.xlsx"
        _write_part(path, source, _Part(number, count, start, min(total, start + ROWS_IN_A_PART)))
        paths.append(path)
    return tuple(paths)


def write_workbook(report: BatchReport, contract: Contract | None, target: Path) -> tuple[Path, ...]:
    """Write the workbook to a path of one's own choice; further parts beside it as `<stem>-02.xlsx`…."""
    with tempfile.TemporaryDirectory(prefix=".report-", dir=target.parent) as folder:
        parts = write_workbooks(report, contract, Path(folder))
        targets = [
            target,
            *(target.with_name(f"{target.stem}-{n:02d}.xlsx") for n in range(2, len(parts) + 1)),
        ]
        for part, path in zip(parts, targets, strict=True):
            part.replace(path)
    return tuple(targets)


def has_masked_cells(report: BatchReport, contract: Contract | None) -> bool:
    """Whether some returned cell hides an identity number that has to be filled in again."""
    cells = report.rejected.cells
    return any(
        pc.any(_is_masked(cells.column(name))).as_py()
        for name in cells.column_names
        if is_masked_field(contract, name)
    )


def _source(report: BatchReport, contract: Contract | None) -> _Source:
    reasons = RowReasons(report, contract)
    offered = {column.header: choices_of(contract, column.field) for column in reasons.columns}
    return _Source(
        report,
        contract,
        reasons,
        faults_of(report, contract),
        np.array([is_masked_field(contract, column.field) for column in reasons.columns], bool),
        {header: choices for header, choices in offered.items() if choices},
    )


def _write_part(path: Path, source: _Source, part: _Part) -> None:
    report = source.report
    title = f"{report.contract_title} {REPORT_SHEET}"
    workbook = open_workbook(path, title=title, dated_at=report.dated_at)
    looks = Looks(workbook)
    _write_returned(workbook, looks, source, part)
    _write_notes(workbook, looks, source, part)
    _write_statistics(workbook, looks, source.faults)
    write_codes(workbook, looks, source.choices)
    close_workbook(workbook, path)


def _write_returned(workbook: Workbook, looks: Looks, source: _Source, part: _Part) -> None:
    """The sheet of returned rows: reasons in front, then the feed's own columns."""
    report = source.report
    sheet = workbook.add_worksheet(REPORT_SHEET, TextSheet)
    last_row, last_column = part.row_count, _FRONT + len(source.reasons.columns) - 1
    _lay_out(sheet, looks, source, part)
    _write_header(sheet, looks, source)
    if last_row:
        sheet.autofilter(0, 0, last_row, last_column)
        for codes_column, (header, choices) in enumerate(source.choices.items()):
            place = [column.header for column in source.reasons.columns].index(header)
            add_drop_down(sheet, _FRONT + place, (1, last_row), codes_column, choices)
    comments = COMMENTS_IN_A_PART
    for start in range(part.start, part.stop, _ROWS_AT_ONCE):
        rows = report.rejected.row_numbers[start : min(part.stop, start + _ROWS_AT_ONCE)]
        chunk = report.rejected.cells.slice(start, len(rows))
        first_row = 1 + start - part.start
        levels = source.reasons.levels(rows)
        comments -= _write_comments(sheet, source, rows, levels, first_row, comments)
        _write_rows(sheet, looks, source, rows, chunk, levels, first_row)


def _lay_out(sheet: Worksheet, looks: Looks, source: _Source, part: _Part) -> None:
    sheet.freeze_panes(1, 2)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.set_row(0, 36)
    for front, width in enumerate(_FRONT_WIDTHS):
        sheet.set_column(front, front, width, (looks.wrapped if front == 0 else looks.quiet).plain)
    own = source.report.rejected.cells.slice(part.start, 500)
    for place, column in enumerate(source.reasons.columns):
        cells = own.column(column.field) if not column.is_asked else None
        sheet.set_column(_FRONT + place, _FRONT + place, _width(column.header, cells), looks.cell.plain)


def _width(header: str, cells: pa.ChunkedArray | None) -> float:
    """Wide enough for nine in ten of the first cells, from 10 to 38 columns."""
    widths = [display_width(text) for text in cells.to_pylist() if text] if cells is not None else []
    usual = float(np.quantile(widths, 0.9)) if widths else 0.0
    return min(38.0, max(10.0, usual + 2, min(display_width(header) + 4, 22)))


def _write_header(sheet: Worksheet, looks: Looks, source: _Source) -> None:
    for front, header in enumerate(REPORT_COLUMNS):
        write_text(sheet, 0, front, header, looks.front_header)
    for place, column in enumerate(source.reasons.columns):
        style = looks.asked_header if column.is_asked else looks.header
        write_text(sheet, 0, _FRONT + place, column.header, style)
        if column.is_asked:
            sheet.write_comment(0, _FRONT + place, "原文件缺少此列，请补填。")
        elif source.masked[place]:
            sheet.write_comment(0, _FRONT + place, "证件号码已遮盖，重新报送前请补填完整号码。")


def _write_rows(
    sheet: TextSheet,
    looks: Looks,
    source: _Source,
    rows: npt.NDArray[np.int32],
    chunk: pa.Table,
    levels: npt.NDArray[np.int8],
    first_row: int,
) -> None:
    """Write some rejected rows: their numbers, cells and levels of cells (which it raises for masked ones)."""
    report, reasons = source.report, source.reasons
    texts = reasons.texts(rows)
    styles = (looks.cell, looks.masked, looks.warned, looks.faulty)
    own: list[TextColumn] = []
    is_masked, is_blanked, is_cut = np.zeros((3, len(rows)), bool)
    for place, column in enumerate(reasons.columns):
        if column.is_asked:
            cells = pa.nulls(len(rows), pa.string())
        else:
            cells = pc.cast(chunk.column(column.field), pa.string()).combine_chunks()
            is_cut |= is_too_long(cells)
            is_blanked |= _as_mask(pc.equal(cells, BLANKED))
        if source.masked[place]:
            masked = _as_mask(_is_masked(cells))
            is_masked |= masked
            levels[masked, place] = np.maximum(levels[masked, place], MASKED)
        own.append(TextColumn(cells, styles, levels[:, place]))
    for note, applies in ((MASKED_NOTE, is_masked), (BLANKED_NOTE, is_blanked), (CUT_NOTE, is_cut)):
        for index in np.flatnonzero(applies).tolist():
            texts[index] += "\n" + note
    keys = [report.row_key(row) for row in rows.tolist()]
    quiet: tuple[CellStyle, ...] = (looks.quiet,)
    sheet.write_rows(
        first_row,
        [
            TextColumn(pa.array(texts, pa.string()), (looks.wrapped,)),
            TextColumn(pa.array(rows), quiet),
            TextColumn(pa.array(keys, pa.string()), quiet),
            *own,
        ],
        np.array([row_height(text, _FRONT_WIDTHS[0]) for text in texts], np.float64),
    )


def _write_comments(
    sheet: Worksheet,
    source: _Source,
    rows: npt.NDArray[np.int32],
    levels: npt.NDArray[np.int8],
    first_row: int,
    left: int,
) -> int:
    """Comments on the faulty cells of some rows, as many as are left; returns how many."""
    places = np.argwhere(levels >= WARNED)[: max(0, left)].tolist()
    for index, place in places:
        note = source.reasons.cell_note(int(rows[index]), place)
        lines = sum(1 + display_width(line) // 40 for line in note.splitlines())
        size = {"width": 300, "height": 24 + 17 * lines, "font_size": 9}
        sheet.write_comment(first_row + index, _FRONT + place, note, size)
    return len(places)


def _is_masked(cells: pa.Array | pa.ChunkedArray) -> pa.Array:
    masked = pc.fill_null(pc.match_substring(cells, "*"), False)
    return masked.combine_chunks() if isinstance(masked, pa.ChunkedArray) else masked


def _as_mask(values: pa.Array) -> npt.NDArray[np.bool_]:
    """A nullable boolean array as a mask; null is no."""
    mask: npt.NDArray[np.bool_] = pc.fill_null(values, False).to_numpy(zero_copy_only=False).astype(bool)
    return mask


def _write_notes(workbook: Workbook, looks: Looks, source: _Source, part: _Part) -> None:
    """The sheet 说明: what happened, what to do, who answers, what the words mean."""
    report = source.report
    sheet = workbook.add_worksheet("说明")
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, _NOTE_WIDTH)
    sheet.set_row(0, 30)
    verdict = verdict_of(report, has_masked_cells=has_masked_cells(report, source.contract))
    write_text(sheet, 0, 0, f"{report.contract_title}：退回说明", looks.title)
    row = _section(sheet, looks, 2, verdict.headline, [("结论", verdict.explanation), *_facts(report, part)])
    steps = [(f"第 {n} 步", step) for n, step in enumerate(verdict.steps, start=1)]
    row = _section(sheet, looks, row, "怎样改正并重新报送", [*steps, ("期限", _deadline(report))])
    row = _section(sheet, looks, row, "读表须知", _reading_notes())
    statuses = [(status.label, meaning) for status, meaning in STATUS_MEANINGS]
    row = _section(sheet, looks, row, "处理结果的含义", statuses)
    row = _section(sheet, looks, row, "问题级别的含义", list(SEVERITY_MEANINGS))
    by_rule = [
        (f"[{f.rule.id}] {f.severity_label}", f"{f.sentence}（{f.row_count:,} 行）")
        for f in source.faults
        if not f.is_about_file
    ]
    _section(sheet, looks, row, "各规则行数（详见“规则统计”）", by_rule)


def _section(sheet: Worksheet, looks: Looks, row: int, title: str, lines: list[tuple[str, str]]) -> int:
    """A titled block of label and text; returns the row after the blank line below it."""
    sheet.set_row(row, 22)
    write_text(sheet, row, 0, title, looks.section)
    sheet.write_blank(row, 1, None, looks.section.plain)
    for offset, (label, text) in enumerate(lines, start=1):
        sheet.set_row(row + offset, row_height(text, _NOTE_WIDTH))
        write_text(sheet, row + offset, 0, label, looks.label)
        write_text(sheet, row + offset, 1, text, looks.wrapped)
    return row + len(lines) + 2


def _facts(report: BatchReport, part: _Part) -> list[tuple[str, str]]:
    tally = report.tally
    unit = f"{report.unit_name}（{report.provider_code}）" if report.unit_name else "—（报送前自查）"
    spread = (
        f"第 {part.number} 个，共 {part.of} 个；每个不超过 {ROWS_IN_A_PART:,} 行"
        if part.of > 1
        else "共 1 个"
    )
    return [
        ("提供单位", unit),
        ("主要负责人", f"{report.responsible_head or '未登记'}（第一责任人）"),
        ("专职人员", report.officer or "未登记"),
        ("批次", report.batch_id or "—"),
        ("文件", f"{shown_file_name(report)}\nSHA-256 {report.file_sha256}"),
        ("信息事项", f"{report.contract_title}（{report.item} {report.contract_version}）"),
        ("收到 / 处理完毕", f"{shanghai_text(report.received_at)} / {shanghai_text(report.settled_at)}"),
        (
            "行数",
            f"共 {tally.total:,}，接收 {tally.accepted:,}（其中有提示 {tally.warned:,}），退回 {tally.rejected:,}",
        ),
        ("本工作簿", spread),
    ]


def _deadline(report: BatchReport) -> str:
    day = f"请于 {report.respond_by.isoformat()} 前重新报送。" if report.respond_by else "请尽快重新报送。"
    return day + LATE_NOTE


def _reading_notes() -> list[tuple[str, str]]:
    return [
        (
            "前三列",
            f"“{'”“'.join(REPORT_COLUMNS)}”由系统填写，报送时自动略过，不必删除。其后各列沿用贵单位原来的列名和列序。",
        ),
        ("行号", "原文件的数据行号，表头之后第一行为 1。"),
        ("红色单元格", "须改正的内容，退回的原因。"),
        ("黄色单元格", "提示，请核对；黄色列名表示原文件缺少、需要补填的列。"),
        ("灰色单元格", "证件号码已遮盖，须补填完整号码。"),
        ("批注", f"前 {COMMENTS_IN_A_PART:,} 处有批注写明要求；其余的见第一列“退回原因”。"),
        ("文本格式", "所有单元格均为文本格式，代码前面的 0 不会丢失，= 开头的内容不会当作公式。"),
    ]


def _write_statistics(workbook: Workbook, looks: Looks, faults: list[Fault]) -> None:
    """The sheet 规则统计: one line for each rule and column."""
    sheet = workbook.add_worksheet("规则统计")
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    for column, width in enumerate((10, 8, 14, 24, 44, 44, 10, 40)):
        sheet.set_column(column, column, width)
    header = ("规则", "级别", "依据条款", "列", "问题", "要求", "行数", "行号")
    rows: list[tuple[str | int, ...]] = [
        (
            fault.rule.id,
            SEVERITY_LABELS[fault.rule.severity],
            fault.rule.clause,
            fault.column or ("整个文件" if fault.is_about_file else "整行"),
            fault.rule.message,
            fault.rule.expected,
            fault.row_count,
            fault.row_ranges(20),
        )
        for fault in faults
    ]
    write_table(sheet, 0, looks, header, rows)
