"""What makes two rows the same record: the contract's record key, in one spelling."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import ChunkView
from creditgate.domain.subjects import ORGANISATION_CODES
from creditgate.domain.text_bytes import used_bytes
from creditgate.policy.sanction_lists import list_code_of

SUBJECT = "subject"
"""The part of a record key that stands for the subject: its code, identity number or name."""

LIST_CODE = "list_code"


def key_parts(view: ChunkView, record_key: tuple[str, ...]) -> list[pa.Array]:
    """The parts of each row's record key, null where a part is missing."""
    return [_part(view, name) for name in record_key]


def _part(view: ChunkView, name: str) -> pa.Array:
    if name == SUBJECT:
        return subject_identity(view)
    if name == LIST_CODE:
        return _list_codes(view.strings(name))
    return canonical(view.strings(name))


def _list_codes(values: pa.Array) -> pa.Array:
    """A list by its code, whether its code or its name was given: both mean one listing."""
    coded = values.dictionary_encode()
    codes = [list_code_of(text) or text for text in coded.dictionary.to_pylist()]
    return pa.array(codes, pa.string()).take(coded.indices)


def subject_identity(view: ChunkView) -> pa.Array:
    """The first of: credit code, identity number, an older code, the name; prefixed by which it is."""
    identity = _tagged("identity_number", view)
    others = [_tagged(name, view) for name in ORGANISATION_CODES[1:]]
    return pc.coalesce(view.strings("uscc"), identity, *others, _tagged("subject_name", view))


def _tagged(name: str, view: ChunkView) -> pa.Array:
    values = view.strings(name)
    if values.null_count == len(values):
        return values
    return pc.binary_join_element_wise(name, canonical(values), ":")


def canonical(values: pa.Array) -> pa.Array:
    """Texts without blanks and with one style of bracket: 济市监〔2026〕1号 and 济市监[2026] 1号 are one."""
    if values.null_count == len(values):
        return values
    return _with_one_wide_bracket(_without_blanks(values))


def _without_blanks(values: pa.Array) -> pa.Array:
    """Texts without blanks, their ASCII brackets made 〔 and 〕."""
    data = used_bytes(values)
    if (data <= ord(" ")).any():
        values = pc.replace_substring_regex(values, r"\s+", "")
        data = used_bytes(values)
    for narrow, bracket in (("[(", "〔"), ("])", "〕")):
        if any((data == ord(one)).any() for one in narrow):
            values = pc.replace_substring_regex(values, f"[{re.escape(narrow)}]", bracket)
    return values


_WIDE_BRACKETS = dict.fromkeys("【（〈﹝［", "〔") | dict.fromkeys("】）〉﹞］", "〕")


def _with_one_wide_bracket(values: pa.Array) -> pa.Array:
    """Texts with 〔 and 〕 for the other wide brackets. All have three bytes in UTF-8, so no text changes its length."""
    validity, offsets, data = values.buffers()
    used = used_bytes(values)
    begins = [np.flatnonzero(used == lead) for lead in (0xE3, 0xEF)]
    found = [
        (at[(used[at + 1] == code[1]) & (used[at + 2] == code[2])], other.encode())
        for bracket, other in _WIDE_BRACKETS.items()
        for code in (bracket.encode(),)
        for at in (begins[code[0] == 0xEF],)
    ]
    if not any(len(at) for at, _ in found):
        return values
    whole = np.frombuffer(data, np.uint8).copy()
    first = np.frombuffer(offsets, np.int32, 1, 4 * values.offset)[0]
    for at, code in found:
        for place, byte in enumerate(code):
            whole[first + at + place] = byte
    return pa.StringArray.from_buffers(
        len(values), offsets, pa.py_buffer(whole), validity, values.null_count, values.offset
    )
