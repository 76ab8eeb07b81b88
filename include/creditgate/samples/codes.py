"""Codes with right check digits that belong to nobody.

Credit codes follow GB 32100-2015 with an organisation code after GB 11714-1997 inside. The organisation
codes begin with `YW`: the registry hands out digits, `L`, `MA`–`MJ` and `N` ranges, and no code with that
beginning is known. Identity numbers follow GB 11643-1999 with the county code 370199, which no county of
Jinan has ever had. So no code here can be somebody's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.identifiers import (
    CREDIT_CODE_ALPHABET,
    CREDIT_CODE_WEIGHTS,
    IDENTITY_CHECK,
    IDENTITY_WEIGHTS,
    ORGANISATION_WEIGHTS,
)
from creditgate.samples.draws import Numbers
from creditgate.samples.text import digits, from_characters

ORGANISATION_PREFIX = "YW"
PERSON_REGION = "370199"

_CODE_WEIGHTS = np.array(CREDIT_CODE_WEIGHTS)
_ORGANISATION_WEIGHTS = np.array(ORGANISATION_WEIGHTS)
_PERSON_WEIGHTS = np.array(IDENTITY_WEIGHTS)
_BODY_PLACES = 6
_BODIES = len(CREDIT_CODE_ALPHABET) ** _BODY_PLACES
_STRIDE = 515_377_529  # a prime that does not divide 31⁶: neighbours look unrelated, none meets another

Characters = npt.NDArray[np.uint8]
_ASCII = np.frombuffer(CREDIT_CODE_ALPHABET.encode(), np.uint8)
_VALUE_OF = np.zeros(128, np.int64)
_VALUE_OF[_ASCII] = np.arange(31)
_VALUE_IN_ORGANISATION = np.zeros(128, np.int64)
for _value, _character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
    _VALUE_IN_ORGANISATION[ord(_character)] = _value


def _organisation_characters(numbers: Numbers) -> Characters:
    """Organisation codes, shape (n, 9): prefix, six characters from the number, check digit."""
    body = (numbers * _STRIDE) % _BODIES
    powers = 31 ** np.arange(_BODY_PLACES - 1, -1, -1)
    places = (body[:, None] // powers) % 31
    prefix = np.frombuffer(ORGANISATION_PREFIX.encode(), np.uint8)
    stem = np.hstack([np.tile(prefix, (len(numbers), 1)), _ASCII[places]])
    rest = 11 - (_VALUE_IN_ORGANISATION[stem] @ _ORGANISATION_WEIGHTS) % 11
    check = np.frombuffer(b"?123456789X0", np.uint8)[rest]
    return np.hstack([stem, check[:, None]])


def organisation_codes(numbers: Numbers) -> pa.Array:
    """Organisation codes of nine characters; different numbers (below 31⁶) give different codes."""
    return from_characters(_organisation_characters(numbers))


def credit_codes(numbers: Numbers, departments: pa.Array, regions: pa.Array) -> pa.Array:
    """Credit codes of 18 characters.

    numbers: which organisation, each below 31⁶ and different ones for different subjects;
    departments: the two leading characters (`91` company, `92` sole trader …); regions: six digits.
    """
    lead = _matrix(departments, 2)
    region = _matrix(regions, 6)
    stem = np.hstack([lead, region, _organisation_characters(numbers)])
    check = (31 - (_VALUE_OF[stem] @ _CODE_WEIGHTS) % 31) % 31
    return from_characters(np.hstack([stem, _ASCII[check][:, None]]))


def with_wrong_check_digit(codes: pa.Array) -> pa.Array:
    """The same credit codes with another last character: the next one of the alphabet."""
    characters = _matrix(codes, 18).copy()
    characters[:, 17] = _ASCII[(_VALUE_OF[characters[:, 17]] + 1) % 31]
    return from_characters(characters)


def identity_numbers(birthdays: pa.Array, serials: Numbers) -> pa.Array:
    """Identity numbers of 18 characters; birthdays as YYYYMMDD, serials 0–999."""
    stem = _matrix(pc.binary_join_element_wise(PERSON_REGION, birthdays, digits(serials, 3), ""), 17)
    rest = ((stem - 48).astype(np.int64) @ _PERSON_WEIGHTS) % 11
    check = np.frombuffer(IDENTITY_CHECK.encode(), np.uint8)[rest]
    return from_characters(np.hstack([stem, check[:, None]]))


def registration_numbers(numbers: Numbers) -> pa.Array:
    """Old 15-digit business registration numbers (GS 15-2006: check digit of ISO 7064 MOD 11,10).

    They begin with 370199, and no registration office has that code.
    """
    stem = _matrix(pc.binary_join_element_wise(PERSON_REGION, digits(numbers % 100_000_000, 8), ""), 14) - 48
    rest = np.full(len(numbers), 10, np.int64)
    for place in range(14):
        total = (rest + stem[:, place]) % 10
        rest = (np.where(total == 0, 10, total) * 2) % 11
    check = ((11 - rest) % 10 + 48).astype(np.uint8)
    return from_characters(np.hstack([(stem + 48).astype(np.uint8), check[:, None]]))


def _matrix(texts: pa.Array, width: int) -> Characters:
    """Texts of `width` ASCII characters each as a matrix, shape (n, width)."""
    fixed = pc.cast(texts, pa.binary()).cast(pa.binary(width))
    flat = np.frombuffer(fixed.buffers()[1], np.uint8)[fixed.offset * width :]
    return flat[: len(texts) * width].reshape(len(texts), width)
