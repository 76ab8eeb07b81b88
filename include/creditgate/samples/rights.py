"""What happens to records after they were sent: repairs, objections, revocations, talks, and what a repair needs.

One record of every fate. `event_penalties` and `event_listings` are the records; `event_rows` the events about them,
by provider and item; both depend on (seed, as-of date) alone.
"""

from __future__ import annotations

from datetime import date

from creditgate.samples.calendar import moved
from creditgate.samples.rows import Row
from creditgate.samples.stories import Listings, Penalties

_FIRST = 9_000
"""The serial of the first record with a fate: the offices' other samples have lower ones."""

_PLATFORM = "济南市公共信用信息中心"


def event_penalties(seed: int, as_of: date) -> dict[str, Row]:
    """Penalties of the market regulator by fate, settled with its other penalties."""
    source = Penalties(seed, as_of, "market", _FIRST)

    def one(tells: str, severity: str, decided_days_ago: int) -> Row:
        decided = moved(as_of, -decided_days_ago)
        return source.one(
            f"样例：{tells}",
            severity=severity,
            decided_on=decided.isoformat(),
            effective_until="2099-12-31",
            conduct_ended_on=moved(decided, -40).isoformat(),
        )

    return {
        "repaired": one("已修复", "一般", 200),
        "serious_repaired": one("严重失信行为，培训并提交信用报告后修复", "严重", 400),
        "repair_refused": one("修复决定不符合条件", "严重", 100),
        "never_repairable": one("特定严重失信行为不予修复", "特定严重", 500),
        "under_objection": one("异议处理中", "一般", 60),
        "objection_upheld": one("异议成立，信息删除", "一般", 70),
        "objection_rejected": one("异议不成立，恢复", "一般", 80),
        "revoked": one("处罚决定被撤销", "一般", 90),
        "altered": one("处罚决定被变更", "严重", 95),
        "revoked_by_collector": one("市场信用信息采集单位报送撤销", "一般", 50),
    }


def event_listings(seed: int, as_of: date) -> dict[str, Row]:
    """Entries of the wage list by fate, settled with the list."""
    source = Listings(seed, as_of, "SD_WAGE", _FIRST)
    return {
        "talk_held": source.one("样例：已警示约谈"),
        "talk_refused": source.one("样例：拒绝约谈"),
        "talk_due": source.one("样例：应约谈"),
    }


def event_rows(provider: str, item: str, seed: int, as_of: date) -> list[Row]:
    """What a unit of the registry sends of an item of events; empty for one that the story does not know."""
    draw_up = _EVENTS.get((provider, item))
    return draw_up(seed, as_of) if draw_up else []


def _subject(record: Row) -> Row:
    names = ("subject_name", "subject_category", "uscc", "identity_number")
    return {name: record[name] for name in names if name in record}


def _about(record: Row) -> Row:
    """What names a record: its item, its list, its decision and its subject."""
    listing = "list_code" in record
    about = {"target_item": "严重失信主体名单" if listing else "行政处罚"} | _subject(record)
    if listing:
        about["list_code"] = record["list_code"]
    return about | {"decision_number": record["decision_number"]}


def _day(as_of: date, days_ago: int) -> str:
    return moved(as_of, -days_ago).isoformat()


def _number(series: str, as_of: date, serial: int) -> str:
    return f"{series}〔{as_of.year}〕{serial}号"


def _repairs(seed: int, as_of: date) -> list[Row]:
    records = event_penalties(seed, as_of)
    fates = ("repaired", "serious_repaired", "repair_refused", "never_repairable")
    return [
        _about(records[fate])
        | {
            "repair_number": _number("济市监信修", as_of, serial),
            "decision": "准予修复",
            "applied_on": _day(as_of, 6),
            "decided_on": _day(as_of, 1),
            "authority_name": "济南市市场监督管理局",
            "formed_on": _day(as_of, 1),
        }
        for serial, fate in enumerate(fates, start=1)
    ]


def _rectifications(seed: int, as_of: date) -> list[Row]:
    records = event_penalties(seed, as_of)
    return [
        _about(records[fate])
        | {
            "rectification_number": _number("济市监责改", as_of, serial),
            "ordered_on": _day(as_of, 45),
            "deadline_on": _day(as_of, 15),
            "completed_on": _day(as_of, 20),
            "confirmed": "是",
            "confirmed_on": _day(as_of, 12),
            "confirming_unit": "济南市市场监督管理局",
            "formed_on": _day(as_of, 1),
        }
        for serial, fate in enumerate(("repaired", "serious_repaired"), start=1)
    ]


