"""Credit codes, identity numbers and organisation codes, judged a column at a time.

Every function takes an Arrow array (or chunked array) of strings and gives a numpy array of the
same length; a null is never a valid code. Letters may be in either case. Nothing here trims: the
screen has done that.

Sources: GB 32100-2015 (unified social credit code), GB 11643-1999 (resident identity number),
GB 11714-1997 (organisation code), GB/T 2260 (the first two digits of an identity number).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Strings: TypeAlias = pa.Array | pa.ChunkedArray
Mask: TypeAlias = npt.NDArray[np.bool_]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Days: TypeAlias = npt.NDArray[np.datetime64]

CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100: digits and capital letters without I, O, S, V, Z; a character's place is its value."""

CREDIT_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECK = "10X98765432"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

PROVINCES = (
    *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46),
    *(50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83),
)
"""First two digits of identity numbers that are issued; 81, 82 and 83 are the residence permits of
people from Hong Kong, Macao and Taiwan."""

EARLIEST_BIRTH_YEAR = 1800

_BLOCK_ROWS = 1 << 16
_REFUSED = np.float32(-1_000_000)
_IS_PROVINCE = np.isin(np.arange(100), PROVINCES)


def is_credit_code(values: Strings) -> Mask:
    """Whether each value is a unified social credit code with the right check character (GB 32100).

    Three codes in lawful use are known to fail the check; whoever judges a failure asks the subject
    register first.
    """
    return _judge(values, 18, _credit_code_holds)


def is_credit_code_shape(values: Strings) -> Mask:
    """Whether each value has 18 characters of the code's alphabet, whatever its check character."""
    return _judge(values, 18, lambda codes: _CREDIT_VALUES[codes].min(axis=1) >= 0)


def is_identity_number(values: Strings, on: date | None = None) -> Mask:
    """Whether each value is an 18-digit identity number that can have been issued (GB 11643).

    Digits, check character, a real day of birth, not later than `on` (None: no such bound), and a
    province that issues numbers. The county is not looked up: numbers keep the code of a county
    that has been merged since.
    """
    return _judge_numbers(values, 18, lambda codes: _identity_holds(codes, on) & _province_is_known(codes))


def has_identity_number_structure(values: Strings, on: date | None = None) -> Mask:
    """As `is_identity_number`, but with any province: what the standard's arithmetic alone proves."""
    return _judge_numbers(values, 18, lambda codes: _identity_holds(codes, on))


def is_legacy_identity_number(values: Strings, on: date | None = None) -> Mask:
    """Whether each value has the shape of the 15-digit number issued until 1999 (no check digit).

    Digits, a known province and a real day of birth in 19YY, not later than `on`.
    """
    return _judge(
        values, 15, lambda codes: _is_born_by(_legacy_births(codes), on) & _province_is_known(codes)
    )


def has_legacy_identity_number_structure(values: Strings, on: date | None = None) -> Mask:
    """As `is_legacy_identity_number`, but with any province."""
    return _judge(values, 15, lambda codes: _is_born_by(_legacy_births(codes), on))


def birth_dates(values: Strings) -> Days:
    """Day of birth told by each 18- or 15-digit number, datetime64[D]; NaT where there is none.

    The check character and the province are not asked: they have rules of their own.
    """
    births = np.full(len(values), np.datetime64("NaT"), "datetime64[D]")
    for length, read in ((18, _births), (15, _legacy_births)):
        for rows, codes in _blocks(values, length):
            births[rows] = read(codes)
    return births


def is_organisation_code(values: Strings) -> Mask:
    """Whether each value is an organisation code with the right check character (GB 11714).

    Nine characters, or ten with a hyphen before the last.
    """
    plain = _judge(values, 9, _organisation_code_holds)
    return plain | _judge(
        values,
        10,
        lambda codes: (codes[:, 8] == ord("-")) & _organisation_code_holds(np.delete(codes, 8, axis=1)),
    )


