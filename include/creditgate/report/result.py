"""The result of a check as JSON: the object that `creditgate check --format json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

from creditgate.domain.findings import FILE_ROW, Slot
from creditgate.domain.report import BatchReport
from creditgate.report.headers import quoted_header, shown_dropped
from creditgate.report.summary import cleaning_of, ordered

_FINDINGS_AT_ONCE = 32_768


def check_object(report: BatchReport) -> dict[str, Any]:
    """The whole object; for millions of findings use `write_check_json`, which keeps them as numbers."""
    findings = ordered(report.findings)
    tails = [_finding_tail(report, slot) for slot in findings.table]
    pairs = zip(findings.rows.tolist(), findings.slots.tolist(), strict=True)
    listed = [{"row": None if row == FILE_ROW else row, **tails[slot]} for row, slot in pairs]
    return {**_head(report), "findings": listed}


def write_check_json(report: BatchReport, stream: TextIO) -> None:
    """Write the object of `check_object`, one finding a line, in memory that does not grow with findings."""
    head = json.dumps(_head(report), ensure_ascii=False, indent=1)
    stream.write(head.removesuffix("\n}"))
    stream.write(',\n "findings": [')
    separator = "\n  "
    for lines in _finding_lines(report):
        stream.write(separator)
        stream.write(lines)
        separator = ",\n  "
    stream.write("]\n}\n" if separator == "\n  " else "\n ]\n}\n")


def _head(report: BatchReport) -> dict[str, Any]:
    """All of the object but its findings, in the published order."""
    return {
        "item": report.item,
        "contract_version": report.contract_version,
        "file_sha256": report.file_sha256,
        "encoding": report.encoding,
        "format": report.format,
        "verdict": report.status.value,
        "rows": report.tally.total,
        "accepted": report.tally.accepted,
        "rejected": report.tally.rejected,
        "warned": report.tally.warned,
        **({"unchanged": report.unchanged} if report.unchanged else {}),
        "columns": {
            "mapped": dict(report.columns.mapped),
            "dropped": shown_dropped(report),
            "missing": list(report.columns.missing),
        },
        "cleaning": cleaning_of(report),
        **({"not_applied": left_out} if (left_out := _left_out(report)) else {}),
    }


def _left_out(report: BatchReport) -> list[str]:
    """Rules that an offline check does not apply, by id."""
    return sorted(rule.id for rules in report.not_applied.values() for rule in rules)


def _finding_tail(report: BatchReport, slot: Slot) -> dict[str, Any]:
    """A finding without its row: the same for every row that breaks the rule at this column."""
    rule = slot.rule
    return {
        "field": slot.field,
        "header": quoted_header(report, slot.header),
        "rule": rule.id,
        "severity": rule.severity.value,
        "clause": rule.clause,
        "message": rule.message,
        "expected": rule.expected,
        "category": rule.category,
    }


def _finding_lines(report: BatchReport) -> Iterator[str]:
    """The findings as JSON objects, some thousands a text."""
    findings = ordered(report.findings)
    tails = [
        json.dumps(_finding_tail(report, slot), ensure_ascii=False).removeprefix("{")
        for slot in findings.table
    ]
    for start in range(0, len(findings), _FINDINGS_AT_ONCE):
        rows = findings.rows[start : start + _FINDINGS_AT_ONCE].tolist()
        slots = findings.slots[start : start + _FINDINGS_AT_ONCE].tolist()
        yield ",\n  ".join(
            f'{{"row": {"null" if row == FILE_ROW else row}, {tails[slot]}'
            for row, slot in zip(rows, slots, strict=True)
        )
