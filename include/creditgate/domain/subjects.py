"""Whose record it is: the kind of credit subject (S02), read from what the row says.

In doubt a row is a person's: a person's record may never be published (S21).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.identifiers import is_credit_code, is_identity_number, is_organisation_code

KINDS = ("legal", "unincorporated", "sole_trader", "natural", "unknown")
LEGAL, UNINCORPORATED, SOLE_TRADER, NATURAL, UNKNOWN = range(5)

ORGANISATION_CODES = (
    "uscc",
    "organisation_code",
    "registration_number",
    "tax_registration_number",
    "institution_certificate_number",
    "social_organisation_number",
)
"""Codes of organisations by weight: the first that a row has identifies its subject."""

_CATEGORIES = {
    "法人及非法人组织": LEGAL,
    "法人": LEGAL,
    "企业": LEGAL,
    "法人或其他组织": LEGAL,
    "非法人组织": UNINCORPORATED,
    "其他组织": UNINCORPORATED,
    "个体工商户": SOLE_TRADER,
    "个体": SOLE_TRADER,
    "自然人": NATURAL,
}


def subject_kinds(table: pa.Table) -> pa.Array:
    """The kind of subject of each row, as strings of `KINDS`.

    The category that the provider states decides; where there is none, an identity document makes a
    person, any organisation's code an organisation. A code of class 92 is a sole trader's, whatever is
    stated. A valid identity number in a code column makes a person.
    """
    rows = table.num_rows
    kinds = stated_kinds(table)
    unstated = kinds == UNKNOWN
    is_organisation = ~unstated & (kinds != NATURAL)
    if unstated.any():
        has_document = _present(table, "identity_number") | _present(table, "identity_type")
        has_code = np.zeros(rows, bool)
        for name in ORGANISATION_CODES:
            has_code |= _present(table, name)
        kinds[unstated & has_document] = NATURAL
        kinds[unstated & ~has_document & has_code] = LEGAL
    if "uscc" in table.column_names:
        trader = pc.starts_with(_column(table, "uscc"), "92")
        kinds[_numpy(trader) & np.isin(kinds, (LEGAL, UNINCORPORATED))] = SOLE_TRADER
    for name in ("uscc", "tax_registration_number"):
        if (kinds != NATURAL).any() and name in table.column_names:
            number = _is_person_number(_column(table, name), is_organisation)
            kinds[number & (kinds != SOLE_TRADER)] = NATURAL
    return pa.DictionaryArray.from_arrays(pa.array(kinds), pa.array(KINDS)).cast(pa.string())


def stated_kinds(table: pa.Table) -> npt.NDArray[np.int8]:
    """The kind that the provider states, as indices of `KINDS`; UNKNOWN where it states none, shape (n,)."""
    if "subject_category" not in table.column_names:
        return np.full(table.num_rows, UNKNOWN, np.int8)
    index = pc.index_in(_column(table, "subject_category"), value_set=pa.array(list(_CATEGORIES)))
    codes = np.array([*_CATEGORIES.values(), UNKNOWN], np.int8)
    picked: npt.NDArray[np.int8] = codes[pc.fill_null(index, len(_CATEGORIES)).to_numpy(zero_copy_only=False)]
    return picked


def _is_person_number(values: pa.Array, is_organisation: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Identity numbers in a column of codes.

    One in 31 passes the check of a credit code as well: it is an organisation's only where the provider states
    one and the organisation code inside holds too.
    """
    number = is_identity_number(values)
    if not number.any():
        return number
    code = is_credit_code(values)
    both = np.flatnonzero(number & code)
    if len(both):
        inner = pc.utf8_slice_codeunits(values.take(pa.array(both)), start=8, stop=17)
        code[both] = is_organisation_code(inner) & is_organisation[both]
    return number & ~code


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _present(table: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    if name not in table.column_names:
        return np.zeros(table.num_rows, bool)
    return _numpy(pc.is_valid(_column(table, name)))


def _numpy(mask: pa.Array) -> npt.NDArray[np.bool_]:
    filled = pc.fill_null(mask, False) if mask.null_count else mask
    result: npt.NDArray[np.bool_] = filled.to_numpy(zero_copy_only=False)
    return result
