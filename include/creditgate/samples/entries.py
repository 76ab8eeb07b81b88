"""What sample rows of any item have in common: whom they are about, and the days and numbers they carry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from creditgate.samples import subjects
from creditgate.samples.calendar import moved
from creditgate.samples.rows import Row, rows_of


def organisations(seed: int, first: int, count: int) -> list[Row]:
    """Organisations and sole traders of the sample register: name, category, credit code, head."""
    org = subjects.organisations(seed, np.arange(first, first + count))
    return rows_of(
        {
            "subject_name": org.names,
            "subject_category": org.categories(),
            "uscc": org.codes,
            "legal_representative": org.heads,
        }
    )


def persons(seed: int, first: int, count: int) -> list[Row]:
    """Natural persons of the sample register: name, category, document, number."""
    person = subjects.persons(seed, np.arange(first, first + count))
    document = {"subject_category": "自然人", "identity_type": "身份证"}
    columns = {"subject_name": person.names, "identity_number": person.identity_numbers}
    return [row | document for row in rows_of(columns)]


def decided_days(as_of: date, count: int) -> Iterator[date]:
    """Days of decision, one a row, some days apart, all a few days before the as-of date."""
    for place in range(count):
        yield moved(as_of, -(2 + place * 7 % 300))
