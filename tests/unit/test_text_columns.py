"""Shortcuts over whole columns: they never change what the long way gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditgate.check.texts import doubled
from creditgate.domain.distinct import changed, judged, repeats
from creditgate.domain.text_bytes import (
    begins_or_ends_with,
    holds,
    is_ascii,
    lengths,
    rows_beginning_or_ending_with,
    rows_holding,
)
from creditgate.screen.normalise import BLANKS

TEXTS = st.lists(st.none() | st.text("ab ，。〔\u3000\u00a0\u200b\ufeff１", max_size=4), max_size=8)


@given(TEXTS, st.integers(0, 3))
def test_a_blank_at_an_edge_is_never_missed(texts: list[str | None], skipped: int) -> None:
    column = pa.array(texts, pa.string()).slice(min(skipped, len(texts)))
    kept = [text for text in column.to_pylist() if text]
    if any(text != text.strip(BLANKS) for text in kept):
        assert begins_or_ends_with(column, BLANKS)
    if not any(character in text for text in kept for character in BLANKS):
        assert not begins_or_ends_with(column, BLANKS)


@given(TEXTS, st.integers(0, 3))
def test_a_text_in_a_column_is_never_missed(texts: list[str | None], skipped: int) -> None:
    column = pa.array(texts, pa.string()).slice(min(skipped, len(texts)))
    whole = "".join(text or "" for text in column.to_pylist())
    assert holds(column, "，。") == ("，。" in whole)
    assert is_ascii(column) == whole.isascii()
    assert lengths(column).tolist() == [len((text or "").encode()) for text in column.to_pylist()]


@pytest.mark.parametrize("size", [0, 5, 5_000])
def test_a_repeated_value_is_worked_on_once_and_a_null_stays_in_its_place(size: int) -> None:
    column = pa.array([None if i % 7 == 0 else f"v{i % 5}" for i in range(size)], pa.string())
    seen: list[int] = []

    def upper(values: pa.Array) -> pa.Array:
        seen.append(len(values))
        return pc.utf8_upper(values)

    assert changed(column, upper).equals(pc.utf8_upper(column))
    assert seen == [6 if repeats(column) else size]
    filled = judged(column, lambda values: np.asarray(pc.is_valid(values)))
    assert filled.tolist() == pc.is_valid(column).to_pylist()
    assert changed(column, lambda values: values) is column


def test_a_column_of_different_texts_does_not_repeat_itself() -> None:
    assert not repeats(pa.array([str(i) for i in range(5_000)]))


@given(TEXTS, st.integers(0, 3))
def test_the_rows_that_hold_begin_or_end_with_a_text_are_those(texts: list[str | None], skipped: int) -> None:
    column = pa.array(texts, pa.string()).slice(min(skipped, len(texts)))
    kept = [text or "" for text in column.to_pylist()]
    wanted = ("b", "，。", "ab", "〔")
    held = [row for row, text in enumerate(kept) if any(one in text for one in wanted)]
    at_edge = [row for row, text in enumerate(kept) if text.startswith(wanted) or text.endswith("，。")]
    assert rows_holding(column, wanted).tolist() == held
    assert rows_beginning_or_ending_with(column, wanted, ["，。"]).tolist() == at_edge


@given(st.lists(st.none() | st.text("ab字每·𠮷", max_size=5), max_size=8), st.integers(0, 3))
def test_a_doubled_text_is_told_from_any_other(texts: list[str | None], skipped: int) -> None:
    twice = [text and "".join(character * 2 for character in text) for text in texts]
    column = pa.array([*texts, *twice], pa.string()).slice(min(skipped, len(texts)))
    expected = [len(text) >= 6 and text[::2] == text[1::2] for text in (t or "" for t in column.to_pylist())]
    assert doubled(column).tolist() == expected
