"""Whose record a row is, where a number of a person stands in a column of organisations' codes."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from creditgate.domain.identifiers import is_credit_code, is_identity_number
from creditgate.domain.subjects import subject_kinds

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(body: str) -> str:
    """17 digits with their check character (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


@pytest.fixture(scope="module")
def number_that_is_a_code_too() -> str:
    """A made-up identity number that passes the check of a credit code: one in 31 of those that begin so."""
    born = [date(1980, 1, 1) + timedelta(days=day) for day in range(2000)]
    numbers = pa.array([identity_number(f"510199{day:%Y%m%d}999") for day in born])
    both = is_identity_number(numbers) & is_credit_code(numbers)
    assert both.any()
    return str(numbers[int(both.argmax())])


@pytest.mark.parametrize("category", [None, "自然人", "法人"])
def test_identity_number_that_passes_as_a_credit_code_is_a_persons(
    number_that_is_a_code_too: str, category: str | None
) -> None:
    row = pa.table(
        {
            "uscc": pa.array([number_that_is_a_code_too], pa.string()),
            "subject_category": pa.array([category], pa.string()),
        }
    )
    assert subject_kinds(row).to_pylist() == ["natural"]


def test_credit_code_stays_an_organisations() -> None:
    row = pa.table({"uscc": pa.array(["91370199MA0000015T"], pa.string())})
    assert subject_kinds(row).to_pylist() == ["legal"]
