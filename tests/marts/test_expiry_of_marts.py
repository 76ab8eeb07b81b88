"""The daily expiry on a built warehouse, day by day (S26-S31, settled readings 1 and 13)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from creditgate.expire import TermsNotReadyError, expire, forecast
from creditgate.warehouse.connect import open_url
from tests.marts.conftest import Marts, record_id

LAST_DAY = date(2026, 11, 10)
DAY_AFTER = date(2026, 11, 11)


@pytest.fixture(scope="module")
def held(marts: Marts) -> Marts:
    """A penalty by its own term, one by the five years, two listings; some with their last day on LAST_DAY."""
    marts.penalty("by_term", decided_on="2025-11-10", conduct_ended_on="2025-11-01")
    marts.penalty("by_term", decided_on="2025-11-10", conduct_ended_on="2025-11-01", content="第二版")
    marts.penalty("by_cap", decided_on="2024-11-20", conduct_ended_on="2021-11-10", severity="严重")
    marts.penalty("later", decided_on="2025-12-01", conduct_ended_on="2025-11-01")
    marts.listing("listed", listed_on="2024-01-01", listing_ends_on="2026-11-10")
    marts.listing("listed_longer", listed_on="2024-01-01", listing_ends_on="2999-01-01", conduct_ongoing=True)
    batch_id = marts.batch()
    marts.reject(batch_id, 9, "rejected_later")
    marts.reject(batch_id, 10, "listed", content_until="2027-01-01")
    folder = marts.home / "reports" / "jn_scjg" / batch_id
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("…", encoding="utf-8")
    marts.build(LAST_DAY)
    return marts


def test_on_the_last_day_everything_stands_and_on_the_day_after_it_is_gone_everywhere(held: Marts) -> None:
    result = held.expire(LAST_DAY)
    assert (result.records, result.rejections, result.reports) == (0, 0, 0)
    assert held.names("marts.fct_published_penalties") == {"by_term", "by_cap", "later"}

    ahead = held.rows(
        "select provider_code, within_days, sum(records) as n from quality.rpt_expiry_forecast group by 1, 2"
    )
    assert {(row["within_days"], row["n"]) for row in ahead} == {(1, 3), (7, 3), (30, 4)}
    with open_url(held.url) as connection:
        assert sum(e.records for e in forecast(connection, LAST_DAY) if e.within_days == 30) == 4
    assert len(_tables_that_tell_of(held, "by_term号")) >= 4, "the search finds nothing at all"

    result = held.expire(DAY_AFTER)
    assert result.by_item == {"administrative_penalty": 2, "serious_dishonesty_listing": 1}
    assert result.by_reason == {"five_years": 1, "term_ended": 2}
    assert (result.rejections, result.reports) == (1, 1)
    for relation in _relations_with_records(held):
        assert held.names(relation) & {"by_term", "by_cap", "listed"} == set(), relation
    for content in ("by_term号", "by_cap号", "第二版", "listed号"):
        assert _tables_that_tell_of(held, content) == set()
    assert not any("by_term号" in path.read_text(errors="ignore") for path in _files(held))
    assert held.names("sharing.fct_linked_persons") == {"listed_longer"}
    assert result.notices == 1
    assert list((held.home / "reports" / "jn_scjg").iterdir()) == []
    contents = held.rows(
        "select row_number, content is null as is_gone from intake.rejected_rows order by row_number"
    )
    assert contents == [{"row_number": 9, "is_gone": False}, {"row_number": 10, "is_gone": True}]


def test_a_tombstone_says_by_which_rule_and_from_which_day(held: Marts) -> None:
    held.expire(DAY_AFTER)
    rows = held.rows("select * from audit.tombstones")
    stones = {row["record_key_hash"]: row for row in rows}
    by_cap, by_term = stones[record_id("by_cap")], stones[record_id("by_term")]
    assert (by_cap["reason"], by_cap["anchor_on"]) == ("five_years", date(2021, 11, 10))
    assert (by_term["reason"], by_term["anchor_on"]) == ("term_ended", date(2025, 11, 10))
    assert by_term["last_disclosure_on"] == LAST_DAY
    assert by_term["as_of_on"] == DAY_AFTER


def test_a_second_run_of_a_day_changes_nothing(held: Marts) -> None:
    held.expire(DAY_AFTER)
    tables = (
        "audit.tombstones",
        "audit.expiry_runs",
        "intake.administrative_penalty",
        "intake.rejected_rows",
    )
    before = [held.rows(f"select * from {table}") for table in tables]
    assert held.expire(DAY_AFTER).records == 0
    assert [held.rows(f"select * from {table}") for table in tables] == before


def test_a_deleted_record_that_comes_back_is_swept_out_again(held: Marts) -> None:
    held.expire(DAY_AFTER)
    stones = held.rows("select count(*) as n from audit.tombstones")
    held.penalty("by_term", decided_on="2026-11-10", conduct_ended_on="2026-11-01")
    held.batch(DAY_AFTER)
    held.build(DAY_AFTER)
    assert "by_term" not in held.names("disclosure.fct_penalties")
    held.expire(DAY_AFTER)
    assert "by_term" not in held.names("intake.administrative_penalty")
    assert held.rows("select count(*) as n from audit.tombstones") == stones


def test_a_full_refresh_does_not_bring_a_deleted_record_back(held: Marts) -> None:
    held.expire(DAY_AFTER)
    held.penalty("by_cap", decided_on="2026-11-10", conduct_ended_on="2026-11-01")
    held.batch(DAY_AFTER)
    assert held.dbt(["run", "--full-refresh"], DAY_AFTER).is_success
    for relation in (
        "disclosure.fct_penalties",
        "marts.fct_published_penalties",
        "marts.fct_authorised_query",
    ):
        assert "by_cap" not in held.names(relation)


def test_the_clock_of_a_deletion_notice_runs_until_its_receipt(held: Marts) -> None:
    held.build(date(2026, 11, 18), select="fct_deletion_notices")
    notices = held.rows("select started_on, due_on, met_on, status from quality.fct_deletion_notices")
    assert notices[0] == {
        "started_on": DAY_AFTER,
        "due_on": date(2026, 11, 18),
        "met_on": None,
        "status": "open",
    }
    held.build(date(2026, 11, 19), select="fct_deletion_notices")
    assert held.rows("select distinct status from quality.fct_deletion_notices") == [{"status": "missed"}]


def test_missed_days_are_caught_up_in_one_run(held: Marts) -> None:
    held.penalty("missed", decided_on="2025-11-15", conduct_ended_on="2025-11-01")
    held.batch(DAY_AFTER)
    assert held.expire(date(2026, 11, 30)).records == 1
    assert "missed" not in held.names("intake.administrative_penalty")


def test_terms_of_another_day_are_no_ground_for_a_deletion(held: Marts) -> None:
    held.build(date(2026, 11, 30), select="+int_record_terms")
    with open_url(held.url) as connection, pytest.raises(TermsNotReadyError, match="built as of 2026-11-30"):
        expire(connection, date(2026, 12, 31))


def test_a_version_that_came_after_the_terms_saves_its_record_for_now(held: Marts) -> None:
    day = date(2026, 12, 31)
    held.build(day, select="+int_record_terms")
    held.penalty("later", decided_on="2026-12-01", conduct_ended_on="2026-11-01")
    held.batch(day)
    with open_url(held.url) as connection:
        result = expire(connection, day)
    assert (result.records, result.superseded) == (0, 1)
    held.build(day)
    assert "later" in held.names("marts.fct_published_penalties")


def _tables_that_tell_of(held: Marts, content: str) -> set[str]:
    """Every table of the warehouse, whatever its schema, that has this text in any column of any row."""
    tables = held.rows(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
    )
    pattern = f"%{content}%"
    with open_url(held.url) as connection:
        return {
            row["name"]
            for row in tables
            if connection.execute(
                f"select exists (select from {row['name']} as t where t::text like %s)", (pattern,)
            ).fetchone()
            == (True,)
        }


def _files(held: Marts) -> list[Path]:
    return [path for path in held.home.rglob("*") if path.is_file()]


def _relations_with_records(held: Marts) -> list[str]:
    rows = held.rows(
        "select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attname = 'record_id' and not a.attisdropped"
        " where c.relkind in ('r', 'v') and n.nspname in"
        " ('intake', 'intermediate', 'marts', 'disclosure', 'sharing', 'quality')"
    )
    return [row["name"] for row in rows]