_MASK = (
    r"[*＊✱∗⁎﹡●◆■]"  # a star, or what a typist takes for one
    r"|#{2,}|[?？]{2,}|[×✕✖]{2,}"
    r"|^[0-9]{3,}(?:[Xx]{3,}|[—–_^~木料林乂×]{2,}|[—–_^~][0-9])"  # a scanner's reading of stars after open digits
)


def looks_masked(values: Strings) -> Mask:
    """Whether each value hides characters behind stars, or behind what a scanner makes of stars."""
    found = pc.match_substring_regex(values, pattern=_MASK)
    return _as_mask(pc.fill_null(found, False))


def expected_check_character(code: str) -> str | None:
    """The check character that the first 17 of a credit code or identity number ask for.

    A number of 17 digits with a real day of birth is taken as an identity number, anything else as
    a credit code. None where the characters allow neither.
    """
    head = code[:17].upper()
    if len(head) < 17 or any(c not in CREDIT_CODE_ALPHABET for c in head):
        return None
    if head.isdigit() and not np.isnat(birth_dates(pa.array([head + "0"]))[0]):
        total = sum(w * int(c) for w, c in zip(IDENTITY_WEIGHTS, head, strict=True))
        return IDENTITY_CHECK[total % 11]
    pairs = zip(CREDIT_CODE_WEIGHTS, head, strict=True)
    return CREDIT_CODE_ALPHABET[-sum(w * CREDIT_CODE_ALPHABET.index(c) for w, c in pairs) % 31]


# --- columns of fixed-length codes as byte matrices -----------------------------------------------


def _blocks(values: Strings, length: int) -> Iterator[tuple[npt.NDArray[np.intp], Bytes]]:
    """Row numbers and bytes, uint8 (n, length), of the values that are `length` bytes long."""
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    first = 0
    for chunk in chunks:
        plain = chunk.cast(pa.string()) if chunk.type != pa.string() else chunk
        for start in range(0, len(plain), _BLOCK_ROWS):
            block = plain.slice(start, _BLOCK_ROWS)
            fits = pc.fill_null(pc.equal(pc.binary_length(block), length), False)
            rows = np.flatnonzero(_as_mask(fits))
            if len(rows):
                kept = block if len(rows) == len(block) else block.filter(fits)
                yield rows + (first + start), _matrix(kept, length)
        first += len(plain)


def _matrix(block: pa.Array, length: int) -> Bytes:
    """The text of a string array without nulls whose values all have `length` bytes."""
    _, offsets, data = block.buffers()
    begin = int(np.frombuffer(offsets, np.int32, count=1, offset=4 * block.offset)[0])
    text = np.frombuffer(data, np.uint8, count=len(block) * length, offset=begin)
    return text.reshape(len(block), length)


def _judge(values: Strings, length: int, holds: Any) -> Mask:
    verdict = np.zeros(len(values), np.bool_)
    for rows, codes in _blocks(values, length):
        verdict[rows] = holds(codes)
    return verdict


def _judge_numbers(values: Strings, length: int, holds: Any) -> Mask:
    """`_judge` of values that are digits but for the last character: cheap where a column holds other codes."""

    def among_digits(codes: Bytes) -> Mask:
        are_digits = ((codes[:, :-1] - np.uint8(ord("0"))) < 10).all(axis=1)  # bytes below "0" wrap round
        verdict = np.zeros(len(codes), np.bool_)
        if are_digits.any():
            verdict[are_digits] = holds(codes[are_digits])
        return verdict

    return _judge(values, length, among_digits)


def _as_mask(values: Any) -> Mask:
    return np.asarray(values.to_numpy(zero_copy_only=False), np.bool_)


def _value_table(pairs: Iterable[tuple[str, int]]) -> npt.NDArray[np.float32]:
    """Byte → value, both cases of a letter alike; any other byte outweighs what a row can sum to."""
    table = np.full(256, _REFUSED, np.float32)
    for character, value in pairs:
        table[[ord(character), ord(character.lower())]] = value
    return table


