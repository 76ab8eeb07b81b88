"""Columns that repeat themselves, worked on by their distinct values.

Of a feed's columns most hold a few hundred different texts: authorities, categories, statutes, dates. What a
function gives depends on the value alone, so it is asked once per distinct value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Item = TypeVar("Item", bound=np.generic)

_SAMPLE = 1024
_FEW = 640  # of the sample: some thousand distinct values of the column, a few years' days


def repeats(values: pa.Array) -> bool:
    """Whether a column seems to hold few distinct values: told by its first rows and some from its middle."""
    if len(values) <= _SAMPLE:
        return False
    half = _SAMPLE // 2
    sample = pa.concat_arrays([values.slice(0, half), values.slice(len(values) // 2, half)])
    return int(pc.count_distinct(sample, mode="all").as_py()) <= _FEW


def distinct(values: pa.Array) -> pa.Array:
    """The distinct values of a column that repeats itself; any other column as it is."""
    return values.unique() if repeats(values) else values


def changed(values: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """`change` of each value. A change that gives back the very array it got changes nothing."""
    if not repeats(values):
        return change(values)
    coded = values.dictionary_encode(null_encoding="encode")
    made = change(coded.dictionary)
    return values if made is coded.dictionary else made.take(coded.indices)


def judged(values: pa.Array, judge: Callable[[pa.Array], npt.NDArray[Item]]) -> npt.NDArray[Item]:
    """`judge` of each value, shape (n,)."""
    if not repeats(values):
        return judge(values)
    coded = values.dictionary_encode(null_encoding="encode")
    verdicts: npt.NDArray[Any] = judge(coded.dictionary)[coded.indices.to_numpy()]
    return verdicts
