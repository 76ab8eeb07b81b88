"""Sample judgment debtors (失信被执行人) in the court's own form: persons and organisations in one identifier column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from creditgate.samples.calendar import moved
from creditgate.samples.entries import decided_days, organisations, persons
from creditgate.samples.rows import Row

JUDGMENT_DEBTOR = "judgment_debtor"
HEADERS = {
    "ah": "case_number",
    "bzxrmc": "subject_name",
    "bzxrxz": "subject_category",
    "身份证号码/组织机构代码": "identifier_number",
    "fddbr": "legal_representative",
    "实际控制人": "actual_controller",
    "zxfy": "court_name",
    "zxyjwh": "basis_document_number",
    "zczxyjdw": "basis_issuer",
    "sxflwsqdyw": "duty",
    "bzxrlxqk": "performance",
    "sxbzxrxwqk": "conduct",
    "larq": "filed_on",
    "fbrq": "listed_on",
    "纳入期限届满日期": "listing_ends_on",
    "失信行为终止日期": "conduct_ended_on",
    "失信行为是否持续": "conduct_ongoing",
    "数据形成日期": "formed_on",
    "备注": "remarks",
}
"""The court's headers, then ours for what its form lacks, and the field that each means."""

MASKS = (
    "410724************",
    "3701021990****0011",
    "3701XXXXXXXX1234",
    "MA00****-5",
    "37010219900101＊＊＊＊",
)
"""Shapes in which published lists hide a number. None can be matched, so all of them go back."""

_COURT = "济南市中级人民法院"


def judgment_debtors(seed: int, as_of: date) -> list[Row]:
    """Ten organisations and ten persons, entries on their last day and past it, one whose duty goes on unmet."""
    rows = list(debtors(seed, as_of, 600, 10))
    rows[0] |= {"listing_ends_on": as_of.isoformat(), "remarks": "样例：纳入期限最后一日"}
    rows[1] |= {"listing_ends_on": moved(as_of, -1).isoformat(), "remarks": "样例：纳入期限届满次日"}
    rows[2] |= {"conduct_ongoing": "是", "conduct_ended_on": "", "remarks": "样例：失信行为仍在持续"}
    return rows


def masked_debtors(seed: int, as_of: date) -> list[Row]:
    """One row for each shape of a masked number, and two clean ones."""
    rows = list(debtors(seed, as_of, 700, 4))
    for row, mask in zip(rows, MASKS, strict=False):
        row |= {"identifier_number": mask, "remarks": "样例：号码已脱敏"}
    return rows[: len(MASKS) + 2]


def debtors(seed: int, as_of: date, first: int, count: int) -> Iterator[Row]:
    """As many organisations, then as many persons; the cases are numbered from `first`."""
    companies = [
        row | {"identifier_number": row["uscc"], "actual_controller": row["legal_representative"]}
        for row in organisations(seed, first, count)
    ]
    people = [
        row | {"identifier_number": row["identity_number"]} for row in persons(seed, first % 280, count)
    ]
    about = [*companies, *people]
    for number, (subject, listed) in enumerate(
        zip(about, decided_days(as_of, len(about)), strict=True), start=first
    ):
        own = {name: cell for name, cell in subject.items() if name in HEADERS.values()}
        yield own | {
            "case_number": f"（{listed.year}）鲁01执{number}号",
            "court_name": _COURT,
            "basis_document_number": f"（{listed.year - 1}）鲁01民初{number}号",
            "basis_issuer": _COURT,
            "duty": f"支付货款{number}万元及利息。",
            "performance": "全部未履行" if number % 3 else "部分未履行",
            "conduct": "违反财产报告制度" if number % 2 else "有履行能力而拒不履行生效法律文书确定义务",
            "filed_on": moved(listed, -60).isoformat(),
            "listed_on": listed.isoformat(),
            "listing_ends_on": moved(listed, 730).isoformat(),
            "conduct_ended_on": moved(listed, -10).isoformat(),
            "conduct_ongoing": "否",
            "formed_on": max(listed, moved(as_of, -2)).isoformat(),
        }
