"""Persons and organisations in one identifier column, as courts send them: each value by its shape.

A value goes into the column it belongs in, where that one is empty. What the shape does not settle, the stated
kind of subject does; in doubt a number is a person's (S17, S21). A masked value belongs nowhere and stays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain import identifiers
from creditgate.domain.subjects import NATURAL, UNKNOWN, stated_kinds
from creditgate.policy.contracts import Contract, Field

Mask = npt.NDArray[np.bool_]

_ORGANISATION_CODE = r"^[0-9A-Z]{8}-?[0-9X]$"
_CREDIT_CODE = r"^[0-9A-Z]{18}$"
_PERSON_NUMBER = r"^[0-9]{17}[0-9X]$"
_REGISTRATION_NUMBER = r"^[0-9]{15}$"


def sort_identifiers(table: pa.Table, contract: Contract) -> pa.Table:
    """The table with the values of each mixed column also in the fields it is sorted into.

    Columns are single Arrow arrays of strings; fields that the file lacks are added. The mixed column stays.
    """
    for field in contract.fields:
        if field.sorted_into and field.name in table.column_names:
            table = _sorted(table, field)
    return table


def _sorted(table: pa.Table, field: Field) -> pa.Table:
    values = table.column(field.name).chunk(0) if table.num_rows else pa.array([], pa.string())
    for name, belongs in _places(values, stated_kinds(table)).items():
        if name not in field.sorted_into:
            continue
        found = pc.if_else(pa.array(belongs), values, None)
        if name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, name, pc.coalesce(table.column(name).combine_chunks(), found))
        else:
            table = table.append_column(name, found)
    return table


def _places(values: pa.Array, kinds: npt.NDArray[np.int8]) -> dict[str, Mask]:
    """Field name → where the value belongs in it; no value belongs in two."""
    masked = identifiers.looks_masked(values)
    is_person, is_unstated = kinds == NATURAL, kinds == UNKNOWN
    # One identity number in 31 passes the check of a credit code as well: unless an organisation is stated, a number
    # with a day of birth in it is a person's.
    number = _matches(values, _PERSON_NUMBER)
    born = number & ~np.isnat(identifiers.birth_dates(values))
    credit = identifiers.is_credit_code(values) & ~is_person & ~(is_unstated & born)
    unstated_number = (number & ~credit) | identifiers.is_legacy_identity_number(values)
    person = (is_person & _present(values)) | (is_unstated & unstated_number)
    person |= identifiers.is_identity_number(values) & ~credit
    organisation = ~person & ~credit
    places = {
        "uscc": credit | (organisation & _matches(values, _CREDIT_CODE)),
        "identity_number": person,
        "organisation_code": organisation & _matches(values, _ORGANISATION_CODE),
        "registration_number": organisation & _matches(values, _REGISTRATION_NUMBER),
    }
    return {name: belongs & ~masked for name, belongs in places.items()}


def _present(values: pa.Array) -> Mask:
    mask: Mask = pc.is_valid(values).to_numpy(zero_copy_only=False)
    return mask


def _matches(values: pa.Array, pattern: str) -> Mask:
    found = pc.fill_null(pc.match_substring_regex(values, pattern), False)
    mask: Mask = found.to_numpy(zero_copy_only=False)
    return mask
