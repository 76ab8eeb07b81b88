"""What is kept of a row that goes back, as JSON text: built column by column, no Python step per row."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


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
