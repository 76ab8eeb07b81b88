"""Credit subjects: companies, partnerships, sole traders, natural persons. All of them invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.samples import people, text, vocabulary
from creditgate.samples.codes import credit_codes
from creditgate.samples.draws import Draws, Numbers

LEGAL, UNINCORPORATED, SOLE_TRADER = 0, 1, 2
CATEGORY_OF_KIND = ("法人及非法人组织", "法人及非法人组织", "个体工商户")
PRECISE_CATEGORY_OF_KIND = ("法人", "非法人组织", "个体工商户")
_DEPARTMENT_OF_KIND = ("91", "91", "92")
_WEIGHTS = (78, 6, 16)


@dataclass(frozen=True)
class Organisations:
    """Organisations and sole traders by number; every array has one entry per subject.

    kinds: LEGAL, UNINCORPORATED or SOLE_TRADER. heads: the legal representative, partner or operator.
    """

    numbers: Numbers
    kinds: Numbers
    names: pa.Array
    codes: pa.Array
    heads: pa.Array
    districts: Numbers
    draws: Draws

    def categories(self) -> pa.Array:
        """行政相对人类别 as the national form has it."""
        return _by_kind(CATEGORY_OF_KIND, self.kinds)

    def precise_categories(self) -> pa.Array:
        """The subject's category, 法人 and 非法人组织 apart."""
        return _by_kind(PRECISE_CATEGORY_OF_KIND, self.kinds)

    def controllers(self) -> pa.Array:
        """实际控制人: a person of its own."""
        return people.names(self.draws, "subject.controller")

    def head_identity_numbers(self) -> pa.Array:
        """Identity numbers of the heads."""
        return people.identity(self.draws, "subject.head")

    def addresses(self) -> pa.Array:
        """Registered addresses."""
        return text.joined("济南市", place(self.draws, "subject.address", self.districts))

    def established(self) -> pa.Array:
        """Days of establishment, 2003–2019."""
        first, last = text.day_number(date(2003, 1, 2)), text.day_number(date(2019, 12, 30))
        return text.dates(self.draws.between("subject.established", first, last))


def organisations(seed: int, numbers: Numbers) -> Organisations:
    """The organisations with these numbers (below 31⁶): the same number is always the same subject."""
    draws = Draws.of(seed, numbers)
    kinds = draws.index_unevenly("subject.kind", _WEIGHTS)
    districts = draws.below("subject.district", len(vocabulary.DISTRICTS))
    regions = pa.array([code for _, code in vocabulary.DISTRICTS]).take(pa.array(districts))
    codes = credit_codes(numbers, _by_kind(_DEPARTMENT_OF_KIND, kinds), regions)
    heads = people.names(draws, "subject.head")
    return Organisations(numbers, kinds, _names(draws, kinds, districts), codes, heads, districts, draws)


@dataclass(frozen=True)
class Persons:
    """Natural persons of full age by number; every array has one entry per person."""

    numbers: Numbers
    names: pa.Array
    identity_numbers: pa.Array


def persons(seed: int, numbers: Numbers) -> Persons:
    """The natural persons with these numbers: the same number is always the same person."""
    draws = Draws.of(seed, numbers)
    return Persons(numbers, people.names(draws, "person"), people.identity(draws, "person"))


def place(draws: Draws, stream: str, districts: Numbers) -> pa.Array:
    """Addresses inside the given districts: 历下区砚泉路128号."""
    names = pa.array([name for name, _ in vocabulary.DISTRICTS]).take(pa.array(districts))
    street = draws.pick(f"{stream}.street", vocabulary.STREETS)
    return text.joined(names, street, text.digits(draws.between(f"{stream}.door", 1, 2400)), "号")


def _names(draws: Draws, kinds: Numbers, districts: Numbers) -> pa.Array:
    stem = text.joined(
        draws.pick("subject.stem1", tuple(vocabulary.STEM_FIRST)),
        draws.pick("subject.stem2", tuple(vocabulary.STEM_SECOND)),
        draws.pick("subject.stem3", vocabulary.STEM_THIRD),
    )
    trade = draws.pick("subject.trade", vocabulary.TRADES)
    form = draws.pick_unevenly("subject.form", vocabulary.COMPANY_FORMS, vocabulary.COMPANY_FORM_WEIGHTS)
    partnership = draws.pick("subject.partnership", vocabulary.PARTNERSHIP_FORMS)
    district = pa.array([name for name, _ in vocabulary.DISTRICTS]).take(pa.array(districts))
    shop = draws.pick("subject.shop", vocabulary.SHOPS)
    companies = text.joined("济南", stem, trade, form)
    partnerships = text.joined("济南", stem, trade, partnership)
    shops = text.joined("济南市", district, stem, shop)
    return pc.if_else(
        _is(kinds, LEGAL), companies, pc.if_else(_is(kinds, UNINCORPORATED), partnerships, shops)
    )


def _is(kinds: Numbers, kind: int) -> pa.Array:
    same: npt.NDArray[np.bool_] = kinds == kind
    return pa.array(same)


def _by_kind(words: tuple[str, ...], kinds: Numbers) -> pa.Array:
    return pa.array(words).take(pa.array(kinds))
