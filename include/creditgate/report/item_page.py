"""The published page of an item: what the checklist says of it, its columns, and what every rule asks (for provider units)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract, Field
from creditgate.policy.legal import resolve
from creditgate.report.summary import SEVERITY_LABELS
from creditgate.report.template import KIND_LABELS, guide_of

_MADE = "<!-- Made from the contract by `make generate`; change the contract, not this page. -->"
_ELEMENTS = ("信息事项", "信息性质", "统一社会信用代码", "数据标准", "披露方式", "有效期限", "提供单位")
_LONGEST_CODE_LIST = 12


def item_page(contract: Contract) -> str:
    """The page of an item, in Markdown."""
    parts = (
        f"# {contract.title}\n\n{_MADE}\n\n事项代码 `{contract.item}`，清单编号 {contract.checklist_item_code}，"
        f"合同版本 {contract.version}。空白模板：`creditgate template {contract.item} 模板.xlsx`；"
        f"报送前自查：`creditgate check 文件 --item {contract.item}`。",
        f"## 数据清单七要素\n\n{_table(_ELEMENTS, [_elements(contract)])}",
        f"披露依据：{contract.disclosure_basis}（{resolve(contract.disclosure_basis).text}）。"
        f"记录标识：{'、'.join(_key_words(contract))}。",
        f"## 版本\n\n{_table(('版本', '适用于何时作出的决定'), _versions(contract))}",
        f"## 列\n\n{_table(_FIELD_HEADINGS, (_field_row(contract, field) for field in contract.fields))}",
        f"## 规则\n\n{_table(_RULE_HEADINGS, (_rule_row(contract, rule) for rule in contract.rules))}",
        "对所有事项都适用的规则（文件、禁止采集的信息）见[规则目录](../rules.md)。",
    )
    return "\n\n".join(parts) + "\n"


def items_index(contracts: Iterable[Contract]) -> str:
    """The page that lists the items, in Markdown."""
    rows = [
        (f"[{one.title}]({one.item}.md)", f"`{one.item}`", one.version, *_elements(one)[1:])
        for one in contracts
    ]
    headings = ("信息事项", "事项代码", "版本", *_ELEMENTS[1:])
    return f"# 数据清单\n\n{_MADE}\n\n{_table(headings, rows)}\n"


_FIELD_HEADINGS = ("列名", "字段", "国家标准代码", "必填", "类型", "最长", "也接受的列名", "代码表", "示例")
_RULE_HEADINGS = ("规则", "级别", "列", "依据", "不符之处", "怎样才符合", "适用的决定日期")


def _elements(contract: Contract) -> tuple[str, ...]:
    return (
        contract.title,
        contract.information_nature,
        contract.field(contract.unified_code_field).header,
        contract.data_standard,
        contract.disclosure_mode,
        contract.validity,
        "、".join(contract.provider_units),
    )


def _key_words(contract: Contract) -> list[str]:
    return ["主体" if name == "subject" else contract.field(name).header for name in contract.record_key]


def _versions(contract: Contract) -> list[tuple[str, str]]:
    """Every version with the days of decision that it is for."""
    rows, since = [], contract.effective_from
    for past in contract.past_versions:
        rows.append((past.version, f"{since} 至 {past.effective_until}"))
        since = past.effective_until + timedelta(days=1)
    rows.append((contract.version, f"{since} 至 {contract.effective_until or '今'}"))
    return rows


def _field_row(contract: Contract, field: Field) -> tuple[str, ...]:
    values = contract.values_of(field.name)
    shown = "、".join(values[:_LONGEST_CODE_LIST]) + (
        f" 等{len(values)}项" if len(values) > _LONGEST_CODE_LIST else ""
    )
    return (
        field.header,
        f"`{field.name}`",
        field.code or "",
        guide_of(contract, field).need,
        KIND_LABELS.get(field.kind, ""),
        str(field.max_length or ""),
        "、".join(field.synonyms),
        shown,
        field.example or "",
    )


def _rule_row(contract: Contract, rule: Rule) -> tuple[str, ...]:
    return (
        rule.id,
        SEVERITY_LABELS[rule.severity],
        contract.field(rule.field).header if rule.field else "整行",
        rule.clause,
        rule.message,
        rule.expected,
        _days(rule),
    )


def _days(rule: Rule) -> str:
    if rule.since is None and rule.until is None:
        return ""
    return f"{rule.since or ''} 至 {rule.until or '今'}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """A text as a cell: no bar ends it, no star or bracket is taken for a mark."""
    if text.startswith(("`", "[")) or text == "---":
        return text
    for mark in ("\\", "|", "*", "_", "<", "[", "]", "~"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("\n", " ")
