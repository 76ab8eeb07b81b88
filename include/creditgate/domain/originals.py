"""What stood in a cell before its spelling was changed: the provider is shown its own text.

Originals travel beside the rows they belong to, as a table (row, field, text) that holds changed cells alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.keys import mask_identity_numbers_in_text
from creditgate.domain.subjects import ORGANISATION_CODES

SCHEMA = pa.schema([("row", pa.int32()), ("field", pa.string()), ("text", pa.string())])

Counts = Mapping[str, Mapping[str, int]]
"""Cells changed, by cleaning rule and field."""

_LONG_NUMBER = "[0-9]{14,}[0-9Xx]"


def originals_table(parts: Iterable[tuple[str, npt.NDArray[np.int32], pa.Array]]) -> pa.Table | None:
    """The originals of a chunk: (field, row numbers ascending, texts) of each column that was changed."""
    tables = [
        pa.table([pa.array(rows, pa.int32()), pa.repeat(pa.scalar(field), len(rows)), texts], schema=SCHEMA)
        for field, rows, texts in parts
        if len(rows)
    ]
    return pa.concat_tables(tables) if tables else None


def restored(cells: pa.Table, rows: npt.NDArray[np.int32], originals: pa.Table | None) -> pa.Table:
    """The cells of these rows (numbers in the file, ascending) with the original texts put back."""
    if originals is None or not len(rows):
        return cells
    places = np.searchsorted(rows, originals.column("row").to_numpy())
    places = np.minimum(places, len(rows) - 1)
    wanted = originals.filter(pa.array(rows[places] == originals.column("row").to_numpy()))
    for name in pc.unique(wanted.column("field")).to_pylist():
        if name not in cells.column_names:
            continue
        own = wanted.filter(pc.equal(wanted.column("field"), name))
        mask = np.zeros(len(rows), np.bool_)
        mask[np.searchsorted(rows, own.column("row").to_numpy())] = True
        column = cells.column(name)
        values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        texts = own.column("text").combine_chunks()
        put = pc.replace_with_mask(values, pa.array(mask), texts)
        cells = cells.set_column(cells.column_names.index(name), name, put)
    return cells


def sealed(originals: pa.Table | None, table: pa.Table, first_row: int) -> pa.Table | None:
    """The originals as they may be kept beside sealed rows (from `first_row` on).

    A text with a number as long as a person's, and one whose sealed cell is masked, is left to that cell.
    """
    if originals is None:
        return None
    plain = pc.replace_substring_regex(pc.utf8_normalize(originals.column("text"), form="NFKC"), r"\s+", "")
    kept = ~pc.match_substring_regex(plain, _LONG_NUMBER).to_numpy(zero_copy_only=False)
    places = originals.column("row").to_numpy() - first_row
    for name in set(ORGANISATION_CODES) & set(table.column_names):
        hidden = pc.fill_null(pc.match_substring(table.column(name), "*"), False).to_numpy(
            zero_copy_only=False
        )
        if hidden.any():
            own = pc.equal(originals.column("field"), name).to_numpy(zero_copy_only=False)
            kept &= ~(own & hidden[places])
    if not kept.any():
        return None
    left = originals.filter(pa.array(kept))
    return left.set_column(2, "text", mask_identity_numbers_in_text(left.column("text").combine_chunks()))


def added(total: Counts, more: Counts) -> dict[str, dict[str, int]]:
    """Both counts together."""
    result = {rule: dict(fields) for rule, fields in total.items()}
    for rule, fields in more.items():
        own = result.setdefault(rule, {})
        for field, count in fields.items():
            own[field] = own.get(field, 0) + count
    return {rule: dict(sorted(result[rule].items())) for rule in sorted(result)}
