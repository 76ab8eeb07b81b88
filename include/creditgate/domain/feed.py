"""A feed on its way from the bytes to the warehouse: its layout, and its rows chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditgate.domain.codebook import NumberedColumn
from creditgate.domain.findings import Findings
from creditgate.domain.originals import Counts

CHUNK_ROWS = 65_536
"""Rows that travel together: bounds memory whatever the size of the file."""

UNREAD = "unknown"
"""The format of a file that could not be opened, or was not."""

SUBJECT_KIND = "subject_kind"
"""The column that the screen derives: legal, unincorporated, sole_trader, natural or unknown."""

ROW_KEY = "original_row_key"
"""The column of a mended workbook that names the rejection each row answers (S13). It is never stored."""

WITHDRAWN = "is_withdrawn"
"""The field by which a unit takes a record back."""


@dataclass(frozen=True)
class ColumnMap:
    """How the file's headers (the provider's spelling, file order) became contract fields.

    `missing` are required fields without a column; `dropped` headers are on no allow-list (S09).
    """

    mapped: dict[str, str]
    dropped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def header_of(self, field_name: str) -> str | None:
        """The provider's header for a field, None where the file has no such column."""
        for header, name in self.mapped.items():
            if name == field_name:
                return header
        return None


@dataclass(frozen=True)
class FeedLayout:
    """What the first look at a file has shown. `encoding` is None for a workbook.

    cleaned: cells whose spelling was changed, by cleaning rule and field; known once all rows were read.
    """

    format: str
    encoding: str | None
    columns: ColumnMap
    findings: Findings = field(default_factory=Findings.none)
    cleaned: Counts = field(default_factory=dict)

    @classmethod
    def unseen(cls) -> FeedLayout:
        """The layout of a file that was not opened."""
        return cls(UNREAD, None, ColumnMap({}))

    @property
    def is_blocked(self) -> bool:
        """Whether no row of the file may be read on."""
        return self.findings.is_blocking()


@dataclass(frozen=True)
class Chunk:
    """Rows of a feed, from `first_row` on (data rows of the file, from 1).

    originals, cleaned: what stood in the cells whose spelling was changed, and how many by rule and field.
    table: one string column per contract field that the file has, and `subject_kind`.
    unreadable: bool, shape (n,): rows whose cells can't be told apart; they are all null.
    numbered: some of the columns also by their values' numbers; a chunk without them says the same.
    """

    first_row: int
    table: pa.Table
    findings: Findings
    unreadable: npt.NDArray[np.bool_] | None = None
    originals: pa.Table | None = None
    cleaned: Counts = field(default_factory=dict)
    numbered: Mapping[str, NumberedColumn] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True)
class SealedChunk:
    """Checked rows that may be kept: identity numbers are hashed and masked, dates are dates.

    table: the columns of `intake.<item>` but for the batch's own; record ids as 16 bytes (null where
    the record key can't be formed). findings: all of these rows, from screen and check.
    """

    first_row: int
    table: pa.Table
    findings: Findings
    originals: pa.Table | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)
