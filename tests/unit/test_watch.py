"""The clocks of the notice on their boundary days, and what operators are told (S05, S06, S10, S11, S49, S63, S64, S68)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from creditgate.domain.clock import BUSINESS_ZONE
from creditgate.domain.workday_calendar import WorkdayCalendar
from creditgate.policy.contracts import known_items
from creditgate.policy.deadlines import load_clock_terms, workday_calendar
from creditgate.policy.providers import Provider, load_providers
from creditgate.warehouse.connect import Connection
from creditgate.watch import WatchResult, watch
from creditgate.watch.alerts import calendar_alerts
from creditgate.watch.judging import judge
from creditgate.watch.starts import Start, WaitingBatch
from tests.conftest import Database

TERMS = load_clock_terms()
CALENDAR = workday_calendar()
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
COMPLETE = {
    code: unit for code, unit in load_providers().items() if unit.is_complete and unit.repair_guide_url
}
UNIT = next(iter(COMPLETE.values()))
YEAR_LATER = WorkdayCalendar(
    {
        **CALENDAR.days,
        **{
            date(2027, 1, 1) + timedelta(days=i): (date(2027, 1, 1) + timedelta(days=i)).weekday() < 5
            for i in range(365)
        },
    },
    "with 2027",
)


def on(text: str) -> date:
    return date.fromisoformat(text)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=BUSINESS_ZONE)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def look(
    conn: Connection,
    as_of: date,
    *,
    calendar: WorkdayCalendar = CALENDAR,
    providers: dict[str, Provider] | None = None,
    waiting: tuple[WaitingBatch, ...] = (),
) -> WatchResult:
    units = COMPLETE if providers is None else providers
    return watch(conn, as_of, terms=TERMS, calendar=calendar, providers=units, waiting=waiting)


def settle(
    conn: Connection, batch_id: str, received: date, settled: date, item: str = "administrative_penalty"
) -> None:
    conn.execute(
        "insert into intake.batches (batch_id, provider_code, item, file_name, file_sha256, file_bytes, status, "
        "received_at, settled_at, as_of_on) values (%s, %s, %s, 'f', 's', 1, 'accepted', %s, %s, %s)",
        (batch_id, UNIT.code, item, noon(received), noon(settled), received),
    )


def add(
    conn: Connection, batch_id: str, item: str, received: date, name: str = "a", row: int = 1, **cells: Any
) -> str:
    record_id = uuid.uuid5(uuid.NAMESPACE_OID, name)
    columns = {
        "record_id": record_id, "batch_id": batch_id, "provider_code": UNIT.code, "row_number": row,
        "contract_version": "1.0.0", "received_on": received, "subject_kind": "legal", "days_late": 0, **cells,
    }  # fmt: skip
    names = ", ".join(columns)
    conn.execute(
        f"insert into intake.{item} ({names}) values ({', '.join(['%s'] * len(columns))})",
        list(columns.values()),
    )
    return str(record_id)


def clocks(conn: Connection, clock: str) -> dict[str, tuple[Any, ...]]:
    rows = conn.execute(
        "select subject_ref, started_on, due_on, met_on, status, days_late from rights.rpt_deadlines where clock = %s",
        (clock,),
    )
    return {ref: tuple(rest) for ref, *rest in rows}


def alerts(conn: Connection) -> set[tuple[str, str]]:
    rows = conn.execute("select kind, alert_ref from quality.rpt_alerts where cleared_on is null")
    return {(kind, ref) for kind, ref in rows}


# --- a clock by itself


@pytest.mark.parametrize(
    ("clock", "start", "last_day", "day_after"),
    [
        ("reporting", "2026-11-20", "2026-12-01", "2026-12-02"),
        ("reporting", "2026-09-28", "2026-10-13", "2026-10-14"),
        ("processing", "2026-11-20", "2026-11-25", "2026-11-26"),
        ("processing", "2025-09-30", "2025-10-11", "2025-10-13"),
        ("objection_own", "2026-11-18", "2026-11-23", "2026-11-24"),
        ("objection_assisted", "2026-11-18", "2026-11-27", "2026-11-30"),
        ("revocation_report", "2026-02-13", "2026-02-25", "2026-02-26"),
        ("deletion_receipt", "2026-11-20", "2026-11-27", "2026-11-30"),
    ],
)
def test_the_last_day_is_in_time_and_the_next_working_day_is_not(
    clock: str, start: str, last_day: str, day_after: str
) -> None:
    started, last, after = on(start), on(last_day), on(day_after)
    term = TERMS[clock]

    def stands(met_on: date | None, as_of: date) -> tuple[str, int]:
        judged = judge(Start(clock, "x", None, started, met_on), term, CALENDAR, as_of)
        assert judged.due_on == last
        return judged.status, judged.days_late

    assert stands(None, last) == ("open", 0)
    assert stands(None, after) == ("missed", 1)
    assert stands(last, after) == ("met", 0)
    assert stands(after, after) == ("missed", 1)
    assert stands(after, last) == ("open", 0)  # seen from a day before it was met


def test_met_on_a_day_off_after_the_last_day_is_late() -> None:
    judged = judge(
        Start("processing", "x", None, on("2026-11-17"), on("2026-11-21")),
        TERMS["processing"],
        CALENDAR,
        MONDAY,
    )
    assert (judged.due_on, judged.status, judged.days_late) == (FRIDAY, "missed", 1)


def test_beyond_the_calendar_a_clock_is_provisional_until_the_notice_is_loaded() -> None:
    start = Start("reporting", "x", None, on("2026-12-28"), None)
    assert judge(start, TERMS["reporting"], CALENDAR, on("2027-03-01")).status == "provisional"
    assert judge(start, TERMS["reporting"], YEAR_LATER, on("2027-03-01")).status == "missed"
    met = replace(start, met_on=on("2026-12-30"))
    assert judge(met, TERMS["reporting"], CALENDAR, on("2027-03-01")).status == "met"
    unsure = replace(start, met_on=on("2027-01-08"))
    assert judge(unsure, TERMS["reporting"], CALENDAR, on("2027-03-01")).status == "provisional"


# --- in the warehouse


def test_reporting_runs_from_each_day_that_data_was_formed(conn: Connection) -> None:
    received = on("2026-12-02")
    settle(conn, "b1", received, received)
    for row, formed in enumerate(("2026-11-20", "2026-11-23", "2026-11-23"), start=1):
        add(conn, "b1", "administrative_penalty", received, name=str(row), row=row, formed_on=formed)
    add(conn, "b1", "administrative_penalty", received, name="none", row=4)
    look(conn, received)
    assert clocks(conn, "reporting") == {
        "b1/2026-11-20": (on("2026-11-20"), on("2026-12-01"), received, "missed", 1),
        "b1/2026-11-23": (on("2026-11-23"), received, received, "met", 0),
    }


def test_processing_runs_for_batches_on_their_way_and_ends_with_them(conn: Connection) -> None:
    waiting = (WaitingBatch("b1", UNIT.code, noon(FRIDAY)),)
    look(conn, on("2026-11-25"), waiting=waiting)
    assert clocks(conn, "processing") == {"b1": (FRIDAY, on("2026-11-25"), None, "open", 0)}
    assert ("deadline_missed", f"processing/{UNIT.code}") not in alerts(conn)
    look(conn, on("2026-11-26"), waiting=waiting)
    assert clocks(conn, "processing") == {"b1": (FRIDAY, on("2026-11-25"), None, "missed", 1)}
    assert ("deadline_missed", f"processing/{UNIT.code}") in alerts(conn)
    settle(conn, "b1", FRIDAY, on("2026-11-27"))
    look(conn, on("2026-11-27"), waiting=waiting)
    assert clocks(conn, "processing") == {"b1": (FRIDAY, on("2026-11-25"), on("2026-11-27"), "missed", 2)}
    assert ("deadline_missed", f"processing/{UNIT.code}") not in alerts(conn)


def test_a_batch_received_late_in_the_evening_is_received_on_its_day_in_shanghai(conn: Connection) -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=BUSINESS_ZONE)
    look(conn, FRIDAY, waiting=(WaitingBatch("b1", UNIT.code, late),))
    assert clocks(conn, "processing")["b1"][0] == FRIDAY


def test_a_second_look_changes_nothing(conn: Connection) -> None:
    settle(conn, "b1", FRIDAY, FRIDAY)
    add(conn, "b1", "administrative_penalty", FRIDAY, formed_on="2026-11-09")
    waiting = (WaitingBatch("b2", UNIT.code, noon(FRIDAY)),)

    def everything() -> list[Any]:
        return [
            conn.execute(f"select * from {table} order by 1, 2").fetchall()
            for table in ("rights.rpt_deadlines", "quality.rpt_alerts")
        ]

    look(conn, MONDAY, waiting=waiting)
    once = everything()
    look(conn, MONDAY, waiting=waiting)
    assert everything() == once


def test_provisional_deadlines_are_reckoned_again_when_the_calendar_arrives(conn: Connection) -> None:
    look(conn, on("2027-01-04"), waiting=(WaitingBatch("b1", UNIT.code, noon(on("2026-12-30"))),))
    assert clocks(conn, "processing")["b1"][3] == "provisional"
    settle(conn, "b1", on("2026-12-30"), on("2027-01-12"))
    look(conn, on("2027-01-12"))
    assert clocks(conn, "processing")["b1"][2:4] == (on("2027-01-12"), "provisional")
    look(conn, on("2027-01-13"), calendar=YEAR_LATER)
    assert clocks(conn, "processing")["b1"][1:4] == (on("2027-01-04"), on("2027-01-12"), "missed")


def test_a_changed_term_is_applied_to_every_clock(conn: Connection) -> None:
    settle(conn, "b1", FRIDAY, on("2026-11-26"))
    look(conn, on("2026-11-26"))
    assert clocks(conn, "processing")["b1"][3] == "missed"
    longer = {**TERMS, "processing": replace(TERMS["processing"], workdays=4)}
    watch(conn, on("2026-11-26"), terms=longer, calendar=CALENDAR, providers=COMPLETE)
    assert clocks(conn, "processing")["b1"][1:4] == (on("2026-11-26"), on("2026-11-26"), "met")


@pytest.mark.skipif("objection" not in known_items(), reason="the checklist has no objections yet")
def test_an_objection_runs_until_it_is_closed_and_under_the_scope_it_has_last(conn: Connection) -> None:
    raised = on("2026-11-18")
    settle(conn, "b1", raised, raised, "objection")
    record_id = add(conn, "b1", "objection", raised, scope="本单位", raised_on=raised)
    look(conn, on("2026-11-24"))
    assert clocks(conn, "objection_own") == {f"objection/{record_id}": (raised, MONDAY, None, "missed", 1)}
    settle(conn, "b2", on("2026-11-25"), on("2026-11-25"), "objection")
    add(
        conn,
        "b2",
        "objection",
        on("2026-11-25"),
        scope="协助核查",
        raised_on=raised,
        closed_on=on("2026-11-27"),
    )
    look(conn, on("2026-11-28"))
    assert clocks(conn, "objection_own") == {}
    last = on("2026-11-27")
    assert clocks(conn, "objection_assisted") == {f"objection/{record_id}": (raised, last, last, "met", 0)}


@pytest.mark.skipif("revocation" not in known_items(), reason="the checklist has no revocations yet")
def test_a_revocation_reported_on_the_fourth_working_day_is_late(conn: Connection) -> None:
    for name, received in (("a", on("2026-11-25")), ("b", on("2026-11-26"))):
        settle(conn, f"batch-{name}", received, received, "revocation")
        add(conn, f"batch-{name}", "revocation", received, name=name, revoked_on=FRIDAY)
    look(conn, on("2026-11-26"))
    assert sorted(row[2:] for row in clocks(conn, "revocation_report").values()) == [
        (on("2026-11-25"), "met", 0),
        (on("2026-11-26"), "missed", 1),
    ]


@pytest.mark.skipif("objection" not in known_items(), reason="the checklist has no objections yet")
def test_an_objection_that_left_with_its_record_runs_no_more(conn: Connection) -> None:
    settle(conn, "b1", FRIDAY, FRIDAY, "objection")
    add(conn, "b1", "objection", FRIDAY, scope="本单位", raised_on=FRIDAY)
    look(conn, MONDAY)
    assert len(clocks(conn, "objection_own")) == 1
    conn.execute("delete from intake.objection")
    look(conn, MONDAY)
    assert clocks(conn, "objection_own") == {}


def test_a_deletion_notice_runs_until_its_receipt(conn: Connection) -> None:
    if conn.execute("select to_regclass('audit.deletion_notices')").fetchone() == (None,):
        pytest.skip("no deletion notices in this warehouse yet")
    conn.execute(
        "insert into audit.deletion_notices (notice_id, provider_code, as_of_on, due_on, records)"
        " values ('n1', %s, %s, %s, 1)",
        (UNIT.code, FRIDAY, on("2026-12-31")),
    )
    look(conn, on("2026-11-30"))
    assert clocks(conn, "deletion_receipt") == {"notice/n1": (FRIDAY, on("2026-11-27"), None, "missed", 1)}
    conn.execute(
        "insert into audit.deletion_receipts (notice_id, confirmed_by, confirmed_on) values ('n1', '某科', %s)",
        (on("2026-11-27"),),
    )
    look(conn, on("2026-11-30"))
    received = on("2026-11-27")
    assert clocks(conn, "deletion_receipt") == {"notice/n1": (FRIDAY, received, received, "met", 0)}


# --- what operators are told


@pytest.mark.parametrize(
    ("as_of", "missing"),
    [
        ("2026-10-31", []),
        ("2026-11-01", ["2027"]),
        ("2027-01-05", ["2027"]),
        ("2027-11-01", ["2027", "2028"]),
    ],
)
def test_a_missing_calendar_is_told_from_the_first_of_november(as_of: str, missing: list[str]) -> None:
    assert [alert.alert_ref for alert in calendar_alerts(CALENDAR, on(as_of))] == missing


def test_a_loaded_calendar_clears_its_alert(conn: Connection) -> None:
    look(conn, on("2026-11-02"))
    assert ("calendar_missing", "2027") in alerts(conn)
    look(conn, on("2026-11-13"), calendar=YEAR_LATER)
    assert alerts(conn) == set()
    rows = conn.execute("select raised_on, seen_on, cleared_on from quality.rpt_alerts").fetchall()
    assert rows == [(on("2026-11-02"), on("2026-11-02"), on("2026-11-13"))]


def test_an_incomplete_entry_and_a_missing_repair_guide_are_told(conn: Connection) -> None:
    bare = replace(UNIT, officer="", repair_guide_url="")
    look(conn, on("2026-10-12"), providers={UNIT.code: bare})
    expected = {("provider_incomplete", UNIT.code)}
    if "administrative_penalty" in UNIT.items:
        expected.add(("repair_guide_missing", UNIT.code))
    assert alerts(conn) == expected
    look(conn, on("2026-10-13"), providers={UNIT.code: UNIT})
    assert alerts(conn) == set()


def test_the_repair_guide_is_asked_for_once_a_week(
    conn: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = next(unit for unit in COMPLETE.values() if "administrative_penalty" in unit.items)
    bare = {unit.code: replace(unit, repair_guide_url="")}

    def told(day: str) -> bool:
        capsys.readouterr()
        look(conn, on(day), providers=bare)
        shown = capsys.readouterr()
        return "alert.repair_guide_missing" in shown.out + shown.err

    days = ["2026-10-07", "2026-10-08", "2026-10-11", "2026-10-12", "2026-10-13", "2026-10-19"]
    assert [told(day) for day in days] == [True, False, False, True, False, True]  # new, then on Mondays


def test_kept_and_missed_clocks_are_grouped_by_competent_authority(database: Database) -> None:
    with database.connect() as conn:
        settle(conn, "b1", FRIDAY, MONDAY)
        settle(conn, "b2", FRIDAY, on("2026-11-26"))
        look(conn, on("2026-11-26"))
    with database.connect("bi_reader") as reader:
        rows = reader.execute(
            "select competent_authority, met, missed, on_time_rate from quality.rpt_sla_by_authority where clock = 'processing'"
        ).fetchall()
    assert rows == [(UNIT.competent_authority, 1, 1, pytest.approx(0.5))]


def test_readers_of_rights_see_the_deadlines_and_bi_readers_do_not(database: Database) -> None:
    with database.connect() as conn:
        settle(conn, "b1", FRIDAY, MONDAY)
        look(conn, MONDAY)
    with database.connect("sharing_reader") as reader:
        assert reader.execute("select count(*) from rights.rpt_deadlines").fetchone() == (1,)
    with database.connect("bi_reader") as reader, pytest.raises(Exception, match="permission denied"):
        reader.execute("select 1 from rights.rpt_deadlines")
