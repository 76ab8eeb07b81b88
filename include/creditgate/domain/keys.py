"""Keyed hashes to match people and records by, and masks to show in their place (settled reading 10).

Every function takes and gives Arrow arrays; a null stays null. A person's key is HMAC-SHA-256 (RFC 2104), a record's
id keyed BLAKE2b (RFC 7693): a feed has a million records, and it costs half. What is hashed starts with the kind of
thing it is, so a person's key is never a record's id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from hashlib import _Hash

Strings: TypeAlias = pa.Array | pa.ChunkedArray

SEPARATOR = "\x1f"
"""Stands between the parts of what is hashed: the unit separator, which no cell keeps."""

RECORD_ID_BYTES = 16
_BLOCK_BYTES = 64


class KeyedHash:
    """Hashes under one key, a column at a time.

    What the values share is digested once; each value then costs one copy of a state, or two of an HMAC's.
    """

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("the hash key is empty; set CREDITGATE_HASH_KEY or remove it to have one made")
        self._short_key = hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key
        block = self._short_key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def record_ids(self, item: str, parts: Sequence[Strings]) -> pa.Array:
        """The id of each record of an item, from the parts of its record key: fixed_size_binary(16).

        Null where a part is null: such a record has no key. The parts are taken as they are, so
        whoever calls brings them into one spelling.
        """
        joined = pc.binary_join_element_wise(*(_plain(part) for part in parts), SEPARATOR)
        prefixed = hashlib.blake2b(digest_size=RECORD_ID_BYTES, key=self._short_key)
        prefixed.update(f"record{SEPARATOR}{item}{SEPARATOR}".encode())
        ids = b"".join(_completed(prefixed, joined.drop_null().cast(pa.binary()).to_pylist()))
        return _at_valid(joined, pa.binary(RECORD_ID_BYTES), ids)

    def person_keys(self, numbers: Strings) -> pa.Array:
        """The key of the person behind each identity number: 64 hex digits, the letter's case no matter."""
        coded = pc.utf8_upper(_plain(numbers)).dictionary_encode()
        keys = self._digests(f"person{SEPARATOR}", coded.dictionary)
        return pa.array([digest.hex() for digest in keys], pa.string()).take(coded.indices)

    def _digests(self, domain: str, values: pa.Array) -> list[bytes]:
        """HMAC of domain + value for each value that is not null."""
        prefixed = self._inner.copy()
        prefixed.update(domain.encode())
        return list(_finish(prefixed, self._outer, values.drop_null().cast(pa.binary()).to_pylist()))


def _completed(prefixed: hashlib.blake2b, messages: Iterable[bytes]) -> list[bytes]:
    copy, digests = prefixed.copy, []
    for message in messages:
        state = copy()
        state.update(message)
        digests.append(state.digest())
    return digests


def _finish(inner: _Hash, outer: _Hash, messages: Iterable[bytes]) -> Iterable[bytes]:
    copy_inner, copy_outer = inner.copy, outer.copy
    for message in messages:
        first = copy_inner()
        first.update(message)
        second = copy_outer()
        second.update(first.digest())
        yield second.digest()


def _at_valid(values: pa.Array, to: pa.DataType, data: bytes) -> pa.Array:
    """An array of fixed-size values packed in `data`, one for each of `values` that is not null."""
    packed = pa.Array.from_buffers(to, len(values) - values.null_count, [None, pa.py_buffer(data)])
    if not values.null_count:
        return packed
    places = pc.subtract(pc.cumulative_sum(pc.is_valid(values).cast(pa.int64())), 1)
    return packed.take(pc.if_else(pc.is_valid(values), places, None))


