"""The distinct values of a column that repeats itself, over all chunks of a feed, and what was found out about each.

Of a feed's columns most hold a few hundred different texts. What a rule says of a value depends on the value alone,
so it is asked once per distinct value of the feed, and a row costs one look into a table.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.distinct import repeats

Item = TypeVar("Item", bound=np.generic)
Judge = Callable[[pa.Array], npt.NDArray[Item]]
Change = Callable[[pa.Array], pa.Array]
Numbers = npt.NDArray[np.int32]

MOST_VALUES = 50_000
"""A book with more values than this is not worth keeping: a new one is begun."""
FEW_ROWS = 10_000
"""A chunk of so few rows says little about the feed."""


class Codebook:
    """Values (strings or null) by number, in the order in which they were seen. Any thread may ask."""

    def __init__(self) -> None:
        self._places: dict[str | None, int] = {}
        self._values: list[str | None] = []
        self._verdicts: dict[Hashable, npt.NDArray[Any]] = {}
        self._changed: dict[Hashable, tuple[pa.Array, npt.NDArray[np.bool_]]] = {}
        self._respelled: dict[Hashable, Codebook] = {}
        self._writing = Lock()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def is_full(self) -> bool:
        """Whether a new book should be begun."""
        return len(self) > MOST_VALUES

    def numbers(self, values: pa.Array) -> Numbers:
        """The number of each value, shape (n,). New values are added."""
        coded = values.dictionary_encode(null_encoding="encode")
        texts = coded.dictionary.to_pylist()
        with self._writing:
            for text in texts:
                if text not in self._places:
                    self._places[text] = len(self._values)
                    self._values.append(text)
            places = np.array([self._places[text] for text in texts], np.int32)
        picked: Numbers = places[coded.indices.to_numpy()]
        return picked

    def verdicts(self, question: Hashable, judge: Judge[Item]) -> npt.NDArray[Item]:
        """`judge` of every value in the book, by number; asked once per value under the same `question`."""
        known = self._verdicts.get(question)
        size = len(self)
        if known is None or len(known) < size:
            first = 0 if known is None else len(known)
            fresh = judge(self._from(first, size))
            known = fresh if known is None else np.concatenate([known, fresh])
            self._verdicts[question] = known  # another thread may do the same: both write what is true
        return known

    def changed(self, question: Hashable, change: Change) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
        """`change` of every value in the book, by number, and whether it differs from the value."""
        known = self._changed.get(question)
        size = len(self)
        if known is None or len(known[0]) < size:
            first = 0 if known is None else len(known[0])
            old = self._from(first, size)
            new = change(old)
            same = pc.equal(pc.fill_null(old, ""), pc.fill_null(new, ""))
            differs = ~same.to_numpy(zero_copy_only=False)
            if known is not None:
                new = pa.concat_arrays([known[0], new])
                differs = np.concatenate([known[1], differs])
            known = self._changed[question] = new, differs
        return known

    def respelled(self, question: Hashable, change: Change) -> Codebook:
        """The book of what `change` makes of the values, each under its old number."""
        with self._writing:
            return self._respelled.setdefault(question, _RespelledBook(self, question, change))

    def _from(self, first: int, end: int) -> pa.Array:
        """The values with these numbers."""
        return pa.array(self._values[first:end], pa.string())


class _RespelledBook(Codebook):
    """The values of another book, changed. Two numbers may have one value."""

    def __init__(self, book: Codebook, question: Hashable, change: Change) -> None:
        super().__init__()
        self._book, self._question, self._change = book, question, change

    def __len__(self) -> int:
        return len(self._book)

    def numbers(self, values: pa.Array) -> Numbers:
        """The number of each value as the other book has it: not yet changed."""
        return self._book.numbers(values)

    def _from(self, first: int, end: int) -> pa.Array:
        return self._book.changed(self._question, self._change)[0].slice(first, end - first)


@dataclass(frozen=True)
class NumberedColumn:
    """A column of a chunk by its values' numbers in a book, shape (n,)."""

    book: Codebook
    numbers: Numbers


class Codebooks:
    """The book of each column of a feed that repeats itself; whether it does, its first rows tell."""

    def __init__(self) -> None:
        self._books: dict[str, Codebook | None] = {}

    def of(self, column: str, values: pa.Array) -> Codebook | None:
        """The column's book; None where its values are better looked at one by one."""
        book = self._books.get(column)
        if (book is None and column not in self._books) or (book is not None and book.is_full):
            book = Codebook() if repeats(values) else None
            if len(values) > FEW_ROWS:
                self._books[column] = book
        return book
