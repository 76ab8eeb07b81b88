"""Write, audit, publish: what happens to the last good publication when a build fails or is repeated."""

from __future__ import annotations

from datetime import date

import pytest

from creditgate.build.dbt_runner import BuildFailedError
from tests.marts.conftest import Marts

AS_OF = date(2026, 11, 23)
FAR = {"conduct_ongoing": True, "severity": None}


@pytest.fixture(scope="module")
def published(marts: Marts) -> Marts:
    """One penalty and one listing, published."""
    marts.penalty("first", **FAR)
    marts.listing("listed", conduct_ongoing=True)
    marts.batch()
    marts.build(AS_OF)
    return marts


def test_a_failed_audit_keeps_the_last_good_publication(published: Marts) -> None:
    published.penalty("second", **FAR)
    published.penalty("third", **FAR, content="旧")
    published.penalty("fourth", **FAR)
    published.listing("listed_second", conduct_ongoing=True)
    batch_id = published.batch()
    published.run("update intake.batches set status = 'blocked' where item = 'administrative_penalty'")
    with pytest.raises(BuildFailedError) as failure:
        published.build(AS_OF)
    assert failure.value.failed == ("from_accepted_batches_int_penalties_publishable_",)
    assert published.names("disclosure.fct_penalties") == {"first"}
    assert published.names("disclosure.fct_listings") == {"listed", "listed_second"}, batch_id
    assert published.rows(
        "select penalty_count, listing_count from disclosure.dim_subjects", "bi_reader"
    ) == [{"penalty_count": 1, "listing_count": 2}]
    published.run("update intake.batches set status = 'accepted'")
    published.build(AS_OF)
    assert published.names("disclosure.fct_penalties") == {"first", "second", "third", "fourth"}


def test_building_the_terms_alone_leaves_every_mart_readable(published: Marts) -> None:
    published.build(AS_OF, select="+int_record_terms")
    for relation in ("fct_penalties", "fct_listings", "dim_subjects"):
        assert published.rows(f"select count(*) as n from disclosure.{relation}", "bi_reader")[0]["n"] > 0
    for relation in ("fct_batches", "fct_rejections"):
        published.rows(f"select 1 from quality.{relation}", "bi_reader")


def test_a_repeated_build_writes_no_row_anew(published: Marts) -> None:
    versions = "select record_id, xmin::text from marts.fct_published_penalties order by record_id"
    before = published.rows(versions)
    published.build(AS_OF)
    assert published.rows(versions) == before


def test_a_changed_record_is_changed_and_a_withdrawn_one_is_gone(published: Marts) -> None:
    published.penalty("third", **FAR, content="新")
    published.penalty("fourth", **FAR, secret_fields="全部")
    published.batch()
    published.build(AS_OF)
    contents = {row["content"] for row in published.rows("select content from disclosure.fct_penalties")}
    assert contents == {"罚款人民币2000元", "新"}
    assert "fourth" not in published.names("disclosure.fct_penalties")


def test_a_full_refresh_gives_the_same_marts(published: Marts) -> None:
    relations = ("disclosure.fct_penalties", "disclosure.fct_listings", "sharing.fct_sanction_list")
    before = [published.rows(f"select * from {relation} order by record_id") for relation in relations]
    assert published.dbt(
        ["build", "--full-refresh", "--exclude-resource-type", "unit_test"], AS_OF
    ).is_success
    assert [
        published.rows(f"select * from {relation} order by record_id") for relation in relations
    ] == before
    assert published.rows("select count(*) as n from disclosure.fct_penalties", role="bi_reader")[0]["n"] > 0
