"""What happens to records after they were sent: repairs, objections, revocations, talks, and what a repair needs.

One record of every fate. `event_penalties`, `event_listings` and their kin are the records; `event_rows` the events about
them, by provider and item; all depend on (seed, as-of date) alone.
"""

from __future__ import annotations

from datetime import date

from creditgate.policy.training_plans import plan_of
from creditgate.samples.calendar import moved
from creditgate.samples.entries import organisations
from creditgate.samples.incentives import recognitions
from creditgate.samples.judgment_debtors import debtors
from creditgate.samples.licences import licences
from creditgate.samples.rows import Row
from creditgate.samples.stories import Listings, Penalties
from creditgate.samples.watch_listings import watch_entries

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


def event_watch_listings(seed: int, as_of: date) -> dict[str, Row]:
    """Entries of a watch list by fate, listed long enough ago to be put right since."""
    listed = moved(as_of, -120)
    tells = {
        "talk_held": "已提示约谈",
        "repaired": "整改后修复，退出重点关注名单",
        "under_objection": "异议处理中",
    }
    rows = watch_entries(organisations(seed, 220, len(tells)), [listed] * len(tells), as_of, 51)
    return _told(tells, rows)


def event_debtors(seed: int, as_of: date) -> dict[str, Row]:
    """Judgment debtors by fate: two organisations and a person."""
    tells = {
        "under_objection": "异议处理中",
        "revoked": "纳入决定被撤销",
        "objection_upheld": "异议成立，信息删除",
    }
    return _told(tells, list(debtors(seed, as_of, 900, 2))[: len(tells)])


def event_incentives(seed: int, as_of: date) -> dict[str, Row]:
    """Recognitions by fate."""
    tells = {"under_objection": "异议处理中，激励暂停", "revoked": "守信认定被撤销"}
    return _told(tells, recognitions(organisations(seed, 420, len(tells)), as_of, 51))


def event_licences(seed: int, as_of: date) -> dict[str, Row]:
    """Licences by fate."""
    tells = {"under_objection": "异议处理中", "revoked": "许可决定被撤销"}
    return _told(tells, licences(organisations(seed, 820, len(tells)), as_of, "JY1370102", 51))


def _told(tells: dict[str, str], rows: list[Row]) -> dict[str, Row]:
    """The rows by fate; the remarks say what each shows."""
    return {
        fate: row | {"remarks": f"样例：{told}"}
        for (fate, told), row in zip(tells.items(), rows, strict=True)
    }


def event_rows(provider: str, item: str, seed: int, as_of: date) -> list[Row]:
    """What a unit of the registry sends of an item of events; empty for one that the story does not know."""
    draw_up = _EVENTS.get((provider, item))
    return draw_up(seed, as_of) if draw_up else []


_NAMED_BY = {
    "case_number": "失信被执行人",
    "list_name": "守信激励名单",
    "licence_number": "行政许可",
    "list_code": "严重失信主体名单",
}
"""The column by which a record's item is told, and what events call the item; any other is a penalty."""


def _subject(record: Row) -> Row:
    names = ("subject_name", "subject_category", "uscc", "identity_number")
    subject = {name: record[name] for name in names if name in record}
    if "identifier_number" in record:
        is_person = record["subject_category"] == "自然人"
        subject["identity_number" if is_person else "uscc"] = record["identifier_number"]
    return subject


def _about(record: Row) -> Row:
    """What names a record: its item, its list, its decision and its subject."""
    item = next((item for column, item in _NAMED_BY.items() if column in record), "行政处罚")
    list_code = record.get("list_name") or record.get("list_code", "")
    if list_code.startswith("WATCH"):
        item = "重点关注名单"
    about = {"target_item": item} | _subject(record)
    if list_code:
        about["list_code"] = list_code
    return about | {"decision_number": record.get("case_number") or record["decision_number"]}


def _day(as_of: date, days_ago: int) -> str:
    return moved(as_of, -days_ago).isoformat()


def _number(series: str, as_of: date, serial: int) -> str:
    return f"{series}〔{as_of.year}〕{serial}号"


def _repairs(seed: int, as_of: date) -> list[Row]:
    penalties = event_penalties(seed, as_of)
    fates = ("repaired", "serious_repaired", "repair_refused", "never_repairable")
    records = [*(penalties[fate] for fate in fates), event_watch_listings(seed, as_of)["repaired"]]
    return [
        _about(record)
        | {
            "repair_number": _number("济市监信修", as_of, serial),
            "decision": "准予修复",
            "applied_on": _day(as_of, 6),
            "decided_on": _day(as_of, 1),
            "authority_name": "济南市市场监督管理局",
            "formed_on": _day(as_of, 1),
        }
        for serial, record in enumerate(records, start=1)
    ]


