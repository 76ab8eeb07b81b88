"""Checked rows in the form that may be kept: identity numbers hashed and masked (settled reading 10)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import BoolMask, ChunkView
from creditgate.domain.feed import SUBJECT_KIND
from creditgate.domain.keys import KeyedHash, mask_identity, mask_identity_numbers_in_text
from creditgate.domain.sealed import identity_columns
from creditgate.domain.subjects import ORGANISATION_CODES
from creditgate.policy.contracts import Contract, Field

CODE_FIELDS = frozenset(ORGANISATION_CODES)


def seal(
    view: ChunkView,
    contract: Contract,
    keys: KeyedHash,
    record_ids: pa.Array,
    register_match: pa.Array,
    late_days: npt.NDArray[np.int32],
    person_in_code: dict[str, BoolMask],
) -> pa.Table:
    """The chunk as the columns of `intake.<item>` but for the batch's own; all cells still text.

    person_in_code: for an organisation-code field, the rows where it holds a person's number.
    """
    sealed: dict[str, pa.Array] = {
        "record_id": record_ids,
        "subject_kind": view.strings(SUBJECT_KIND),
        "subject_key": subject_keys(view, keys, person_in_code),
        "days_late": pa.array(late_days),
        "register_match": register_match,
    }
    for field in contract.fields:
        sealed.update(_sealed_field(view, field, keys, person_in_code))
    return pa.table(sealed)


def subject_keys(
    view: ChunkView, keys: KeyedHash, person_in_code: dict[str, BoolMask]
) -> pa.Array:
    """A person's keyed hash; an organisation's credit code, or its older code with its kind in front."""
    natural = pc.equal(view.strings(SUBJECT_KIND), "natural")
    parts = [_without_persons(view, "uscc", person_in_code)]
    for name in ORGANISATION_CODES[1:]:
        values = _without_persons(view, name, person_in_code)
        if values.null_count < len(values):
            parts.append(pc.binary_join_element_wise(name, values, ":"))
    organisation = pc.coalesce(*parts)
    if not pc.any(natural).as_py():
        return organisation
    return pc.if_else(natural, keys.person_keys(view.strings("identity_number")), organisation)


def _sealed_field(
    view: ChunkView, field: Field, keys: KeyedHash, person_in_code: dict[str, BoolMask]
) -> dict[str, pa.Array]:
    values = view.strings(field.name)
    if field.storage == "identity":
        key_column, masked_column = identity_columns(field.name)
        return {key_column: keys.person_keys(values), masked_column: mask_identity(values)}
    if field.name in person_in_code:
        return {field.name: _without_persons(view, field.name, person_in_code, mask_identity(values))}
    if field.kind in ("free_text", "text", "name"):
        values = mask_identity_numbers_in_text(values)
    return {field.name: values}


def _without_persons(
    view: ChunkView,
    name: str,
    person_in_code: dict[str, BoolMask],
    instead: pa.Array | None = None,
) -> pa.Array:
    values = view.strings(name)
    persons = person_in_code.get(name)
    if persons is None or not persons.any():
        return values
    return pc.if_else(pa.array(persons), pa.scalar(None, pa.string()) if instead is None else instead, values)
