"""A checked row as it may be kept: which columns it has, and what of a returned row may be shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.findings import Findings

BLANKED = "［已屏蔽］"
"""Stands where a prohibited value stood."""

OWN_COLUMNS = frozenset({"record_id", "subject_kind", "subject_key", "days_late", "register_match"})
"""Columns of a sealed row that are the gate's, not the provider's."""


def identity_columns(field_name: str) -> tuple[str, str]:
    """The two columns that keep an identity number: `identity_number` → `identity_key`, `identity_masked`."""
    stem = field_name.removesuffix("_number")
    return f"{stem}_key", f"{stem}_masked"


def redacted_cells(
    table: pa.Table, first_row: int, findings: Findings, rows: npt.NDArray[np.int32]
) -> pa.Table:
    """The provider's cells of the picked rows (numbers in the file) by field name, all text.

    Identity numbers are masked, prohibited values blanked; keyed hashes are left out.
    """
    picked = table.take(pa.array(rows - first_row))
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        if name in OWN_COLUMNS or name.endswith("_key"):
            continue
        field = f"{name.removesuffix('_masked')}_number" if name.endswith("_masked") else name
        values = picked.column(name).combine_chunks().cast(pa.string())
        blank = _prohibited_rows(findings, field, rows)
        columns[field] = values if blank is None else pc.if_else(pa.array(blank), BLANKED, values)
    return pa.table(columns)


def _prohibited_rows(
    findings: Findings, field: str, rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_] | None:
    slots = [i for i, s in enumerate(findings.table) if s.rule.category is not None and s.field == field]
    if not slots:
        return None
    hit = findings.rows[np.isin(findings.slots, slots)]
    return np.isin(rows, hit)
