"""Sample entries of watch lists (重点关注名单): shared, never published, and no serious dishonesty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from creditgate.samples.calendar import moved
from creditgate.samples.entries import decided_days, organisations, persons
from creditgate.samples.rows import Row

WATCH_LISTING = "watch_list_listing"
FIELDS = (
    "list_code",
    "subject_name",
    "subject_category",
    "uscc",
    "legal_representative",
    "identity_type",
    "identity_number",
    "decision_number",
    "listed_on",
    "listing_ends_on",
    "reason",
    "basis",
    "authority_name",
    "conduct_ended_on",
    "conduct_ongoing",
    "formed_on",
    "remarks",
)


def watch_listings(seed: int, as_of: date) -> list[Row]:
    """Ten organisations and four persons, and one entry on its last day and one a day past it."""
    about = [*organisations(seed, 200, 12), *persons(seed, 40, 4)]
    rows = watch_entries(about, decided_days(as_of, len(about)), as_of, 1)
    rows[0] |= {"listing_ends_on": as_of.isoformat(), "remarks": "样例：列入期限最后一日"}
    rows[1] |= {"listing_ends_on": moved(as_of, -1).isoformat(), "remarks": "样例：列入期限届满次日"}
    return rows


def watch_entries(about: list[Row], days: Iterable[date], as_of: date, first: int) -> list[Row]:
    """One entry of each subject, listed on its day; the decisions are numbered from `first`."""
    rows = []
    for number, (subject, listed) in enumerate(zip(about, days, strict=True), start=first):
        rows.append(
            subject
            | {
                "list_code": "WATCH_GENERAL",
                "decision_number": f"济市监关注〔{listed.year}〕{number}号",
                "listed_on": listed.isoformat(),
                "listing_ends_on": moved(as_of, 300).isoformat(),
                "reason": "一年内两次未按期报送整改材料。",
                "basis": "发改财金规〔2017〕1798号第二部分",
                "authority_name": "济南市市场监督管理局",
                "conduct_ended_on": moved(listed, -40).isoformat(),
                "conduct_ongoing": "否",
                "formed_on": max(listed, moved(as_of, -2)).isoformat(),
            }
        )
    return rows
