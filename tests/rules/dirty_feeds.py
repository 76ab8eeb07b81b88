"""What the tests of dirty data share: rows in a feed file, through the real screen and check, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from creditgate import pipeline
from creditgate.domain.report import BatchReport
from creditgate.domain.rules import Severity
from creditgate.policy.contracts import load_contract
from tests.builders import AS_OF, Row, a_feed
from tests.feed_files import ITEM, Seen, seen

DEBTORS = "judgment_debtor"


@dataclass(frozen=True)
class Told:
    """A feed as it was checked, and as the screen left its cells."""

    report: BatchReport
    screened: Seen

    @property
    def file_rules(self) -> set[str]:
        return {slot.rule.id for row, slot in self.report.findings if row == 0}

    def rules(self, row: int = 1) -> set[str]:
        return {slot.rule.id for number, slot in self.report.findings if number == row}

    def fate(self, row: int = 1) -> str:
        """rejected, warned or accepted."""
        severities = {slot.rule.severity for number, slot in self.report.findings if number == row}
        if Severity.REJECT in severities:
            return "rejected"
        return "warned" if severities else "accepted"

    def cell(self, field: str, row: int = 1) -> str | None:
        """A cell after cleaning."""
        value: str | None = self.screened.rows[row - 1][field]
        return value

    def cleaned_by(self, field: str) -> set[str]:
        """The cleaning rules that changed a cell of the column."""
        return {rule for rule, fields in self.report.cleaned.items() if field in fields}


def told(
    folder: Path,
    *rows: Row,
    item: str = ITEM,
    name: str = "feed.csv",
    extra: Mapping[str, Sequence[str]] | None = None,
) -> Told:
    """The rows as a feed file, checked."""
    return told_of_file(a_feed(rows, folder / name, item=item, extra_columns=extra), item)


def told_of_file(path: Path, item: str = ITEM) -> Told:
    """A feed file, checked."""
    return Told(pipeline.check_file(path, item, None, AS_OF, with_rows=True), seen(path, item=item))


def a_debtor(**overrides: str | None) -> Row:
    """A company that has not done what a judgment says, as the court reports it."""
    row = {**load_contract(DEBTORS).example_row(), **overrides}
    return {name: cell for name, cell in row.items() if cell is not None}
