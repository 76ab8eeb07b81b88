"""A rule of the checklist and the closed sets it uses."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a finding does: `block` stops the file, `reject` the row, `warn` flags it."""

    BLOCK = "block"
    REJECT = "reject"
    WARN = "warn"


@dataclass(frozen=True)
class Rule:
    """One check that a provider can fail, as the law-as-data files state it.

    `field` is the contract field that the finding is shown at (None: the file or the whole row).
    `expectation` is the GX expectation type, or `gate.<kind>` for a rule that another stage applies
    because it needs more than the row (the register, the tombstones, the whole file).
    `passing` and `failing` are partial rows by field name, each proving one side of the rule.
    `since` and `until` bound the days of decision that the rule is for, both included (S08); None: no bound.
    """

    id: str
    severity: Severity
    clauses: tuple[str, ...]
    message: str
    expected: str
    field: str | None = None
    category: str | None = None
    expectation: str = ""
    kwargs: dict[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    passing: dict[str, Any] | None = dataclasses.field(default=None, hash=False)
    failing: dict[str, Any] | None = dataclasses.field(default=None, hash=False)
    since: date | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether a decision of this day is held against the rule."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    @property
    def clause(self) -> str:
        """The clauses as one text, for reports: `S12, S48`."""
        return ", ".join(self.clauses)
