"""A rehearsal of a switch of term regimes: what it shows, and that readers see nothing of it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from creditgate.build import rehearsal as rehearsals
from creditgate.build.rehearsal import CannotRehearseError, Change, drop_leftovers, rehearse
from creditgate.rehearsal_report import as_json, as_tables
from creditgate.warehouse.connect import open_url
from tests.marts.conftest import PENALTY, Marts, record_id

AS_OF = date(2026, 1, 15)
SCHEMAS = "select nspname from pg_namespace where nspname like 'rehearsal%'"


@pytest.fixture(scope="module")
def held(marts: Marts) -> Marts:
    """General penalties whose year has ended or not; order 58 has three years; one ends by the five years."""
    marts.penalty("past_its_year", decided_on="2024-12-01", conduct_ended_on="2024-11-01")
    marts.penalty("in_its_year", decided_on="2025-12-01", conduct_ended_on="2025-11-01")
    marts.penalty("near_five_years", decided_on="2025-12-01", conduct_ended_on="2021-03-01")
    marts.listing("listed", listed_on="2025-12-01", conduct_ended_on="2025-11-01")
    marts.batch(on=AS_OF)
    marts.build(AS_OF)
    return marts


@pytest.fixture(scope="module")
def shown(held: Marts) -> rehearsals.Rehearsal:
    """Order 58 in the place of the notice's terms, for penalties."""
    return rehearse("order_58_2023", AS_OF, item=PENALTY, replacing="notice_2020")


def test_it_shows_what_would_appear_disappear_and_change_in_each_mart(shown: rehearsals.Rehearsal) -> None:
    by_mart = {mart.mart: mart for mart in shown.marts}
    penalties = by_mart["disclosure.fct_penalties"]
    back = str(record_id("past_its_year"))
    longer = str(record_id("in_its_year"))
    assert (penalties.rows_before, penalties.rows_after) == (2, 3)
    assert penalties.appear == (Change(back, None, date(2027, 12, 1)),)
    assert penalties.change == (Change(longer, date(2026, 12, 1), date(2028, 12, 1)),)
    assert penalties.disappear == ()
    assert by_mart["marts.fct_authorised_query"].appear == penalties.appear
    for mart in ("disclosure.fct_listings", "sharing.fct_sanction_list"):
        assert (by_mart[mart].appear, by_mart[mart].disappear, by_mart[mart].change) == ((), (), ())


def test_it_is_printed_without_a_name(shown: rehearsals.Rehearsal) -> None:
    text = as_json(shown)
    penalties = json.loads(text)["marts"]
    assert any(mart["counts"] == {"appear": 1, "disappear": 0, "change": 1} for mart in penalties)
    assert "济南霁棠源商贸有限公司" not in text
    assert [table.title for table in as_tables(shown)] == ["By mart", "Rows"]


def test_readers_see_nothing_of_it_and_it_leaves_nothing_behind(
    held: Marts, shown: rehearsals.Rehearsal
) -> None:
    assert held.names("marts.fct_published_penalties") == {"in_its_year", "near_five_years"}
    assert held.rows(SCHEMAS) == []
    state = held.rows("select as_of_on, is_whole, terms_as_of_on from reference.marts_state")
    assert state == [{"as_of_on": AS_OF, "is_whole": True, "terms_as_of_on": AS_OF}]


def test_what_a_killed_rehearsal_left_goes_and_a_running_one_is_left_alone(held: Marts) -> None:
    held.run("create schema rehearsal_marts; create table rehearsal_marts.left_over (record_id uuid)")
    with rehearsals._rehearsal_lock(), open_url(held.url, autocommit=True) as other:
        drop_leftovers(other)
        assert held.rows(SCHEMAS) != []
        with pytest.raises(CannotRehearseError, match="under way"):
            rehearse("order_58_2023", AS_OF)
    with open_url(held.url, autocommit=True) as other:
        drop_leftovers(other)
    assert held.rows(SCHEMAS) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"regime": "order_99"}, "no regime"),
        ({"regime": "order_58_2023", "item": "no_item"}, "no item"),
        ({"regime": "order_58_2023", "replacing": "order_58_2023"}, "can't replace itself"),
    ],
)
def test_a_rehearsal_of_nothing_known_says_what_is_known(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(CannotRehearseError, match=says):
        rehearse(as_of=AS_OF, **arguments)
