"""Events find their record by the gate's keyed hash, in any order; bad ones are told by their rule."""

from __future__ import annotations

from datetime import date

from creditgate.check.target import spellings_of
from creditgate.policy.contracts import known_items, load_contract
from creditgate.samples.incentives import INCENTIVE, incentives
from creditgate.samples.judgment_debtors import JUDGMENT_DEBTOR, judgment_debtors
from creditgate.samples.licences import LICENCE, licences_of_organisations
from creditgate.samples.watch_listings import WATCH_LISTING, watch_listings
from tests.builders import AS_OF, PROVIDER, Row, a_feed, a_penalty, a_personal_penalty
from tests.conftest import Database
from tests.gate_flow import mailbox, take_in

REVOCATION = "revocation"
COURT, TAX = "jn_intermediate_court", "jn_taxation"


def a_revocation(of: Row, **overrides: str) -> Row:
    """A revocation of a penalty's decision, of the day before AS_OF."""
    subject = {
        name: of[name]
        for name in ("subject_name", "subject_category", "uscc", "identity_number")
        if name in of
    }
    return {
        **subject,
        "target_item": "行政处罚",
        "decision_number": of["decision_number"],
        "revocation_number": "济复决〔2026〕4号",
        "action": "撤销",
        "revoked_on": "2026-11-22",
        "authority_name": "济南市人民政府",
        **overrides,
    }


def _send(rows: list[Row], name: str = "r.csv", as_of: date = AS_OF) -> dict[str, object]:
    a_feed(rows, mailbox(PROVIDER, REVOCATION) / name, item=REVOCATION)
    (counts,) = take_in(PROVIDER, REVOCATION, as_of)
    return counts


def _rules(database: Database) -> set[str]:
    with database.connect() as connection:
        rows = connection.execute("select distinct rule_id from intake.findings where rule_id like 'RV-%'")
        return {str(row[0]) for row in rows}


def test_an_event_finds_a_companys_and_a_persons_record_and_keeps_no_number(database: Database) -> None:
    company, person = a_penalty(), a_personal_penalty(decision_number="济市监处罚〔2026〕119号")
    a_feed([company, person], mailbox() / "p.csv")
    take_in()
    bracketed = {"decision_number": company["decision_number"].replace("〔", "[").replace("〕", "]")}
    events = [
        a_revocation(company, **bracketed),
        a_revocation(person, target_item="administrative_penalty"),
    ]
    assert _send(events)["accepted"] == 2
    with database.connect() as connection:
        found = connection.execute(
            "select count(*) from intake.revocation r join intake.administrative_penalty p"
            " on p.record_id = r.target_record_id and p.subject_key = r.subject_key"
        ).fetchone()
        columns = connection.execute("select * from intake.revocation").description or ()
    assert found == (2,)
    assert "identity_number" not in {column.name for column in columns}
    assert not {"RV-094", "RV-095"} & _rules(database)


def test_an_event_finds_a_judgment_debtor_by_its_case_and_an_entry_of_a_watch_list(
    database: Database,
) -> None:
    company, person = judgment_debtors(1, AS_OF)[3], judgment_debtors(1, AS_OF)[-1]
    watched = watch_listings(1, AS_OF)[3]
    a_feed([company, person], mailbox(COURT, JUDGMENT_DEBTOR) / "d.csv", item=JUDGMENT_DEBTOR, provider=COURT)
    a_feed([watched], mailbox(PROVIDER, WATCH_LISTING) / "w.csv", item=WATCH_LISTING)
    assert take_in(COURT, JUDGMENT_DEBTOR)[0]["accepted"] == 2
    assert take_in(PROVIDER, WATCH_LISTING)[0]["accepted"] == 1
    debtor = {"target_item": "失信被执行人"}
    number = {"identity_number": person["identifier_number"], "subject_category": "自然人"}
    events = [
        a_revocation(company | {"decision_number": company["case_number"]}, **debtor),
        a_revocation(person | {"decision_number": person["case_number"]}, **debtor, **number),
        a_revocation(watched, target_item="重点关注名单", list_code="重点关注名单"),
        a_revocation(
            watched, target_item="重点关注名单", list_code="SD_WAGE", revocation_number="济复决〔2026〕5号"
        ),
    ]
    assert _send(events)["accepted"] == 3
    with database.connect() as connection:
        for item, found in ((JUDGMENT_DEBTOR, 2), (WATCH_LISTING, 1)):
            rows = connection.execute(
                f"select count(*) from intake.revocation r join intake.{item} i on i.record_id = r.target_record_id"
            ).fetchone()
            assert rows == (found,), item
    assert "RV-034" in _rules(database)


