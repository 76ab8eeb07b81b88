"""Records that tell nearly the same under another number: 203.68 and 203.69 of one subject on one day (S12).

The whole feed is looked at once, by columns: rows are put in groups by subject and day, and only groups of more
than one row are compared. What is held already is asked of the warehouse in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import DECIMAL
from creditgate.domain.dates import parse_iso_dates
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.likeness import Likeness
from creditgate.domain.lookups import HeldRecords
from creditgate.policy.contracts import Contract

KIND = "gate.near_duplicate"
Codes = npt.NDArray[np.int64]


def near_duplicates(
    contract: Contract, chunks: Iterable[tuple[int, pa.Table]], held: HeldRecords | None = None
) -> Findings:
    """A warning for each row that is like another one of the feed, or like a held record, of another id.

    chunks: (first row, sealed rows) of the whole feed. A row without record key or subject is like nothing.
    """
    if not contract.has_rule_of_kind(KIND):
        return Findings.none()
    rule = contract.rule_of_kind(KIND)
    likeness = Likeness.of(rule.kwargs)
    rows = _comparable(chunks, likeness)
    if not rows.num_rows:
        return Findings.none()
    found = [_alike(rows, likeness)]
    if held is not None and not held.is_empty(contract.item):
        found.append(held.near(contract.item, likeness, rows))
    numbers = np.unique(np.concatenate(found)).astype(np.int32)
    if not len(numbers):
        return Findings.none()
    return Findings((Slot(rule, None),), numbers, np.zeros(len(numbers), np.int16))


def _comparable(chunks: Iterable[tuple[int, pa.Table]], likeness: Likeness) -> pa.Table:
    """The rows that have a record key, a subject and a day, with what is compared of them."""
    parts = []
    for first_row, table in chunks:
        numbers = pa.array(np.arange(first_row, first_row + table.num_rows, dtype=np.int32))
        columns = {"row_number": numbers} | {
            name: table.column(name) if name in table.column_names else pa.nulls(table.num_rows, pa.string())
            for name in ("record_id", "subject_key", *likeness.columns)
        }
        parts.append(pa.table(columns))
    if not parts:
        return pa.table({"row_number": pa.array([], pa.int32())})
    rows = pa.concat_tables(parts)
    _, is_day = parse_iso_dates(rows.column(likeness.day).combine_chunks())
    is_whole = is_day
    for name in ("record_id", "subject_key"):
        is_whole = is_whole & pc.is_valid(rows.column(name)).to_numpy()
    rows = rows if is_whole.all() else rows.filter(pa.array(is_whole))
    return rows if likeness.amount is None else _with_plain_amounts(rows, likeness.amount)


def _with_plain_amounts(rows: pa.Table, name: str) -> pa.Table:
    """The rows with nothing where the amount is no plain decimal, which is another rule's matter."""
    texts = rows.column(name)
    plain = pc.match_substring_regex(texts, DECIMAL)
    amounts = pc.if_else(plain, texts, pa.scalar(None, pa.string()))
    return rows.set_column(rows.column_names.index(name), name, amounts)


def _alike(rows: pa.Table, likeness: Likeness) -> npt.NDArray[np.int32]:
    """Row numbers of those that are like another row of the table."""
    group = _combined(_codes(rows.column("subject_key")), _codes(rows.column(likeness.day)))
    order = np.argsort(group, kind="stable")
    same = group[order][1:] == group[order][:-1]
    if not same.any():
        return np.empty(0, np.int32)
    shared = np.zeros(len(order), bool)
    shared[1:] |= same
    shared[:-1] |= same
    places = np.sort(order[shared])
    rows, group = rows.take(pa.array(places)), group[places]
    for name in likeness.kind:
        group = _combined(group, _codes(rows.column(name)))
    amounts = _amounts(rows, likeness)
    records = _codes(rows.column("record_id"))
    order = np.lexsort((records, amounts, group))
    near = (group[order][1:] == group[order][:-1]) & (records[order][1:] != records[order][:-1])
    near &= amounts[order][1:] - amounts[order][:-1] <= likeness.tolerance + 1e-9
    hit = np.zeros(len(order), bool)
    hit[1:] |= near
    hit[:-1] |= near
    numbers: npt.NDArray[np.int32] = rows.column("row_number").to_numpy()[order[hit]]
    return numbers


def _codes(values: pa.ChunkedArray) -> Codes:
    """A number for each distinct value, null among them."""
    coded = values.combine_chunks().dictionary_encode(null_encoding="encode")
    codes: Codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _combined(left: Codes, right: Codes) -> Codes:
    """One number for each pair of numbers, small again."""
    _, codes = np.unique(left * (right.max() + 1) + right, return_inverse=True)
    return codes.astype(np.int64)


def _amounts(rows: pa.Table, likeness: Likeness) -> npt.NDArray[np.float64]:
    """The amounts as numbers; rows without one come together."""
    if likeness.amount is None:
        return np.zeros(rows.num_rows)
    numbers = pc.cast(rows.column(likeness.amount).combine_chunks(), pa.float64())
    amounts: npt.NDArray[np.float64] = pc.fill_null(numbers, -1e15).to_numpy(zero_copy_only=False)
    return amounts
