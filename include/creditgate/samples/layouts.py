"""The forms that providers send: which columns, under which headers, in which order.

The three generations of the national double-publicity form (发改办财金〔2018〕424号 and its forerunner of
2015), and our own form. What the notice asks for beyond the national form follows in EXTRA_FIELDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from creditgate.policy.contracts import load_contract

Spelling = Literal["chinese", "codes", "names"]
PENALTY, LISTING, SUBJECT = "administrative_penalty", "serious_dishonesty_listing", "credit_subject"


@dataclass(frozen=True)
class Column:
    """A column of a national form: its code, its Chinese header there, and our field."""

    code: str
    header: str
    field: str


@dataclass(frozen=True)
class Layout:
    """A form: an item's columns in order. Columns of the national form carry its own headers."""

    item: str
    columns: tuple[Column, ...]
    extra_fields: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Our field names in column order."""
        return (*(column.field for column in self.columns), *self.extra_fields)

    def headers(self, spelling: Spelling = "chinese") -> tuple[str, ...]:
        """The headers in column order; the extra columns have no national code and stay Chinese."""
        if spelling == "names":
            return self.fields
        contract = load_contract(self.item)
        national = (column.header if spelling == "chinese" else column.code for column in self.columns)
        return (*national, *(contract.field(name).header for name in self.extra_fields))


def contract_layout(item: str, fields: Sequence[str]) -> Layout:
    """A form of chosen fields under the contract's own headers."""
    return Layout(item, (), tuple(fields))


EXTRA_FIELDS = (
    "severity",
    "severity_standard_ref",
    "conduct_ended_on",
    "conduct_ongoing",
    "formed_on",
    "principal",
    "actual_controller",
    "secret_fields",
)
"""What the notice needs beyond the national form, for organisations."""

EXTRA_PERSON_FIELDS = (*EXTRA_FIELDS[:5], "is_self_supporting")

_NAME = Column("CF_XDR_MC", "行政相对人名称", "subject_name")
_CATEGORY = Column("CF_XDR_LB", "行政相对人类别", "subject_category")
_CODES = (
    Column("CF_XDR_SHXYM", "行政相对人代码_1(统一社会信用代码)", "uscc"),
    Column("CF_XDR_GSZC", "行政相对人代码_2(工商注册号)", "registration_number"),
    Column("CF_XDR_ZZJG", "行政相对人代码_3(组织机构代码)", "organisation_code"),
    Column("CF_XDR_SWDJ", "行政相对人代码_4(税务登记号)", "tax_registration_number"),
    Column("CF_XDR_SYDW", "行政相对人代码_5(事业单位证书号)", "institution_certificate_number"),
    Column("CF_XDR_SHZZ", "行政相对人代码_6(社会组织登记证号)", "social_organisation_number"),
)
_PERSON = (
    Column("CF_XDR_ZJLX", "自然人证件类型", "identity_type"),
    Column("CF_XDR_ZJHM", "证件号码", "identity_number"),
)
_DECISION = (
    Column("CF_WSH", "行政处罚决定书文号", "decision_number"),
    Column("CF_WFXW", "违法行为类型", "conduct_type"),
    Column("CF_SY", "违法事实", "facts"),
    Column("CF_YJ", "处罚依据", "basis"),
    Column("CF_CFLB", "处罚类别", "categories"),
    Column("CF_NR", "处罚内容", "content"),
    Column("CF_NR_FK", "罚款金额（万元）", "fine_10k_yuan"),
    Column("CF_NR_WFFF", "没收违法所得、没收非法财物的金额（万元）", "confiscated_10k_yuan"),
    Column("CF_NR_ZKDX", "暂扣或吊销证照名称及编号", "licence_revoked"),
    Column("CF_JDRQ", "处罚决定日期", "decided_on"),
    Column("CF_YXQ", "处罚有效期", "effective_until"),
    Column("CF_GSJZQ", "公示截止期", "publicity_until"),
    Column("CF_CFJG", "处罚机关", "authority_name"),
    Column("CF_CFJGDM", "处罚机关统一社会信用代码", "authority_code"),
    Column("CF_SJLY", "数据来源单位", "source_unit_name"),
    Column("CF_SJLYDM", "数据来源单位统一社会信用代码", "source_unit_code"),
    Column("BZ", "备注", "remarks"),
)

