"""Dates out of text columns, without a Python step per row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def parse_iso_dates(values: pa.Array) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_]]:
    """Read YYYY-MM-DD texts: (datetime64[D] with NaT where it is none, mask of real dates).

    A text that is not exactly a calendar date (2026-02-30, 待定) is NaT and False. Years 1000–9999.
    """
    count = len(values)
    days = np.full(count, np.datetime64("NaT", "D"))
    is_date = np.zeros(count, bool)
    if count == 0 or values.null_count == count:
        return days, is_date
    ten = pc.equal(pc.binary_length(values), 10)
    candidates = (pc.fill_null(ten, False) if ten.null_count else ten).to_numpy(zero_copy_only=False)
    whole = bool(candidates.all())
    picked = values if whole else values.filter(pa.array(candidates))
    if len(picked) == 0:
        return days, is_date
    text = _bytes_of_ten(picked)
    digits = text[:, (0, 1, 2, 3, 5, 6, 8, 9)].astype(np.int16) - ord("0")
    shaped = ((digits >= 0) & (digits <= 9)).all(axis=1) & (text[:, 4] == 45) & (text[:, 7] == 45)
    digits = np.where(shaped[:, None], digits, 1)
    year = digits[:, :4] @ np.array([1000, 100, 10, 1], np.int16)
    month = digits[:, 4] * 10 + digits[:, 5]
    day = digits[:, 6] * 10 + digits[:, 7]
    shaped &= (year >= 1000) & (month >= 1) & (month <= 12) & (day >= 1)
    first = (year.astype("int64") - 1970) * 12 + np.clip(month, 1, 12) - 1
    months = first.astype("datetime64[M]")
    result = months.astype("datetime64[D]") + (day - 1)
    shaped &= result.astype("datetime64[M]") == months
    result[~shaped] = np.datetime64("NaT", "D")
    if whole:
        return result, shaped
    days[candidates], is_date[candidates] = result, shaped
    return days, is_date


def _bytes_of_ten(values: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of an array of non-null texts of ten bytes each, shape (n, 10)."""
    fixed = values.cast(pa.binary()).cast(pa.binary(10))
    buffer = fixed.buffers()[1]
    flat = np.frombuffer(buffer, np.uint8)
    start = fixed.offset * 10
    return flat[start : start + len(values) * 10].reshape(-1, 10)
