"""The report as one page: an HTML file without scripts or outside files, for the screen and for A4 paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import numpy as np

from creditgate.domain.report import BatchReport
from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract
from creditgate.report.headers import (
    field_header,
    has_header_row,
    shown_dropped,
    shown_file_name,
    shown_header,
)
from creditgate.report.reasons import RowReasons
from creditgate.report.summary import Fault, cleaning_of, faults_of, row_ranges, rows_by_rule
from creditgate.report.verdict import LATE_NOTE, STATUS_MEANINGS, shanghai_text, verdict_of
from creditgate.report.workbook import ROWS_IN_A_PART, has_masked_cells

RANGES_SHOWN = 12
ROWS_SAMPLED = 200
GROUPS_SHOWN = 40
BARS_SHOWN = 15
FAULTS_SHOWN = 300
COLUMNS_SHOWN = 60


@dataclass(frozen=True)
class Bar:
    """A bar of the chart. `width` is in hundredths of the longest."""

    label: str
    title: str
    tone: str
    count: int
    width: float
    top: int


@dataclass(frozen=True)
class RowGroup:
    """Rejected rows that go back for the same reasons."""

    rows: str
    count: int
    reasons: tuple[str, ...]


def write_page(report: BatchReport, contract: Contract | None, path: Path) -> Path:
    """Write the page; under 1 MB whatever the batch, for it tells faults by rule and not by row."""
    path.write_text(render_page(report, contract), encoding="utf-8", newline="\n")
    return path


def render_page(report: BatchReport, contract: Contract | None) -> str:
    """The page as text."""
    faults = faults_of(report, contract)
    about_rows = [fault for fault in faults if not fault.is_about_file]
    bars, groups = _bars(about_rows), _groups(report, contract)
    dropped = shown_dropped(report)
    return _template().render(
        report=report,
        verdict=verdict_of(report, has_masked_cells=has_masked_cells(report, contract)),
        file_name=shown_file_name(report),
        file_faults=[fault for fault in faults if fault.is_about_file][:FAULTS_SHOWN],
        row_faults=about_rows[:FAULTS_SHOWN],
        row_faults_left_out=max(0, len(about_rows) - FAULTS_SHOWN),
        bars=bars[:BARS_SHOWN],
        bars_left_out=bars[BARS_SHOWN:],
        groups=groups[:GROUPS_SHOWN],
        sampled=min(ROWS_SAMPLED, len(report.rejected)),
        groups_left_out=max(0, len(groups) - GROUPS_SHOWN),
        workbook_count=math.ceil(len(report.rejected) / ROWS_IN_A_PART),
        dropped=dropped[:COLUMNS_SHOWN],
        dropped_left_out=max(0, len(dropped) - COLUMNS_SHOWN),
        has_header_row=has_header_row(report),
        mapped=_mapped(report, contract),
        cleaning=cleaning_of(report),
        missing=[field_header(contract, name) for name in report.columns.missing],
        clauses=_clauses(faults),
        statuses=STATUS_MEANINGS,
        received=shanghai_text(report.received_at),
        settled=shanghai_text(report.settled_at),
        late_note=LATE_NOTE,
        ranges_shown=RANGES_SHOWN,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["unbroken"] = lambda runs: runs.replace("–", "\u2060–\u2060")
    return environment.get_template("page.html.j2")


def _bars(faults: list[Fault]) -> list[Bar]:
    """Rows by rule, the commonest first."""
    counted = rows_by_rule(faults)
    longest = max((count for _, count in counted), default=1)
    return [
        Bar(rule.id, rule.message, rule.severity.value, count, max(0.5, 100 * count / longest), place)
        for place, (rule, count) in enumerate(counted)
    ]


def _groups(report: BatchReport, contract: Contract | None) -> list[RowGroup]:
    """The first 200 rejected rows, those with the same reasons together."""
    rows = report.rejected.row_numbers[:ROWS_SAMPLED]
    by_text: dict[str, list[int]] = {}
    for row, text in zip(rows.tolist(), RowReasons(report, contract).texts(rows), strict=True):
        by_text.setdefault(text, []).append(row)
    return [
        RowGroup(row_ranges(np.array(members, np.int32), RANGES_SHOWN), len(members), tuple(text.split("\n")))
        for text, members in by_text.items()
    ]


def _mapped(report: BatchReport, contract: Contract | None) -> list[tuple[str, str]]:
    """The file's headers and what they were taken for."""
    pairs = report.columns.mapped.items()
    return [(shown_header(header), field_header(contract, field)) for header, field in pairs]


def _clauses(faults: list[Fault]) -> list[str]:
    rules: list[Rule] = [fault.rule for fault in faults]
    return sorted({clause for rule in rules for clause in rule.clauses})