ORGANISATIONS_2018 = Layout(
    PENALTY,
    (
        _NAME,
        *_CODES,
        Column("CF_FRDB", "法定代表人", "legal_representative"),
        Column("CF_FR_SFZH", "法定代表人身份证号", "legal_representative_id_number"),
        *_DECISION,
    ),
    EXTRA_FIELDS,
)
"""The 2018 form for organisations: 26 columns, and ours."""

PERSONS_2018 = Layout(PENALTY, (_NAME, *_PERSON, *_DECISION), EXTRA_PERSON_FIELDS)
"""The 2018 form for natural persons: 20 columns, and ours."""

MERGED_2019 = Layout(
    PENALTY,
    (
        _NAME,
        _CATEGORY,
        *_CODES,
        Column("CF_FRDB", "法定代表人", "legal_representative"),
        Column("CF_FR_ZJLX", "法定代表人证件类型", "legal_representative_id_type"),
        Column("CF_FR_ZJHM", "法定代表人证件号码", "legal_representative_id_number"),
        *_PERSON,
        *_DECISION,
    ),
    (*EXTRA_FIELDS, "is_self_supporting"),
)
"""The form in use since 2019, organisations and persons in one: 30 columns, and ours."""

FORM_2015 = Layout(
    PENALTY,
    (
        Column("CF_WSH", "行政处罚决定书文号", "decision_number"),
        Column("CF_CFMC", "处罚名称", "penalty_name"),
        Column("CF_CFLB1", "处罚类别1", "categories"),
        Column("CF_CFLB2", "处罚类别2", "other_category"),
        Column("CF_SY", "处罚事由", "facts"),
        Column("CF_YJ", "处罚依据", "basis"),
        _NAME,
        Column("CF_XDR_SHXYM", "行政相对人代码_1(统一社会信用代码)", "uscc"),
        Column("CF_XDR_ZDM", "行政相对人代码_2(组织机构代码)", "organisation_code"),
        Column("CF_XDR_GSDJ", "行政相对人代码_3(工商登记码)", "registration_number"),
        Column("CF_XDR_SWDJ", "行政相对人代码_4(税务登记号)", "tax_registration_number"),
        Column("CF_XDR_SFZ", "行政相对人代码_5(居民身份证号)", "identity_number"),
        Column("CF_FR", "法定代表人姓名", "legal_representative"),
        Column("CF_JG", "处罚结果", "content"),
        Column("CF_JDRQ", "处罚决定日期", "decided_on"),
        Column("CF_XZJG", "处罚机关", "authority_name"),
        Column("CF_ZT", "当前状态", "current_status"),
        Column("DFBM", "地方编码", "region_code"),
        Column("SJC", "数据更新时间戳", "source_updated_at"),
        Column("BZ", "备注", "remarks"),
    ),
    (
        "conduct_type",
        "fine_10k_yuan",
        "confiscated_10k_yuan",
        "effective_until",
        "authority_code",
        "source_unit_name",
        "source_unit_code",
        *EXTRA_FIELDS,
    ),
)
"""The form of 2015: 20 columns, what later forms added, and ours."""

LISTED_ORGANISATIONS = contract_layout(
    LISTING,
    (
        "list_code",
        "subject_name",
        "subject_category",
        "uscc",
        "legal_representative",
        "principal",
        "actual_controller",
        "decision_number",
        "listed_on",
        "listing_ends_on",
        "reason",
        "basis",
        "authority_name",
        "authority_code",
        "national_method_ref",
        "region_name",
        "conduct_ended_on",
        "conduct_ongoing",
        "formed_on",
        "secret_fields",
        "remarks",
    ),
)
LISTED_SUBJECTS = contract_layout(
    LISTING,
    (*LISTED_ORGANISATIONS.fields[:7], "identity_type", "identity_number", *LISTED_ORGANISATIONS.fields[7:]),
)
"""Our form of listings, with and without the columns for natural persons."""

REGISTER = contract_layout(
    SUBJECT,
    (
        "subject_name",
        "subject_category",
        "uscc",
        "registration_number",
        "organisation_code",
        "legal_representative",
        "identity_type",
        "identity_number",
        "subject_status",
        "established_on",
        "registered_address",
        "formed_on",
        "remarks",
    ),
)
"""Our form of the subject register."""
