"""What will expire in the next days: counts by unit and item, no names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

WINDOWS = (1, 7, 30)
"""Days ahead."""

_FORECAST = """
    select terms.provider_code, terms.item, ahead.days, count(*)
    from intermediate.int_records_in_force as terms
    inner join unnest(%(windows)s::integer[]) as ahead (days)
        on terms.last_disclosure_on < %(as_of)s::date + ahead.days
    group by terms.provider_code, terms.item, ahead.days
    order by terms.provider_code, terms.item, ahead.days
"""


@dataclass(frozen=True)
class Expected:
    """How many records of a unit and item an expiry will remove in the next `within_days` days."""

    provider_code: str
    item: str
    within_days: int
    records: int


def forecast(connection: psycopg.Connection[Any], as_of: date) -> tuple[Expected, ...]:
    """What expires within 1, 7 and 30 days of `as_of`, by the last build of the records in force."""
    built = connection.execute(
        "select to_regclass('intermediate.int_records_in_force') is not null"
    ).fetchone()
    if built is None or not built[0]:
        return ()
    rows = connection.execute(_FORECAST, {"as_of": as_of, "windows": list(WINDOWS)}).fetchall()
    return tuple(Expected(*row) for row in rows)
