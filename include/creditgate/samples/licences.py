"""Sample administrative licences in the national form."""

from __future__ import annotations

from datetime import date

from creditgate.samples.calendar import moved
from creditgate.samples.entries import decided_days, organisations, persons
from creditgate.samples.layouts import Column, Layout
from creditgate.samples.rows import Row

LICENCE = "administrative_licence"

_NAME = Column("XK_XDR_MC", "行政相对人名称", "subject_name")
_DECISION = (
    Column("XK_XKWS", "行政许可决定文书名称", "document_name"),
    Column("XK_WSH", "行政许可决定文书号", "decision_number"),
    Column("XK_XKLB", "许可类别", "licence_category"),
    Column("XK_XKZS", "许可证书名称", "certificate_name"),
    Column("XK_XKBH", "许可编号", "licence_number"),
    Column("XK_NR", "许可内容", "content"),
    Column("XK_JDRQ", "许可决定日期", "decided_on"),
    Column("XK_YXQZ", "有效期自", "valid_from"),
    Column("XK_YXQZI", "有效期至", "valid_until"),
    Column("XK_XKJG", "许可机关", "authority_name"),
    Column("XK_XKJGDM", "许可机关统一社会信用代码", "authority_code"),
    Column("XK_ZT", "当前状态", "licence_status"),
    Column("XK_LYDW", "数据来源单位", "source_unit_name"),
    Column("XK_LYDWDM", "数据来源单位统一社会信用代码", "source_unit_code"),
    Column("BZ", "备注", "remarks"),
)

LICENCES_OF_ORGANISATIONS = Layout(
    LICENCE,
    (
        _NAME,
        Column("XK_XDR_SHXYM", "行政相对人代码_1（统一社会信用代码）", "uscc"),
        Column("XK_XDR_GSZC", "行政相对人代码_2（工商注册号）", "registration_number"),
        Column("XK_XDR_ZZJG", "行政相对人代码_3（组织机构代码）", "organisation_code"),
        Column("XK_XDR_SWDJ", "行政相对人代码_4（税务登记号） ", "tax_registration_number"),
        Column("XK_XDR_SYDW", "行政相对人代码_5（事业单位证书号）", "institution_certificate_number"),
        Column("XK_XDR_SHZZ", "行政相对人代码_6（社会组织登记证号）", "social_organisation_number"),
        Column("XK_FRDB", "法定代表人", "legal_representative"),
        Column("XK_FR_SFZH", "法定代表人身份证号", "legal_representative_id_number"),
        *_DECISION,
    ),
)
"""The national form for organisations: 24 columns."""

LICENCES_OF_PERSONS = Layout(
    LICENCE,
    (
        _NAME,
        Column("XK_XDR_ZJLX", "证件类型", "identity_type"),
        Column("XK_XDR_ZJHM", "证件号码", "identity_number"),
        *_DECISION,
    ),
)
"""The national form for natural persons: 18 columns."""


def licences_of_organisations(seed: int, as_of: date) -> list[Row]:
    """Licences of organisations and sole traders: on the last day and past it, without an end, withdrawn."""
    rows = licences(organisations(seed, 800, 16), as_of, "JY1370102")
    rows[0] |= {"valid_until": as_of.isoformat(), "remarks": "样例：有效期最后一日"}
    rows[1] |= {"valid_until": moved(as_of, -1).isoformat(), "remarks": "样例：有效期届满次日"}
    rows[1] |= {"decided_on": moved(as_of, -400).isoformat(), "valid_from": moved(as_of, -400).isoformat()}
    rows[2] |= {"valid_until": "2099-12-31", "remarks": "样例：长期有效"}
    rows[3] |= {"licence_status": "2", "remarks": "样例：已无效"}
    return rows


def licences_of_persons(seed: int, as_of: date) -> list[Row]:
    """Licences of natural persons: taken in, never public."""
    return licences(persons(seed, 80, 6), as_of, "CY370102")


def licences(about: list[Row], as_of: date, series: str, first: int = 1) -> list[Row]:
    """One licence of each subject; decisions and certificates are numbered from `first`."""
    rows = []
    for number, (subject, decided) in enumerate(
        zip(about, decided_days(as_of, len(about)), strict=True), start=first
    ):
        own = {name: cell for name, cell in subject.items() if name != "subject_category"}
        rows.append(
            own
            | {
                "document_name": "准予行政许可决定书",
                "decision_number": f"济市监许〔{decided.year}〕{number}号",
                "licence_category": "普通",
                "certificate_name": "食品经营许可证",
                "licence_number": f"{series}{number:06}",
                "content": "预包装食品销售；散装食品销售。",
                "decided_on": decided.isoformat(),
                "valid_from": decided.isoformat(),
                "valid_until": moved(as_of, 1_500).isoformat(),
                "authority_name": "济南市市场监督管理局",
                "licence_status": "1",
                "source_unit_name": "济南市市场监督管理局",
            }
        )
    return rows
