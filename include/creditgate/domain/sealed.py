"""A checked row as it may be kept: which columns it has, and what of a returned row may be shown."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.clock import add_calendar_years_array
from creditgate.domain.dates import parse_iso_dates
from creditgate.domain.feed import SealedChunk
from creditgate.domain.findings import Findings
from creditgate.domain.originals import restored

BLANKED = "［已屏蔽］"
"""Stands where a prohibited value stood."""

GARBLED = "［乱码］"
"""Stands where a character had been lost (U+FFFD) before the file was sent: no such character is kept."""

REJECTED_KEPT_DAYS = 180
"""How long the redacted content of a rejected row waits to be mended, at most."""

LONGEST_DISCLOSURE_YEARS = 5

OWN_COLUMNS = frozenset(
    {
        "record_id",
        "subject_kind",
        "subject_key",
        "days_late",
        "register_match",
        "target_record_id",
        "target_due_on",
    }
)
"""Columns of a sealed row that are the gate's, not the provider's."""


def identity_columns(field_name: str) -> tuple[str, str]:
    """The two columns that keep an identity number: `identity_number` → `identity_key`, `identity_masked`."""
    stem = field_name.removesuffix("_number")
    return f"{stem}_key", f"{stem}_masked"


def redacted_cells(chunk: SealedChunk, findings: Findings, rows: npt.NDArray[np.int32]) -> pa.Table:
    """The provider's cells of the picked rows (numbers in the file) by field name, in the provider's spelling.

    Identity numbers are masked, prohibited values blanked; keyed hashes are left out.
    """
    table = chunk.table
    picked = table.take(pa.array(rows - chunk.first_row))
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        if name in OWN_COLUMNS or name.endswith("_key"):
            continue
        field = f"{name.removesuffix('_masked')}_number" if name.endswith("_masked") else name
        columns[field] = picked.column(name).combine_chunks().cast(pa.string())
    cells = restored(pa.table(columns), rows, chunk.originals)
    for place, field in enumerate(cells.column_names):
        blank = _prohibited_rows(findings, field, rows)
        if blank is not None:
            cells = cells.set_column(place, field, pc.if_else(pa.array(blank), BLANKED, cells.column(field)))
    return cells


def _prohibited_rows(
    findings: Findings, field: str, rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_] | None:
    slots = [i for i, s in enumerate(findings.table) if s.rule.category is not None and s.field == field]
    if not slots:
        return None
    hit = findings.rows[np.isin(findings.slots, slots)]
    return np.isin(rows, hit)


def deleted_before(findings: Findings) -> npt.NDArray[np.int32]:
    """Rows of records that were deleted when they expired: nothing of them is kept again."""
    slots = [i for i, s in enumerate(findings.table) if s.rule.expectation == "gate.already_expired"]
    return findings.rows[np.isin(findings.slots, slots)]


def content_until(table: pa.Table, received_on: date) -> npt.NDArray[np.datetime64]:
    """The last day on which a rejected row's content is kept: 180 days, or the five years of its conduct."""
    start = np.full(table.num_rows, np.datetime64("NaT", "D"))
    for name in ("conduct_ended_on", "decided_on", "listed_on"):
        if name in table.column_names:
            days, ok = parse_iso_dates(table.column(name).combine_chunks())
            start = np.where(np.isnat(start) & ok, days, start)
    latest = np.datetime64(received_on + timedelta(days=REJECTED_KEPT_DAYS), "D")
    known = ~np.isnat(start)
    capped = add_calendar_years_array(np.where(known, start, latest), LONGEST_DISCLOSURE_YEARS)
    return np.where(known, np.minimum(capped, latest), latest)
