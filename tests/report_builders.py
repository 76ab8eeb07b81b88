"""Builders for reports: a small contract of its own, and a batch report with the faults a test names.

report = a_report(faults={"TT-002": [1, 3]}, rows=5)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from creditgate.domain.batch import BatchStatus, Tally
from creditgate.domain.feed import ColumnMap
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import BatchReport, RejectedRows
from creditgate.domain.rules import Rule, Severity
from creditgate.policy.contracts import Contract, Field, normalise_header

LISTED = "expect_column_values_to_be_listed"
PRESENT = "expect_column_values_to_be_present"


def a_field(name: str, header: str, kind: str = "text", **parts: Any) -> Field:
    """A field of the stand-in contract."""
    known: dict[str, Any] = {
        "code": None,
        "synonyms": (),
        "pg_type": "text",
        "is_required": False,
        "storage": "clear",
        "max_length": None,
        "example": None,
    }
    return Field(name=name, header=header, kind=kind, **(known | parts))


def a_rule(rule_id: str, field: str | None, message: str, expected: str, **parts: Any) -> Rule:
    """A rule that rejects, unless told otherwise."""
    known: dict[str, Any] = {"severity": Severity.REJECT, "clauses": ("S12",)}
    return Rule(id=rule_id, field=field, message=message, expected=expected, **(known | parts))


FIELDS = (
    a_field(
        "subject_name",
        "行政相对人名称",
        "name",
        synonyms=("企业名称",),
        is_required=True,
        max_length=200,
        example="济南示例商贸有限公司",
    ),
    a_field(
        "uscc",
        "统一社会信用代码",
        "code",
        code="CF_XDR_SHXYM",
        synonyms=("信用代码",),
        example="91370199MA0000015T",
    ),
    a_field("identity_number", "证件号码", "identity", storage="identity"),
    a_field("severity", "失信程度", "code", is_required=True, example="一般"),
    a_field("categories", "处罚类别", "list", example="警告;罚款"),
    a_field("conduct_ongoing", "失信行为是否持续", "flag", example="否"),
    a_field("content", "处罚内容", "free_text", example="罚款2000元"),
)
RULES = (
    a_rule("TT-001", "subject_name", "缺少行政相对人名称", "应填写全称", expectation=PRESENT),
    a_rule("TT-002", "uscc", "校验不通过", "应为18位，末位校验码正确", expectation="expect_column_values_to_be_credit_code"),
    a_rule("TT-003", "severity", "失信程度不在代码表内", "应为：一般、严重、特定严重之一", expectation=LISTED,
           clauses=("S44", "S48"), kwargs={"column": "severity", "value_set": ["一般", "严重", "特定严重"]}),
    a_rule("TT-004", "categories", "处罚类别不在代码表内", "应为代码表所列，多项用分号隔开", expectation=LISTED,
           kwargs={"column": "categories", "value_set": ["警告", "罚款"], "separator": ";"}),
    a_rule("TT-005", "content", "内容较短，请核对", "应写明处罚的具体内容", severity=Severity.WARN),
    a_rule("TT-006", None, "同一批次内记录重复", "一批只报送一条"),
)  # fmt: skip
BLOOD_TYPE = a_rule(
    "PD-110",
    None,
    "含有禁止归集的血型信息",
    "应删除该列",
    severity=Severity.BLOCK,
    clauses=("S17",),
    category="blood_type",
)
DROPPED = a_rule(
    "FILE-009", None, "清单之外的列，未保存", "应删除该列", severity=Severity.WARN, clauses=("S09",)
)


def a_contract(**parts: Any) -> Contract:
    """The stand-in contract."""
    known: dict[str, Any] = {
        "item": "test_item",
        "version": "1.0.0",
        "title": "测试事项",
        "prefix": "TT",
        "clauses": ("S08",),
        "fields": FIELDS,
        "rules": RULES,
        "record_key": ("uscc",),
        "checklist_item_code": "T-1",
        "information_nature": "失信信息",
        "disclosure_mode": "公开公示",
        "disclosure_basis": "测试依据",
        "effective_from": date(2020, 9, 15),
        "effective_until": None,
        "example_as_of": date(2026, 11, 23),
        "unified_code_field": "uscc",
        "data_standard": "测试标准",
        "validity": "一年",
        "provider_units": ("国家机关",),
        "decision_day": None,
        "past_versions": (),
        "target_items": (),
        "whole_file": None,
        "headers": {normalise_header(s): f.name for f in FIELDS for s in f.spellings},
        "stages": {},
    }
    return Contract(**(known | parts))


HEADERS = {
    "企业名称": "subject_name",
    "信用代码": "uscc",
    "证件号码": "identity_number",
    "失信程度": "severity",
    "处罚内容": "content",
}
"""The provider's headers of `a_report`, in its order."""

