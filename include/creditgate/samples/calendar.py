"""Days counted from the as-of date, so that a sample tells the same story whatever the day."""

from __future__ import annotations

from datetime import date, timedelta

_CERTAINLY_LATE = 45
"""Calendar days that are more than seven working days whatever holidays fall into them."""


def moved(day: date, days: int) -> date:
    """The day this many calendar days later (negative: earlier)."""
    return day + timedelta(days=days)


def certainly_late(as_of: date) -> date:
    """A day of forming whose seven working days are over on `as_of`, whatever holidays lie between."""
    return moved(as_of, -_CERTAINLY_LATE)


def anchor_of_last_day(last_day: date, years: int) -> date:
    """The day from which a term of whole years ends on `last_day` (the corresponding day, 民法典 202).

    Where `last_day` is a 29 February without a counterpart, the day after is taken: the record then has
    one day more.
    """
    try:
        return last_day.replace(year=last_day.year - years)
    except ValueError:
        return date(last_day.year - years, 3, 1)


def anchor_of_ended_term(as_of: date, years: int) -> date:
    """The latest day from which a term of whole years is over on `as_of`: its last day was yesterday."""
    try:
        corresponding = as_of.replace(year=as_of.year - years)
    except ValueError:
        corresponding = date(as_of.year - years, 3, 1)
    return moved(corresponding, -1)
