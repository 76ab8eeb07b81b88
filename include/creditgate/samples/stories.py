"""The rows that tell a story: records on their last day, past it, late, ongoing, secret, not to be matched.

Every function gives rows by field name, the same for the same (seed, as-of date).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from creditgate.samples import subjects
from creditgate.samples.calendar import anchor_of_ended_term, anchor_of_last_day, certainly_late, moved
from creditgate.samples.canaries import planted, secrets
from creditgate.samples.codes import credit_codes, registration_numbers, with_wrong_check_digit
from creditgate.samples.listings import ListingPlan, listed_organisations, listed_persons
from creditgate.samples.penalties import PenaltyPlan, penalties, personal_penalties
from creditgate.samples.rows import Row, rows_of

ORGANISATIONS = 1_600
"""Organisations and sole traders 0 … n-1 are in the sample register; later numbers are not."""

PERSONS = 300
"""Natural persons 0 … n-1 are in the sample register."""

_TRADER_NUMBER, _FLAWED_NUMBER, _OLD_NUMBER = 5_000_001, 5_000_002, 5_000_003
_RECENT = (5, 330)


@dataclass(frozen=True)
class Cast:
    """Subjects with a part of their own, as they stand in the register.

    trader: a sole trader whose trade name is just the operator's name; flawed: a company whose code, as
    issued, fails the check digit; old: a company with an old registration number alone.
    """

    trader: Row
    flawed: Row
    old: Row


def cast(seed: int) -> Cast:
    """The subjects with a part of their own."""
    numbers = np.array([_TRADER_NUMBER, _FLAWED_NUMBER, _OLD_NUMBER])
    codes = credit_codes(numbers, pa.array(["92", "91", "91"]), pa.array(["370103"] * 3))
    heads = subjects.organisations(seed, numbers).heads.to_pylist()
    company = {"subject_category": "法人及非法人组织"}
    return Cast(
        trader={
            "subject_name": heads[0],
            "subject_category": "个体工商户",
            "uscc": codes[0].as_py(),
            "legal_representative": heads[0],
        },
        flawed=company
        | {
            "subject_name": "济南砺帆翎检测技术有限公司",
            "uscc": with_wrong_check_digit(codes)[1].as_py(),
            "legal_representative": heads[1],
        },
        old=company
        | {
            "subject_name": "济南桁屿垚机电设备有限公司",
            "registration_number": registration_numbers(numbers)[2].as_py(),
            "legal_representative": heads[2],
        },
    )


def register_rows(seed: int, as_of: date) -> list[Row]:
    """The subject register: organisations, sole traders, natural persons, and the cast."""
    org = subjects.organisations(seed, np.arange(ORGANISATIONS))
    organisations = {
        "subject_name": org.names,
        "subject_category": org.precise_categories(),
        "uscc": org.codes,
        "legal_representative": org.heads,
        "subject_status": org.draws.pick_unevenly("subject.status", ("存续", "在业", "注销"), (80, 17, 3)),
        "established_on": org.established(),
        "registered_address": org.addresses(),
    }
    person = subjects.persons(seed, np.arange(PERSONS))
    persons = {"subject_name": person.names, "identity_number": person.identity_numbers}
    document = {"subject_category": "自然人", "identity_type": "身份证"}
    own = cast(seed)
    rows = [*rows_of(organisations), *(row | document for row in rows_of(persons))]
    rows += [row | {"subject_status": "存续"} for row in (own.trader, own.flawed, own.old)]
    return [row | {"formed_on": moved(as_of, -1).isoformat()} for row in rows]


class Penalties:
    """Clean penalties of one office, one after the other, each with a number of its own."""

    def __init__(self, seed: int, as_of: date, office: str, first: int = 0) -> None:
        self._seed = seed
        self._next = first
        self._plan = PenaltyPlan(as_of, ORGANISATIONS, _RECENT, office)
        self._personal_plan = PenaltyPlan(as_of, PERSONS, _RECENT, office)

    def clean(self, count: int) -> list[Row]:
        """Penalties against organisations and sole traders of the register."""
        return rows_of(penalties(self._seed, self._range(count), self._plan))

    def personal(self, count: int) -> list[Row]:
        """Penalties against natural persons of the register."""
        return rows_of(personal_penalties(self._seed, self._range(count), self._personal_plan))

    def one(self, tells: str, **changes: str) -> Row:
        """A clean penalty with these fields changed (blank: left out); the remarks say what it shows."""
        return _changed(self.clean(1)[0], tells, changes)

    def _range(self, count: int) -> range:
        first, self._next = self._next, self._next + count
        return range(first, self._next)


def penalties_at_their_term(source: Penalties, as_of: date) -> Iterator[Row]:
    """Penalties on the last day of each term and one day past it (S26, S28, S46)."""
    for severity, years in (("一般", 1), ("严重", 3), ("特定严重", 3)):
        for words, anchor in (("最后一日", anchor_of_last_day), ("届满次日", anchor_of_ended_term)):
            decided = anchor(as_of, years)
            yield source.one(
                f"样例：{severity}失信行为公示期{words}",
                severity=severity,
                decided_on=decided.isoformat(),
                effective_until="2099-12-31",
                conduct_ended_on=moved(decided, -40).isoformat(),
            )
    for words, anchor in (("最后一日", anchor_of_last_day), ("届满次日", anchor_of_ended_term)):
        decided = moved(as_of, -700)
        yield source.one(
            f"样例：失信行为终止之日起五年{words}",
            severity="严重",
            decided_on=decided.isoformat(),
            effective_until="2099-12-31",
            conduct_ended_on=anchor(as_of, 5).isoformat(),
        )
    for words, day in (("最后一日", as_of), ("届满次日", moved(as_of, -1))):
        decided = moved(as_of, -200)
        yield source.one(
            f"样例：提供单位填写的公示截止期{words}",
            severity="一般",
            decided_on=decided.isoformat(),
            conduct_ended_on=moved(decided, -40).isoformat(),
            publicity_until=day.isoformat(),
        )


def penalties_past_five_years(source: Penalties, as_of: date, count: int) -> Iterator[Row]:
    """Penalties whose conduct and decision both lie more than five years back."""
    for place in range(count):
        ended = moved(anchor_of_ended_term(as_of, 5), -60 - 20 * place)
        decided = moved(ended, 30)
        yield source.one(
            "样例：五年期限早已届满",
            severity="严重",
            decided_on=decided.isoformat(),
            effective_until="2099-12-31",
            conduct_ended_on=ended.isoformat(),
        )


def penalties_of_note(seed: int, source: Penalties, as_of: date) -> Iterator[Row]:
    """Accepted penalties that the marts treat each in its own way."""
    own = cast(seed)
    secret_field, secret_row = secrets(seed)
    yield source.one("样例：失信行为仍在持续", conduct_ongoing="是", conduct_ended_on="")
    yield source.one(
        "样例：持续行为，一般失信行为", severity="一般", conduct_ongoing="是", conduct_ended_on=""
    )
    yield source.one("样例：未填写失信行为终止日期", conduct_ended_on="")
    process = {"secret_fields": "违法事实", "facts": f"涉及工艺参数（{secret_field}）。"}
    yield source.one("样例：违法事实涉及商业秘密", **process)
    whole = {"secret_fields": "全部", "facts": f"整条不得披露（{secret_row}）。"}
    yield source.one("样例：整条涉密", **whole)
    yield source.one("样例：字号即经营者姓名的个体工商户", **own.trader)
    yield source.one("样例：登记库中的代码本身校验位不符", **own.flawed)
    yield source.one("样例：仅有旧注册号", uscc="", **own.old)
    stranger = subjects.organisations(seed, np.array([ORGANISATIONS + 7, ORGANISATIONS + 8]))
    for place in range(2):
        name, code = stranger.names[place].as_py(), stranger.codes[place].as_py()
        category = stranger.categories()[place].as_py()
        yield source.one("样例：登记库中没有该主体", subject_name=name, uscc=code, subject_category=category)
    yield source.one(
        "样例：法定代表人证件号码只留加密索引",
        legal_representative_id_type="身份证",
        legal_representative_id_number=planted(seed).representative_number,
    )
    yield source.one(
        "样例：正文中误填身份号码",
        facts=f"现场负责人身份证号{planted(seed).typed_number}，已核对。",
    )
    for _ in range(3):
        day = certainly_late(as_of).isoformat()
        ended = moved(as_of, -90).isoformat()
        yield source.one("样例：迟报", formed_on=day, decided_on=day, conduct_ended_on=ended)


def penalties_with_prohibited_values(seed: int, source: Penalties) -> Iterator[Row]:
    """One penalty against a natural person for each prohibited category, the value in the facts (S16, S17)."""
    marked = planted(seed)
    for category in marked.prohibited:
        row = source.personal(1)[0]
        yield row | {"facts": f"当事人未按规定办理备案手续。{marked.prohibited_text(category)}"}


class Listings:
    """Clean entries of one list, one after the other, each with a number of its own."""

    def __init__(self, seed: int, as_of: date, list_code: str, first: int = 0) -> None:
        self._seed = seed
        self._next = first
        self._plan = ListingPlan(as_of, list_code, ORGANISATIONS, _RECENT)
        self._personal_plan = ListingPlan(as_of, list_code, PERSONS, _RECENT)

    def organisations(self, count: int) -> list[Row]:
        """Entries of organisations and sole traders of the register."""
        return rows_of(listed_organisations(self._seed, self._range(count), self._plan))

    def persons(self, count: int) -> list[Row]:
        """Entries of natural persons of the register."""
        return rows_of(listed_persons(self._seed, self._range(count), self._personal_plan))

    def one(self, tells: str, **changes: str) -> Row:
        """A clean entry of an organisation with these fields changed (blank: left out)."""
        return _changed(self.organisations(1)[0], tells, changes)

    def _range(self, count: int) -> range:
        first, self._next = self._next, self._next + count
        return range(first, self._next)


def listings_at_their_term(source: Listings, as_of: date) -> Iterator[Row]:
    """Entries on the last day of the list's own term, of the five years, and one day past each."""
    for words, day in (("最后一日", as_of), ("届满次日", moved(as_of, -1))):
        yield source.one(f"样例：列入期限{words}", listing_ends_on=day.isoformat())
    for words, anchor in (("最后一日", anchor_of_last_day), ("届满次日", anchor_of_ended_term)):
        yield source.one(
            f"样例：失信行为终止之日起五年{words}",
            conduct_ended_on=anchor(as_of, 5).isoformat(),
            listed_on=moved(as_of, -900).isoformat(),
            listing_ends_on=moved(as_of, 400).isoformat(),
        )
    yield source.one("样例：失信行为仍在持续", conduct_ongoing="是", conduct_ended_on="")


