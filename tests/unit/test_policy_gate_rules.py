"""Rules about a file as a whole are found by kind, and their file is read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditgate.domain.rules import Severity
from creditgate.policy.gate_rules import (
    GateRuleError,
    UnknownGateRuleError,
    gate_rule,
    load_gate_rules,
    read_gate_rules,
)
from creditgate.policy.paths import expectations_dir

KINDS = [
    "unregistered_provider",
    "unknown_item",
    "item_not_listed",
    "manifest_missing",
    "manifest_invalid",
    "manifest_hash_mismatch",
    "review_after_sending",
    "row_count_mismatch",
    "empty_file",
    "unsupported_format",
    "unreadable_workbook",
    "undecodable_text",
    "nul_byte",
    "duplicate_column",
    "no_known_column",
    "row_width_mismatch",
    "line_too_long",
    "unclosed_quote",
    "unknown_column_dropped",
    "required_column_missing",
    "mixed_encoding",
    "field_too_long",
    "provider_incomplete",
]


def test_every_kind_that_the_code_asks_for_has_a_rule() -> None:
    assert {gate_rule(kind).expectation for kind in KINDS} == {f"gate.{kind}" for kind in load_gate_rules()}


@pytest.mark.parametrize("kind", ["unknown_column_dropped", "required_column_missing", "provider_incomplete"])
def test_a_column_more_or_less_and_an_incomplete_entry_never_stop_a_file(kind: str) -> None:
    assert gate_rule(kind).severity is Severity.WARN


def test_a_row_of_another_width_costs_the_row_alone() -> None:
    assert gate_rule("row_width_mismatch").severity is Severity.REJECT


def test_an_unknown_kind_lists_those_there_are() -> None:
    with pytest.raises(UnknownGateRuleError, match="'coffee_stain'; it has unregistered_provider"):
        gate_rule("coffee_stain")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("FILE-002", "FILE-001", "FILE-001 unknown_item stands twice"),
        ("FILE-002", "F-2", "'F-2' is not FILE-000"),
        ("severity: warn", "severity: info", "'info' is not known here; use one of block, reject, warn"),
        ("    clause: [S01]\n", "", r"rules\[0\]: lacks 'clause'; add it"),
    ],
)
def test_a_slip_in_the_file_rules_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (expectations_dir() / "gate_rules.yaml").read_text(encoding="utf-8")
    path = tmp_path / "gate_rules.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GateRuleError, match=says):
        read_gate_rules(path)
