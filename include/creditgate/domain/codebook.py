"""The distinct values of a column that repeats itself, over all chunks of a feed, and what was found out about each.

Of a feed's columns most hold a few hundred different texts. What a rule says of a value depends on the value alone,
so it is asked once per distinct value of the feed, and a row costs one look into a table.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Item = TypeVar("Item", bound=np.generic)
Judge = Callable[[pa.Array], npt.NDArray[Item]]
Change = Callable[[pa.Array], pa.Array]

MOST_VALUES = 50_000
"""A book with more values than this is not worth keeping: a new one is begun."""


class Codebook:
    """Values (strings or null) by number, in the order in which they were seen. Any thread may ask."""

    def __init__(self) -> None:
        self._places: dict[str | None, int] = {}
        self._values: list[str | None] = []
        self._verdicts: dict[Hashable, npt.NDArray[Any]] = {}
        self._changed: dict[Hashable, tuple[pa.Array, npt.NDArray[np.bool_]]] = {}
        self._writing = Lock()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def is_full(self) -> bool:
        """Whether a new book should be begun."""
        return len(self) > MOST_VALUES

    def numbers(self, values: pa.Array) -> npt.NDArray[np.intp]:
        """The number of each value, shape (n,). New values are added."""
        coded = values.dictionary_encode(null_encoding="encode")
        texts = coded.dictionary.to_pylist()
        with self._writing:
            for text in texts:
                if text not in self._places:
                    self._places[text] = len(self._values)
                    self._values.append(text)
            places = np.array([self._places[text] for text in texts], np.intp)
        picked: npt.NDArray[np.intp] = places[coded.indices.to_numpy()]
        return picked

    def verdicts(self, question: Hashable, judge: Judge[Item]) -> npt.NDArray[Item]:
        """`judge` of every value in the book, by number; asked once per value under the same `question`."""
        known = self._verdicts.get(question)
        size = len(self._values)
        if known is None or len(known) < size:
            first = 0 if known is None else len(known)
            fresh = judge(pa.array(self._values[first:size], pa.string()))
            known = fresh if known is None else np.concatenate([known, fresh])
            self._verdicts[question] = known  # another thread may do the same: both write what is true
        return known

    def changed(self, question: Hashable, change: Change) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
        """`change` of every value in the book, by number, and whether it differs from the value."""
        known = self._changed.get(question)
        size = len(self._values)
        if known is None or len(known[0]) < size:
            first = 0 if known is None else len(known[0])
            old = pa.array(self._values[first:size], pa.string())
            new = change(old)
            same = pc.equal(pc.fill_null(old, ""), pc.fill_null(new, ""))
            differs = ~same.to_numpy(zero_copy_only=False)
            if known is not None:
                new = pa.concat_arrays([known[0], new])
                differs = np.concatenate([known[1], differs])
            known = self._changed[question] = new, differs
        return known
