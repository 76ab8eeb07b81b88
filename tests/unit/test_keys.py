"""Keyed hashes are what they say, and masks leave nothing of a person open."""

from __future__ import annotations

import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditgate.domain import keys

KEY = b"a key of thirty-two bytes, maybe"
hashed = keys.KeyedHash(KEY)


def one(mask, value):
    return mask(pa.array([value], pa.string())).to_pylist()[0]


@given(st.binary(min_size=1, max_size=200), st.text(), st.text())
def test_record_id_is_a_keyed_blake2b(key, first, second):
    ids = keys.KeyedHash(key).record_ids("talk", [pa.array([first]), pa.array([second])])
    message = f"record\x1ftalk\x1f{first}\x1f{second}".encode()
    short = hashlib.sha256(key).digest() if len(key) > 64 else key
    assert ids.to_pylist() == [hashlib.blake2b(message, key=short, digest_size=16).digest()]
    assert ids.type == pa.binary(16)


def test_person_key_is_a_true_hmac_of_the_number_in_capitals():
    found = hashed.person_keys(pa.array(["11010519491231002x", None, "11010519491231002X"])).to_pylist()
    expected = hmac.new(KEY, b"person\x1f11010519491231002X", hashlib.sha256).hexdigest()
    assert found == [expected, None, expected]


def test_record_with_a_missing_part_has_no_id():
    ids = hashed.record_ids("talk", [pa.array(["a", None, "c"]), pa.array(["x", "y", "z"])]).to_pylist()
    assert ids[1] is None
    assert ids[0] != ids[2]


def test_same_parts_in_other_items_or_places_are_other_records():
    a, ab, b = pa.array(["a"]), pa.array(["ab"]), pa.array(["b"])
    ids = [
        hashed.record_ids(item, parts).to_pylist()[0]
        for item, parts in (("talk", [a, b]), ("talk", [b, a]), ("talk", [ab]), ("objection", [a, b]))
    ]
    assert len(set(ids)) == 4


def test_keys_of_chunked_sliced_and_empty_columns():
    chunked = pa.chunked_array([["a"], [None, "b"]], pa.string())
    assert (
        hashed.person_keys(chunked).to_pylist() == hashed.person_keys(pa.array(["a", None, "b"])).to_pylist()
    )
    sliced = pa.array(["z", "a", None, "b"]).slice(1)
    assert hashed.record_ids("i", [sliced]).to_pylist() == hashed.record_ids("i", [chunked]).to_pylist()
    assert hashed.record_ids("i", [pa.array([], pa.string())]).to_pylist() == []
    assert hashed.person_keys(pa.array([None, None], pa.string())).to_pylist() == [None, None]


def test_empty_key_is_refused():
    with pytest.raises(ValueError, match="CREDITGATE_HASH_KEY"):
        keys.KeyedHash(b"")


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010519491231002X", "110*************2X"),
        ("610104620927690", "610**********90"),
        ("E12345678", "E12****78"),
        ("1234", "****"),
        ("", ""),
        (None, None),
    ],
)
def test_masked_identity_number_shows_three_and_two(number, masked):
    assert one(keys.mask_identity, number) == masked


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "张**"), ("欧阳修远", "欧**"), ("张", "张**"), (None, None)]
)
def test_masked_name_shows_one_character_and_not_its_length(name, masked):
    assert one(keys.mask_person_name, name) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证370102199003071234，", "身份证370*************34，"),
        ("37010219900307123x", "370*************3x"),
        ("370102900307123、370102199003071234", "370*************23、370*************34"),
        ("3701 0219 9003 0712 34", "370*************34"),
        ("３７０１０２１９９００３０７１２３Ｘ号", "３７０*************３Ｘ号"),
        ("370102-19900307-1234", "370*************34"),
    ],
)
def test_identity_number_in_a_text_is_masked(text, masked):
    assert one(keys.mask_identity_numbers_in_text, text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "罚款5000元，2026年3月4日前缴纳",
        "6222021990030712345678901",  # a card's longer row of digits
        "121200004013590816",  # a credit code of digits
        "450981000006273",  # a registration number
        "济市监罚〔2026〕370102号",
        "",
        None,
    ],
)
def test_other_numbers_in_a_text_stay(text):
    assert one(keys.mask_identity_numbers_in_text, text) == text


def test_masking_leaves_the_other_rows_of_the_column_alone():
    texts = pa.chunked_array([["清", "证号370102199003071234"], [None, "楚"]])
    assert keys.mask_identity_numbers_in_text(texts).to_pylist() == [
        "清",
        "证号370*************34",
        None,
        "楚",
    ]
