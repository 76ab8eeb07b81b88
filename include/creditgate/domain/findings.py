"""Findings as columns of numbers, so that a bad batch costs little more than a good one.

A finding never carries a value of the file: it is (row, rule, field).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from creditgate.domain.rules import Rule, Severity

FILE_ROW = 0
"""Row number of a finding about the file as a whole; data rows count from 1."""


@dataclass(frozen=True)
class Slot:
    """A rule at a field of a batch: what the numbers in `Findings.slots` point to.

    `header` is the provider's own spelling of the column (None where there is no such column).
    """

    rule: Rule
    field: str | None
    header: str | None = None


@dataclass(frozen=True)
class Findings:
    """All findings of a batch (or chunk): `rows[i]` broke `table[slots[i]]`.

    rows: int32, shape (n,), data rows from 1, `FILE_ROW` for the file. slots: int16, shape (n,).
    """

    table: tuple[Slot, ...]
    rows: npt.NDArray[np.int32]
    slots: npt.NDArray[np.int16]

    @classmethod
    def none(cls) -> Findings:
        """No findings."""
        return cls((), np.empty(0, np.int32), np.empty(0, np.int16))

    @classmethod
    def about_file(cls, slots: Iterable[Slot]) -> Findings:
        """One finding about the file for each slot."""
        table = tuple(slots)
        return cls(
            table,
            np.full(len(table), FILE_ROW, np.int32),
            np.arange(len(table), dtype=np.int16),
        )

    @classmethod
    def where(cls, mask: npt.NDArray[np.bool_], first_row: int, slot: Slot) -> Findings:
        """A finding for each True of a chunk's mask; `first_row` is the number of the chunk's first row."""
        rows = np.flatnonzero(mask).astype(np.int32)
        if not len(rows):
            return cls.none()
        return cls((slot,), rows + np.int32(first_row), np.zeros(len(rows), np.int16))

    @classmethod
    def concat(cls, parts: Iterable[Findings]) -> Findings:
        """All parts as one, sharing one slot table, ordered by row, then rule id."""
        index: dict[tuple[str, str | None, str | None], int] = {}
        table: list[Slot] = []
        rows: list[npt.NDArray[np.int32]] = []
        slots: list[npt.NDArray[np.int16]] = []
        for part in parts:
            remap = np.empty(len(part.table), np.int16)
            for old, slot in enumerate(part.table):
                key = (slot.rule.id, slot.field, slot.header)
                if key not in index:
                    index[key] = len(table)
                    table.append(slot)
                remap[old] = index[key]
            rows.append(part.rows)
            slots.append(remap[part.slots])
        if not table:
            return cls.none()
        all_rows, all_slots = np.concatenate(rows), np.concatenate(slots)
        by_rule = sorted(range(len(table)), key=lambda i: (table[i].rule.id, table[i].field or ""))
        rank = np.empty(len(table), np.int64)
        rank[by_rule] = np.arange(len(table))
        order = np.argsort(all_rows.astype(np.int64) * len(table) + rank[all_slots], kind="stable")
        return cls(tuple(table), all_rows[order], all_slots[order])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[int, Slot]]:
        for row, slot in zip(self.rows.tolist(), self.slots.tolist(), strict=True):
            yield row, self.table[slot]

    def of_severity(self, severity: Severity) -> npt.NDArray[np.int32]:
        """Rows (sorted, unique; `FILE_ROW` included) with a finding of this severity."""
        wanted = np.array([s.rule.severity is severity for s in self.table], bool)
        if not wanted.any():
            return np.empty(0, np.int32)
        return np.unique(self.rows[wanted[self.slots]])

    def is_blocking(self) -> bool:
        """Whether any finding blocks the file."""
        return any(self.table[s].rule.severity is Severity.BLOCK for s in np.unique(self.slots))

    def count_by_rule(self) -> dict[str, int]:
        """Findings per rule id."""
        counts = np.bincount(self.slots, minlength=len(self.table))
        result: dict[str, int] = {}
        for slot, count in zip(self.table, counts.tolist(), strict=True):
            if count:
                result[slot.rule.id] = result.get(slot.rule.id, 0) + count
        return dict(sorted(result.items()))
