"""Codes and numbers with check digits, as native polars expressions (for the yardstick alone)."""

from __future__ import annotations

from datetime import date

import polars as pl

from creditgate.domain.identifiers import (
    CREDIT_CODE_ALPHABET,
    CREDIT_CODE_WEIGHTS,
    EARLIEST_BIRTH_YEAR,
    IDENTITY_WEIGHTS,
    PROVINCES,
)


def is_credit_code(code: pl.Expr) -> pl.Expr:
    """GB 32100: 18 characters of its alphabet whose weighted sum is a multiple of 31; null stays null."""
    values = _byte_values(CREDIT_CODE_ALPHABET)
    terms = [
        values.gather(byte) * w for byte, w in zip(_bytes(code, 18), (*CREDIT_CODE_WEIGHTS, 1), strict=True)
    ]
    holds = pl.sum_horizontal(terms, ignore_nulls=False) % 31 == 0
    return _judged(code, holds)


def is_identity_number(number: pl.Expr, on: date | None) -> pl.Expr:
    """GB 11643: 18 digits (the last may be X), the sum, a known province, a real day of birth not after `on`."""
    values = _byte_values("0123456789X")
    terms = [
        values.gather(byte) * w for byte, w in zip(_bytes(number, 18), (*IDENTITY_WEIGHTS, 1), strict=True)
    ]
    sums = pl.sum_horizontal(terms, ignore_nulls=False) % 11 == 1
    holds = number.str.contains("^[0-9]{17}[0-9Xx]$") & sums & _has_province(number)
    return _judged(number, holds & _born_by(birth_date(number), on))


def is_legacy_identity_number(number: pl.Expr) -> pl.Expr:
    """The 15 digits issued until 1999: a known province and a real day of birth in 19YY."""
    holds = number.str.contains("^[0-9]{15}$") & _has_province(number)
    return _judged(number, holds & birth_date(number).is_not_null())


def birth_date(number: pl.Expr) -> pl.Expr:
    """Day of birth told by an 18- or 15-digit number; null where there is none."""
    modern = pl.when(number.str.contains("^[0-9]{17}.$")).then(number.str.slice(6, 8))
    legacy = pl.when(number.str.contains("^[0-9]{15}$")).then(pl.lit("19") + number.str.slice(6, 6))
    born = pl.coalesce(modern, legacy).str.to_date("%Y%m%d", strict=False)
    return pl.when(born.dt.year() >= EARLIEST_BIRTH_YEAR).then(born)


def _born_by(born: pl.Expr, on: date | None) -> pl.Expr:
    return born.is_not_null() if on is None else born <= on


def _has_province(number: pl.Expr) -> pl.Expr:
    return number.str.head(2).is_in([str(code) for code in PROVINCES])


def _bytes(code: pl.Expr, length: int) -> list[pl.Expr]:
    """The bytes of each code of this length; null where it has another."""
    fitting = pl.when(code.str.len_bytes() == length).then(code)
    array = fitting.cast(pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, length))
    return [array.arr.get(i) for i in range(length)]


def _byte_values(alphabet: str) -> pl.Expr:
    """Byte → its character's place in the alphabet, both cases alike; null for any other byte."""
    places = [alphabet.find(chr(byte).upper()) if byte < 128 else -1 for byte in range(256)]
    return pl.lit(pl.Series([None if place < 0 else place for place in places], dtype=pl.Int16))


def _judged(code: pl.Expr, holds: pl.Expr) -> pl.Expr:
    return pl.when(code.is_not_null()).then(holds.fill_null(False))
