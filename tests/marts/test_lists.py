"""Each of the 17 lists, for each kind of subject it takes: from a feed through the gate to the sanction list, and out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from creditgate.policy.sanction_lists import SanctionList, load_sanction_lists, load_watch_lists
from creditgate.samples.feeds import sample_feeds
from tests.builders import AS_OF, Row, a_credit_code, a_feed, a_listing, an_identity_number
from tests.gate_flow import mailbox, take_in
from tests.marts.conftest import LISTING, Marts

PROVIDER = "jn_human_resources"
LIST_END = date(2999, 12, 31)
CONDUCT_ENDED, FIVE_YEARS_END = date(2026, 11, 20), date(2031, 11, 20)
"""The last days lie far ahead of the clock's today: readers' views look at it."""
EVERY_END_IS_PAST = date(3000, 1, 1)
CASES = [(entry, kind) for entry in load_sanction_lists() for kind in sorted(entry.subjects)]
SAMPLED = {
    item: f"select i.remarks, i.subject_kind as kind, p.record_id as published, s.list_code, s.list_level,"
    f" s.measures, s.last_sanction_on from intake.{item} i left join {mart} p using (record_id)"
    " left join marts.fct_published_sanctions s using (record_id)"
    for item, mart in {
        "judgment_debtor": "marts.fct_published_listings",
        "watch_list_listing": "marts.fct_published_listings",
        "incentive_listing": "marts.fct_published_incentives",
        "administrative_licence": "marts.fct_published_licences",
    }.items()
}
"""Of each sample row of the newer items: whether its mart holds it, and what the sanction list says."""
IDS = [f"{entry.code}-{kind}" for entry, kind in CASES]


@dataclass(frozen=True)
class Told:
    """What readers saw while the entries stood, and after their last day."""

    rows: dict[str, dict[str, Any]]
    disclosed: set[uuid.UUID]
    linked: set[uuid.UUID]
    left: dict[str, set[uuid.UUID]]
    tombstones: set[uuid.UUID]
    samples: dict[str, list[dict[str, Any]]]


def entry_of(number: int, entry: SanctionList, kind: str) -> Row:
    """A listing as its unit reports it; organisations' run out by the list's own end, persons' by the five years."""
    number_of_decision = f"济示列〔2026〕{number}号"
    if kind == "org":
        return a_listing(
            list_code=entry.name,
            decision_number=number_of_decision,
            subject_name=f"济南样例{number}号有限公司",
            uscc=a_credit_code(100 + number),
            listing_ends_on=LIST_END.isoformat(),
            conduct_ended_on=None,
            conduct_ongoing="是",
        )
    return a_listing(
        list_code=entry.code,
        decision_number=number_of_decision,
        subject_name="赵思远",
        subject_category="自然人",
        uscc=None,
        legal_representative=None,
        principal=None,
        actual_controller=None,
        identity_type="身份证",
        identity_number=an_identity_number(serial=100 + number),
        listing_ends_on=None,
        conduct_ended_on=CONDUCT_ENDED.isoformat(),
    )


@pytest.fixture(scope="module")
def told(marts: Marts) -> Told:
    """One build with an entry for each case and the samples of the newer items; then everything expires."""
    rows = [entry_of(number, entry, kind) for number, (entry, kind) in enumerate(CASES, start=1)]
    a_feed(rows, mailbox(PROVIDER, LISTING) / "lists.csv", item=LISTING, provider=PROVIDER)
    (counts,) = take_in(PROVIDER, LISTING)
    assert (counts["accepted"], counts["rejected"]) == (len(CASES), 0)
    for feed in sample_feeds(marts.home / "sources", AS_OF):
        if feed.item in SAMPLED:
            take_in(feed.provider, feed.item)
    marts.build(AS_OF)
    seen = marts.rows(
        "select s.*, i.decision_number from sharing.fct_sanction_list s"
        " join intake.serious_dishonesty_listing i using (record_id)"
    )
    samples = {item: marts.rows(query) for item, query in SAMPLED.items()}
    disclosed = ids_in(marts, "disclosure.fct_listings")
    linked = ids_in(marts, "sharing.fct_linked_persons")
    marts.expire(EVERY_END_IS_PAST)
    relations = ("sharing.fct_sanction_list", "sharing.fct_linked_persons", "disclosure.fct_listings",
                 "marts.fct_authorised_query", "intake.serious_dishonesty_listing")  # fmt: skip
    left = {relation: ids_in(marts, relation) for relation in relations}
    tombstones = {row["id"] for row in marts.rows("select record_key_hash as id from audit.tombstones")}
    return Told({row["decision_number"]: row for row in seen}, disclosed, linked, left, tombstones, samples)


