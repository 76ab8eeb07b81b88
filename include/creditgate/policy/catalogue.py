"""The rule catalogue: every rule that a feed can break, as it is published (`creditgate rules`)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract, known_items, load_contract
from creditgate.policy.rule_finder import common_rules

EVERY_ITEM = "*"
"""Item of the rules that hold for every feed: files, columns, prohibited data."""

_HEADINGS = ("规则", "事项", "字段", "表头", "级别", "依据", "说明", "应为", "执行环节")


@dataclass(frozen=True)
class CatalogueRow:
    """A rule as published. `field` and `header` are empty where it is about the row or the file."""

    id: str
    item: str
    field: str
    header: str
    severity: str
    clause: str
    message: str
    expected: str
    applied_by: str


def rule_catalogue(item: str | None = None) -> tuple[CatalogueRow, ...]:
    """The rules of an item (all items where None), then those of every item, each group in order of id."""
    rows: list[CatalogueRow] = []
    for name in known_items() if item is None else (item,):
        contract = load_contract(name)
        rows += [_contract_row(contract, rule) for rule in contract.rules]
    rows += [_common_row(rule) for rule in sorted(common_rules(), key=lambda rule: rule.id)]
    return tuple(rows)


def as_json(rows: Iterable[CatalogueRow]) -> str:
    """A JSON array of objects, one a rule."""
    return json.dumps([dataclasses.asdict(row) for row in rows], ensure_ascii=False, indent=2)


def as_markdown(rows: Iterable[CatalogueRow]) -> str:
    """One Markdown table."""
    lines = [_markdown_row(_HEADINGS), _markdown_row(["---"] * len(_HEADINGS))]
    lines += [_markdown_row(dataclasses.astuple(row)) for row in rows]
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _contract_row(contract: Contract, rule: Rule) -> CatalogueRow:
    header = contract.field(rule.field).header if rule.field else ""
    return _row(rule, contract.item, header, contract.stages[rule.id])


def _common_row(rule: Rule) -> CatalogueRow:
    """A rule about files, or about prohibited data: only the latter have a category."""
    return _row(rule, EVERY_ITEM, "", "screen" if rule.category else "gate")


def _row(rule: Rule, item: str, header: str, stage: str) -> CatalogueRow:
    return CatalogueRow(
        id=rule.id,
        item=item,
        field=rule.field or "",
        header=header,
        severity=rule.severity.value,
        clause=rule.clause,
        message=rule.message,
        expected=rule.expected,
        applied_by=stage,
    )
