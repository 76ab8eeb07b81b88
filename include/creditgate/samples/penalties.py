"""Columns of administrative penalties that agree with one another: fine and content, facts and statute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from string import Formatter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.samples import subjects, text, vocabulary
from creditgate.samples.codes import credit_codes
from creditgate.samples.draws import Draws, Numbers, take

Columns = dict[str, pa.Array]
SEVERITIES = ("一般", "严重", "特定严重")
_TERM_IN_DAYS = np.array([365, 1095, 1095])
_OPEN_BRACKETS, _CLOSING_BRACKETS = ("〔", "（", "["), ("〕", "）", "]")
_OFFICE_KEYS = tuple(vocabulary.OFFICES)
_ALL_CONDUCTS = np.arange(len(vocabulary.CONDUCTS))


@dataclass(frozen=True)
class PenaltyPlan:
    """What the penalties of a file have in common.

    as_of: the day the file is reported; decided_days_ago: the decisions' age in days, from … to;
    population: how many subjects the rows are about; office: one of vocabulary.OFFICES, or all of them;
    severity_weights: shares of 一般, 严重, 特定严重; confiscates: whether some penalties confiscate.
    """

    as_of: date
    population: int = 200_000
    decided_days_ago: tuple[int, int] = (5, 700)
    office: str | None = None
    severity_weights: tuple[int, int, int] = (80, 16, 4)
    confiscates: bool = True


def penalties(seed: int, rows: range, plan: PenaltyPlan) -> Columns:
    """All fields of these rows (numbered from 0), about organisations and sole traders, by field name.

    Texts, as a provider would type them. Row i depends on the seed, i and the plan, not on which other
    rows are asked for.
    """
    draws = Draws.of(seed, rows)
    org = subjects.organisations(seed, draws.below("penalty.subject", plan.population))
    about: Columns = {
        "subject_name": org.names,
        "subject_category": org.categories(),
        "uscc": org.codes,
        "legal_representative": org.heads,
        "actual_controller": org.controllers(),
    }
    return about | _decision(draws, rows, org.districts, plan)


def personal_penalties(seed: int, rows: range, plan: PenaltyPlan) -> Columns:
    """As `penalties`, about natural persons of full age."""
    draws = Draws.of(seed, rows)
    person = subjects.persons(seed, draws.below("penalty.person", plan.population))
    about: Columns = {
        "subject_name": person.names,
        "subject_category": take(("自然人",), np.zeros(len(rows), np.int64)),
        "identity_type": take(("身份证",), np.zeros(len(rows), np.int64)),
        "identity_number": person.identity_numbers,
    }
    return about | _decision(draws, rows, draws.below("penalty.place", len(vocabulary.DISTRICTS)), plan)


def _decision(draws: Draws, rows: range, districts: Numbers, plan: PenaltyPlan) -> Columns:
    """What was decided, for which conduct, when and by whom."""
    numbers = np.arange(rows.start, rows.stop, rows.step)
    conduct = draws.pick_number("penalty.conduct", _conducts_of(plan.office))
    decided = text.day_number(plan.as_of) - draws.between("penalty.age", *plan.decided_days_ago)
    ended = decided - draws.between("penalty.ended", 20, 200)
    formed = text.day_number(plan.as_of) - draws.below("penalty.formed", 4)
    severity = draws.index_unevenly("penalty.severity", plan.severity_weights)
    columns: Columns = {
        "decision_number": decision_numbers(draws, conduct, decided, numbers),
        "conduct_type": _of_conduct("kind", conduct),
        "facts": facts(draws, conduct, ended, districts),
        "basis": _basis(draws, conduct),
        "decided_on": text.dates(decided),
        "effective_until": text.dates(decided + _TERM_IN_DAYS[severity]),
        "severity": take(SEVERITIES, severity),
        "severity_standard_ref": _of_office("standard", conduct),
        "conduct_ended_on": text.dates(ended),
        "conduct_ongoing": take(("否",), np.zeros(len(rows), np.int64)),
        "formed_on": text.dates(np.maximum(formed, decided)),
        "remarks": draws.pick("penalty.remarks", vocabulary.REMARKS),
    }
    return columns | _sanctions(draws, plan.confiscates) | _authority(conduct)


def decision_numbers(draws: Draws, conduct: Numbers, decided: Numbers, serials: Numbers) -> pa.Array:
    """Decision numbers, in three styles of brackets; the serial makes each the only one of its kind."""
    style = draws.below("penalty.brackets", 3)
    return text.joined(
        _of_office("series", conduct),
        take(_OPEN_BRACKETS, style),
        text.years_of(decided),
        take(_CLOSING_BRACKETS, style),
        text.digits(serials + 1),
        "号",
    )


def facts(draws: Draws, conduct: Numbers, days: Numbers, districts: Numbers) -> pa.Array:
    """What was found, in 60–120 characters; day, place, numbers and amount are the row's own."""
    place = subjects.place(draws, "facts.place", districts)
    ticket = text.digits(draws.between("facts.ticket", 10_000, 9_999_999))
    opening = _filled(draws, "facts.opening", vocabulary.OPENINGS, {"place": place, "ticket": ticket})
    ending = _filled(
        draws,
        "facts.ending",
        vocabulary.ENDINGS,
        {
            "a": text.digits(draws.between("facts.a", 2, 30)),
            "b": text.digits(draws.between("facts.b", 2, 90)),
        },
    )
    return text.joined(
        text.dates(days, text.CHINESE),
        "，",
        opening,
        "，发现当事人",
        _of_conduct("finding", conduct),
        "，涉及",
        _of_conduct("objects", conduct),
        text.digits(draws.between("facts.count", 1, 900)),
        _of_conduct("measure", conduct),
        "，涉案金额",
        text.yuan(draws.between("facts.amount", 10_000, 90_000_000)),
        "元，",
        ending,
    )


