"""What each kind of rule looks for: named functions from a chunk to a mask, True = unexpected.

Arrow and numpy alone, no Python step per row, so a mask costs the same however bad the chunk is.
All but the presence rules pass on null: one fault, one finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.view import DECIMAL, BoolMask, ChunkView, false_where, true_where
from creditgate.domain import clock, identifiers
from creditgate.domain.text_bytes import lengths, rows_holding


def _unless_absent(view: ChunkView, column: str, ok: BoolMask) -> BoolMask:
    return view.present(column) & ~ok


def is_absent(view: ChunkView, column: str) -> BoolMask:
    """No value."""
    return ~view.present(column)


def does_not_match(view: ChunkView, column: str, regex: str) -> BoolMask:
    """A value that the RE2 pattern does not match."""
    return view.judged(
        column, ("match", regex), lambda texts: false_where(pc.match_substring_regex(texts, regex))
    )


def contains_one_of(view: ChunkView, column: str, texts: Sequence[str]) -> BoolMask:
    """A value with one of the texts in it."""
    found = np.zeros(len(view), bool)
    found[rows_holding(view.strings(column), texts)] = True
    return found


def is_not_listed(
    view: ChunkView, column: str, value_set: Sequence[str], separator: str | None = None
) -> BoolMask:
    """A value (or one of its parts, where a separator is given) outside the code list."""
    if separator is None:
        allowed = pa.array(list(value_set), pa.string())
        return view.judged(column, ("listed", *value_set), lambda texts: _is_foreign(texts, allowed))
    return view.judged(
        column,
        ("parts listed", separator, *value_set),
        lambda texts: _has_foreign_parts(texts, frozenset(value_set), separator),
    )


def _is_foreign(values: pa.Array, allowed: pa.Array) -> BoolMask:
    known: BoolMask = pc.is_in(values, value_set=allowed).to_numpy(zero_copy_only=False)
    return np.asarray(~known & true_where(pc.is_valid(values)), bool)


def _has_foreign_parts(values: pa.Array, allowed: frozenset[str], separator: str) -> BoolMask:
    encoded = values.dictionary_encode()
    bad = [_has_foreign_part(text, allowed, separator) for text in encoded.dictionary.to_pylist()]
    if not any(bad):
        return np.zeros(len(values), bool)
    return true_where(pc.take(pa.array(bad), encoded.indices))


def _has_foreign_part(text: str, allowed: frozenset[str], separator: str) -> bool:
    parts = [part.strip() for part in _splitter(separator).split(text)]
    return any(part and part not in allowed for part in parts)


@lru_cache
def _splitter(separator: str) -> Any:
    import re

    return re.compile(f"[{re.escape(separator)}]")


def is_too_long(view: ChunkView, column: str, max_length: int) -> BoolMask:
    """More characters than the field takes."""
    return view.judged(column, ("fit", max_length), lambda texts: _is_longer(texts, max_length))


def _is_longer(values: pa.Array, max_length: int) -> BoolMask:
    if (lengths(values) <= max_length).all():  # no fewer bytes than characters
        return np.zeros(len(values), bool)
    return true_where(pc.greater(pc.utf8_length(values), max_length))


def is_not_a_date(view: ChunkView, column: str) -> BoolMask:
    """A value that is no calendar date."""
    _, ok = view.dates(column)
    return _unless_absent(view, column, ok)


def is_outside_dates(
    view: ChunkView, column: str, earliest: str | None = None, latest: str | None = None
) -> BoolMask:
    """A date before `earliest` or after `latest`; "as_of" stands for the run's business date."""
    days, ok = view.dates(column)
    outside = np.zeros(len(view), bool)
    if earliest is not None:
        outside |= ok & (days < _day(view, earliest))
    if latest is not None:
        outside |= ok & (days > _day(view, latest))
    return outside


def _day(view: ChunkView, text: str) -> np.datetime64:
    return np.datetime64(view.as_of if text == "as_of" else date.fromisoformat(str(text)), "D")


def precedes(view: ChunkView, column: str, other: str) -> BoolMask:
    """A date before the date in `other`."""
    days, ok = view.dates(column)
    others, other_ok = view.dates(other)
    both = ok & other_ok
    return both & (days < others) if both.any() else both


