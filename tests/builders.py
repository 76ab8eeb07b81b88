"""Builders: a valid row of each item with the fields a test cares about, and the feed file it comes in.

    feed = a_feed([a_penalty(fine_10k_yuan="-1")], tmp_path / "penalties.csv")

Rows are dicts by field name, valid on `AS_OF`. An override of None drops the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from creditgate.policy.contracts import load_contract
from creditgate.pull.manifest import write_manifest
from creditgate.samples.codes import credit_codes, identity_numbers
from creditgate.samples.writing import write_csv, write_workbook

AS_OF = date(2026, 11, 23)
PROVIDER = "jn_market_regulation"
Row = dict[str, str]


def a_credit_code(number: int = 1, department: str = "91") -> str:
    """A valid credit code that belongs to nobody; another number is another subject."""
    return str(credit_codes(np.array([number]), pa.array([department]), pa.array(["370102"]))[0])


def an_identity_number(born: date = date(1985, 3, 17), serial: int = 7) -> str:
    """A valid identity number that belongs to nobody."""
    return str(identity_numbers(pa.array([born.strftime("%Y%m%d")]), np.array([serial]))[0])


def a_penalty(**overrides: str | None) -> Row:
    """An administrative penalty against a company, decided and reported in time, in force on AS_OF."""
    return _row(
        {
            "subject_name": "济南霁棠源商贸有限公司",
            "subject_category": "法人及非法人组织",
            "uscc": a_credit_code(),
            "legal_representative": "王雨衡",
            "decision_number": "济市监处罚〔2026〕118号",
            "conduct_type": "价格违法行为",
            "facts": "2026年9月8日，执法人员检查时发现当事人有12种商品未按规定明码标价。",
            "basis": "《中华人民共和国价格法》第四十二条",
            "categories": "罚款",
            "content": "罚款人民币2000元",
            "fine_10k_yuan": "0.2",
            "decided_on": "2026-11-16",
            "effective_until": "2027-11-16",
            "authority_name": "济南市市场监督管理局",
            "authority_code": a_credit_code(900, "11"),
            "source_unit_name": "济南市市场监督管理局",
            "source_unit_code": a_credit_code(900, "11"),
            "severity": "一般",
            "severity_standard_ref": "济市监信规〔2020〕18号",
            "conduct_ended_on": "2026-09-08",
            "conduct_ongoing": "否",
            "formed_on": "2026-11-20",
        },
        overrides,
    )


def a_personal_penalty(**overrides: str | None) -> Row:
    """An administrative penalty against a natural person of full age."""
    person: dict[str, str | None] = {
        "subject_name": "赵思远",
        "subject_category": "自然人",
        "uscc": None,
        "legal_representative": None,
        "identity_type": "身份证",
        "identity_number": an_identity_number(),
    }
    return a_penalty(**(person | overrides))


def a_listing(**overrides: str | None) -> Row:
    """A company put on a serious-dishonesty list, with the persons answerable for it."""
    return _row(
        {
            "list_code": "AMR_SERIOUS",
            "subject_name": "济南砚澜远化工有限公司",
            "subject_category": "法人及非法人组织",
            "uscc": a_credit_code(2),
            "legal_representative": "陈嘉彤",
            "principal": "陈嘉彤",
            "actual_controller": "孙景岩",
            "decision_number": "济市监列严〔2026〕7号",
            "listed_on": "2026-11-17",
            "listing_ends_on": "2029-11-17",
            "reason": "提交虚假材料取得许可，被吊销许可证后继续经营",
            "basis": "《市场监督管理严重违法失信名单管理办法》第七条",
            "authority_name": "济南市市场监督管理局",
            "authority_code": a_credit_code(900, "11"),
            "national_method_ref": "国家市场监督管理总局令第44号",
            "region_name": "济南市历下区",
            "conduct_ended_on": "2026-08-31",
            "conduct_ongoing": "否",
            "formed_on": "2026-11-20",
        },
        overrides,
    )


def a_subject(**overrides: str | None) -> Row:
    """A company of the subject register: the one that `a_penalty` is about."""
    return _row(
        {
            "subject_name": "济南霁棠源商贸有限公司",
            "subject_category": "法人",
            "uscc": a_credit_code(),
            "legal_representative": "王雨衡",
            "subject_status": "存续",
            "established_on": "2015-06-01",
            "registered_address": "济南市历下区砚泉路118号",
            "formed_on": "2026-11-20",
        },
        overrides,
    )


def a_feed(
    rows: Sequence[Row],
    path: Path,
    *,
    item: str = "administrative_penalty",
    provider: str = PROVIDER,
    headers: Literal["chinese", "codes", "names"] = "chinese",
    encoding: str = "utf-8",
    extra_columns: Mapping[str, Sequence[str]] | None = None,
    manifest: bool = True,
) -> Path:
    """Write rows as a feed file with its manifest; `.xlsx` in the path makes it a workbook.

    Columns are the fields that any row has, in contract order; `extra_columns` (header → cells) follow.
    """
    contract = load_contract(item)
    known = [field for field in contract.fields if any(field.name in row for row in rows)]
    spelling = {
        "chinese": [field.header for field in known],
        "codes": [field.code or field.name for field in known],
        "names": [field.name for field in known],
    }[headers]
    columns = {field.name: [row.get(field.name, "") for row in rows] for field in known}
    columns |= {f"extra: {header}": list(cells) for header, cells in (extra_columns or {}).items()}
    write_table(path, [*spelling, *(extra_columns or {})], columns.values(), encoding)
    if manifest:
        write_manifest(path, provider, item, len(rows), "刘明哲", AS_OF, AS_OF)
    return path


def write_table(
    path: Path, headers: Sequence[str], columns: Iterable[Sequence[str]], encoding: str = "utf-8"
) -> None:
    """Any headers over any columns, as CSV or (`.xlsx`) as a workbook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = list(columns)
    if path.suffix == ".xlsx":
        write_workbook(path, headers, zip(*cells, strict=True))
    else:
        texts = {str(place): pa.array(column, pa.string()) for place, column in enumerate(cells)}
        write_csv(path, headers, [texts], encoding=encoding)


def _row(valid: Row, overrides: Mapping[str, str | None]) -> Row:
    merged = {**valid, **overrides}
    return {name: value for name, value in merged.items() if value is not None}
