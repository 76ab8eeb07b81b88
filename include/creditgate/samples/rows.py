"""Rows one by one, for the small feeds that tell a story: dicts by field name, without the blanks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from creditgate.samples.penalties import Columns

Row = dict[str, str]


def rows_of(columns: Columns) -> list[Row]:
    """Columns as rows; a blank cell is a field that the row does not have."""
    table = pa.table(columns)
    return [{name: value for name, value in row.items() if value} for row in table.to_pylist()]


def columns_of(rows: Sequence[Row], fields: Iterable[str]) -> Columns:
    """Rows as columns of these fields, blank where a row has no value."""
    return {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in fields}
