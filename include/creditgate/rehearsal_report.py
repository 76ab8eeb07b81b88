"""How a rehearsal is shown: counts and record ids by mart, never a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from rich.table import Table

from creditgate.build.rehearsal import Change, MartChanges, Rehearsal

SHOWN: Final = 20
"""So many rows of each kind in a table; JSON has all."""


def as_json(rehearsal: Rehearsal) -> str:
    """One object; `marts` with counts, and the rows by key with the last day before and after."""
    return json.dumps(
        {
            "regime": rehearsal.regime,
            "item": rehearsal.item,
            "replacing": rehearsal.replacing,
            "as_of": rehearsal.as_of.isoformat(),
            "marts": [_mart(mart) for mart in rehearsal.marts],
        },
        ensure_ascii=False,
        indent=1,
    )


def as_tables(rehearsal: Rehearsal) -> Iterator[Table]:
    """The counts of every mart, then the first rows of what would change."""
    counts = Table("mart", "rows now", "rows then", "appear", "disappear", "change", title="By mart")
    rows = Table("mart", "what", "row", "last day now", "last day then", title="Rows")
    for mart in rehearsal.marts:
        kinds = {"appears": mart.appear, "disappears": mart.disappear, "changes": mart.change}
        counts.add_row(
            mart.mart,
            str(mart.rows_before),
            str(mart.rows_after),
            *(str(len(changes)) for changes in kinds.values()),
        )
        for kind, changes in kinds.items():
            for change in changes[:SHOWN]:
                rows.add_row(
                    mart.mart, kind, change.key, _day(change.last_on_before), _day(change.last_on_after)
                )
            if len(changes) > SHOWN:
                rows.add_row(mart.mart, kind, f"and {len(changes) - SHOWN} more (--format json)", "", "")
    yield counts
    if rows.row_count:
        yield rows


def _mart(mart: MartChanges) -> dict[str, Any]:
    kinds = {"appear": mart.appear, "disappear": mart.disappear, "change": mart.change}
    return {
        "mart": mart.mart,
        "key": mart.key,
        "rows_before": mart.rows_before,
        "rows_after": mart.rows_after,
        "counts": {kind: len(changes) for kind, changes in kinds.items()},
        **{kind: [_change(change) for change in changes] for kind, changes in kinds.items()},
    }


def _change(change: Change) -> dict[str, str | None]:
    return {
        "key": change.key,
        "last_on_before": _iso(change.last_on_before),
        "last_on_after": _iso(change.last_on_after),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(day: date | None) -> str:
    return day.isoformat() if day else "–"