def _objections(seed: int, as_of: date) -> list[Row]:
    records = event_penalties(seed, as_of)
    outcomes = {"under_objection": "", "objection_upheld": "删除信息", "objection_rejected": "异议不成立"}
    rows = []
    for serial, (fate, outcome) in enumerate(outcomes.items(), start=1):
        closing = {"closed_on": _day(as_of, 1), "notified_on": _day(as_of, 1), "outcome": outcome}
        rows.append(
            _about(records[fate])
            | {
                "objection_number": f"JNYY{as_of.year}{serial:04d}",
                "ground": "信息错误",
                "channel": "提供单位",
                "scope": "本单位",
                "raised_on": _day(as_of, 2),
            }
            | (closing if outcome else {})
        )
    return rows


def _revocation(record: Row, as_of: date, serial: int, action: str, **fields: str) -> Row:
    return (
        _about(record)
        | {
            "revocation_number": _number("济复决", as_of, serial),
            "action": action,
            "revoked_on": _day(as_of, 1),
            "authority_name": "济南市人民政府",
        }
        | fields
    )


def _revocations(seed: int, as_of: date) -> list[Row]:
    records = event_penalties(seed, as_of)
    altered = {"altered_content": "变更为罚款人民币1000元", "altered_fine_10k_yuan": "0.1"}
    unheard_of = records["revoked"] | {"decision_number": _number("济市监处罚", as_of, 999_999)}
    return [
        _revocation(records["revoked"], as_of, 1, "撤销"),
        _revocation(records["altered"], as_of, 2, "变更", **altered),
        _revocation(unheard_of, as_of, 3, "撤销", remarks="样例：原信息尚未报送，等待"),
    ]


def _collected_revocations(seed: int, as_of: date) -> list[Row]:
    record = event_penalties(seed, as_of)["revoked_by_collector"]
    return [_revocation(record, as_of, 11, "撤销")]


def _trainings(seed: int, as_of: date) -> list[Row]:
    record = event_penalties(seed, as_of)["serious_repaired"]
    return [
        _subject(record)
        | {
            "certificate_number": f"JNPX{as_of.year}0001",
            "channel": "在线培训平台",
            "organiser_name": _PLATFORM,
            "trainee_role": "法定代表人",
            "trained_on": _day(as_of, 10),
            "class_hours": "3",
            "topics": "法规政策；惩戒措施及影响；修复方式和程序",
            "co_organiser_name": "济南市发展和改革委员会",
            "formed_on": _day(as_of, 1),
        }
    ]


def _credit_reports(seed: int, as_of: date) -> list[Row]:
    record = event_penalties(seed, as_of)["serious_repaired"]
    return [
        _subject(record)
        | {
            "report_number": f"JNBG{as_of.year}0001",
            "agency_name": "济南样例信用服务有限公司",
            "issued_on": _day(as_of, 9),
            "submitted_on": _day(as_of, 8),
            "formed_on": _day(as_of, 1),
        }
    ]


def _talks(seed: int, as_of: date) -> list[Row]:
    records = event_listings(seed, as_of)
    return [
        _about(records[fate])
        | {
            "talk_number": _number("济人社约谈", as_of, serial),
            "talk_kind": "警示性约谈",
            "talked_on": as_of.isoformat(),
            "unit_name": "济南市人力资源和社会保障局",
            "attendee_role": "主要负责人",
            "outcome": outcome,
            "formed_on": as_of.isoformat(),
        }
        for serial, (fate, outcome) in enumerate(
            {"talk_held": "已约谈", "talk_refused": "拒绝约谈"}.items(), start=1
        )
    ]


_EVENTS = {
    ("jn_market_regulation", "repair_decision"): _repairs,
    ("jn_market_regulation", "rectification"): _rectifications,
    ("jn_market_regulation", "objection"): _objections,
    ("jn_market_regulation", "revocation"): _revocations,
    ("jn_market_collector", "revocation"): _collected_revocations,
    ("jn_credit_centre", "repair_training"): _trainings,
    ("jn_credit_centre", "credit_report"): _credit_reports,
    ("jn_human_resources", "talk"): _talks,
}
