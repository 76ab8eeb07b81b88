"""How a clock stands on a day: a pure function of its start, its term and the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from creditgate.domain.workday_calendar import WorkdayCalendar
from creditgate.policy.deadlines import ClockTerm
from creditgate.watch.starts import Start

Status = Literal["open", "met", "missed", "provisional"]


@dataclass(frozen=True)
class Judged:
    """A clock's deadline and how it stands; `days_late` counts working days after it."""

    start: Start
    due_on: date
    status: Status
    days_late: int


def judge(start: Start, term: ClockTerm, calendar: WorkdayCalendar, as_of: date) -> Judged:
    """How the clock stands at the end of the as-of date.

    The last day is still in time. What happens after the as-of date has not happened yet. Beyond the calendar the
    deadline is provisional, unless what met it lies within the calendar: then the true deadline lies later.
    """
    deadline = calendar.deadline(start.started_on, term.workdays)
    met_on = start.met_on if start.met_on is not None and start.met_on <= as_of else None
    reached = as_of if met_on is None else met_on
    if deadline.is_provisional:
        frontier = calendar.frontier
        is_safe = met_on is not None and frontier is not None and met_on <= min(frontier, deadline.due_on)
        return Judged(start, deadline.due_on, "met" if is_safe else "provisional", 0)
    if reached > deadline.due_on:
        late = max(calendar.workdays_after(deadline.due_on, reached), 1)
        return Judged(start, deadline.due_on, "missed", late)
    return Judged(start, deadline.due_on, "open" if met_on is None else "met", 0)