CELLS = {
    "subject_name": "济南霁棠源商贸有限公司",
    "uscc": "91370199MA0000015T",
    "identity_number": "3701**********1234",
    "severity": "一般",
    "content": "罚款2000元",
}


def findings_of(faults: Mapping[str, Sequence[int]], headers: Mapping[str, str] = HEADERS) -> Findings:
    """Findings from rule id → rows (0: the file), at the columns of the file."""
    rules = {rule.id: rule for rule in (*RULES, BLOOD_TYPE, DROPPED)}
    spelling = {field: header for header, field in headers.items()}
    parts = [
        Findings(
            (Slot(rules[rule_id], rules[rule_id].field, spelling.get(rules[rule_id].field or "")),),
            np.array(rows, np.int32),
            np.zeros(len(rows), np.int16),
        )
        for rule_id, rows in faults.items()
    ]
    return Findings.concat(parts)


def rejected_rows(
    rows: Sequence[int], cells: Mapping[str, Sequence[str | None]] | None = None
) -> RejectedRows:
    """Rejected rows in the columns of `HEADERS`; `cells` replaces whole columns."""
    table = {
        field: pa.array((cells or {}).get(field, [CELLS[field]] * len(rows)), pa.string())
        for field in HEADERS.values()
    }
    return RejectedRows(np.array(rows, np.int32), pa.table(table), tuple(HEADERS))


def a_report(
    faults: Mapping[str, Sequence[int]] | None = None,
    rows: int = 5,
    cells: Mapping[str, Sequence[str | None]] | None = None,
    **parts: Any,
) -> BatchReport:
    """A settled batch whose rows have these faults; the rejected rows follow from them."""
    findings = findings_of(faults or {})
    rejected = [row for row in findings.of_severity(Severity.REJECT).tolist() if row]
    warned = set(findings.of_severity(Severity.WARN).tolist()) - set(rejected) - {0}
    tally = Tally(rows, rows - len(rejected), len(rejected), len(warned))
    known: dict[str, Any] = {
        "batch_id": "0123456789abcdef" * 2,
        "file_name": "处罚信息.csv",
        "file_sha256": "ab" * 32,
        "item": "test_item",
        "contract_title": "测试事项",
        "contract_version": "1.0.0",
        "provider_code": "jn_test",
        "unit_name": "济南市测试局",
        "officer": "刘明哲",
        "responsible_head": "周立言",
        "received_at": datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
        "settled_at": datetime(2026, 11, 23, 7, 2, tzinfo=UTC),
        "as_of_on": date(2026, 11, 23),
        "status": tally.status(),
        "tally": tally,
        "format": "csv",
        "encoding": "gb18030",
        "columns": ColumnMap(HEADERS, ("内部备注",), ()),
        "findings": findings,
        "rejected": rejected_rows(rejected, cells) if rejected else RejectedRows.none(),
    }
    return BatchReport(**(known | parts))


def a_blocked_report(*headers: str, **parts: Any) -> BatchReport:
    """A file blocked for prohibited columns with these headers."""
    return dataclasses.replace(
        a_report(),
        status=BatchStatus.BLOCKED,
        tally=Tally(0, 0, 0, 0),
        findings=Findings.about_file(Slot(BLOOD_TYPE, None, header) for header in headers),
        **parts,
    )
