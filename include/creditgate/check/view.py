"""One chunk of a feed, seen by the rules: Arrow columns, and what is parsed from them, once each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.codebook import Codebooks, NumberedColumn
from creditgate.domain.dates import parse_iso_dates

BoolMask = npt.NDArray[np.bool_]
Condition = Mapping[str, Any]
Item = TypeVar("Item", bound=np.generic)

DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]+)?$"
"""A plain decimal number: what an amount is."""


@dataclass
class ChunkView:
    """The columns of a chunk (n rows of strings, null where empty) and the run's as-of date.

    A column that the feed lacks reads as all null: the presence rules then speak row by row. books: the distinct
    values of the columns that repeat themselves, shared by the chunks of a feed (and of one as-of date);
    numbered: the columns that were looked up in such books before.
    """

    frame: pd.DataFrame
    as_of: date
    books: Codebooks = field(default_factory=Codebooks)
    numbered: Mapping[str, NumberedColumn] = field(default_factory=dict)
    _strings: dict[str, pa.Array] = field(default_factory=dict)
    _present: dict[str, BoolMask] = field(default_factory=dict)
    _numbered: dict[str, NumberedColumn | None] = field(default_factory=dict)
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

    def judged(
        self, column: str, question: Hashable, judge: Callable[[pa.Array], npt.NDArray[Item]]
    ) -> npt.NDArray[Item]:
        """`judge` of each value of the column, shape (n,); once per distinct value of the feed where it repeats itself.

        question: names the judge and what it depends on but the value.
        """
        values = self.strings(column)
        if len(values) and values.null_count == len(values):
            return np.repeat(judge(values.slice(0, 1)), len(values))
        numbered = self._number(column)
        if numbered is None:
            return judge(values)
        verdicts = numbered.book.verdicts(question, judge)
        if verdicts.dtype == np.bool_ and not verdicts.any():
            return np.zeros(len(values), verdicts.dtype)
        picked: npt.NDArray[Item] = verdicts[numbered.numbers]
        return picked

    def _number(self, column: str) -> NumberedColumn | None:
        """The column by its values' numbers; None where it does not repeat itself."""
        if column in self.numbered:
            return self.numbered[column]
        if column not in self._numbered:
            values = self.strings(column)
            book = self.books.of(column, values)
            self._numbered[column] = None if book is None else NumberedColumn(book, book.numbers(values))
        return self._numbered[column]

    def dates(self, column: str) -> tuple[npt.NDArray[np.datetime64], BoolMask]:
        """The column as datetime64[D] (NaT where absent or no date), and where it is a date."""
        if column not in self._dates:
            days = self.judged(column, "day", lambda texts: parse_iso_dates(texts)[0])
            self._dates[column] = days, ~np.isnat(days)
        return self._dates[column]

    def amounts(self, column: str) -> npt.NDArray[np.float64]:
        """The column as numbers, NaN where absent or no plain decimal."""
        if column not in self._amounts:
            self._amounts[column] = self.judged(column, "amount", _amounts_of)
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
        if "any_of" in condition:
            return np.asarray(np.any([self.present(name) for name in condition["any_of"]], axis=0), np.bool_)
        column = condition["column"]
        if condition.get("is_null"):
            return ~self.present(column)
        if condition.get("not_null"):
            return self.present(column)
        if "since" in condition or "until" in condition:
            return self._within(column, condition)
        return self.judged(column, repr(sorted(condition.items())), lambda texts: _meets(texts, condition))

    def _within(self, column: str, condition: Condition) -> BoolMask:
        """Days of decision within the bounds; a row without a day is one of today's."""
        days, known = self.dates(column)
        held = np.ones(len(self), bool)
        if (since := condition.get("since")) is not None:
            held &= ~known | (days >= np.datetime64(since, "D"))
        if (until := condition.get("until")) is not None:
            held &= known & (days <= np.datetime64(until, "D"))
        return held


def _meets(values: pa.Array, condition: Condition) -> BoolMask:
    for key in ("in", "not_in"):
        if key in condition:
            listed = _to_numpy(pc.is_in(values, value_set=pa.array(condition[key], pa.string())))
            return listed if key == "in" else ~listed
    return true_where(pc.match_substring_regex(values, condition["matches"]))


def _amounts_of(values: pa.Array) -> npt.NDArray[np.float64]:
    shaped = pc.match_substring_regex(values, DECIMAL)
    numbers = pc.cast(pc.if_else(shaped, values, None), pa.float64())
    amounts: npt.NDArray[np.float64] = numbers.to_numpy(zero_copy_only=False)
    return amounts


def true_where(mask: pa.Array) -> BoolMask:
    """An Arrow boolean array as numpy, null as False."""
    return _to_numpy(pc.fill_null(mask, False) if mask.null_count else mask)


def false_where(mask: pa.Array) -> BoolMask:
    """True only where the Arrow mask is false; null passes."""
    return ~_to_numpy(pc.fill_null(mask, True) if mask.null_count else mask)


def _to_numpy(mask: pa.Array) -> BoolMask:
    result: BoolMask = mask.to_numpy(zero_copy_only=False)
    return result
