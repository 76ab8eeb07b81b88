"""Marts kept by touched record equal a full refresh, after any sequence of feeds, builds, expiries and days."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from psycopg import sql

from creditgate.expire import expire
from creditgate.warehouse.connect import open_url
from creditgate.warehouse.touched import all_done, gather_touched, marts_state, start_anew
from tests.marts.conftest import DEBTOR, INCENTIVE, LICENCE, LISTING, PENALTY, WATCH, Marts, record_id
from tests.marts.recorded_builds import RecordedBuild, record_build

RECORDS = (PENALTY, LISTING, WATCH, DEBTOR, INCENTIVE, LICENCE)
EVENTS = (
    "repair_decision", "repair_training", "credit_report", "objection", "revocation", "rectification", "talk",
)  # fmt: skip
LAW = "the same in all of a history"
FIRST = date(2026, 1, 5)
TERMS = ("int_records_current", "int_record_terms")
Rows = dict[str, list[str]]


@dataclass
class Warehouse:
    """A warehouse whose builds are replayed from what dbt sent."""

    marts: Marts
    superuser_url: str
    by_touch: RecordedBuild
    full: RecordedBuild

    def empty(self) -> None:
        """Nothing held, nothing built, no tombstone: the superuser alone can take those away."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute("alter table audit.tombstones disable trigger append_only")
            connection.execute(
                "truncate audit.tombstones, intake.batches, intake.touched_records, "
                + ", ".join(f"intake.{item}" for item in (*RECORDS, *EVENTS))
            )
            connection.execute("alter table audit.tombstones enable always trigger append_only")
            connection.execute(
                "update reference.marts_state set is_whole = false, as_of_on = null, law = null, terms_as_of_on = null"
            )

    def build(self, as_of: date, models: tuple[str, ...] | None = None) -> bool:
        """A build as the runner does it: whether it went by touched records. Only a whole one concludes."""
        with open_url(self.marts.url, autocommit=True) as connection:
            is_by_touch = marts_state(connection).allows(as_of, LAW)
            if is_by_touch:
                gather_touched(connection, as_of, LAW)
            else:
                start_anew(connection, as_of, LAW)
            with connection.transaction():
                (self.by_touch if is_by_touch else self.full).run(connection, as_of, models)
            if models is None:
                all_done(connection)
        return is_by_touch

    def expire(self, as_of: date) -> int:
        """The expiry as its DAG does it: the terms first."""
        self.build(as_of, TERMS)
        with open_url(self.marts.url) as connection:
            return expire(connection, as_of).records

    def rows(self) -> Rows:
        """Every row of every table that is kept, as text."""
        with open_url(self.marts.url) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables where schemaname in ('intermediate', 'marts', 'rights')"
                " and tablename <> 'touched_records' order by 1, 2"
            ).fetchall()
            return {
                f"{schema}.{table}": [
                    str(row[0])
                    for row in connection.execute(
                        sql.SQL("select kept::text from {} as kept order by 1").format(
                            sql.Identifier(str(schema), str(table))
                        )
                    )
                ]
                for schema, table in tables
            }

    def rows_of_a_full_refresh(self, as_of: date) -> Rows:
        """The same after everything was computed anew, into published tables that were empty."""
        with open_url(self.marts.url) as connection:
            for model in self.full.models:
                if model.startswith("fct_published"):
                    connection.execute(sql.SQL("truncate {}").format(sql.Identifier("marts", model)))
            self.full.run(connection, as_of)
        return self.rows()


