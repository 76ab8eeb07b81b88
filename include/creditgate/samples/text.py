"""Building columns of text out of columns of parts."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.samples.draws import Numbers

Part: TypeAlias = pa.Array | str
_EPOCH = date(1950, 1, 1)
_LAST_DAY = date(2100, 1, 1)


def joined(*parts: Part) -> pa.Array:
    """The parts of each row put together; a `str` is the same in every row."""
    return pc.binary_join_element_wise(*parts, "")


def digits(numbers: Numbers, width: int = 0) -> pa.Array:
    """Whole numbers as text, padded with zeros to `width`."""
    text = pc.cast(pa.array(numbers), pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def plain_decimal(hundredths_of_yuan: Numbers) -> pa.Array:
    """An amount of money in 10,000 yuan, as plain decimal text without trailing zeros: 200000 → `0.2`."""
    whole, part = np.divmod(hundredths_of_yuan, 1_000_000)
    tail = pc.utf8_rtrim(digits(part, 6), "0")
    return pc.if_else(
        pa.array(part == 0), digits(whole), pc.binary_join_element_wise(digits(whole), tail, ".")
    )


def yuan(hundredths: Numbers) -> pa.Array:
    """An amount in yuan with two decimals where it has any: 20050 → `200.50`, 20000 → `200`."""
    whole, part = np.divmod(hundredths, 100)
    with_part = pc.binary_join_element_wise(digits(whole), digits(part, 2), ".")
    return pc.if_else(pa.array(part == 0), digits(whole), with_part)


@lru_cache(maxsize=4)
def _calendar(pattern: str) -> pa.Array:
    days = (_LAST_DAY - _EPOCH).days + 1
    texts = []
    for offset in range(days):
        day = _EPOCH + timedelta(days=offset)
        texts.append(pattern.format(y=day.year, m=day.month, d=day.day))
    return pa.array(texts, pa.string())


ISO = "{y:04d}-{m:02d}-{d:02d}"
SLASHED = "{y:04d}/{m:02d}/{d:02d}"
CHINESE = "{y}年{m}月{d}日"


def day_number(day: date) -> int:
    """A date as this module counts days."""
    return (day - _EPOCH).days


def dates(day_numbers: Numbers, pattern: str = ISO) -> pa.Array:
    """Day numbers as text in one of the patterns ISO, SLASHED, CHINESE."""
    return _calendar(pattern).take(pa.array(day_numbers))


def years_of(day_numbers: Numbers) -> pa.Array:
    """The year of each day, as four digits."""
    return pc.utf8_slice_codeunits(dates(day_numbers, ISO), 0, 4)


def from_characters(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """A matrix of ASCII characters, shape (n, width), as n texts."""
    count, width = characters.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(characters)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))
