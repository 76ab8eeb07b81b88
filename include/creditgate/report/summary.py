"""What happened to a batch, told once: faults by rule and place, not by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from creditgate.domain.findings import FILE_ROW, Findings, Slot
from creditgate.domain.report import BatchReport
from creditgate.domain.rules import Rule, Severity
from creditgate.policy.cleaning import load_cleaning
from creditgate.policy.contracts import Contract
from creditgate.report.headers import field_header, quoted_header

SEVERITY_LABELS = {Severity.BLOCK: "阻断", Severity.REJECT: "退回", Severity.WARN: "提示"}
_SEVERITY_ORDER = {Severity.BLOCK: 0, Severity.REJECT: 1, Severity.WARN: 2}


@dataclass(frozen=True)
class Fault:
    """A rule broken at one column. rows: int32, ascending, distinct; empty for a fault of the file."""

    rule: Rule
    column: str | None
    rows: npt.NDArray[np.int32]

    @property
    def severity_label(self) -> str:
        """The severity in Chinese."""
        return SEVERITY_LABELS[self.rule.severity]

    @property
    def row_count(self) -> int:
        """How many rows break the rule here."""
        return len(self.rows)

    @property
    def is_about_file(self) -> bool:
        """Whether it is the file, not a row, that is at fault."""
        return not len(self.rows)

    @property
    def sentence(self) -> str:
        """What is wrong, and where, without saying the column twice."""
        return say(self.column, self.rule.message)

    def row_ranges(self, limit: int) -> str:
        """The rows for a reader: `3–7、12`, at most `limit` runs, then `等`."""
        return row_ranges(self.rows, limit)


def say(column: str | None, message: str) -> str:
    """`统一社会信用代码：校验不通过`; the message alone where it names the column itself."""
    message = message.rstrip("。；")
    return f"{column}：{message}" if column and column not in message else message


def row_ranges(rows: npt.NDArray[np.int32], limit: int) -> str:
    """Ascending row numbers as runs, at most `limit` of them: `3–7、12、15–20 等`."""
    if not len(rows):
        return ""
    breaks = np.flatnonzero(np.diff(rows) > 1)
    starts = rows[np.concatenate(([0], breaks + 1))]
    ends = rows[np.concatenate((breaks, [len(rows) - 1]))]
    pairs = zip(starts[:limit].tolist(), ends[:limit].tolist(), strict=True)
    text = "、".join(str(a) if a == b else f"{a}–{b}" for a, b in pairs)
    return text + (" 等" if len(starts) > limit else "")


def ordered(findings: Findings) -> Findings:
    """The findings by row, then rule, as every report lists them."""
    if len(findings) < 2 or bool((np.diff(findings.rows) > 0).all()):
        return findings
    return Findings.concat([findings])


def column_of(report: BatchReport, contract: Contract | None, slot: Slot) -> str | None:
    """The column a finding is shown at: the provider's spelling, else the contract's name, else none."""
    header = quoted_header(report, slot.header)
    if header is None and slot.field is not None:
        header = report.columns.header_of(slot.field) or field_header(contract, slot.field)
    return header


def faults_of(report: BatchReport, contract: Contract | None) -> list[Fault]:
    """Every (rule, column) that was broken: those that block first, then reject, warn; by rule id."""
    faults: dict[tuple[str, str | None], Fault] = {}
    for slot, rows in _rows_by_slot(report.findings):
        column = column_of(report, contract, slot)
        key = (slot.rule.id, column)
        earlier = faults[key].rows if key in faults else rows[:0]
        distinct = np.unique(np.concatenate((earlier, rows)))
        faults[key] = Fault(slot.rule, column, distinct[distinct != FILE_ROW])
    return sorted(
        faults.values(), key=lambda f: (_SEVERITY_ORDER[f.rule.severity], f.rule.id, f.column or "")
    )


def _rows_by_slot(findings: Findings) -> Iterator[tuple[Slot, npt.NDArray[np.int32]]]:
    order = np.argsort(findings.slots, kind="stable")
    slots, rows = findings.slots[order], findings.rows[order]
    places = np.searchsorted(slots, np.arange(len(findings.table) + 1))
    for index, slot in enumerate(findings.table):
        if places[index] < places[index + 1]:
            yield slot, rows[places[index] : places[index + 1]]


def rows_by_rule(faults: list[Fault]) -> list[tuple[Rule, int]]:
    """Rows per rule over all its columns (findings, where a row breaks it at two), most first."""
    counts: dict[str, tuple[Rule, int]] = {}
    for fault in faults:
        if not fault.is_about_file:
            rule, count = counts.get(fault.rule.id, (fault.rule, 0))
            counts[fault.rule.id] = rule, count + fault.row_count
    return sorted(counts.values(), key=lambda pair: (-pair[1], pair[0].id))


def cleaning_of(report: BatchReport) -> list[dict[str, str | int | None]]:
    """Cells whose spelling was changed, by cleaning rule and field, in the rules' order; none of a file not taken."""
    titles = {rule.id: rule.title for rule in load_cleaning()}
    return [
        {
            "rule": rule_id,
            "title": titles.get(rule_id, rule_id),
            "field": field,
            "header": report.columns.header_of(field),
            "cells": count,
        }
        for rule_id, fields in sorted(report.cleaned.items())
        for field, count in sorted(fields.items())
    ]
