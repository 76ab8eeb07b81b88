"""Sample recognitions on lists of trustworthy subjects (红名单)."""

from __future__ import annotations

from datetime import date

from creditgate.samples.calendar import moved
from creditgate.samples.entries import decided_days, organisations, persons
from creditgate.samples.rows import Row

INCENTIVE = "incentive_listing"
FIELDS = (
    "list_name",
    "subject_name",
    "subject_category",
    "uscc",
    "identity_type",
    "identity_number",
    "decision_number",
    "recognised_on",
    "valid_until",
    "comment_year",
    "grade",
    "basis",
    "authority_name",
    "formed_on",
    "remarks",
)


def incentives(seed: int, as_of: date) -> list[Row]:
    """Ten organisations and two persons, one entry on the last day of its validity and one past it."""
    rows = recognitions([*organisations(seed, 400, 10), *persons(seed, 60, 2)], as_of, 1)
    rows[0] |= {"valid_until": as_of.isoformat(), "remarks": "样例：有效期最后一日"}
    rows[1] |= {
        "recognised_on": moved(as_of, -400).isoformat(),
        "valid_until": moved(as_of, -1).isoformat(),
        "remarks": "样例：有效期届满次日",
    }
    return rows


def recognitions(about: list[Row], as_of: date, first: int) -> list[Row]:
    """One recognition of each subject; the decisions are numbered from `first`."""
    rows = []
    for number, (subject, day) in enumerate(
        zip(about, decided_days(as_of, len(about)), strict=True), start=first
    ):
        kept = {name: cell for name, cell in subject.items() if name != "legal_representative"}
        rows.append(
            kept
            | {
                "list_name": "A级纳税人名单",
                "decision_number": f"济税信评〔{day.year}〕{number}号",
                "recognised_on": day.isoformat(),
                "valid_until": moved(as_of, 365).isoformat(),
                "comment_year": str(day.year - 1),
                "grade": "A",
                "basis": "《纳税信用管理办法（试行）》第十八条",
                "authority_name": "国家税务总局济南市税务局",
                "formed_on": max(day, moved(as_of, -2)).isoformat(),
            }
        )
    return rows
