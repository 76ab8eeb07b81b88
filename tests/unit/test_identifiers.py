"""Codes and numbers against the standards' own arithmetic, a list of known ones, and python-stdnum."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from creditgate.domain import identifiers

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "identifier_vectors.csv"
TODAY = date(2026, 11, 23)


def one(judge, value, *more):
    return bool(judge(pa.array([value], pa.string()), *more)[0])


def with_check(head: str) -> str:
    return head + (identifiers.expected_check_character(head) or "?")


credit_codes = st.text(identifiers.CREDIT_CODE_ALPHABET, min_size=17, max_size=17).map(
    lambda head: with_check("Y" + head[1:])
)
identity_numbers = st.builds(
    lambda province, county, born, serial: with_check(f"{province}{county:04d}{born:%Y%m%d}{serial:03d}"),
    st.sampled_from(identifiers.PROVINCES),
    st.integers(0, 9999),
    st.dates(date(1850, 1, 1), TODAY),
    st.integers(0, 999),
)


@pytest.mark.parametrize("code", ["91340600MA2PBMA74B", "N2370102MF1234567B", "91330282l07196379d".upper()])
def test_issued_credit_code_is_valid(code):
    assert one(identifiers.is_credit_code, code)


@pytest.mark.parametrize(
    "code",
    [
        "91110000600037341N",  # wrong check character
        "91450100898218204",  # one short
        "91340600MA2PBMA7IB",  # I is outside the alphabet
        "91230199744****927K",
        "9133021214405448洲",
        "法" * 6,  # 18 bytes, six characters
        "",
        None,
    ],
)
def test_damaged_credit_code_is_invalid(code):
    assert not one(identifiers.is_credit_code, code)


def test_lower_case_credit_code_is_the_same_code():
    assert one(identifiers.is_credit_code, "91340600ma2pbma74b")


def test_shape_asks_for_the_alphabet_but_not_for_the_check_character():
    assert one(identifiers.is_credit_code_shape, "91110000600037341N")
    assert not one(identifiers.is_credit_code_shape, "91110000600037341I")


def test_identity_number_of_the_standard_is_valid():
    assert one(identifiers.is_identity_number, "11010519491231002X")
    assert one(identifiers.is_identity_number, "11010519491231002x")
    assert one(identifiers.is_identity_number, "440524188001010014")


def test_numbers_of_residents_from_hong_kong_macao_and_taiwan_are_valid():
    for head in ("81000019880211002", "82000019880211002", "83000019880211002"):
        assert one(identifiers.is_identity_number, with_check(head))


def test_nobody_is_born_after_the_day_asked_about():
    number = with_check("37010220261124001")
    assert not one(identifiers.is_identity_number, number, TODAY)
    assert one(identifiers.is_identity_number, number, date(2026, 11, 24))


def test_a_day_that_no_calendar_has_is_no_day_of_birth():
    head = "37010219990229001"
    number = (
        head
        + identifiers.IDENTITY_CHECK[
            sum(w * int(c) for w, c in zip(identifiers.IDENTITY_WEIGHTS, head, strict=True)) % 11
        ]
    )
    assert not one(identifiers.is_identity_number, number)
    assert np.isnat(identifiers.birth_dates(pa.array([number]))[0])


def test_a_province_that_issues_no_numbers_is_refused_but_not_by_the_structure():
    assert not one(identifiers.is_identity_number, "990426199112010074")
    assert one(identifiers.has_identity_number_structure, "990426199112010074")


def test_fifteen_digits_are_a_number_of_their_own_kind():
    assert one(identifiers.is_legacy_identity_number, "610104620927690")
    assert not one(identifiers.is_legacy_identity_number, "610104620932690")
    assert not one(identifiers.is_identity_number, "610104620927690")


def test_birth_dates_are_read_from_both_lengths():
    days = identifiers.birth_dates(
        pa.array(["370102199003071234", "610104620927690", "91", None, "3701021990030712x4"])
    )
    assert days[:2].tolist() == [date(1990, 3, 7), date(1962, 9, 27)]
    assert np.isnat(days[2:]).all()


@pytest.mark.parametrize("code", ["D2143569X", "D2143569-X", "d2143569-x", "744190927", "74419092-7"])
def test_organisation_code_with_and_without_hyphen_is_valid(code):
    assert one(identifiers.is_organisation_code, code)


@pytest.mark.parametrize("code", ["744190928", "74419-0927", "7441909-27", "74419092_7", None])
def test_other_organisation_codes_are_invalid(code):
    assert not one(identifiers.is_organisation_code, code)


@pytest.mark.parametrize(
    "value",
    [
        "3301061988****0000",
        "34122219800****0000",
        "432930****0011122",
        "372929#### 10110000",
        "440224***5^ 10160000",
        "330823木料木 05030000",
        "130502料木木 50000000",
        "999999—9999999乂",
        "370102XXXXXXXX1234",
        "张**",
        "９１３７＊＊＊＊",
    ],
)
def test_number_behind_stars_looks_masked(value):
    assert one(identifiers.looks_masked, value)


@pytest.mark.parametrize(
    "value", ["91340600MA2PBMA74B", "11010519491231002X", "74419092-7", "330000木材批发部", "张三", None]
)
def test_open_number_does_not_look_masked(value):
    assert not one(identifiers.looks_masked, value)


def test_answers_do_not_depend_on_how_arrow_holds_the_column():
    codes = ["91340600MA2PBMA74B", None, "x", "91340600MA2PBMA74B"] * 50_000
    whole = identifiers.is_credit_code(pa.array(codes))
    sliced = identifiers.is_credit_code(pa.array(["head", *codes]).slice(1))
    chunked = identifiers.is_credit_code(pa.chunked_array([codes[:7], codes[7:]], pa.string()))
    coded = identifiers.is_credit_code(pa.array(codes).dictionary_encode())
    large = identifiers.is_credit_code(pa.array(codes, pa.large_string()))
    assert whole.tolist() == [True, False, False, True] * 50_000
    for other in (sliced, chunked, coded, large):
        assert (whole == other).all()
    assert identifiers.is_credit_code(pa.array([], pa.string())).shape == (0,)


@given(credit_codes)
def test_generated_credit_code_is_valid(code):
    assert one(identifiers.is_credit_code, code)


@given(credit_codes, st.integers(0, 17), st.sampled_from(identifiers.CREDIT_CODE_ALPHABET))
def test_one_changed_character_makes_a_credit_code_invalid(code, at, other):
    changed = code[:at] + other + code[at + 1 :]
    assert one(identifiers.is_credit_code, changed) == (changed == code)


@given(identity_numbers)
def test_generated_identity_number_is_valid(number):
    assert one(identifiers.is_identity_number, number, TODAY)


@given(identity_numbers, st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_changed_digit_makes_an_identity_number_invalid(number, at, other):
    changed = number[:at] + other + number[at + 1 :]
    assert one(identifiers.is_identity_number, changed, TODAY) == (changed == number)


@given(credit_codes)
def test_every_credit_code_that_stdnum_takes_is_valid(code):
    """Stdnum takes fewer: it wants eight digits in front, so N… (villages) and A… (forces) fail it."""
    digits_first = with_check("91370102" + code[8:17])
    assert uscc.is_valid(digits_first)
    assert one(identifiers.is_credit_code, digits_first)
    if uscc.is_valid(code):
        assert one(identifiers.is_credit_code, code)


def stdnum_takes(number: str) -> bool:
    """Some prefixes of its own table make stdnum 2.2 fail with a KeyError instead of an answer."""
    try:
        return ric.is_valid(number)
    except KeyError:
        return False


@given(identity_numbers)
def test_every_identity_number_that_stdnum_takes_is_valid(number):
    """Stdnum takes fewer: it wants the county to exist in the year of birth, though numbers are issued later."""
    if stdnum_takes(number):
        assert one(identifiers.is_identity_number, number, TODAY)


@pytest.mark.skipif(not VECTORS.exists(), reason="the list of known codes is kept beside the repository")
def test_known_codes_get_their_known_verdicts():
    rows = list(csv.DictReader(VECTORS.open(encoding="utf-8")))
    values = pa.array([row["value"] for row in rows])
    credit = identifiers.is_credit_code(values)
    modern = identifiers.has_identity_number_structure(values, TODAY)
    legacy = identifiers.has_legacy_identity_number_structure(values, TODAY)
    for i, row in enumerate(rows):
        if row["kind"] == "USCC":
            verdict = "valid" if credit[i] else "invalid"
        else:
            verdict = "valid" if modern[i] else "legacy15" if legacy[i] else "invalid"
        assert verdict == row["structural_verdict"], row
    with_province = identifiers.is_identity_number(values, TODAY)
    assert values.filter(pa.array(modern & ~with_province)).to_pylist() == ["990426199112010074"]
