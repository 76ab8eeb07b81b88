"""What operators have to see to: raised, seen again while it stands, cleared when it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import structlog

from creditgate.domain.workday_calendar import WorkdayCalendar
from creditgate.policy.deadlines import ClockTerm
from creditgate.policy.providers import Provider
from creditgate.warehouse.connect import Connection

log = structlog.get_logger()

WEEKLY = frozenset({"repair_guide_missing"})
"""Kinds that are told aloud when they are new and on Mondays (S49); the others every day."""

MONDAY = 0
NOTICE_EXPECTED = (11, 1)
"""From this day the State Council's notice for the next year is due (it has come between 25 October and 13 November)."""


@dataclass(frozen=True)
class Alert:
    """One matter. `alert_ref` names it within its kind; the message holds no value of a feed."""

    kind: str
    alert_ref: str
    provider_code: str | None
    competent_authority: str | None
    clause: str
    message: str
    next_step: str


def calendar_alerts(calendar: WorkdayCalendar, as_of: date) -> Iterator[Alert]:
    """The calendar of this year is missing, or from 1 November that of the next."""
    years = [as_of.year] + [as_of.year + 1] * ((as_of.month, as_of.day) >= NOTICE_EXPECTED)
    for year in years:
        if not calendar.knows_year(year):
            yield Alert(
                "calendar_missing",
                str(year),
                None,
                None,
                "S10",
                f"the working days of {year} are not known; deadlines that reach into it are provisional",
                "bring chinesecalendar up to date, or write the State Council's notice into "
                "dbt_project/seeds/workday_overrides.csv",
            )


def provider_alerts(providers: Iterable[Provider]) -> Iterator[Alert]:
    """Registry entries that lack what the notice wants known (S06), and the guide to credit repair (S49)."""
    for unit in providers:
        about = (unit.code, unit.code, unit.competent_authority or None)
        if unit.missing:
            lacking = ", ".join(unit.missing)
            yield Alert(
                "provider_incomplete", *about, "S06", f"the registry entry lacks: {lacking}",
                f"complete include/providers/{unit.code}.yaml",
            )  # fmt: skip
        if "administrative_penalty" in unit.items and not unit.repair_guide_url:
            yield Alert(
                "repair_guide_missing", *about, "S49", "the unit links no guide to credit repair",
                f"ask the unit for the link, and set repair_guide_url in include/providers/{unit.code}.yaml",
            )  # fmt: skip


def deadline_alerts(
    conn: Connection, terms: Mapping[str, ClockTerm], providers: Mapping[str, Provider]
) -> Iterator[Alert]:
    """Deadlines that are missed and still run, by clock and unit."""
    rows = conn.execute(
        """
        select clock, provider_code, count(*), min(due_on)
        from rights.rpt_deadlines where status = 'missed' and met_on is null
        group by clock, provider_code
        """
    ).fetchall()
    for clock, code, count, earliest in rows:
        unit = providers.get(code or "")
        yield Alert(
            "deadline_missed",
            f"{clock}/{code or ''}",
            code,
            (unit.competent_authority or None) if unit else None,
            terms[clock].clause,
            f"{count} running past the deadline of {terms[clock].workdays} working days, the earliest since {earliest}",
            "see rights.rpt_deadlines and docs/runbooks/deadline_is_missed.md",
        )


def record_alerts(conn: Connection, alerts: Iterable[Alert], as_of: date) -> int:
    """Write the alerts of a day: what is new is raised, what stands is seen, what is gone is cleared. How many stand."""
    standing = {(alert.kind, alert.alert_ref): alert for alert in alerts}
    known = {
        (kind, ref)
        for kind, ref in conn.execute(
            "select kind, alert_ref from quality.rpt_alerts where cleared_on is null"
        ).fetchall()
    }
    for kind, ref in sorted(known - standing.keys()):
        conn.execute(
            "update quality.rpt_alerts set cleared_on = %s where kind = %s and alert_ref = %s and cleared_on is null",
            (as_of, kind, ref),
        )
    for key, alert in sorted(standing.items()):
        conn.execute(
            """
            insert into quality.rpt_alerts
                (kind, alert_ref, provider_code, competent_authority, clause, message, next_step, raised_on, seen_on)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (kind, alert_ref) where cleared_on is null
                do update set message = excluded.message, next_step = excluded.next_step, seen_on = excluded.seen_on
            """,
            (
                alert.kind, alert.alert_ref, alert.provider_code, alert.competent_authority, alert.clause,
                alert.message, alert.next_step, as_of, as_of,
            ),
        )  # fmt: skip
        if alert.kind not in WEEKLY or key not in known or as_of.weekday() == MONDAY:
            log.warning(
                f"alert.{alert.kind}", ref=alert.alert_ref, clause=alert.clause, what=alert.message,
                next_step=alert.next_step,
            )  # fmt: skip
    return len(standing)
