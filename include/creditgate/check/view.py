"""One chunk of a feed, seen by the rules: Arrow columns, and what is parsed from them, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.dates import parse_iso_dates
from creditgate.domain.distinct import judged

BoolMask = npt.NDArray[np.bool_]
Condition = Mapping[str, Any]

DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]+)?$"
"""A plain decimal number: what an amount is."""


@dataclass
class ChunkView:
    """The columns of a chunk (n rows of strings, null where empty) and the run's as-of date.

    A column that the feed lacks reads as all null: the presence rules then speak row by row.
    """

    frame: pd.DataFrame
    as_of: date
    _strings: dict[str, pa.Array] = field(default_factory=dict)
    _present: dict[str, BoolMask] = field(default_factory=dict)
    _dates: dict[str, tuple[npt.NDArray[np.datetime64], BoolMask]] = field(default_factory=dict)
    _amounts: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    _conditions: dict[str, BoolMask] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    def strings(self, column: str) -> pa.Array:
        """The column as one Arrow string array of n values."""
        if column not in self._strings:
            if column in self.frame.columns:
                values = pa.array(self.frame[column].array)
                if isinstance(values, pa.ChunkedArray):
                    values = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
                self._strings[column] = values
            else:
                self._strings[column] = pa.nulls(len(self), pa.string())
        return self._strings[column]

    def present(self, column: str) -> BoolMask:
        """True where the column has a value."""
        if column not in self._present:
            values = self.strings(column)
            if values.null_count == 0:
                self._present[column] = np.ones(len(self), bool)
            else:
                self._present[column] = _to_numpy(pc.is_valid(values))
        return self._present[column]

    def dates(self, column: str) -> tuple[npt.NDArray[np.datetime64], BoolMask]:
        """The column as datetime64[D] (NaT where absent or no date), and where it is a date."""
        if column not in self._dates:
            self._dates[column] = _dates_of(self.strings(column))
        return self._dates[column]

    def amounts(self, column: str) -> npt.NDArray[np.float64]:
        """The column as numbers, NaN where absent or no plain decimal."""
        if column not in self._amounts:
            self._amounts[column] = judged(self.strings(column), _amounts_of)
        return self._amounts[column]

    def holds(self, when: Condition | Sequence[Condition] | None) -> BoolMask | None:
        """True where every condition holds; None when there is no condition."""
        if not when:
            return None
        conditions = [when] if isinstance(when, Mapping) else list(when)
        result = self._condition(conditions[0])
        for condition in conditions[1:]:
            result = result & self._condition(condition)
        return result

    def _condition(self, condition: Condition) -> BoolMask:
        key = repr(sorted(condition.items()))
        if key not in self._conditions:
            self._conditions[key] = self._evaluate(condition)
        return self._conditions[key]

    def _evaluate(self, condition: Condition) -> BoolMask:
        column = condition["column"]
        if condition.get("is_null"):
            return ~self.present(column)
        if condition.get("not_null"):
            return self.present(column)
        values = self.strings(column)
        for key in ("in", "not_in"):
            if key in condition:
                listed = _to_numpy(pc.is_in(values, value_set=pa.array(condition[key], pa.string())))
                return listed if key == "in" else ~listed
        pattern = condition["matches"]
        return judged(values, lambda texts: true_where(pc.match_substring_regex(texts, pattern)))


def _amounts_of(values: pa.Array) -> npt.NDArray[np.float64]:
    shaped = pc.match_substring_regex(values, DECIMAL)
    numbers = pc.cast(pc.if_else(shaped, values, None), pa.float64())
    amounts: npt.NDArray[np.float64] = numbers.to_numpy(zero_copy_only=False)
    return amounts


def _dates_of(values: pa.Array) -> tuple[npt.NDArray[np.datetime64], BoolMask]:
    """`parse_iso_dates`, by the distinct values: a feed has few different days."""
    if len(values) == 0 or values.null_count == len(values):
        return parse_iso_dates(values)
    coded = values.dictionary_encode(null_encoding="encode")
    if len(coded.dictionary) > len(values) // 2:
        return parse_iso_dates(values)
    days, is_date = parse_iso_dates(coded.dictionary)
    places = coded.indices.to_numpy()
    return days[places], is_date[places]


def true_where(mask: pa.Array) -> BoolMask:
    """An Arrow boolean array as numpy, null as False."""
    return _to_numpy(pc.fill_null(mask, False) if mask.null_count else mask)


def false_where(mask: pa.Array) -> BoolMask:
    """True only where the Arrow mask is false; null passes."""
    return ~_to_numpy(pc.fill_null(mask, True) if mask.null_count else mask)


def _to_numpy(mask: pa.Array) -> BoolMask:
    result: BoolMask = mask.to_numpy(zero_copy_only=False)
    return result
