"""`reference.workdays`: the working-day calendar of the warehouse, replaced as a whole when a new version is known."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from creditgate.domain.workday_calendar import KnownDay, WorkdayCalendar, version_of
from creditgate.warehouse.connect import Connection

log = structlog.get_logger()


def refresh_workdays(conn: Connection, days: Iterable[KnownDay]) -> str:
    """Bring the table to these days; the version. Does nothing where it says them already."""
    known = tuple(days)
    version = version_of(known)
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(hashtextextended('reference.workdays', 0))")
        held = conn.execute("select min(version), max(version), count(*) from reference.workdays").fetchone()
        if held == (version, version, len(known)):
            return version
        conn.execute("delete from reference.workdays")
        with conn.cursor().copy(
            "copy reference.workdays (day, is_workday, source_ref, version) from stdin"
        ) as copy:
            for one in known:
                copy.write_row((one.day, one.is_workday, one.source_ref, version))
    log.info(
        "workdays.loaded", version=version, days=len(known), frontier=str(known[-1].day) if known else None
    )
    return version


def read_workdays(conn: Connection) -> WorkdayCalendar:
    """The calendar that the warehouse holds."""
    rows = conn.execute("select day, is_workday, version from reference.workdays").fetchall()
    return WorkdayCalendar({day: is_workday for day, is_workday, _ in rows}, rows[0][2] if rows else "")