def is_no_such_decimal(
    view: ChunkView,
    column: str,
    minimum: float | None = None,
    maximum: float | None = None,
    places: int | None = None,
) -> BoolMask:
    """No plain decimal number; or one outside the bounds, or with too many places.

    A rule without bounds judges the form; a rule with bounds passes what has no such form.
    """
    values = view.strings(column)
    if values.null_count == len(values):
        return np.zeros(len(view), bool)
    pattern = DECIMAL if places is None else DECIMAL.replace("+)?$", "{1," + str(places) + "})?$")
    if minimum is None and maximum is None:
        return view.judged(
            column, ("match", pattern), lambda texts: false_where(pc.match_substring_regex(texts, pattern))
        )
    amounts = view.amounts(column)  # NaN is neither less nor greater
    outside = np.zeros(len(view), bool)
    if minimum is not None:
        outside |= amounts < float(minimum)
    if maximum is not None:
        outside |= amounts > float(maximum)
    return outside


def is_no_credit_code(view: ChunkView, column: str) -> BoolMask:
    """No unified social credit code of GB 32100-2015: shape, alphabet, check character."""
    return _unless_absent(view, column, view.judged(column, "credit code", identifiers.is_credit_code))


def is_no_identity_number(view: ChunkView, column: str, type_column: str | None = None) -> BoolMask:
    """No resident identity number of GB 11643-1999, where the document is an identity card."""
    ok = view.judged(
        column, "identity number", lambda texts: identifiers.is_identity_number(texts, view.as_of)
    )
    wrong = _unless_absent(view, column, ok)
    if type_column is not None and view.present(type_column).any():
        wrong &= ~view.present(type_column) | view.judged(type_column, "identity card", _is_identity_card)
    return wrong


def _is_identity_card(kinds: pa.Array) -> BoolMask:
    is_card = true_where(pc.match_substring_regex(kinds, "身份证|^1$"))
    return is_card & ~true_where(pc.match_substring_regex(kinds, "外国人|永久居留"))


def is_identity_number(view: ChunkView, column: str) -> BoolMask:
    """A person's identity number where an organisation's code belongs (not a valid credit code)."""
    return view.judged(column, "person", lambda texts: _is_person_number(texts, view.as_of))


def _is_person_number(values: pa.Array, as_of: date) -> BoolMask:
    number = identifiers.is_identity_number(values, as_of)
    number |= identifiers.is_legacy_identity_number(values)
    if not number.any():
        return number
    return number & ~identifiers.is_credit_code(values)


def is_masked(view: ChunkView, column: str) -> BoolMask:
    """A value whose digits the provider has hidden (3701**********1234)."""
    return view.judged(column, "masked", identifiers.looks_masked)


def none_is_present(view: ChunkView, column: str, columns: Sequence[str]) -> BoolMask:
    """None of the columns has a value (the finding is shown at `column`)."""
    found = np.zeros(len(view), bool)
    for name in columns:
        found |= view.present(name)
    return ~found


def is_under_age(view: ChunkView, column: str, on: Sequence[str], flag: str) -> BoolMask:
    """A natural person under 16, or of 16–17 without living on own labour (民法典 17–18).

    The age is that on the first of the dates `on` that the row has.
    """
    births = identifiers.birth_dates(view.strings(column))
    known: BoolMask = ~np.isnat(births)
    if not known.any():
        return np.zeros(len(view), bool)
    moment = np.full(len(view), np.datetime64("NaT", "D"))
    for name in on:
        days, ok = view.dates(name)
        moment = np.where(np.isnat(moment) & ok, days, moment)
    known &= ~np.isnat(moment)
    born = np.where(known, births, np.datetime64("1970-01-01"))
    under_16 = known & (moment < clock.add_calendar_years_array(born, 16))
    under_18 = known & (moment < clock.add_calendar_years_array(born, 18))
    supports_self = true_where(pc.equal(view.strings(flag), "是"))
    return np.asarray(under_16 | (under_18 & ~supports_self), bool)


def term_has_ended(view: ChunkView, column: str, fallback: str, years: int) -> BoolMask:
    """The last day of `years` calendar years from the date (or its fallback) is before the as-of date."""
    running_since = np.datetime64(clock.earliest_start_running(view.as_of, years), "D")
    ended: BoolMask = _first_date(view, column, fallback) < running_since  # false for NaT
    return ended


def is_reported_late(view: ChunkView, column: str, days: int, fallback: str | None = None) -> BoolMask:
    """The as-of date lies more than `days` working days after the date (the start day not counted)."""
    return days_late(view, column, days, fallback) > 0


def days_late(
    view: ChunkView, column: str, days: int, fallback: str | None = None
) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Working days past the reporting time limit for each row; 0 where in time or unknown."""
    start = _first_date(view, column, fallback)
    return clock.workdays_late(start, view.as_of, days)


def _first_date(
    view: ChunkView, column: str, fallback: str | None
) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    start, ok = view.dates(column)
    if fallback is None:
        return start
    second, _ = view.dates(fallback)
    return np.where(ok, start, second)