def rejected_by_more_than_the_row(
    seed: int, source: Penalties | Listings, decision_day: str
) -> Iterator[Row]:
    """Records that are doubled, bear another's name, or were decided before the item was on the checklist.

    decision_day: the field of the day of the decision.
    """
    doubled = source.one("样例：同一批次内重复")
    yield doubled
    yield doubled
    other = subjects.organisations(seed, np.array([11])).names[0].as_py()
    own = subjects.organisations(seed, np.array([12]))
    yield source.one(
        "样例：名称与代码不是同一主体",
        subject_name=other,
        uscc=own.codes[0].as_py(),
        subject_category=own.categories()[0].as_py(),
    )
    yield source.one(
        "样例：决定日期早于清单事项生效",
        conduct_ended_on="2012-11-20",
        **{decision_day: "2012-12-30"},
    )


def _changed(row: Row, tells: str, changes: Row) -> Row:
    """The row with changes; decision number and told facts follow the days of the decision and the conduct."""
    merged = row | {"remarks": tells} | changes
    if "facts" not in changes and re.fullmatch(r"\d{4}-\d\d-\d\d", changes.get("conduct_ended_on", "")):
        ended = date.fromisoformat(changes["conduct_ended_on"])
        told = f"{ended.year}年{ended.month}月{ended.day}日"
        merged["facts"] = re.sub(r"\d{4}年\d{1,2}月\d{1,2}日", told, merged.get("facts", ""), count=1)
    day = merged.get("listed_on") or merged["decided_on"]
    merged["decision_number"] = re.sub(r"(?<=[〔（\[])\d{4}", day[:4], merged["decision_number"])
    return {name: cell for name, cell in merged.items() if cell}