def _rectifications(seed: int, as_of: date) -> list[Row]:
    penalties = event_penalties(seed, as_of)
    records = [penalties["repaired"], penalties["serious_repaired"]]
    records.append(event_watch_listings(seed, as_of)["repaired"])
    return [
        _about(record)
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
        for serial, record in enumerate(records, start=1)
    ]


def _objections(seed: int, as_of: date) -> list[Row]:
    penalties = event_penalties(seed, as_of)
    watched = event_watch_listings(seed, as_of)
    cases = [
        (penalties["under_objection"], ""),
        (penalties["objection_upheld"], "删除信息"),
        (penalties["objection_rejected"], "异议不成立"),
        (watched["under_objection"], ""),
    ]
    return [
        _objection(record, as_of, serial, "提供单位", outcome)
        for serial, (record, outcome) in enumerate(cases, start=1)
    ]


def _objections_by_the_site(seed: int, as_of: date) -> list[Row]:
    debtors_by_fate = event_debtors(seed, as_of)
    cases = [
        (debtors_by_fate["under_objection"], ""),
        (debtors_by_fate["objection_upheld"], "删除信息"),
        (event_incentives(seed, as_of)["under_objection"], ""),
        (event_licences(seed, as_of)["under_objection"], ""),
    ]
    return [
        _objection(record, as_of, serial, "信用网站", outcome)
        for serial, (record, outcome) in enumerate(cases, start=101)
    ]


def _objection(record: Row, as_of: date, serial: int, channel: str, outcome: str) -> Row:
    """An objection that is open, or was closed yesterday with an outcome."""
    closing = {"closed_on": _day(as_of, 1), "notified_on": _day(as_of, 1), "outcome": outcome}
    return (
        _about(record)
        | {
            "objection_number": f"JNYY{as_of.year}{serial:04d}",
            "ground": "信息错误",
            "channel": channel,
            "scope": "本单位" if channel == "提供单位" else "协助核查",
            "raised_on": _day(as_of, 2),
        }
        | (closing if outcome else {})
    )


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
        _revocation(event_licences(seed, as_of)["revoked"], as_of, 4, "撤销"),
    ]


def _collected_revocations(seed: int, as_of: date) -> list[Row]:
    records = (event_penalties(seed, as_of)["revoked_by_collector"], event_incentives(seed, as_of)["revoked"])
    return [_revocation(record, as_of, serial, "撤销") for serial, record in enumerate(records, start=11)]


def _revocations_of_the_court(seed: int, as_of: date) -> list[Row]:
    return [_revocation(event_debtors(seed, as_of)["revoked"], as_of, 21, "撤销")]


def _trainings(seed: int, as_of: date) -> list[Row]:
    record = event_penalties(seed, as_of)["serious_repaired"]
    plan = plan_of(moved(as_of, -10))
    return [
        _subject(record)
        | ({"plan_code": plan.code} if plan else {})
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
    warned = {"talk_kind": "警示性约谈", "unit_name": "济南市人力资源和社会保障局"}
    return [
        _talk(records[fate], as_of, _number("济人社约谈", as_of, serial), warned | {"outcome": outcome})
        for serial, (fate, outcome) in enumerate(
            {"talk_held": "已约谈", "talk_refused": "拒绝约谈"}.items(), start=1
        )
    ]


def _talks_of_the_watch_list(seed: int, as_of: date) -> list[Row]:
    record = event_watch_listings(seed, as_of)["talk_held"]
    reminded = {"talk_kind": "提示性约谈", "unit_name": "济南市市场监督管理局", "outcome": "已约谈"}
    return [_talk(record, as_of, _number("济市监约谈", as_of, 1), reminded)]


def _talk(record: Row, as_of: date, number: str, held: Row) -> Row:
    days = {"talked_on": as_of.isoformat(), "formed_on": as_of.isoformat()}
    return _about(record) | {"talk_number": number, "attendee_role": "主要负责人"} | days | held


_EVENTS = {
    ("jn_market_regulation", "repair_decision"): _repairs,
    ("jn_market_regulation", "rectification"): _rectifications,
    ("jn_market_regulation", "objection"): _objections,
    ("jn_market_regulation", "revocation"): _revocations,
    ("jn_market_regulation", "talk"): _talks_of_the_watch_list,
    ("jn_market_collector", "revocation"): _collected_revocations,
    ("jn_intermediate_court", "revocation"): _revocations_of_the_court,
    ("jn_credit_centre", "objection"): _objections_by_the_site,
    ("jn_credit_centre", "repair_training"): _trainings,
    ("jn_credit_centre", "credit_report"): _credit_reports,
    ("jn_human_resources", "talk"): _talks,
}
