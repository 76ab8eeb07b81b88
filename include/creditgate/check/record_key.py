"""What makes two rows the same record: the contract's record key, in one spelling."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import ChunkView
from creditgate.domain.subjects import ORGANISATION_CODES

SUBJECT = "subject"
"""The part of a record key that stands for the subject: its code, identity number or name."""


def key_parts(view: ChunkView, record_key: tuple[str, ...]) -> list[pa.Array]:
    """The parts of each row's record key, null where a part is missing."""
    return [
        subject_identity(view) if part == SUBJECT else canonical(view.strings(part)) for part in record_key
    ]


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
    odd = pc.match_substring_regex(values, r"[\s\[\]()【】（）〈〉﹝﹞［］]")
    if not pc.any(odd).as_py():
        return values
    values = pc.replace_substring_regex(values, r"[\[(【（〈﹝［]", "〔")
    values = pc.replace_substring_regex(values, r"[\])】）〉﹞］]", "〕")
    return pc.replace_substring_regex(values, r"\s+", "")
