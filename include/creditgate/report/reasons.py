"""Why each rejected row goes back, and which of its cells are at fault, from findings kept as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import BatchReport
from creditgate.domain.rules import Severity
from creditgate.policy.contracts import Contract
from creditgate.report.headers import field_header
from creditgate.report.summary import column_of, ordered, say

PLAIN, MASKED, WARNED, FAULTY = range(4)
"""Levels of a cell; the greater one shows."""

_REMEMBERED = 20_000


@dataclass(frozen=True)
class ReturnColumn:
    """A column of the returned sheet. `is_asked`: the file lacks it, a finding asks for it."""

    field: str
    header: str
    is_asked: bool = False


class RowReasons:
    """Reasons by row. Rows with the same faults share one text, so a bad file costs little more."""

    def __init__(self, report: BatchReport, contract: Contract | None) -> None:
        self.findings: Findings = ordered(report.findings)
        table = self.findings.table
        self.columns = _columns(report, contract, table)
        place = {column.field: index for index, column in enumerate(self.columns)}
        self.slot_columns = np.array([place.get(slot.field or "", -1) for slot in table], np.int32)
        is_warning = [slot.rule.severity is Severity.WARN for slot in table]
        self.slot_levels = np.array([WARNED if warns else FAULTY for warns in is_warning], np.int8)
        self._lines = [_line(column_of(report, contract, slot), slot) for slot in table]
        self._texts: dict[bytes, str] = {}

    def span(self, rows: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where each row's findings begin and end among `findings`."""
        return (
            np.searchsorted(self.findings.rows, rows, "left"),
            np.searchsorted(self.findings.rows, rows, "right"),
        )

    def texts(self, rows: npt.NDArray[np.int32]) -> list[str]:
        """The reasons of each row, a line each, those that reject first."""
        starts, ends = self.span(rows)
        slots = self.findings.slots
        return [self._text(slots[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]

    def _text(self, slots: npt.NDArray[np.int16]) -> str:
        key = slots.tobytes()
        text = self._texts.get(key)
        if text is None:
            by_level = sorted(dict.fromkeys(slots.tolist()), key=lambda slot: -int(self.slot_levels[slot]))
            text = "\n".join(f"{n}. {self._lines[slot]}" for n, slot in enumerate(by_level, start=1))
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            self._texts[key] = text
        return text

    def levels(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """The level of each cell: int8, shape (rows, columns)."""
        levels = np.zeros((len(rows), len(self.columns)), np.int8)
        starts, ends = self.span(rows)
        lengths = ends - starts
        owner = np.repeat(np.arange(len(rows)), lengths)
        offsets = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        slots = self.findings.slots[np.repeat(starts, lengths) + offsets]
        columns = self.slot_columns[slots]
        placed = columns >= 0
        np.maximum.at(levels, (owner[placed], columns[placed]), self.slot_levels[slots][placed])
        return levels

    def cell_note(self, row: int, column: int) -> str:
        """What is wrong with one cell, for its comment."""
        starts, ends = self.span(np.array([row], np.int32))
        slots = dict.fromkeys(self.findings.slots[starts[0] : ends[0]].tolist())
        rules = [self.findings.table[slot].rule for slot in slots if self.slot_columns[slot] == column]
        return "\n".join(f"{rule.id} {rule.message}\n要求：{rule.expected}" for rule in rules)


def _columns(
    report: BatchReport, contract: Contract | None, table: tuple[Slot, ...]
) -> tuple[ReturnColumn, ...]:
    """The feed's own columns, then those that it lacks and that some rejecting finding asks for."""
    own = [
        ReturnColumn(field, header)
        for field, header in zip(report.rejected.fields, report.rejected.headers, strict=True)
    ]
    asked = dict.fromkeys(
        slot.field
        for slot in table
        if slot.field and slot.field not in report.rejected.fields and slot.rule.severity is Severity.REJECT
    )
    return (*own, *(ReturnColumn(field, field_header(contract, field), True) for field in asked if field))


def _line(column: str | None, slot: Slot) -> str:
    """One reason: `[AP-004] 统一社会信用代码：校验位不正确；要求：应为18位，末位校验码正确`."""
    rule = slot.rule
    kind = "（提示）" if rule.severity is Severity.WARN else ""
    return f"[{rule.id}]{kind} {say(column, rule.message)}；要求：{rule.expected.rstrip('。；')}"