def _sanctions(draws: Draws, confiscates: bool) -> Columns:
    """Categories, content and the two amounts, which say the same."""
    step = draws.pick_number("penalty.fine_step", (10_000, 50_000, 100_000))
    fine = draws.between("penalty.fine", 2, 900) * step
    taken = draws.between("penalty.taken", 5_000, 9_000_000)
    is_warned = pa.array(draws.chance("penalty.warned", 0.25))
    is_taken = pa.array(draws.chance("penalty.confiscated", 0.2 if confiscates else 0.0))
    warning = pc.if_else(is_warned, "警告;", "")
    fine_text = text.joined(pc.if_else(is_warned, "警告；", ""), "罚款人民币", text.yuan(fine), "元")
    taken_text = text.joined(fine_text, "；没收违法所得", text.yuan(taken), "元")
    return {
        "categories": text.joined(warning, "罚款", pc.if_else(is_taken, ";没收违法所得、没收非法财物", "")),
        "content": pc.if_else(is_taken, taken_text, fine_text),
        "fine_10k_yuan": text.plain_decimal(fine),
        "confiscated_10k_yuan": pc.if_else(is_taken, text.plain_decimal(taken), ""),
    }


def authority_code(office: str) -> str:
    """The (invented) credit code of an office of vocabulary.OFFICES."""
    number = np.array([880_000_000 + _OFFICE_KEYS.index(office)])
    code: str = credit_codes(number, pa.array(["11"]), pa.array(["370100"]))[0].as_py()
    return code


def _authority(conduct: Numbers) -> Columns:
    name = _of_office("name", conduct)
    codes = [authority_code(vocabulary.CONDUCTS[i].office) for i in _ALL_CONDUCTS]
    code = take(codes, conduct)
    return {
        "authority_name": name,
        "authority_code": code,
        "source_unit_name": name,
        "source_unit_code": code,
    }


def _conducts_of(office: str | None) -> tuple[int, ...]:
    """Positions of the kinds of conduct that an office (None: any) decides on."""
    return tuple(i for i, c in enumerate(vocabulary.CONDUCTS) if office is None or c.office == office)


def _basis(draws: Draws, conduct: Numbers) -> pa.Array:
    second = draws.pick("basis.second", ("", "", "、《中华人民共和国行政处罚法》第二十八条第一款"))
    return text.joined(_of_conduct("statute", conduct), _of_conduct("article", conduct), second)


def _of_conduct(attribute: str, conduct: Numbers) -> pa.Array:
    return take([getattr(c, attribute) for c in vocabulary.CONDUCTS], conduct)


def _of_office(attribute: str, conduct: Numbers) -> pa.Array:
    return take([getattr(vocabulary.OFFICES[c.office], attribute) for c in vocabulary.CONDUCTS], conduct)


def _filled(draws: Draws, stream: str, templates: tuple[str, ...], values: Columns) -> pa.Array:
    """One of the templates per row, its `{name}` gaps filled with the row's values."""
    filled = []
    for template in templates:
        parts: list[text.Part] = []
        for before, name, _, _ in Formatter().parse(template):
            parts.append(before)
            if name is not None:
                parts.append(values[name])
        filled.append(text.joined(*parts))
    return pc.choose(pa.array(draws.below(stream, len(templates))), *filled)
