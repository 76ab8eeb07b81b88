"""What the tests of rules share: a row, checked by the real engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from creditgate.check.checker import Checker
from creditgate.domain.feed import SUBJECT_KIND, Chunk, ColumnMap, SealedChunk
from creditgate.domain.findings import Findings
from creditgate.domain.keys import KeyedHash
from creditgate.domain.subjects import subject_kinds
from creditgate.policy.contracts import Contract
from creditgate.screen.normalise import normalise

KEY = KeyedHash(b"a key for tests only")


def checked(contract: Contract, *rows: Mapping[str, str | None], as_of: date | None = None) -> SealedChunk:
    """The rows (by field name), normalised as the screen does and checked as one chunk."""
    names = [field.name for field in contract.fields if any(field.name in row for row in rows)]
    table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})
    table = normalise(table, contract)
    table = table.append_column(SUBJECT_KIND, subject_kinds(table))
    columns = ColumnMap({contract.field(name).header: name for name in names})
    checker = Checker(contract, columns, as_of or contract.example_as_of, KEY)
    return checker.check(Chunk(1, table, Findings.none()))


def broken_rules(sealed: SealedChunk, row: int = 1) -> set[str]:
    """Ids of the rules that a row breaks."""
    return {slot.rule.id for number, slot in sealed.findings if number == row}
