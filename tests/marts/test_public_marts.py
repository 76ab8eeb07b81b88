"""What readers find after a build: one warehouse with a record of each fate, built once."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from tests.marts.conftest import Marts, record_id

AS_OF = date(2026, 11, 23)
TODAY = "(now() at time zone 'Asia/Shanghai')::date"
TOMORROW_ON = {"list_code": "AMR_SERIOUS", "listing_ends_on": "2999-12-31", "conduct_ended_on": None}


@pytest.fixture(scope="module")
def built(marts: Marts) -> Marts:
    """Penalties and listings of every kind, as of AS_OF. The last days lie far ahead of the clock's today."""
    far = {"conduct_ongoing": True, "severity": None}
    marts.penalty("company", **far)
    marts.penalty(
        "texts",
        **far,
        facts="当事人（身份证号码37010219900307123X）住济南市历下区经十路1号，电话13812345678，入住旅客未登记，住房城乡建设局认定，"
        "邮箱zhang@example.com，卡号6222 0200 1234 5678 901，罚款1500000元",
    )
    marts.penalty(
        "person", **far, subject_kind="natural", subject_key="f" * 64, subject_name="赵思远", uscc=None
    )
    trader: dict[str, Any] = {"subject_kind": "sole_trader", "legal_representative": "孙清越", **far}
    marts.penalty(
        "shop",
        **trader,
        subject_name="历下区孙清越水果店",
        uscc="92370102MA3C000021",
        facts="经营者孙清越称不知情",
    )
    marts.penalty("bare_name", **trader, subject_name="孙清越", uscc="92370102MA3C000031")
    marts.penalty("hidden_fields", **far, secret_fields="违法事实;CF_NR_FK")
    marts.penalty("hidden_record", **far, secret_fields="全部")
    marts.penalty("hidden_unclear", **far, secret_fields="配方")
    marts.penalty("without_basis", **far, basis=None)
    marts.penalty("yesterday", decided_on="2025-11-22", conduct_ended_on="2025-10-01")
    marts.penalty("last_day", decided_on="2025-11-23", conduct_ended_on="2025-10-01")
    marts.penalty("old_code", **far, uscc=None, subject_key=None, organisation_code="74419092-7")
    marts.penalty("two_versions", **far, content="旧")
    marts.listing("listed", **TOMORROW_ON, subject_name="济南广麦园食品有限公司")
    marts.listing(
        "by_name", **{**TOMORROW_ON, "list_code": "统计上严重失信企业(国家)"}, actual_controller=None
    )
    marts.listing(
        "listed_person",
        **{**TOMORROW_ON, "list_code": "COURT_SXBZXR"},
        subject_kind="natural",
        subject_key="e" * 64,
        subject_name="周行简",
    )
    marts.listing("listed_shop", **TOMORROW_ON, subject_kind="sole_trader", subject_name="市中区某某饭店")
    marts.batch(date(2026, 11, 20))
    marts.penalty("two_versions", **far, content="新")
    batch_id = marts.batch(date(2026, 11, 21))
    marts.penalty("tomorrows", **far)
    marts.batch(date(2026, 11, 24))
    marts.reject(batch_id, 2, "rejected")
    marts.build(AS_OF)
    return marts


def test_a_company_is_disclosed_with_its_lineage(built: Marts) -> None:
    row = _penalty(built, "company")
    assert row["subject_name"] == "济南霁棠源商贸有限公司"
    assert row["last_disclosure_on"] is None
    assert (row["provider_code"], row["batch_id"], row["row_number"]) == ("jn_scjg", "batch1", 1)
    assert row["file_sha256"] == f"{1:064x}"
    assert row["disclosed_from"] == date(2026, 11, 20)
    assert row["is_under_objection"] is False


def test_nothing_about_a_natural_person_is_public(built: Marts) -> None:
    assert "person" not in built.names("disclosure.fct_penalties")
    assert "listed_person" not in built.names("disclosure.fct_listings")
    kinds = built.rows("select distinct subject_kind from disclosure.dim_subjects")
    assert {row["subject_kind"] for row in kinds} <= {"legal", "unincorporated", "sole_trader"}


def test_personal_data_in_a_text_is_masked_and_the_rest_stands(built: Marts) -> None:
    assert _penalty(built, "texts")["facts"] == (
        "当事人（身份证号码***）住***，电话***，入住旅客未登记，住房城乡建设局认定，邮箱***，卡号***，罚款1500000元"
    )


def test_a_sole_trader_goes_by_the_trade_name_and_the_operator_is_not_named(built: Marts) -> None:
    shop = _penalty(built, "shop")
    assert shop["subject_name"] == "历下区孙清越水果店"
    assert shop["facts"] == "经营者孙**称不知情"
    assert _penalty(built, "bare_name")["subject_name"] == "孙**"
    listings = built.rows(
        "select legal_representative from disclosure.fct_listings where subject_kind = 'sole_trader'"
    )
    assert [row["legal_representative"] for row in listings] == [None]


def test_a_secret_field_is_withheld_everywhere(built: Marts) -> None:
    row = _penalty(built, "hidden_fields")
    assert (row["facts"], row["fine_10k_yuan"]) == ("***", None)
    assert row["content"] == "罚款人民币2000元"
    answer = built.rows(
        f"select summary from marts.fct_authorised_query where record_id = '{record_id('hidden_fields')}'"
    )
    assert answer == [{"summary": "价格违法行为；罚款"}]


@pytest.mark.parametrize("name", ["hidden_record", "hidden_unclear"])
def test_a_secret_record_is_in_no_mart(built: Marts, name: str) -> None:
    assert name not in built.names("disclosure.fct_penalties")
    assert name not in built.names("marts.fct_authorised_query")