def mask_identity(values: Strings) -> pa.Array:
    """Identity numbers with the first 3 and the last 2 characters open: 370*************1X.

    The province and the end of the serial let an officer find the paper; day of birth, county and
    sex stay hidden. Values of fewer than 9 characters are hidden whole.
    """
    plain = _plain(values)
    if plain.null_count == len(plain):
        return plain
    length = pc.utf8_length(plain)
    hidden = pc.binary_repeat("*", pc.max_element_wise(pc.subtract(length, 5), 0))
    head, tail = pc.utf8_slice_codeunits(plain, 0, 3), pc.utf8_slice_codeunits(plain, -2, None)
    masked = pc.binary_join_element_wise(head, hidden, tail, "")
    return pc.if_else(pc.greater_equal(length, 9), masked, pc.binary_repeat("*", length))


def mask_person_name(values: Strings) -> pa.Array:
    """Names of persons with the first character open and two stars for the rest: 张**.

    Always two stars: how long the name is would tell it apart.
    """
    plain = _plain(values)
    return pc.binary_join_element_wise(pc.utf8_slice_codeunits(plain, 0, 1), "**", "")


def _number_pattern(width: str, gap: str) -> str:
    """RE2 for an identity number in a text, as (before)(3 open)…(2 open)(after).

    width: narrow for ASCII alone, wide for full-width characters too. gap: what may stand between two characters.
    """

    def one_of(digits: str) -> str:
        full_width = "".join(chr(ord(d) + 0xFEE0) if d.isalnum() else d for d in digits)
        return f"[{digits}{full_width}]" if width == "wide" else f"[{digits}]"

    def row(*classes: str) -> str:
        return gap.join(one_of(digits) for digits in classes)

    any_digit = "0-9"
    month = f"(?:{row('0', '1-9')}|{row('1', '0-2')})"
    day = f"(?:{row('0', '1-9')}|{row('12', any_digit)}|{row('3', '01')})"
    century = f"(?:{row('1', '89')}|{row('2', '0')})"
    county, year = row(*[any_digit] * 3), row(*[any_digit] * 2)
    modern = gap.join([county, century, year, month, day, year])
    legacy = gap.join([county, year, month, day, one_of(any_digit)])
    outside = "[^0-9０-９]"
    return (
        f"(^|{outside})({row('1-8', any_digit, any_digit)}){gap}"
        f"(?:{modern}|{legacy}){gap}({row(any_digit, '0-9Xx')})($|{outside})"
    )


_NUMBERS = (
    _number_pattern("narrow", ""),
    _number_pattern("wide", r"[\s\x{3000}\-－·.]{0,2}"),
)
"""Numbers as they should be written, then the same in any width and with gaps: the second costs more."""

_PERHAPS = r"[1-8１-８](?:[\s\x{3000}\-－·.]{0,2}[0-9０-９]){13}"
_HIDDEN = r"\1\2*************\3\4"


def mask_identity_numbers_in_text(values: Strings) -> pa.Array:
    """Free text with the identity numbers in it masked as by `mask_identity`.

    Finds 18 and 15 digits with a day of birth where it belongs, in half or full width, also with
    blanks or hyphens between them; not inside a longer row of digits. A registration number that
    happens to read as a 15-digit identity number is masked with them.
    """
    plain = _plain(values)
    if plain.null_count == len(plain):
        return plain
    return _where_matching(plain, _PERHAPS, _mask_numbers)


def _mask_numbers(texts: pa.Array) -> pa.Array:
    for number in _NUMBERS:
        for _ in range(2):  # one character between two numbers ends the first and can't begin the second
            mask = partial(pc.replace_substring_regex, pattern=number, replacement=_HIDDEN)
            texts = _where_matching(texts, number, mask)
    return texts


def _where_matching(texts: pa.Array, pattern: str, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, with those that match the pattern changed."""
    found = pc.fill_null(pc.match_substring_regex(texts, pattern=pattern), False)
    if not pc.any(found).as_py():
        return texts
    return pc.replace_with_mask(texts, found, change(texts.filter(found)))


def _plain(values: Strings) -> pa.Array:
    """One array of strings without chunks."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole if whole.type == pa.string() else whole.cast(pa.string())
