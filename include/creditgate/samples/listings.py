"""Columns of serious-dishonesty listings, of organisations or of natural persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from string import Formatter

import numpy as np
import pyarrow as pa

from creditgate.samples import subjects, text, vocabulary
from creditgate.samples.codes import credit_codes
from creditgate.samples.draws import Draws, take
from creditgate.samples.penalties import Columns

_BY_CODE = {listing.code: (place, listing) for place, listing in enumerate(vocabulary.LISTINGS)}


@dataclass(frozen=True)
class ListingPlan:
    """What the listings of a file have in common.

    as_of: the day the file is reported; list_code: one of vocabulary.LISTINGS; population: how many
    subjects the rows are about; listed_days_ago: the listings' age in days, from … to.
    """

    as_of: date
    list_code: str
    population: int = 200_000
    listed_days_ago: tuple[int, int] = (4, 600)


def listed_organisations(seed: int, rows: range, plan: ListingPlan) -> Columns:
    """All fields of these rows about organisations; row i depends on the seed, i and the plan alone."""
    draws = Draws.of(seed, rows)
    org = subjects.organisations(seed, draws.below("listing.subject", plan.population))
    return {
        "subject_name": org.names,
        "subject_category": org.categories(),
        "uscc": org.codes,
        "legal_representative": org.heads,
        "principal": org.heads,
        "actual_controller": org.controllers(),
    } | _entry(draws, rows, plan)


def listed_persons(seed: int, rows: range, plan: ListingPlan) -> Columns:
    """All fields of these rows about natural persons of full age."""
    draws = Draws.of(seed, rows)
    person = subjects.persons(seed, draws.below("listing.person", plan.population))
    return {
        "subject_name": person.names,
        "subject_category": take(("自然人",), np.zeros(len(rows), np.int64)),
        "identity_type": take(("身份证",), np.zeros(len(rows), np.int64)),
        "identity_number": person.identity_numbers,
    } | _entry(draws, rows, plan)


def listing_authority_code(list_code: str) -> str:
    """The (invented) credit code of the unit that keeps a list."""
    place, _ = _BY_CODE[list_code]
    number = np.array([870_000_000 + place])
    code: str = credit_codes(number, pa.array(["11"]), pa.array(["370100"]))[0].as_py()
    return code


def _entry(draws: Draws, rows: range, plan: ListingPlan) -> Columns:
    _, listing = _BY_CODE[plan.list_code]
    listed = text.day_number(plan.as_of) - draws.between("listing.age", *plan.listed_days_ago)
    formed = text.day_number(plan.as_of) - draws.below("listing.formed", 4)
    ended = listed - draws.between("listing.ended", 20, 300)
    serials = text.digits(np.arange(rows.start, rows.stop, rows.step) + 1)
    district = draws.below("listing.region", len(vocabulary.DISTRICTS))

    def all_rows(word: str) -> pa.Array:
        return take((word,), np.zeros(len(rows), np.int64))

    return {
        "list_code": all_rows(listing.code),
        "decision_number": text.joined(listing.series, "〔", text.years_of(listed), "〕", serials, "号"),
        "listed_on": text.dates(listed),
        "listing_ends_on": text.dates(listed + 1094),
        "reason": _reason(draws, listing.reason),
        "basis": all_rows(listing.basis),
        "authority_name": all_rows(listing.authority),
        "authority_code": all_rows(listing_authority_code(plan.list_code)),
        "national_method_ref": all_rows(listing.method),
        "region_name": text.joined("济南市", take([name for name, _ in vocabulary.DISTRICTS], district)),
        "conduct_ended_on": text.dates(ended),
        "conduct_ongoing": all_rows("否"),
        "formed_on": text.dates(np.maximum(formed, listed)),
    }


def _reason(draws: Draws, template: str) -> pa.Array:
    values = {
        "goods": draws.pick("reason.goods", vocabulary.GOODS),
        "count": text.digits(draws.between("reason.count", 2, 300)),
        "months": text.digits(draws.between("reason.months", 2, 30)),
        "amount": text.yuan(draws.between("reason.amount", 1_000_000, 900_000_000)),
    }
    parts: list[text.Part] = []
    for before, name, _, _ in Formatter().parse(template):
        parts += [before] if name is None else [before, values[name]]
    return text.joined(*parts)
