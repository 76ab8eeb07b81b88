"""Counts that run down a column which states one thing: a cell was dragged, and the spreadsheet has counted on.

《药典》2015年版, 2016年版, 2017年版 …: only the first exists. Told of the file, from its distinct values, so that neither
chunks nor the order of rows matter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import BoolMask, ChunkView
from creditgate.domain.findings import Findings, Slot
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule

_YEAR = r"(?s)^(?P<before>.*[^0-9]|)(?P<number>(?:19|20)[0-9]{2})(?P<after>[^0-9].*|)$"
_NUMBER = r"(?s)^(?P<before>.*[^0-9]|)(?P<number>[0-9]{1,9})(?P<after>[^0-9]*)$"


class SeriesWatch:
    """Looks at the columns that a contract names, chunk by chunk, from any thread; then tells of each."""

    def __init__(self, contract: Contract) -> None:
        rules = contract.whole_file.series if contract.whole_file else None
        self._least = rules.least if rules else 0
        patterns = {_YEAR: rules.years, _NUMBER: rules.numbers} if rules else {}
        self._patterns = {name: pattern for pattern, names in patterns.items() for name in names}
        self._seen: dict[str, list[pa.Table]] = {name: [] for name in self._patterns}

    def see(self, view: ChunkView) -> None:
        """Note the numbers in the values of a chunk; once per distinct value where a column repeats itself."""
        for name, pattern in self._patterns.items():
            if view.present(name).any():
                view.judged(name, ("series", pattern), _Noting(pattern, self._seen[name]))

    def findings(self, headers: Mapping[str, str]) -> Findings:
        """A finding about the file for each column through which a count runs. headers: by field."""
        rule = gate_rule("counted_on")
        counted = [name for name, seen in self._seen.items() if seen and _longest_run(seen) >= self._least]
        return Findings.about_file(Slot(rule, name, headers.get(name)) for name in counted)


class _Noting:
    """Judges nothing: notes (hash of the text without its number, number) of every value it is asked about."""

    def __init__(self, pattern: str, seen: list[pa.Table]) -> None:
        self._pattern = pattern
        self._seen = seen

    def __call__(self, values: pa.Array) -> BoolMask:
        parts = pc.drop_null(pc.extract_regex(values.unique(), self._pattern))
        if len(parts):
            around = pc.binary_join_element_wise(parts.field("before"), parts.field("after"), "\0")
            hashes = pd.util.hash_array(around.to_numpy(zero_copy_only=False), categorize=False)
            numbers = pc.cast(parts.field("number"), pa.int64())
            self._seen.append(pa.table({"around": pa.array(hashes), "number": numbers}))
        return np.zeros(len(values), np.bool_)


def _longest_run(seen: list[pa.Table]) -> int:
    """The most values that differ by one, all else being equal."""
    noted = pa.concat_tables(seen)
    around: npt.NDArray[np.uint64] = noted.column("around").to_numpy()
    numbers: npt.NDArray[np.int64] = noted.column("number").to_numpy()
    order = np.lexsort((numbers, around))
    around, numbers = around[order], numbers[order]
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (around[1:] != around[:-1]) | (numbers[1:] != numbers[:-1])
    around, numbers = around[is_new], numbers[is_new]
    breaks = np.flatnonzero((around[1:] != around[:-1]) | (numbers[1:] != numbers[:-1] + 1)) + 1
    return int(np.diff(np.concatenate([[0], breaks, [len(numbers)]])).max())
