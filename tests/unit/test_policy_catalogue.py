"""The rule catalogue: what `creditgate rules` publishes."""

from __future__ import annotations

import json

from creditgate.policy.catalogue import EVERY_ITEM, as_json, as_markdown, rule_catalogue
from creditgate.policy.contracts import load_contract


def test_the_catalogue_of_an_item_has_its_rules_and_those_of_every_item() -> None:
    rows = rule_catalogue("credit_subject")
    own = [row.id for row in rows if row.item == "credit_subject"]
    assert own == [rule.id for rule in load_contract("credit_subject").rules]
    assert {row.id.split("-")[0] for row in rows if row.item == EVERY_ITEM} == {"FILE", "PD"}


def test_a_row_says_at_which_header_and_by_which_stage() -> None:
    row = next(row for row in rule_catalogue("administrative_penalty") if row.id == "AP-004")
    assert (row.field, row.header, row.severity, row.applied_by) == (
        "uscc",
        "统一社会信用代码",
        "reject",
        "check",
    )
    assert row.clause == "S12, GB 32100-2015"


def test_ids_are_published_once() -> None:
    ids = [row.id for row in rule_catalogue()]
    assert len(ids) == len(set(ids))


def test_json_and_markdown_hold_every_rule() -> None:
    rows = rule_catalogue()
    assert [entry["id"] for entry in json.loads(as_json(rows))] == [row.id for row in rows]
    lines = as_markdown(rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert {line.replace("\\|", "").count("|") for line in lines} == {10}
