"""Checked rows in the form that may be kept: identity numbers hashed and masked (settled reading 10)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.masks import is_identity_number
from creditgate.check.view import BoolMask, ChunkView, true_where
from creditgate.domain import identifiers
from creditgate.domain.distinct import changed
from creditgate.domain.feed import ROW_KEY, SUBJECT_KIND
from creditgate.domain.keys import KeyedHash, mask_identity, mask_identity_numbers_in_text
from creditgate.domain.sealed import identity_columns
from creditgate.domain.subjects import ORGANISATION_CODES
from creditgate.policy.contracts import Contract, Field


def seal(
    view: ChunkView,
    contract: Contract,
    keys: KeyedHash,
    record_ids: pa.Array,
    register_match: pa.Array,
    late_days: npt.NDArray[np.int32],
) -> pa.Table:
    """The chunk as the columns of `intake.<item>` but for the batch's own; all cells still text."""
    natural = true_where(pc.equal(view.strings(SUBJECT_KIND), "natural"))
    persons = {name: _holds_person(view, name, natural) for name in ORGANISATION_CODES}
    sealed: dict[str, pa.Array] = {
        "record_id": record_ids,
        "subject_kind": view.strings(SUBJECT_KIND),
        "subject_key": _subject_keys(view, keys, natural, persons),
        "days_late": pa.array(late_days),
        "register_match": register_match,
    }
    for field in contract.fields:
        sealed.update(_sealed_field(view, field, keys, persons))
    if ROW_KEY in view.frame.columns:
        sealed[ROW_KEY] = view.strings(ROW_KEY)
    return pa.table(sealed)


def _holds_person(view: ChunkView, name: str, natural: BoolMask) -> BoolMask | None:
    """Where an organisation's code column holds a person's number; None where it never does.

    A person's row can't have an organisation's code but by mistake: what stands there is hidden.
    """
    values = view.strings(name)
    if values.null_count == len(values):
        return None
    person = is_identity_number(view, name)
    if natural.any():
        is_code = identifiers.is_credit_code(values) & ~identifiers.is_identity_number(values)
        person = person | (natural & view.present(name) & ~is_code)
    return person if person.any() else None


def _subject_keys(
    view: ChunkView, keys: KeyedHash, natural: BoolMask, persons: dict[str, BoolMask | None]
) -> pa.Array:
    """A person's keyed hash; an organisation's credit code, or its older code with its kind in front."""
    parts = [_instead(view.strings("uscc"), persons["uscc"], _NOTHING)]
    for name in ORGANISATION_CODES[1:]:
        values = _instead(view.strings(name), persons[name], _NOTHING)
        if values.null_count < len(values):
            parts.append(pc.binary_join_element_wise(name, values, ":"))
    organisation = pc.coalesce(*parts)
    if not natural.any():
        return organisation
    return pc.if_else(pa.array(natural), keys.person_keys(view.strings("identity_number")), organisation)


_NOTHING = pa.scalar(None, pa.string())


def _sealed_field(
    view: ChunkView, field: Field, keys: KeyedHash, persons: dict[str, BoolMask | None]
) -> dict[str, pa.Array]:
    values = view.strings(field.name)
    if field.storage == "identity":
        key_column, masked_column = identity_columns(field.name)
        return {key_column: keys.person_keys(values), masked_column: mask_identity(values)}
    if persons.get(field.name) is not None:
        return {field.name: _instead(values, persons[field.name], mask_identity(values))}
    if field.kind in ("free_text", "text", "name"):
        values = changed(values, mask_identity_numbers_in_text)
    return {field.name: values}


def _instead(values: pa.Array, where: BoolMask | None, other: pa.Array | pa.Scalar) -> pa.Array:
    return values if where is None else pc.if_else(pa.array(where), other, values)
