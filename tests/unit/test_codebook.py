"""A column that repeats itself is judged by its distinct values, once each, over all chunks of a feed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.record_key import canonical
from creditgate.domain.codebook import Codebook


def test_a_value_is_judged_once_and_later_chunks_bring_only_what_is_new() -> None:
    book = Codebook()
    asked: list[list[str | None]] = []

    def is_long(values: pa.Array) -> npt.NDArray[np.bool_]:
        asked.append(values.to_pylist())
        return np.array([len(text or "") > 1 for text in values.to_pylist()])

    verdicts = []
    for chunk in (["a", None, "bb", "a"], ["bb", "ccc", None]):
        numbers = book.numbers(pa.array(chunk, pa.string()))
        verdicts.append(book.verdicts("long", is_long)[numbers].tolist())
    assert verdicts == [[False, False, True, False], [True, True, False]]
    assert asked == [["a", None, "bb"], ["ccc"]]


def test_threads_that_read_different_chunks_agree_on_the_numbers() -> None:
    book = Codebook()
    chunks = [pa.array([f"v{(i * step) % 997}" for i in range(3_000)]) for step in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(book.numbers, chunks))
    texts = book.verdicts("text", lambda values: np.array(values.to_pylist(), object))
    for chunk, places in zip(chunks, numbers, strict=True):
        assert texts[places].tolist() == chunk.to_pylist()


def test_brackets_and_blanks_of_a_slice_have_one_spelling() -> None:
    texts = [
        "【不】",
        "济市监[2026] 1号",
        None,
        "济市监〔2026〕1号",
        "济市监【2026】1号",
        "（甲）〈乙〉﹝丙﹞［丁］",
        "，。一",
    ]
    one = canonical(pa.array(texts).slice(1))
    assert one.to_pylist() == [
        "济市监〔2026〕1号",
        None,
        *["济市监〔2026〕1号"] * 2,
        "〔甲〕〔乙〕〔丙〕〔丁〕",
        "，。一",
    ]
    assert pc.equal(one.slice(2, 2), pa.array(["济市监〔2026〕1号"] * 2)).to_pylist() == [True, True]