def test_an_event_finds_a_recognition_by_the_name_of_its_list_and_a_licence(database: Database) -> None:
    recognised, licensed = incentives(1, AS_OF)[3], licences_of_organisations(1, AS_OF)[5]
    a_feed([recognised], mailbox(TAX, INCENTIVE) / "i.csv", item=INCENTIVE, provider=TAX)
    a_feed([licensed], mailbox(PROVIDER, LICENCE) / "l.csv", item=LICENCE)
    assert take_in(TAX, INCENTIVE)[0]["accepted"] == take_in(PROVIDER, LICENCE)[0]["accepted"] == 1
    spaced = {"list_code": recognised["list_name"].replace("级", "级 ")}
    nameless = {"revocation_number": "济复决〔2026〕5号"}
    events = [
        a_revocation(recognised, target_item="守信激励名单", **spaced),
        a_revocation(recognised, target_item="守信激励名单", **nameless),
        a_revocation(licensed, target_item="行政许可"),
    ]
    assert _send(events)["accepted"] == 2
    with database.connect() as connection:
        for item in (INCENTIVE, LICENCE):
            rows = connection.execute(
                f"select count(*) from intake.revocation r join intake.{item} i on i.record_id = r.target_record_id"
            ).fetchone()
            assert rows == (1,), item
    assert "RV-005" in _rules(database)
    assert not {"RV-094", "RV-095"} & _rules(database)


def test_an_event_that_comes_first_waits_under_the_records_own_id_for_seven_working_days(
    database: Database,
) -> None:
    penalty = a_penalty()
    assert _send([a_revocation(penalty)])["accepted"] == 1
    assert "RV-094" in _rules(database)
    a_feed([penalty], mailbox() / "p.csv")
    take_in()
    with database.connect() as connection:
        row = connection.execute(
            "select p.record_id = r.target_record_id, r.target_due_on"
            " from intake.revocation r, intake.administrative_penalty p"
        ).fetchone()
    assert row == (True, date(2026, 12, 2))


def test_impossible_and_future_dates_doubles_and_unnamed_records_go_back(database: Database) -> None:
    penalty = a_penalty()
    doubled = a_revocation(penalty, revocation_number="济复决〔2026〕7号")
    counts = _send(
        [
            a_revocation(penalty, revocation_number="济复决〔2026〕5号", revoked_on="2026-02-30"),
            a_revocation(penalty, revocation_number="济复决〔2026〕6号", revoked_on="2026-11-24"),
            doubled,
            doubled,
            a_revocation(penalty, revocation_number="济复决〔2026〕8号", target_item="行政强制"),
            a_revocation(penalty, revocation_number="济复决〔2026〕9号", action="变更"),
        ]
    )
    assert (counts["accepted"], counts["rejected"]) == (0, 6)
    contract = load_contract(REVOCATION)
    wanted = {
        rule.id
        for rule in contract.rules
        if (rule.field, rule.expectation)
        in {
            ("revoked_on", "expect_column_values_to_be_date"),
            ("revoked_on", "expect_column_dates_to_be_within"),
            ("target_item", "expect_column_values_to_be_listed"),
            ("altered_content", "expect_one_of_columns_to_be_present"),
        }
        or rule.expectation == "gate.duplicate_record"
    }
    assert len(wanted) == 5
    assert wanted <= _rules(database)


def test_an_event_sent_again_as_it_was_is_one_event(database: Database) -> None:
    penalty = a_penalty()
    _send([a_revocation(penalty)])
    again = [a_revocation(penalty), a_revocation(penalty, revocation_number="济复决〔2026〕10号")]
    _send(again, "again.csv", date(2026, 11, 24))
    with database.connect() as connection:
        assert connection.execute("select count(*) from intake.revocation").fetchone() == (2,)


def test_every_spelling_of_a_target_item_is_in_the_contracts_code_list() -> None:
    for item in known_items():
        contract = load_contract(item)
        if contract.target_items:
            allowed = set(contract.values_of("target_item"))
            assert allowed == {name for target in contract.target_items for name in spellings_of(target)}