@pytest.fixture(scope="module")
def warehouse(marts: Marts, pg_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Built once by dbt itself, and recorded."""
    target = tmp_path_factory.mktemp("recorded")
    assert marts.dbt(["build", "--exclude-resource-type", "test", "unit_test"], FIRST).is_success
    full = record_build(str(target), is_by_touch=False)
    by_touch = record_build(str(target), is_by_touch=True)
    name = marts.url.rpartition("/")[2]
    superuser = pg_server.server.superuser_url(pg_server.info).rpartition("/")[0] + f"/{name}"
    yield Warehouse(marts, superuser, by_touch, full)
    shutil.rmtree(target, ignore_errors=True)


def day_near(today: date, days: int) -> str:
    """A day before or after today, as a feed writes it."""
    return (today + timedelta(days=days)).isoformat()


PAST = st.sampled_from(
    [-1, -2, -30, -89, -90, -92, -180, -364, -365, -366, -1095, -1096, -1825, -1826, -1827]
)
END = st.one_of(st.none(), PAST)
PENALTIES = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["一般", "严重", "特定严重", None]),
        PAST,
        END,
        st.booleans(),
        st.sampled_from([None, "全部", "facts"]),
        st.sampled_from(["legal", "sole_trader", "natural"]),
        st.sampled_from([None, None, 1, 40, -1]),
    ),
    min_size=1,
    max_size=4,
)
LISTINGS = st.lists(
    st.tuples(
        st.sampled_from("wxyz"),
        st.sampled_from(["AMR_SERIOUS", "COURT_SXBZXR", "SD_BID_EXPERT"]),
        PAST,
        END,
        st.booleans(),
        st.sampled_from([None, "全部", "principal"]),
        st.sampled_from(["legal", "unincorporated", "natural"]),
        st.sampled_from([None, 0, 1, 30, 400, -1]),
    ),
    min_size=1,
    max_size=4,
)

OTHER_ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["watched1", "watched2", "debtor1", "debtor2"]),
        PAST,
        END,
        st.booleans(),
        st.sampled_from([None, "全部"]),
        st.sampled_from(["legal", "unincorporated", "natural"]),
        st.sampled_from([None, 0, 1, 30, 400, -1]),
    ),
    min_size=1,
    max_size=4,
)
"""Entries of watch lists and judgment debtors: name, listed, conduct ended, ongoing, secret, kind, end of the listing."""

VALID_RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["incentive1", "incentive2", "licence1", "licence2"]),
        st.sampled_from([None, None, 0, 1, 30, 400, -1]),
        st.booleans(),
        st.sampled_from([None, "全部"]),
        st.sampled_from(["legal", "sole_trader", "natural"]),
    ),
    min_size=1,
    max_size=3,
)
"""Recognitions and licences: name, last day of validity, withdrawn, secret, kind."""

NAMES = st.sampled_from(
    [
        *"abcdwxyz",
        "watched1",
        "watched2",
        "debtor1",
        "debtor2",
        "incentive1",
        "incentive2",
        "licence1",
        "licence2",
    ]
)
ALTERED_UNTIL = st.sampled_from([None, -1, 0, 2, 300])
TALKS = st.sampled_from([("警示性约谈", "已约谈"), ("提示性约谈", "已约谈"), ("提示性约谈", "拒绝约谈")])
OUTCOMES = ["异议不成立", "删除信息", "更正信息"]
SOON = st.sampled_from([-40, -3, -1, 0, 1, 2, 30])


class History(RuleBasedStateMachine):
    """What may happen to a warehouse, in any order."""

    warehouse: ClassVar[Warehouse]

    @initialize()
    def begin(self) -> None:
        """An empty warehouse on a first day."""
        self.today = FIRST
        self.built_of: date | None = None
        self.warehouse.empty()

    @rule(rows=PENALTIES)
    def penalties_arrive(self, rows: list[Any]) -> None:
        for name, severity, decided, ended, is_ongoing, secret, kind, publicity in rows:
            self.warehouse.marts.penalty(
                name,
                severity=severity,
                decided_on=day_near(self.today, decided),
                conduct_ended_on=None if ended is None else day_near(self.today, ended),
                conduct_ongoing=is_ongoing,
                secret_fields=secret,
                subject_kind=kind,
                publicity_until=None if publicity is None else day_near(self.today, publicity),
                content=f"第{len(rows)}种内容",
            )
        self._settle()

    @rule(rows=LISTINGS)
    def listings_arrive(self, rows: list[Any]) -> None:
        for name, code, listed, ended, is_ongoing, secret, kind, ends in rows:
            self.warehouse.marts.listing(
                name,
                list_code=code,
                listed_on=day_near(self.today, listed),
                conduct_ended_on=None if ended is None else day_near(self.today, ended),
                conduct_ongoing=is_ongoing,
                secret_fields=secret,
                subject_kind=kind,
                listing_ends_on=None if ends is None else day_near(self.today, ends),
            )
        self._settle()

    @rule(rows=OTHER_ENTRIES)
    def watch_listings_and_judgment_debtors_arrive(self, rows: list[Any]) -> None:
        for name, listed, ended, is_ongoing, secret, kind, ends in rows:
            marts = self.warehouse.marts
            arrives = marts.debtor if name.startswith("debtor") else marts.watch_listing
            arrives(
                name,
                listed_on=day_near(self.today, listed),
                conduct_ended_on=None if ended is None else day_near(self.today, ended),
                conduct_ongoing=is_ongoing,
                secret_fields=secret,
                subject_kind=kind,
                listing_ends_on=None if ends is None else day_near(self.today, ends),
            )
        self._settle()

    @rule(rows=VALID_RECORDS)
    def recognitions_and_licences_arrive(self, rows: list[Any]) -> None:
        for name, until, is_withdrawn, secret, kind in rows:
            marts = self.warehouse.marts
            arrives = marts.licence if name.startswith("licence") else marts.incentive
            arrives(
                name,
                valid_until=None if until is None else day_near(self.today, until),
                is_withdrawn=is_withdrawn,
                secret_fields=secret,
                subject_kind=kind,
            )
        self._settle()

    @rule(rows=PENALTIES)
    def a_batch_settles_for_a_day_to_come(self, rows: list[Any]) -> None:
        for name, severity, decided, *_ in rows:
            self.warehouse.marts.penalty(name, severity=severity, decided_on=day_near(self.today, decided))
        self._settle(days_ahead=3)

    @rule(about=NAMES, raised=SOON, closed=st.one_of(st.none(), SOON), outcome=st.sampled_from(OUTCOMES))
    def an_objection_arrives(self, about: str, raised: int, closed: int | None, outcome: str) -> None:
        self._event(
            "objection",
            about,
            objection_number=f"异{about}",
            ground="信息错误",
            channel="提供单位",
            scope="本单位",
            raised_on=day_near(self.today, raised),
            closed_on=None if closed is None else day_near(self.today, closed),
            outcome=None if closed is None else outcome,
        )

    @rule(about=NAMES, revoked=SOON, action=st.sampled_from(["撤销", "变更"]), until=ALTERED_UNTIL)
    def a_revocation_arrives(self, about: str, revoked: int, action: str, until: int | None) -> None:
        self._event(
            "revocation",
            about,
            revocation_number=f"撤{about}",
            action=action,
            revoked_on=day_near(self.today, revoked),
            days_late=0,
            altered_content="变更后的内容",
            altered_until=None if until is None else day_near(self.today, until),
        )

    @rule(about=NAMES, talked=SOON, held=TALKS)
    def a_talk_arrives(self, about: str, talked: int, held: tuple[str, str]) -> None:
        talk_kind, outcome = held
        self._event(
            "talk", about, talk_kind=talk_kind, talked_on=day_near(self.today, talked), outcome=outcome
        )

    @rule(about=NAMES, decided=SOON)
    def a_repair_arrives(self, about: str, decided: int) -> None:
        self._event(
            "repair_decision",
            about,
            repair_number=f"修复{about}",
            decision="准予修复",
            applied_on=day_near(self.today, decided - 1),
            decided_on=day_near(self.today, decided),
        )

    @rule(about=NAMES, confirmed=SOON)
    def a_rectification_arrives(self, about: str, confirmed: int) -> None:
        day = day_near(self.today, confirmed)
        self._event(
            "rectification",
            about,
            ordered_on=day_near(self.today, confirmed - 30),
            deadline_on=day,
            completed_on=day,
            confirmed=True,
            confirmed_on=day,
        )

    @rule(trained=SOON)
    def a_training_and_a_credit_report_arrive(self, trained: int) -> None:
        day = day_near(self.today, trained)
        self.warehouse.marts.event("repair_training", "training", None, class_hours=3, trained_on=day)
        self.warehouse.marts.event("credit_report", "report", None, issued_on=day)
        self._settle()

    @rule(days=st.sampled_from([1, 1, 2, 3, 30, 365]))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def marts_are_built(self) -> None:
        self._build(self.today)

    @rule(models=st.integers(min_value=1, max_value=8))
    def a_build_fails_half_way(self, models: int) -> None:
        self.warehouse.build(self.today, self.warehouse.by_touch.models[:models])
        self.built_of = None

    @rule()
    def what_is_past_its_last_day_is_expired(self) -> None:
        self.warehouse.expire(self.today)
        self.built_of = None

    @rule(days=st.sampled_from([1, 2, 400]))
    def a_past_day_is_replayed(self, days: int) -> None:
        self._build(self.today - timedelta(days=days))

    @rule()
    def the_marts_equal_a_full_refresh(self) -> None:
        if self.built_of is None:
            self._build(self.today)
        assert self.built_of is not None
        kept = self.warehouse.rows()
        anew = self.warehouse.rows_of_a_full_refresh(self.built_of)
        for table, rows in anew.items():
            assert kept[table] == rows, table

    def teardown(self) -> None:
        """Every history ends with the comparison."""
        if hasattr(self, "today"):
            self._build(self.today)
            self.the_marts_equal_a_full_refresh()

    def _event(self, item: str, about: str, **columns: Any) -> None:
        if about.startswith("debtor"):
            columns["provider_code"] = "jn_court"
        self.warehouse.marts.event(item, f"{item} of {about}", about, **columns)
        self._settle()

    def _settle(self, days_ahead: int = 0) -> None:
        """What came is settled, and the marts are of before it."""
        self.warehouse.marts.batch(on=self.today + timedelta(days=days_ahead))
        self.built_of = None

    def _build(self, as_of: date) -> None:
        self.warehouse.build(as_of)
        self.built_of = as_of


def _run_histories(warehouse: Warehouse, histories: int, *, are_the_same_each_time: bool) -> None:
    History.warehouse = warehouse
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=histories,
            derandomize=are_the_same_each_time,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            phases=(
                Phase.explicit,
                Phase.reuse,
                Phase.generate,
            ),  # a history is short; shrinking takes minutes
        ),
    )


def test_after_random_histories_the_marts_equal_a_full_refresh(warehouse: Warehouse) -> None:
    _run_histories(warehouse, 30, are_the_same_each_time=True)


@pytest.mark.soak
def test_after_many_random_histories_the_marts_equal_a_full_refresh(warehouse: Warehouse) -> None:
    _run_histories(warehouse, 200, are_the_same_each_time=False)


def test_a_quiet_day_writes_no_row_and_a_days_cost_is_its_changes(warehouse: Warehouse) -> None:
    warehouse.empty()
    for name in "abcdef":
        warehouse.marts.penalty(name, conduct_ongoing=True, severity=None)
    warehouse.marts.batch(on=FIRST)
    assert not warehouse.build(FIRST)
    versions = "select record_id, xmin::text from intermediate.int_penalties_publishable"
    before = {row["record_id"]: row["xmin"] for row in warehouse.marts.rows(versions)}
    assert warehouse.build(FIRST + timedelta(days=1))
    warehouse.marts.penalty("b", conduct_ongoing=True, severity=None, content="新")
    warehouse.marts.batch(on=FIRST + timedelta(days=2))
    assert warehouse.build(FIRST + timedelta(days=2))
    after = {row["record_id"]: row["xmin"] for row in warehouse.marts.rows(versions)}
    assert {key for key in after if after[key] != before[key]} == {record_id("b")}


def test_a_replay_of_a_past_day_gives_its_marts_less_what_was_deleted_since(warehouse: Warehouse) -> None:
    warehouse.empty()
    marts, past, later = warehouse.marts, FIRST, FIRST + timedelta(days=40)
    marts.penalty("stays", conduct_ongoing=True, severity=None)
    marts.penalty("ends", publicity_until=day_near(FIRST, 20))
    marts.listing("listed_ends", listing_ends_on=day_near(FIRST, 39))
    marts.listing("listed", listing_ends_on=day_near(FIRST, 500))
    marts.batch(on=past)
    warehouse.build(past)
    that_day = warehouse.rows()
    marts.penalty("stays", conduct_ongoing=True, severity=None, content="后来的版本")
    marts.penalty("new", conduct_ongoing=True, severity=None)
    marts.batch(on=later)
    deleted = warehouse.expire(later)
    warehouse.build(later)
    assert not warehouse.build(past)
    gone = [str(row["record_key_hash"]) for row in marts.rows("select record_key_hash from audit.tombstones")]
    assert len(gone) == deleted == 2
    replayed = warehouse.rows()
    for table, rows in that_day.items():
        left = [row for row in rows if not any(record in row for record in gone)]
        assert replayed[table] == left, table
    published = [table for table in that_day if "published" in table]
    assert sum(len(that_day[table]) - len(replayed[table]) for table in published) >= deleted
