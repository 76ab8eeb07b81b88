"""One look at all clocks for one day, in one transaction; a second look changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from creditgate.domain.workday_calendar import WorkdayCalendar
from creditgate.policy.deadlines import ClockTerm
from creditgate.policy.providers import Provider
from creditgate.warehouse.connect import Connection
from creditgate.watch.alerts import calendar_alerts, deadline_alerts, provider_alerts, record_alerts
from creditgate.watch.judging import Judged, judge
from creditgate.watch.starts import Start, WaitingBatch, drop_what_is_gone, starts_of

_WRITE = """
    insert into rights.rpt_deadlines as held
        (clock, subject_ref, provider_code, competent_authority, clause, workdays, started_on, due_on, met_on, status,
         days_late, calendar_version, checked_on)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (clock, subject_ref) do update set
        provider_code = excluded.provider_code, competent_authority = excluded.competent_authority,
        clause = excluded.clause, workdays = excluded.workdays, started_on = excluded.started_on,
        due_on = excluded.due_on, met_on = excluded.met_on, status = excluded.status,
        days_late = excluded.days_late, calendar_version = excluded.calendar_version, checked_on = excluded.checked_on
"""


@dataclass(frozen=True)
class WatchResult:
    """Clocks looked at, by how they stand, and the alerts that stand."""

    looked_at: int
    by_status: Mapping[str, int]
    alerts: int


def watch(
    conn: Connection,
    as_of: date,
    *,
    terms: Mapping[str, ClockTerm],
    calendar: WorkdayCalendar,
    providers: Mapping[str, Provider],
    waiting: Iterable[WaitingBatch] = (),
) -> WatchResult:
    """Bring `rights.rpt_deadlines` and `quality.rpt_alerts` to the as-of date.

    Read are the batches settled since the last look, those still on their way, and every clock that still runs, is
    provisional, or was reckoned with another calendar or another term.
    """
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(hashtextextended('rights.rpt_deadlines', 0))")
        drop_what_is_gone(conn)
        batches = _new_batches(conn)
        starts = {(s.clock, s.subject_ref): s for s in _to_judge_again(conn, terms, calendar.version)}
        for start in starts_of(conn, batches, waiting):
            _take(starts, start)
        judged = [judge(start, terms[start.clock], calendar, as_of) for start in starts.values()]
        _write(conn, judged, terms, providers, calendar.version, as_of)
        conn.execute(
            "insert into rights.watched_batches select unnest(%s::text[]) on conflict do nothing", (batches,)
        )
        alerts = [
            *calendar_alerts(calendar, as_of),
            *provider_alerts(providers.values()),
            *deadline_alerts(conn, terms, providers),
        ]
        standing = record_alerts(conn, alerts, as_of)
        counts = conn.execute("select status, count(*) from rights.rpt_deadlines group by status").fetchall()
    return WatchResult(len(judged), dict(counts), standing)


def _take(starts: dict[tuple[str, str], Start], start: Start) -> None:
    """An objection that changed its scope runs under one clock, the one of its latest version."""
    if start.clock in ("objection_own", "objection_assisted"):
        for other in ("objection_own", "objection_assisted"):
            starts.pop((other, start.subject_ref), None)
    starts[start.clock, start.subject_ref] = start


def _new_batches(conn: Connection) -> list[str]:
    rows = conn.execute(
        "select batch_id from intake.batches as b"
        " where not exists (select 1 from rights.watched_batches as w where w.batch_id = b.batch_id)"
    )
    return [batch_id for (batch_id,) in rows]


def _to_judge_again(conn: Connection, terms: Mapping[str, ClockTerm], version: str) -> list[Start]:
    clocks = list(terms)
    rows = conn.execute(
        """
        select d.clock, d.subject_ref, d.provider_code, d.started_on, d.met_on
        from rights.rpt_deadlines as d
        join unnest(%s::text[], %s::integer[]) as term(clock, workdays) using (clock)
        where d.met_on is null or d.status in ('open', 'provisional') or d.calendar_version <> %s
            or d.workdays <> term.workdays or d.met_on > d.checked_on
        """,
        (clocks, [terms[clock].workdays for clock in clocks], version),
    )
    return [Start(*row) for row in rows]


def _write(
    conn: Connection,
    judged: Iterable[Judged],
    terms: Mapping[str, ClockTerm],
    providers: Mapping[str, Provider],
    version: str,
    as_of: date,
) -> None:
    rows = []
    for one in judged:
        start, term = one.start, terms[one.start.clock]
        unit = providers.get(start.provider_code or "")
        authority = (unit.competent_authority or None) if unit else None
        rows.append(
            (
                start.clock, start.subject_ref, start.provider_code, authority, term.clause, term.workdays,
                start.started_on, one.due_on, start.met_on, one.status, one.days_late, version, as_of,
            )
        )  # fmt: skip
    objections = [
        start.subject_ref for start in (one.start for one in judged) if start.clock.startswith("objection_")
    ]
    with conn.cursor() as cursor:
        if objections:
            cursor.execute(
                "delete from rights.rpt_deadlines where clock like 'objection\\_%%' and subject_ref = any(%s)",
                (objections,),
            )
        cursor.executemany(_WRITE, rows)
