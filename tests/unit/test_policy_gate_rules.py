"""Rules about a file as a whole are found by kind, and their file is read strictly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from creditgate.domain.rules import Severity
from creditgate.policy.gate_rules import (
    GateRuleError,
    UnknownGateRuleError,
    gate_rule,
    read_gate_rules,
)
from creditgate.policy.paths import PROJECT_ROOT, expectations_dir

ASKED_FOR = re.compile(r"(?:gate_rule|UnreadableFeedError)\(\s*\"(\w+)\"")


def test_every_kind_that_the_code_asks_for_has_a_rule() -> None:
    package = PROJECT_ROOT / "include" / "creditgate"
    asked = {
        kind for path in package.rglob("*.py") for kind in ASKED_FOR.findall(path.read_text(encoding="utf-8"))
    }
    assert asked
    assert {kind: gate_rule(kind).expectation for kind in asked} == {kind: f"gate.{kind}" for kind in asked}


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
