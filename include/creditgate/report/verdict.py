"""The verdict on a batch and what to do next, in the words an officer reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from creditgate.domain.batch import BatchStatus
from creditgate.domain.report import REPORT_SHEET, BatchReport
from creditgate.domain.rules import Severity

SHANGHAI = ZoneInfo("Asia/Shanghai")

STATUS_MEANINGS = (
    (BatchStatus.ACCEPTED, "每一行都已接收。"),
    (BatchStatus.PARTLY_REJECTED, "合格的行已接收，不合格的行退回，请改正后重新报送。"),
    (BatchStatus.REJECTED, "没有一行合格，全部退回，请改正后重新报送。"),
    (BatchStatus.BLOCKED, "整个文件未接收，其中任何一行都没有保存。"),
    (BatchStatus.REFUSED, "报送手续不符合要求，文件未入库，仍在原处。"),
    (BatchStatus.HELD, "与本单位以往报送情况差异较大，须经工作人员核定；核定之前任何一行都没有入库。"),
)
SEVERITY_MEANINGS = (
    ("阻断", "整个文件不予接收。"),
    ("退回", "该行不予接收，须改正后重新报送。"),
    ("提示", "该行照常接收，请核对；下次报送时改进。"),
)
LATE_NOTE = "数据形成后应在7个工作日内报送（S10）；超过期限的仍予接收，但记为迟报。"


@dataclass(frozen=True)
class Verdict:
    """`tone` is good, mixed or bad: the colour of the banner, never its only sign."""

    tone: str
    headline: str
    explanation: str
    steps: tuple[str, ...]


def verdict_of(report: BatchReport, *, has_masked_cells: bool = False) -> Verdict:
    """The verdict in plain Chinese. `has_masked_cells`: some returned cell hides an identity number."""
    match report.status:
        case BatchStatus.ACCEPTED:
            return _accepted(report)
        case BatchStatus.PARTLY_REJECTED:
            tally = report.tally
            return Verdict(
                "mixed",
                f"部分退回：接收 {tally.accepted:,} 行，退回 {tally.rejected:,} 行",
                "已接收的行不必重报。请改正退回的行后重新报送。" + _warned(report),
                _mending_steps(has_masked_cells),
            )
        case BatchStatus.REJECTED:
            return Verdict(
                "bad",
                f"全部退回：{report.tally.rejected:,} 行均未接收",
                "没有一行符合要求，本批未入库。请改正后重新报送。",
                _mending_steps(has_masked_cells),
            )
        case BatchStatus.BLOCKED:
            return _blocked(report)
        case BatchStatus.REFUSED:
            return Verdict(
                "bad",
                "拒收：报送手续不符合要求",
                "文件未入库，仍在原报送位置，没有丢失。改正后系统会在下次运行时重新接收。",
                ("按下面“关于整个文件的问题”逐项改正。", "文件与报送清单仍放在原处，不必改名。"),
            )
        case BatchStatus.HELD:
            return Verdict(
                "mixed",
                "待人工核定：与本单位以往报送情况差异较大",
                "文件已收到，没有丢失；经工作人员核定后才会入库，核定结果另行出具报告。",
                (
                    "核对下面“关于整个文件的问题”。情况属实的，无需操作。",
                    "确有错误的，请联系工作人员退回本批，改正后重新报送。",
                ),
            )


def shanghai_text(moment: datetime | None) -> str:
    """A zoned time as an officer reads it: `2026-11-23 15:04`; a dash for none."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else "—"


def _warned(report: BatchReport) -> str:
    warned = f"已接收的行中有 {report.tally.warned:,} 行带有提示，请核对。" if report.tally.warned else ""
    return warned + _unchanged(report)


def _unchanged(report: BatchReport) -> str:
    if not report.unchanged:
        return ""
    return f"其中 {report.unchanged:,} 行与已有记录完全相同，未另存新版本。"


def _accepted(report: BatchReport) -> Verdict:
    steps = ("核对下表中的“提示”。这些行已接收，不必重报；下次报送时请改进。",) if report.tally.warned else ()
    return Verdict(
        "good",
        f"全部接收：{report.tally.accepted:,} 行",
        _warned(report) or "本批没有需要改正的内容，无需任何操作。",
        steps,
    )


def _blocked(report: BatchReport) -> Verdict:
    blocking = [slot.rule for slot in report.findings.table if slot.rule.severity is Severity.BLOCK]
    if any(rule.category for rule in blocking):
        return Verdict(
            "bad",
            "整批阻断：文件含有禁止归集的信息",
            "文件中有法规禁止归集的列。任何一行都没有保存，收到的副本已销毁；本报告只写列名和类别，不含任何内容。",
            (
                "从文件中删除下列各列（整列删除，包括表头）。",
                "查明这些信息从何而来；没有法定依据的，停止采集（S16、S17）。",
                "经审查人审查后，重新报送整个文件。",
            ),
        )
    return Verdict(
        "bad",
        "整批阻断：文件无法接收",
        "文件本身有问题，任何一行都没有保存。",
        ("按下面“关于整个文件的问题”逐项改正。", "经审查人审查后，重新报送整个文件。"),
    )


def _mending_steps(has_masked_cells: bool) -> tuple[str, ...]:
    masked = (
        ("证件号码已遮盖（****），请按原始文书补填完整号码，否则会再次退回。",) if has_masked_cells else ()
    )
    return (
        f"打开退回工作簿的“{REPORT_SHEET}”表：第一列写明每行的问题和要求，标红的单元格就是要改的地方。",
        "按原始文书核实并改正。",
        *masked,
        "经审查人审查后，直接报送改好的工作簿：前三列不必删除，列名和列序不必改动；暂不重报的行可整行删除。",
    )
