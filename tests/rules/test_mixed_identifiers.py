"""Persons and organisations in one identifier column: each value is sorted by its shape, a masked one by none."""

from __future__ import annotations

import pyarrow as pa
import pytest

from creditgate.policy.contracts import load_contract
from creditgate.samples.judgment_debtors import MASKS
from creditgate.screen.normalise import normalise
from tests.builders import a_credit_code, an_identity_number
from tests.rules.checking import broken_rules, checked

DEBTOR = load_contract("judgment_debtor")
PLACES = ("uscc", "identity_number", "organisation_code", "registration_number")


def place_of(identifier: str, category: str | None = None) -> dict[str, str]:
    """The fields that hold the identifier after the screen, beside the mixed column itself."""
    columns = {"identifier_number": [identifier], "subject_category": [category]}
    table = normalise(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), DEBTOR)
    row = table.to_pylist()[0]
    return {name: row[name] for name in PLACES if row.get(name) is not None}


@pytest.mark.parametrize("category", [None, "法人", "自然人"])
def test_a_valid_number_is_sorted_whatever_is_stated(category: str | None) -> None:
    number = an_identity_number()
    assert place_of(number, category) == {"identity_number": number}


@pytest.mark.parametrize("category", [None, "法人", "其他组织"])
def test_a_credit_code_is_an_organisations(category: str | None) -> None:
    assert place_of(a_credit_code(), category) == {"uscc": a_credit_code()}


@pytest.mark.parametrize(
    ("identifier", "category", "place"),
    [
        ("MA000001-5", None, "organisation_code"),
        ("ma0000015", None, "organisation_code"),
        ("370199850101001", "法人", "registration_number"),
        ("370199850101001", None, "identity_number"),
        ("370199850101001", "自然人", "identity_number"),
        ("37019919900101001X", None, "identity_number"),
        ("911101080000000000", "法人", "uscc"),
        ("E12345678", "自然人", "identity_number"),
    ],
)
def test_the_stated_kind_settles_what_the_shape_does_not_and_in_doubt_it_is_a_persons(
    identifier: str, category: str | None, place: str
) -> None:
    assert set(place_of(identifier, category)) == {place}


@pytest.mark.parametrize("mask", [*MASKS, "3701##########1234", "113300******82154N"])
def test_a_masked_identifier_goes_back_and_is_matched_with_nobody(mask: str) -> None:
    row = DEBTOR.example_row() | {"identifier_number": mask}
    sealed = checked(DEBTOR, row)
    masked_rules = {
        rule.id for rule in DEBTOR.rules if (rule.field == "identifier_number" and "已脱敏" in rule.message)
        or "代替了数字" in rule.message
    }  # fmt: skip
    assert masked_rules & broken_rules(sealed)
    assert sealed.table.column("subject_key").to_pylist() == [None]


def test_a_number_that_is_valid_as_both_is_a_persons_unless_an_organisation_is_stated() -> None:
    both = "37019919900101001X"  # a day of birth, and the check character of a credit code
    assert set(place_of(both)) == {"identity_number"}
    assert set(place_of(both, "自然人")) == {"identity_number"}
    assert set(place_of(both, "法人")) == {"uscc"}


def test_a_column_of_its_own_stands_before_the_mixed_one() -> None:
    columns = {"identifier_number": [a_credit_code(2)], "uscc": [a_credit_code(1)]}
    table = normalise(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), DEBTOR)
    assert table.column("uscc").to_pylist() == [a_credit_code(1)]


def test_a_persons_number_is_kept_hashed_and_masked_alone() -> None:
    number = an_identity_number()
    row = DEBTOR.example_row() | {
        "subject_category": "自然人", "subject_name": "赵思远", "identifier_number": number,
        "legal_representative": None, "principal": None, "actual_controller": None,
    }  # fmt: skip
    sealed = checked(DEBTOR, row)
    assert not any(rule for rule in broken_rules(sealed) if DEBTOR.rule(rule).severity == "reject")
    kept = sealed.table.to_pylist()[0]
    assert kept["subject_kind"] == "natural"
    assert number not in [value for value in kept.values() if isinstance(value, str)]
    assert kept["subject_key"] == kept["identity_key"]