_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CREDIT_VALUES = _value_table((c, i) for i, c in enumerate(CREDIT_CODE_ALPHABET))
_DIGIT_VALUES = _value_table((c, i) for i, c in enumerate("0123456789"))
_DIGIT_OR_X_VALUES = _value_table((c, i) for i, c in enumerate("0123456789X"))
_ORGANISATION_VALUES = _value_table((c, i) for i, c in enumerate(_LETTERS))


def _weigh(codes: Bytes, table: npt.NDArray[np.float32], weights: Iterable[int]) -> npt.NDArray[np.int64]:
    """Weighted sum of each row; negative where a byte is outside the alphabet.

    Sums stay far below 2**24, so single precision is exact. Not by BLAS (`@`): its threads go on spinning after each
    call, and take a tenth of the processor from the other chunks.
    """
    factors = np.fromiter(weights, np.float32)
    return np.asarray(np.einsum("ij,j->i", table[codes[:, : len(factors)]], factors), np.int64)


def _credit_code_holds(codes: Bytes) -> Mask:
    total = _weigh(codes, _CREDIT_VALUES, (*CREDIT_CODE_WEIGHTS, 1))
    return np.asarray((total >= 0) & (total % 31 == 0))


def _organisation_code_holds(codes: Bytes) -> Mask:
    total = _weigh(codes, _ORGANISATION_VALUES, ORGANISATION_WEIGHTS)
    last = _DIGIT_OR_X_VALUES[codes[:, 8]].astype(np.int32)
    return np.asarray((total >= 0) & (last >= 0) & ((total + last) % 11 == 0))


def _identity_holds(codes: Bytes, on: date | None) -> Mask:
    total = _weigh(codes, _DIGIT_VALUES, IDENTITY_WEIGHTS)
    last = _DIGIT_OR_X_VALUES[codes[:, 17]].astype(np.int32)
    sums = (total >= 0) & (last >= 0) & ((total + last) % 11 == 1)
    return np.asarray(sums & _is_born_by(_births(codes), on))


def _province_is_known(codes: Bytes) -> Mask:
    number = _number(codes, 0, 2)
    return np.asarray((number >= 0) & _IS_PROVINCE[np.maximum(number, 0)])


def _number(codes: Bytes, start: int, stop: int) -> npt.NDArray[np.int64]:
    """The decimal number in columns start..stop; negative where one of them is not a digit."""
    powers = [10**i for i in reversed(range(stop - start))]
    return _weigh(codes[:, start:stop], _DIGIT_VALUES, powers)


def _births(codes: Bytes) -> Days:
    are_digits = (_number(codes, 0, 6) >= 0) & (_number(codes, 14, 17) >= 0)
    return _days(_number(codes, 6, 10), codes[:, 10:14], are_digits)


def _legacy_births(codes: Bytes) -> Days:
    are_digits = (_number(codes, 0, 6) >= 0) & (_number(codes, 12, 15) >= 0)
    return _days(_number(codes, 6, 8) + 1900, codes[:, 8:12], are_digits)


def _days(years: npt.NDArray[np.int64], month_day: Bytes, are_digits: Mask) -> Days:
    """Days from year numbers and `MMDD` bytes; NaT where the calendar has no such day."""
    month, day = _number(month_day, 0, 2), _number(month_day, 2, 4)
    fits = are_digits & (years >= EARLIEST_BIRTH_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(fits, (years - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(fits, day - 1, 0)
    is_real = fits & (days.astype("datetime64[M]") == months)
    return np.where(is_real, days, np.datetime64("NaT", "D"))


def _is_born_by(births: Days, on: date | None) -> Mask:
    if on is None:
        return np.asarray(~np.isnat(births))
    return np.asarray(births <= np.datetime64(on, "D"))
