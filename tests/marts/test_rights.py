"""What events do to records: one warehouse with a record of every fate, built once as of AS_OF."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.paths import dbt_dir
from creditgate.policy.providers import load_providers
from creditgate.warehouse.connect import open_url
from creditgate.warehouse.reference_tables import refresh_reference
from tests.marts.conftest import LISTING, Marts, record_id

AS_OF = date(2026, 11, 23)
FIRST = date(2026, 11, 2)
REPAIR, TRAINING, REPORT = "repair_decision", "repair_training", "credit_report"
OBJECTION, REVOCATION, TALK, RECTIFICATION = "objection", "revocation", "talk", "rectification"
OTHER_SUBJECT = "91370102MA3C000099"
GENERAL = {"severity": "一般", "decided_on": "2026-06-23", "conduct_ended_on": "2026-06-01"}
SERIOUS = {"severity": "严重", "decided_on": "2026-02-23", "conduct_ended_on": "2026-02-01"}
ENDS = {"listing_ends_on": "2028-12-31", "conduct_ended_on": None}
LISTED = {**ENDS, "list_code": "SD_WAGE"}
LISTED_BY = {"debtor": "jn_court", "watched": "jn_scjg"}
COLLECTOR = "jn_market_collector"


def repair(marts: Marts, about: str, name: str | None = None, **columns: Any) -> None:
    """An approval of the repair of a record."""
    defaults = {
        "repair_number": f"修复{about}",
        "decision": "准予修复",
        "applied_on": "2026-10-01",
        "decided_on": "2026-10-20",
    }
    marts.event(REPAIR, name or f"repair of {about}", about, **{**defaults, **columns})


def rectified(marts: Marts, about: str, **columns: Any) -> None:
    """A confirmed rectification of what a record is about."""
    defaults = {
        "ordered_on": "2026-08-01",
        "deadline_on": "2026-09-30",
        "completed_on": "2026-09-20",
        "confirmed": True,
        "confirmed_on": "2026-10-10",
    }
    marts.event(RECTIFICATION, f"rectification of {about}", about, **{**defaults, **columns})


def revoke(marts: Marts, about: str, **columns: Any) -> None:
    """A revocation of the decision of a record."""
    defaults = {
        "revocation_number": f"撤{about}",
        "action": "撤销",
        "revoked_on": "2026-11-05",
        "days_late": 0,
    }
    marts.event(REVOCATION, f"revocation of {about}", about, **{**defaults, **columns})


def objection(marts: Marts, about: str, **columns: Any) -> None:
    """An objection to a record."""
    defaults = {
        "objection_number": f"异{about}",
        "ground": "信息错误",
        "channel": "提供单位",
        "scope": "本单位",
        "raised_on": "2026-11-03",
    }
    marts.event(OBJECTION, f"objection to {about}", about, **{**defaults, **columns})


def talk(marts: Marts, about: str, name: str | None = None, **columns: Any) -> None:
    """A warning talk about a listing."""
    defaults = {
        "talk_number": f"谈{about}",
        "talk_kind": "警示性约谈",
        "talked_on": "2026-11-05",
        "attendee_role": "主要负责人",
        "outcome": "已约谈",
    }
    marts.event(TALK, name or f"talk about {about}", about, **{**defaults, **columns})


@pytest.fixture(scope="module")
def built(marts: Marts) -> Marts:
    """Records of the first day, events of the day after; every claim below reads this one build."""
    _records(marts)
    marts.batch(FIRST)
    _repairs(marts)
    _objections(marts)
    _revocations(marts)
    _talks(marts)
    _events_on_every_list(marts)
    with open_url(marts.url) as connection:
        refresh_reference(connection, [*map(load_contract, known_items())], load_providers().values())
    marts.batch(date(2026, 11, 9))
    marts.penalty("corrected", **GENERAL, content="更正后的内容")
    marts.batch(date(2026, 11, 10))
    marts.build(AS_OF)
    return marts


def _records(marts: Marts) -> None:
    for name in (
        "untouched", "repaired", "on_the_last_day_of_the_minimum", "too_early", "unrectified", "half_rectified",
        "other_subject", "before_the_decision", "not_granted", "repaired_and_revoked", "revoked_then_repaired",
        "open", "removed", "upheld_uncorrected", "corrected", "rejected_objection", "revoked", "revoked_by_collector",
        "revoked_by_another_unit", "revoked_by_another_subject",
    ):  # fmt: skip
        marts.penalty(name, **GENERAL)
    for name in ("serious_repaired", "serious_untrained"):
        marts.penalty(name, **{**SERIOUS, "subject_key": f"9137010200000000{len(name):02d}"})
    marts.penalty("specific_serious", **{**SERIOUS, "severity": "特定严重"})
    marts.penalty("unlabelled", **{**GENERAL, "severity": None})
    marts.penalty("altered", **SERIOUS, content="罚款2000元")
    for name in (
        "listed", "listed_repaired", "listed_revoked", "listed_open", "talked", "refused_talk", "talked_twice",
        "talked_by_another", "talked_too_soon", "talked_wrongly",
    ):  # fmt: skip
        marts.listing(name, **LISTED)
    marts.listing("expert", **{**LISTED, "list_code": "SD_BID_EXPERT", "subject_kind": "natural"})
    for name in ("standing", "open", "removed", "restored", "repaired", "revoked", "altered", "talked"):
        marts.debtor(f"debtor_{name}", **ENDS)
        marts.watch_listing(f"watched_{name}", **ENDS)
    for name in ("standing", "open", "removed", "restored", "revoked", "altered"):
        marts.incentive(f"incentive_{name}", valid_until="2099-01-01")
        marts.licence(f"licence_{name}", valid_until="2099-01-01")
    marts.licence("persons_licence", subject_kind="natural", subject_key="b" * 64, uscc=None)


def _events_on_every_list(marts: Marts) -> None:
    """What can happen to a listing, to a judgment debtor and to an entry of a watch list."""
    closed = {"closed_on": "2026-11-06", "notified_on": "2026-11-05"}
    for kind, unit in {**LISTED_BY, "incentive": "jn_scjg", "licence": "jn_scjg"}.items():
        objection(marts, f"{kind}_open")
        objection(marts, f"{kind}_removed", **closed, outcome="删除信息")
        objection(marts, f"{kind}_restored", **closed, outcome="异议不成立")
        revoke(marts, f"{kind}_revoked", provider_code=unit)
        until = {"altered_content": "变更后的事由", "altered_until": "2097-05-05"}
        revoke(marts, f"{kind}_altered", provider_code=unit, action="变更", **until)
    for kind in LISTED_BY:
        rectified(marts, f"{kind}_repaired", ordered_on="2026-10-12", confirmed_on="2026-10-18")
        repair(marts, f"{kind}_repaired")
    talk(marts, "debtor_talked", provider_code="jn_court")
    talk(marts, "watched_talked", talk_kind="提示性约谈", outcome="拒绝约谈")


def _repairs(marts: Marts) -> None:
    for name in ("repaired", "repaired_and_revoked", "revoked_then_repaired", "not_granted", "other_subject"):
        rectified(marts, name)
    repair(marts, "repaired")
    repair(marts, "not_granted", decision="不予修复")
    rectified(marts, "on_the_last_day_of_the_minimum", confirmed_on="2026-09-20")
    repair(marts, "on_the_last_day_of_the_minimum", decided_on="2026-09-23")
    rectified(marts, "too_early", confirmed_on="2026-09-20")
    repair(marts, "too_early", decided_on="2026-09-22")
    repair(marts, "unrectified")
    rectified(marts, "half_rectified", confirmed=False, confirmed_on=None)
    repair(marts, "half_rectified")
    repair(marts, "other_subject", subject_key=OTHER_SUBJECT)
    rectified(marts, "before_the_decision")
    repair(marts, "before_the_decision", decided_on="2026-06-22")
    for name in ("specific_serious", "unlabelled"):
        rectified(marts, name)
    subject = {"subject_key": f"9137010200000000{len('serious_repaired'):02d}"}
    for number, hours, plan in ((1, 2, "JNPX-2026"), (2, 1, "JNPX-2025")):
        of = {"class_hours": hours, "plan_code": plan, **subject}
        marts.event(TRAINING, f"training {number}", trained_on="2026-10-12", **of)
    marts.event(REPORT, "report", issued_on="2026-10-13", **subject)
    rectified(marts, "serious_repaired", **subject)
    repair(marts, "serious_repaired", **subject)
    short = {"subject_key": f"9137010200000000{len('serious_untrained'):02d}"}
    marts.event(TRAINING, "short training", trained_on="2026-10-12", class_hours="2.5", **short)
    rectified(marts, "serious_untrained", **short)
    repair(marts, "serious_untrained", **short)
    repair(marts, "specific_serious")
    repair(marts, "unlabelled")
    rectified(marts, "listed_repaired", ordered_on="2026-10-12")
    company = {"subject_key": "91370102MA3C000011"}
    marts.event(TRAINING, "listed training", trained_on="2026-10-15", class_hours=3, **company)
    marts.event(REPORT, "listed report", issued_on="2026-10-16", **company)
    repair(marts, "listed_repaired")
    repair(marts, "repaired_and_revoked", decided_on="2026-11-05")
    repair(marts, "revoked_then_repaired", decided_on="2026-11-06")
    repair(marts, "never_came")


def _objections(marts: Marts) -> None:
    closed = {"closed_on": "2026-11-06", "notified_on": "2026-11-05"}
    objection(marts, "open")
    objection(marts, "listed_open")
    objection(marts, "removed", **closed, outcome="删除信息")
    objection(marts, "upheld_uncorrected", **closed, outcome="更正信息")
    objection(marts, "corrected", **closed, outcome="更正信息")
    objection(marts, "rejected_objection", **closed, outcome="异议不成立")


def _revocations(marts: Marts) -> None:
    for name in ("revoked", "repaired_and_revoked", "revoked_then_repaired", "listed_revoked"):
        revoke(marts, name)
    revoke(marts, "revoked_by_collector", provider_code=COLLECTOR)
    revoke(marts, "revoked_by_another_unit", provider_code="jn_rsj")
    revoke(marts, "revoked_by_another_subject", subject_key=OTHER_SUBJECT)
    revoke(marts, "never_came")
    revoke(marts, "still_to_come", target_due_on="2026-11-23")
    fields = {"altered_content": "罚款1000元", "altered_fine_10k_yuan": "0.1", "altered_severity": "一般"}
    revoke(marts, "altered", action="变更", **fields)


def _talks(marts: Marts) -> None:
    talk(marts, "talked")
    talk(marts, "refused_talk", outcome="拒绝约谈")
    talk(marts, "talked_twice")
    talk(marts, "talked_twice", "second talk", talked_on="2026-11-06", talk_number="谈2")
    talk(marts, "talked_by_another", provider_code="jn_rsj")
    talk(marts, "talked_too_soon", talked_on="2026-11-01")
    talk(marts, "talked_wrongly", talk_kind="提示性约谈")


def _status(marts: Marts, model: str, about: str) -> tuple[str, list[str]]:
    rows = marts.rows(
        f"select status, reasons from intermediate.{model} where record_id = '{record_id(about)}' order by event_id"
    )
    assert len(rows) == 1
    return rows[0]["status"], rows[0]["reasons"]


def test_an_approved_repair_ends_publication_query_and_sanctions_in_the_same_run(built: Marts) -> None:
    for about in ("repaired", "serious_repaired", "listed_repaired"):
        assert _status(built, "int_repairs", about) == ("effective", [])
        for mart in ("marts.fct_published_penalties", "marts.fct_published_listings", "marts.fct_authorised_query",
                     "sharing.fct_sanction_list", "sharing.fct_linked_persons"):  # fmt: skip
            assert about not in built.names(mart)
    assert "untouched" in built.names("marts.fct_published_penalties")
    assert "listed" in built.names("sharing.fct_sanction_list")


def test_a_repair_is_possible_from_the_day_on_which_the_minimum_term_has_passed(built: Marts) -> None:
    assert _status(built, "int_repairs", "on_the_last_day_of_the_minimum") == ("effective", [])
    assert _status(built, "int_repairs", "too_early") == ("refused", ["minimum_term"])
    assert "too_early" in built.names("marts.fct_published_penalties")


@pytest.mark.parametrize(
    ("about", "reasons"),
    [
        ("unrectified", ["rectification_missing"]),
        ("half_rectified", ["rectification_missing"]),
        ("other_subject", ["subject_differs"]),
        ("before_the_decision", ["precedes_record", "minimum_term", "rectification_missing"]),
        ("serious_untrained", ["training_missing", "credit_report_missing"]),
        ("specific_serious", ["not_repairable"]),
        ("unlabelled", ["severity_unlabelled"]),
        ("revoked_then_repaired", ["after_revocation"]),
    ],
)
def test_a_repair_that_fails_has_no_effect_and_lists_every_reason(
    built: Marts, about: str, reasons: list[str]
) -> None:
    status, found = _status(built, "int_repairs", about)
    assert status == "refused"
    assert set(reasons) <= set(found)
    if about != "specific_serious":
        assert found == reasons
    if about != "revoked_then_repaired":
        assert about in built.names("marts.fct_published_penalties")


def test_a_decision_against_repair_changes_nothing(built: Marts) -> None:
    assert _status(built, "int_repairs", "not_granted") == ("not_granted", [])
    assert "not_granted" in built.names("marts.fct_published_penalties")


def test_of_repair_and_revocation_on_one_day_the_revocation_counts(built: Marts) -> None:
    row = _rights(built, "repaired_and_revoked")
    assert (row["ended_reason"], row["ended_on"]) == ("revoked", date(2026, 11, 5))
    assert _status(built, "int_repairs", "repaired_and_revoked") == ("refused", ["after_revocation"])


def test_a_revoked_record_is_gone_from_marts_lists_and_linked_persons(built: Marts) -> None:
    gone = {"revoked", "revoked_by_collector", "listed_revoked"}
    for mart in ("marts.fct_published_penalties", "marts.fct_published_listings", "marts.fct_authorised_query",
                 "sharing.fct_sanction_list", "sharing.fct_linked_persons"):  # fmt: skip
        assert not gone & built.names(mart)


@pytest.mark.parametrize(
    ("about", "status", "reasons"),
    [
        ("revoked_by_another_unit", "refused", ["not_the_original_unit"]),
        ("revoked_by_another_subject", "refused", ["subject_differs"]),
        ("never_came", "unmatched", []),
        ("still_to_come", "waiting", []),
    ],
)
def test_a_revocation_that_fits_no_record_has_no_effect_and_says_why(
    built: Marts, about: str, status: str, reasons: list[str]
) -> None:
    assert _status(built, "int_revocations", about) == (status, reasons)
    if reasons:
        assert about in built.names("marts.fct_published_penalties")


def test_an_altered_decision_is_shown_as_it_now_stands_with_the_term_of_its_severity(built: Marts) -> None:
    row = built.rows(
        "select content, fine_10k_yuan, severity, last_disclosure_on from marts.fct_published_penalties"
        f" where record_id = '{record_id('altered')}'"
    )[0]
    assert (row["content"], str(row["fine_10k_yuan"])) == ("罚款1000元", "0.100000")
    assert (row["severity"], row["last_disclosure_on"]) == ("一般", date(2027, 2, 23))
    assert _rights(built, "altered")["altered_on"] == date(2026, 11, 5)


def test_an_open_objection_marks_the_row_and_suspends_the_sanction(built: Marts) -> None:
    marked = built.names("marts.fct_published_penalties where is_under_objection")
    assert marked == {"open", "upheld_uncorrected"}
    suspended = {"listed_open", "debtor_open", "watched_open"}
    assert built.names("sharing.fct_suspended_sanctions") == suspended
    for executed in ("fct_sanction_list", "fct_linked_persons", "fct_measures"):
        assert not suspended & built.names(f"sharing.{executed}")
    kept = built.rows("select measures from marts.fct_published_sanctions where is_suspended")
    assert kept == [{"measures": []}] * 3
    assert built.names("marts.fct_published_listings where is_under_objection") == {
        "listed_open",
        "debtor_open",
    }


@pytest.mark.parametrize("kind", LISTED_BY)
def test_judgment_debtors_and_watch_lists_have_the_same_rights_as_serious_lists(
    built: Marts, kind: str
) -> None:
    standing = {f"{kind}_{fate}" for fate in ("standing", "restored", "altered", "talked")}
    gone = {f"{kind}_{fate}" for fate in ("removed", "repaired", "revoked")}
    assert standing <= built.names("sharing.fct_sanction_list")
    for mart in ("marts.fct_published_listings", "marts.fct_published_sanctions", "marts.fct_authorised_query",
                 "sharing.fct_linked_persons", "sharing.fct_measures", "rights.rpt_talks_due"):  # fmt: skip
        assert not gone & built.names(mart)
    assert _status(built, "int_repairs", f"{kind}_repaired") == ("effective", [])
    altered = built.rows(
        "select s.last_sanction_on, q.summary from marts.fct_published_sanctions s"
        f" join marts.fct_authorised_query q using (record_id) where record_id = '{record_id(kind + '_altered')}'"
    )
    assert [row["last_sanction_on"] for row in altered] == [date(2031, 10, 10)]
    assert altered[0]["summary"].endswith("变更后的事由")


def test_an_incentive_rests_while_an_objection_is_open_and_ends_by_removal_or_revocation(
    built: Marts,
) -> None:
    kept = {f"incentive_{fate}" for fate in ("standing", "restored", "altered")}
    assert built.names("sharing.fct_incentive_list") == kept
    assert built.names("sharing.fct_suspended_incentives") == {"incentive_open"}
    assert not built.names("sharing.fct_sanction_list") & kept
    altered = built.rows(
        f"select * from sharing.fct_incentive_list where record_id = '{record_id('incentive_altered')}'"
    )
    assert [(row["grade"], row["valid_until"]) for row in altered] == [("变更后的事由", date(2097, 5, 5))]


def test_a_licence_is_marked_altered_and_revoked_and_answers_an_authorised_query(built: Marts) -> None:
    shown = {f"licence_{fate}" for fate in ("standing", "open", "restored", "altered")}
    assert built.names("disclosure.fct_licences") == shown
    assert built.names("disclosure.fct_licences where is_under_objection") == {"licence_open"}
    answered = built.names("marts.fct_authorised_query where item = 'administrative_licence'")
    assert answered == {*shown, "persons_licence"}
    altered = built.rows(
        f"select * from marts.fct_authorised_query where record_id = '{record_id('licence_altered')}'"
    )
    assert [(row["summary"], row["last_disclosure_on"]) for row in altered] == [
        ("食品经营许可证；变更后的事由", date(2097, 5, 5))
    ]


def test_the_outcome_of_an_objection_removes_corrects_or_restores(built: Marts) -> None:
    public = built.names("marts.fct_published_penalties where not is_under_objection")
    assert "removed" not in built.names("marts.fct_authorised_query")
    assert {"corrected", "rejected_objection"} <= public
    assert _status(built, "int_objections", "upheld_uncorrected")[0] == "upheld_awaits_correction"


@pytest.mark.parametrize(
    ("about", "status", "reasons"),
    [
        ("talked", "held", []),
        ("refused_talk", "refused", []),
        ("talked_by_another", "not_counted", ["not_by_designating_unit"]),
        ("talked_too_soon", "not_counted", ["outside_the_term"]),
        ("talked_wrongly", "not_counted", ["of_another_kind"]),
    ],
)
def test_a_talk_counts_when_unit_day_and_kind_are_right(
    built: Marts, about: str, status: str, reasons: list[str]
) -> None:
    assert _status(built, "int_talks", about) == (status, reasons)


def test_one_talk_is_counted_for_a_listing(built: Marts) -> None:
    rows = built.rows(
        f"select status from intermediate.int_talks where record_id = '{record_id('talked_twice')}' order by talked_on"
    )
    assert [row["status"] for row in rows] == ["held", "not_counted"]


def _rights(marts: Marts, about: str) -> dict[str, Any]:
    return marts.rows(f"select * from intermediate.int_record_rights where record_id = '{record_id(about)}'")[
        0
    ]


def test_the_listings_of_the_story_are_listings(built: Marts) -> None:
    assert built.rows(f"select count(*) as n from intake.{LISTING}")[0]["n"] == 11


def test_government_sharing_reads_rights_and_bi_does_not(built: Marts) -> None:
    for mart in (
        "fct_repairs", "fct_objections", "fct_revocations", "fct_talks", "fct_rectifications", "fct_trainings",
        "fct_credit_reports", "rpt_talks_due",
    ):  # fmt: skip
        assert built.rows(f"select count(*) as n from rights.{mart}", "sharing_reader")[0]["n"] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            built.rows(f"select count(*) as n from rights.{mart}", "bi_reader")


def test_who_is_due_a_talk_by_whom_is_a_report(built: Marts) -> None:
    rows = built.rows("select record_id, status, talk_kind, due_by_provider_code from rights.rpt_talks_due")
    status = {row["record_id"]: row["status"] for row in rows}
    assert status[record_id("listed")] == "due"
    assert status[record_id("talked_by_another")] == "due"
    assert status[record_id("talked")] == "held"
    assert status[record_id("refused_talk")] == "refused"
    assert record_id("listed_repaired") not in status
    due_by = {row["record_id"]: (row["talk_kind"], row["due_by_provider_code"]) for row in rows}
    assert due_by[record_id("listed")] == ("警示性约谈", "jn_scjg")
    assert due_by[record_id("debtor_standing")] == ("警示性约谈", "jn_court")
    assert due_by[record_id("watched_standing")] == ("提示性约谈", "jn_scjg")
    assert (status[record_id("debtor_talked")], status[record_id("watched_talked")]) == ("held", "refused")
    assert record_id("expert") not in status
    assert "expert" in built.names("sharing.fct_sanction_list")


def test_an_accepted_event_without_effect_is_an_open_rejection_with_its_rule(built: Marts) -> None:
    rows = built.rows("select record_key, rule_id, status, message from quality.fct_rejections")
    found = {(row["record_key"], row["rule_id"]) for row in rows}
    assert {row["status"] for row in rows} == {"open"}
    for name, rule_id in (
        ("revocation of never_came", "RV-096"),
        ("repair of never_came", "RD-096"),
        ("revocation of revoked_by_another_subject", "RV-097"),
        ("revocation of revoked_by_another_unit", "RV-101"),
        ("repair of before_the_decision", "RD-098"),
        ("repair of specific_serious", "RD-101"),
        ("repair of too_early", "RD-102"),
        ("repair of unrectified", "RD-103"),
        ("repair of serious_untrained", "RD-104"),
        ("repair of serious_untrained", "RD-105"),
        ("repair of unlabelled", "RD-106"),
        ("repair of revoked_then_repaired", "RD-107"),
    ):
        assert (record_id(name).hex, rule_id) in found
    assert not {rule for key, rule in found if key == record_id("revocation of still_to_come").hex}


def test_the_rules_that_the_build_applies_are_the_contracts(built: Marts) -> None:
    kinds = {
        rule.id
        for item in (REPAIR, OBJECTION, REVOCATION, TALK, RECTIFICATION)
        for rule in load_contract(item).rules
        if rule.expectation.startswith("build.")
    }
    macro = (dbt_dir() / "macros" / "event_rules.sql").read_text(encoding="utf-8")
    numbers = {rule_id[-3:] for rule_id in kinds}
    assert all(f"'{number}'" in macro for number in numbers)
    used = {
        row["rule_id"] for row in built.rows("select distinct rule_id from intermediate.int_events_refused")
    }
    assert used <= kinds


def test_a_training_of_no_plan_of_its_year_is_flagged(built: Marts) -> None:
    rows = built.rows("select event_id, is_planned from rights.fct_trainings")
    planned = {row["event_id"]: row["is_planned"] for row in rows}
    assert planned[record_id("training 1")]
    assert not planned[record_id("training 2")]
    assert not planned[record_id("listed training")]


QUERY = "select * from sharing.query_subject_record('刘明哲', '济南市某局', '{key}', '{purpose}', '济授〔2026〕1号')"


def test_a_subjects_whole_record_holds_records_and_events_and_the_query_is_logged(built: Marts) -> None:
    key = f"9137010200000000{len('serious_untrained'):02d}"
    rows = built.rows(QUERY.format(key=key, purpose="P1"))
    kinds = {row["kind"]: row for row in rows}
    assert set(kinds) == {"record", "repair", "rectification", "training"}
    assert kinds["record"]["record_id"] == record_id("serious_untrained")
    assert all(kinds["record"][name] for name in ("clause", "until_on", "provider_code"))
    assert kinds["repair"]["status"] == "refused: training_missing, credit_report_missing"
    log = built.rows(
        "select inquirer_name, content, purpose from audit.query_log order by query_id desc limit 1"
    )[0]
    assert log["inquirer_name"] == "刘明哲"
    assert log["content"] == f"whole record of subject {key}: {len(rows)} lines"
    assert log["purpose"].startswith("P1 行政许可")


def test_a_repaired_record_is_not_shown_and_the_repair_is(built: Marts) -> None:
    key = f"9137010200000000{len('serious_repaired'):02d}"
    kinds = {row["kind"] for row in built.rows(QUERY.format(key=key, purpose="P5"))}
    assert kinds == {"repair", "rectification", "training", "credit_report"}


@pytest.mark.parametrize(
    ("key", "purpose"), [("91370102MA3C000011", "P9"), ("370102198503170071", ""), ("", "P1")]
)
def test_a_whole_record_is_not_given_without_key_and_lawful_purpose(
    built: Marts, key: str, purpose: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        built.rows(QUERY.format(key=key, purpose=purpose))


def test_later_evidence_lets_a_repair_take_effect_in_a_build_by_touched_records(built: Marts) -> None:
    """Runs last: it goes on by a day."""
    key = f"9137010200000000{len('serious_untrained'):02d}"
    built.event(TRAINING, "longer training", trained_on="2026-10-13", class_hours="0.5", subject_key=key)
    built.event(REPORT, "late report", issued_on="2026-10-14", subject_key=key)
    built.batch(date(2026, 11, 24))
    built.build(date(2026, 11, 24))
    assert _status(built, "int_repairs", "serious_untrained") == ("effective", [])
    assert "serious_untrained" not in built.names("marts.fct_published_penalties")
    assert _status(built, "int_revocations", "still_to_come") == ("unmatched", [])
    built.expire(date(2027, 6, 24))
    reasons = built.rows("select record_key_hash as id, reason from audit.tombstones")
    told = {row["id"]: row["reason"] for row in reasons}
    assert [told[record_id(name)] for name in ("repaired", "revoked", "repaired_and_revoked", "unrectified")] == [
        "repaired", "revoked", "revoked", "term_ended",
    ]  # fmt: skip
    gone = record_id("unrectified")
    assert not built.rows(f"select from intake.repair_decision where target_record_id = '{gone}'")
    assert not built.rows(f"select from rights.fct_repairs where record_id = '{gone}'")