def ids_in(marts: Marts, relation: str) -> set[uuid.UUID]:
    return {row["record_id"] for row in marts.rows(f"select record_id from {relation}")}


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES, start=1)), ids=IDS)
def test_an_entry_of_each_list_and_kind_reaches_the_sanction_list_and_leaves_it(
    told: Told, number: int, case: tuple[SanctionList, str]
) -> None:
    entry, kind = case
    row = told.rows[f"济示列〔2026〕{number}号"]
    assert (row["list_code"], row["list_name"], row["list_level"]) == (entry.code, entry.name, "serious")
    assert row["last_sanction_on"] == (LIST_END if kind == "org" else FIVE_YEARS_END)
    assert row["measures"]
    record = row["record_id"]
    if kind == "org":
        assert row["subject_key"] == a_credit_code(100 + number)
        assert (record in told.disclosed) == (entry.disclosure == "公开公示")
        assert record in told.linked
    else:
        assert (row["subject_kind"], len(row["subject_key"])) == ("natural", 64)
        assert record not in told.disclosed
        assert record not in told.linked
    assert all(record not in ids for ids in told.left.values())
    assert record in told.tombstones


def test_the_lists_and_kinds_are_all_there(told: Told) -> None:
    assert len(load_sanction_lists()) == 17
    assert len(told.rows) == len(CASES) == 25


def test_a_list_without_a_repair_policy_is_flagged(told: Told, marts: Marts) -> None:
    rows = marts.rows("select * from quality.rpt_lists", role="bi_reader")
    by_code = {row["list_code"]: row for row in rows}
    assert set(by_code) == {entry.code for entry in (*load_sanction_lists(), *load_watch_lists())}
    court, experts = by_code["COURT_SXBZXR"], by_code["SD_BID_EXPERT"]
    assert not court["lacks_repair_policy"]
    assert all(court[part] for part in ("repair_conditions", "repair_procedure", "repair_materials"))
    assert experts["lacks_repair_policy"]


def of_item(told: Told, item: str) -> list[dict[str, Any]]:
    """The sample rows that the gate took, but for those past their last day."""
    rows = [row for row in told.samples[item] if "届满次日" not in (row["remarks"] or "")]
    assert rows
    return rows


def test_judgment_debtors_stand_on_the_courts_list_and_persons_are_never_published(told: Told) -> None:
    rows = of_item(told, "judgment_debtor")
    assert {row["list_code"] for row in rows} == {"COURT_SXBZXR"}
    assert all(row["last_sanction_on"] is not None for row in rows)
    assert {row["kind"] for row in rows} >= {"legal", "natural"}
    assert all("限制高消费及有关消费" in row["measures"] for row in rows)
    assert all((row["published"] is None) == (row["kind"] == "natural") for row in rows)


def test_a_watch_list_is_shared_at_its_own_level_and_never_published(told: Told) -> None:
    rows = of_item(told, "watch_list_listing")
    assert {(row["list_code"], row["list_level"]) for row in rows} == {("WATCH_GENERAL", "watch")}
    assert all(row["last_sanction_on"] is not None for row in rows)
    assert all(row["published"] is None for row in rows)


def test_an_incentive_is_shared_while_it_is_valid_and_is_no_sanction(told: Told) -> None:
    rows = of_item(told, "incentive_listing")
    assert all(row["published"] is not None and row["list_code"] is None for row in rows)


def test_a_licence_is_public_while_it_is_valid_and_not_a_persons(told: Told) -> None:
    rows = of_item(told, "administrative_licence")
    for row in rows:
        hidden = row["kind"] == "natural" or row["remarks"] == "样例：已无效"
        assert (row["published"] is None) == hidden, row["remarks"]
        assert row["list_code"] is None
    assert {row["remarks"] for row in rows} >= {"样例：长期有效", "样例：有效期最后一日"}


@pytest.mark.parametrize("item", SAMPLED)
def test_what_is_past_its_last_day_is_in_no_mart(told: Told, item: str) -> None:
    past = [row for row in told.samples[item] if "届满次日" in (row["remarks"] or "")]
    assert past
    assert all(row["published"] is None and row["list_code"] is None for row in past)
