"""Every spelling of a header that was seen in published data is mapped to its field.

All of them stand in a table beside the project; where it is absent, a part of them that the project holds is looked at.
"""

from __future__ import annotations

import csv

import pytest

from creditgate.policy.contracts import load_contract, normalise_header
from creditgate.policy.paths import PROJECT_ROOT

ITEM = "administrative_penalty"
SEEN = PROJECT_ROOT.parent / "shared" / "data" / "header_variants.csv"
FIELDS = {
    "doc_no": {"decision_number"},
    "party_name": {"subject_name"},
    "uscc": {"uscc"},
    "org_code": {"organisation_code"},
    "person_id": {"identity_number", "legal_representative_id_number"},
    "legal_rep": {"legal_representative", "principal"},
    "fact": {"facts"},
    "decision_date": {"decided_on"},
    "authority": {"authority_name"},
    "publicity_deadline": {"publicity_until"},
}
BUILT_IN = [
    ("doc_no", "行政处罚决定书文号："),
    ("doc_no", "文,号"),
    ("doc_no", "cfWsh"),
    ("party_name", "企让名称"),
    ("party_name", "单位名 称"),
    ("party_name", "纳税人名称(姓名)"),
    ("uscc", "统一社 会信用 代码"),
    ("uscc", "行政相对人代码-1（统一社会信用代码）"),
    ("uscc", "统一社会信用代码.纳税人识别号"),
    ("org_code", "行政相对人代码_3(组织机构代码)9位"),
    ("org_code", "身份证号码／组织机构代码"),
    ("person_id", "行政相对人代码_5 (居民身份证号)："),
    ("person_id", "legal_per_ident"),
    ("legal_rep", "主要 负责 人"),
    ("legal_rep", "法定代表人（负责人、业主）姓名"),
    ("fact", "失信行为筒况"),
    ("fact", "主要违法违规事实（案由）"),
    ("decision_date", "做出处罚的日期"),
    ("decision_date", "CF_JDRQ"),
    ("authority", "信息报 送机关"),
    ("authority", "CF_XZJG"),
    ("publicity_deadline", "公示期限年限1或者3年限（数字）1或者3"),
]


def field_of(header: str) -> str | None:
    return load_contract(ITEM).headers.get(normalise_header(header))


@pytest.mark.parametrize(("canonical", "header"), BUILT_IN)
def test_a_spelling_of_the_projects_own_is_mapped(canonical: str, header: str) -> None:
    assert field_of(header) in FIELDS[canonical]


@pytest.mark.skipif(
    not SEEN.is_file(), reason="the table of all spellings lies beside the project, not in it"
)
def test_every_spelling_that_was_seen_is_mapped_to_its_field() -> None:
    with SEEN.open(encoding="utf-8", newline="") as file:
        seen = [(row["canonical"], row["observed_header"]) for row in csv.DictReader(file)]
    assert len(seen) > 100
    assert [(what, header) for what, header in seen if field_of(header) not in FIELDS[what]] == []