def test_a_row_without_basis_is_not_public(built: Marts) -> None:
    assert "without_basis" not in built.names("disclosure.fct_penalties")
    assert "without_basis" in built.names("marts.fct_authorised_query")


def test_a_penalty_past_its_last_day_leaves_the_public_mart(built: Marts) -> None:
    assert "yesterday" not in built.names("marts.fct_published_penalties")
    assert "yesterday" not in built.names("marts.fct_authorised_query")
    assert "last_day" in built.names("marts.fct_published_penalties")


def test_the_guard_hides_what_the_clock_has_overtaken(built: Marts) -> None:
    hidden = built.rows(
        f"select count(*) as n from marts.fct_published_penalties where last_disclosure_on < {TODAY}"
    )[0]["n"]
    shown = built.rows(
        f"select count(*) as n from disclosure.fct_penalties where last_disclosure_on < {TODAY}"
    )[0]
    total = built.rows(
        "select (select count(*) from marts.fct_published_penalties) - (select count(*) from disclosure.fct_penalties)"
        " as n"
    )[0]["n"]
    assert shown["n"] == 0
    assert total == hidden


def test_an_organisation_with_an_old_code_only_is_keyed_by_it(built: Marts) -> None:
    assert _penalty(built, "old_code")["subject_key"] == "74419092-7"


def test_the_version_settled_last_is_shown_since_the_first(built: Marts) -> None:
    row = _penalty(built, "two_versions")
    assert (row["content"], row["disclosed_from"]) == ("新", date(2026, 11, 20))


def test_a_build_knows_nothing_of_batches_of_a_later_day(built: Marts) -> None:
    assert "tomorrows" not in built.names("marts.fct_authorised_query")


def test_a_list_is_known_by_its_name_too(built: Marts) -> None:
    rows = built.rows("select list_code, list_name from disclosure.fct_listings order by list_code")
    assert {"list_code": "STAT_NAT", "list_name": "统计上严重失信企业（国家）"} in rows


def test_sanctions_hold_persons_and_measures_with_a_basis(built: Marts) -> None:
    rows = built.rows("select * from sharing.fct_sanction_list", role="sharing_reader")
    by_id = {row["record_id"]: row for row in rows}
    assert set(by_id) == {record_id(name) for name in ("listed", "by_name", "listed_person", "listed_shop")}
    person = by_id[record_id("listed_person")]
    assert (person["subject_key"], person["list_level"], person["is_suspended"]) == (
        "e" * 64,
        "serious",
        False,
    )
    assert "限制高消费及有关消费" in person["measures"]
    assert "限制高消费及有关消费" not in by_id[record_id("listed")]["measures"]


def test_linked_persons_follow_from_an_organisations_row_alone(built: Marts) -> None:
    rows = built.rows("select * from sharing.fct_linked_persons", role="sharing_reader")
    roles = sorted((row["record_id"] == record_id("listed"), row["role"], row["person_key"]) for row in rows)
    assert roles == [
        (False, "legal_representative", "a" * 64),
        (False, "principal", None),
        (True, "actual_controller", None),
        (True, "legal_representative", "a" * 64),
        (True, "principal", None),
    ]


def test_subjects_are_counted_over_what_is_shown(built: Marts) -> None:
    rows = built.rows(
        "select * from disclosure.dim_subjects where subject_key = '91370102MA3C000011'", "bi_reader"
    )
    assert len(rows) == 1
    shown = built.rows(
        "select count(*) as n from disclosure.fct_penalties where subject_key = '91370102MA3C000011'"
    )
    assert rows[0]["penalty_count"] == shown[0]["n"]
    assert rows[0]["listing_count"] == 3


def test_a_rejection_is_one_row_for_each_finding_that_rejects(built: Marts) -> None:
    rows = built.rows("select * from quality.fct_rejections", role="bi_reader")
    assert [(r["rule_id"], r["severity"], r["field"], r["status"], r["message"]) for r in rows] == [
        ("T-001", "reject", "facts", "open", "应填写")
    ]
    assert rows[0]["record_key"] == record_id("rejected").hex


def test_every_batch_is_in_the_quality_mart(built: Marts) -> None:
    rows = built.rows("select batch_id, status from quality.fct_batches", role="bi_reader")
    assert {row["batch_id"] for row in rows} == {"batch1", "batch2", "batch3", "batch4"}


def test_a_units_scorecard_counts_its_month(built: Marts) -> None:
    rows = built.rows("select * from quality.rpt_provider_scorecard", role="bi_reader")
    assert [(row["provider_code"], row["period"], row["batches"]) for row in rows] == [
        ("jn_scjg", "2026-11", 4)
    ]
    assert (rows[0]["open_rejections"], rows[0]["median_days_to_fix"]) == (1, None)
    assert rows[0]["on_time_rate"] is None  # these batches were written without their counts


@pytest.mark.parametrize("schema", ["intake", "staging", "intermediate", "marts", "sharing", "audit"])
def test_bi_reader_reads_no_private_relation(built: Marts, schema: str) -> None:
    relation = built.rows(
        f"select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname = '{schema}'"
        f" union all select quote_ident(schemaname) || '.' || quote_ident(viewname) from pg_views where schemaname = '{schema}'"
    )[0]["name"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        built.rows(f"select 1 from {relation}", role="bi_reader")


def _penalty(built: Marts, name: str) -> dict[str, Any]:
    rows = built.rows(
        f"select * from disclosure.fct_penalties where record_id = '{record_id(name)}'", role="bi_reader"
    )
    assert len(rows) == 1
    return rows[0]
