"""How many records, repairs, objections, revocations and talks ended in which way: the fates that a run shows."""

from __future__ import annotations

from datetime import date

from creditgate.warehouse.connect import Connection

_FATES: tuple[tuple[str, str, str], ...] = (
    ("disclosed", "marts.fct_published_penalties", "true"),
    ("at its last day", "marts.fct_published_penalties", "last_disclosure_on = %(as_of)s"),
    ("expired", "audit.tombstones", "reason in ('five_years', 'term_ended')"),
    ("repaired", "rights.fct_repairs", "status = 'effective'"),
    ("repair refused", "rights.fct_repairs", "status = 'refused'"),
    ("under objection", "rights.fct_objections", "status in ('open', 'upheld_awaits_correction')"),
    ("objection upheld", "rights.fct_objections", "status in ('upheld_removed', 'upheld_corrected')"),
    ("objection rejected", "rights.fct_objections", "status = 'rejected'"),
    ("incentive suspended", "sharing.fct_suspended_incentives", "true"),
    ("revoked", "rights.fct_revocations", "status = 'revoked'"),
    ("altered", "rights.fct_revocations", "status = 'altered'"),
    ("waiting for its record", "rights.fct_revocations", "status = 'waiting'"),
    ("talk due", "rights.rpt_talks_due", "status = 'due'"),
    ("reminder talk due", "rights.rpt_talks_due", "status = 'due' and list_level = 'watch'"),
    ("talk held", "rights.rpt_talks_due", "status = 'held'"),
    ("talk refused", "rights.rpt_talks_due", "status in ('refused', 'uncooperative')"),
)
"""Name, relation and condition of each fate (penalties stand for the records that are disclosed)."""


def count_fates(connection: Connection, as_of: date) -> tuple[tuple[str, int], ...]:
    """Each fate with its count on the as-of date of the last build; what is not built yet is left out."""
    counts = []
    for name, relation, condition in _FATES:
        built = connection.execute("select to_regclass(%s) is not null", (relation,)).fetchone()
        if built is None or not built[0]:
            continue
        row = connection.execute(
            f"select count(*) from {relation} where {condition}",  # noqa: S608 - all three are constants above
            {"as_of": as_of},
        ).fetchone()
        counts.append((name, int(str(row[0])) if row else 0))
    return tuple(counts)
