"""What is kept of a row that goes back: masked identity numbers, no prohibited value, as JSON text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.findings import Findings

BLANKED = "［已屏蔽］"
OWN_COLUMNS = frozenset({"record_id", "subject_kind", "subject_key", "days_late", "register_match"})
"""Columns of a sealed row that are the gate's, not the provider's."""


def redacted_cells(table: pa.Table, first_row: int, findings: Findings, rows: npt.NDArray[np.int32]) -> pa.Table:
    """The provider's cells of the picked rows (numbers in the file), prohibited ones blanked.

    Keys of persons are left out; their masked form stays.
    """
    picked = table.take(pa.array(rows - first_row))
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        if name in OWN_COLUMNS or name.endswith("_key"):
            continue
        values = picked.column(name).combine_chunks().cast(pa.string())
        blank = _prohibited_rows(findings, name, rows)
        columns[name] = values if blank is None else pc.if_else(pa.array(blank), BLANKED, values)
    return pa.table(columns)


def _prohibited_rows(
    findings: Findings, field: str, rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_] | None:
    slots = [i for i, s in enumerate(findings.table) if s.rule.category is not None and s.field == field]
    if not slots:
        return None
    hit = findings.rows[np.isin(findings.slots, slots)]
    return np.isin(rows, hit)


def as_json(cells: pa.Table) -> pa.Array:
    """Each row as the text of a JSON object of its non-empty cells, built column by column."""
    parts: list[pa.Array] = []
    for name in cells.column_names:
        values = cells.column(name).combine_chunks()
        if values.null_count == len(values):
            continue
        quoted = pc.binary_join_element_wise(f'"{name}":"', _escaped(values), '",', "")
        parts.append(pc.fill_null(quoted, ""))
    if not parts:
        return pa.array(["{}"] * cells.num_rows)
    joined = pc.binary_join_element_wise(*parts, "")
    return pc.binary_join_element_wise("{", pc.utf8_rtrim(joined, characters=","), "}", "")


def _escaped(values: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(values, r'["\\\x00-\x1f]')
    if not pc.any(special).as_py():
        return values
    values = pc.replace_substring(values, "\\", "\\\\")
    values = pc.replace_substring(values, '"', '\\"')
    for mark, code in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        values = pc.replace_substring(values, mark, code)
    return pc.replace_substring_regex(values, r"[\x00-\x1f]", " ")
