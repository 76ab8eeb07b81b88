"""Rules about a file as a whole: manifest, format, columns (expectations/gate_rules.yaml)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from creditgate.domain.rules import Rule, Severity
from creditgate.policy.documents import PolicyFileError, read_document
from creditgate.policy.paths import expectations_dir

_KEYS = ("id", "kind", "severity", "clause", "description", "message", "expected")


class GateRuleError(PolicyFileError):
    """gate_rules.yaml is not in order."""


class UnknownGateRuleError(LookupError):
    """No file rule of this kind: a fault in the code that asks, or a rule removed from the file."""


def gate_rule(kind: str) -> Rule:
    """The file rule of a kind (`manifest_missing`); its `expectation` is `gate.<kind>`."""
    try:
        return load_gate_rules()[kind]
    except KeyError:
        known = ", ".join(load_gate_rules())
        raise UnknownGateRuleError(f"gate_rules.yaml has no rule of kind {kind!r}; it has {known}") from None


@cache
def load_gate_rules() -> dict[str, Rule]:
    """All file rules by kind, in the file's order."""
    return read_gate_rules(expectations_dir() / "gate_rules.yaml")


def read_gate_rules(path: Path) -> dict[str, Rule]:
    """Read a file of file rules; GateRuleError says what to mend."""
    top = read_document(path, GateRuleError).mapping(("version", "rules"))
    rules: dict[str, Rule] = {}
    ids: set[str] = set()
    for node in top["rules"].sequence():
        parts = node.mapping(_KEYS)
        kind, rule_id = parts["kind"].text(), parts["id"].text()
        if not re.fullmatch(r"FILE-\d{3}", rule_id):
            raise parts["id"].fault(f"{rule_id!r} is not FILE-000", "use the prefix and 3 digits")
        if rule_id in ids or kind in rules:
            raise node.fault(f"{rule_id} {kind} stands twice", "take the next free number and another kind")
        ids.add(rule_id)
        rules[kind] = Rule(
            id=rule_id,
            severity=Severity(parts["severity"].one_of(tuple(Severity))),
            clauses=parts["clause"].texts(),
            message=parts["message"].text(),
            expected=parts["expected"].text(),
            expectation=f"gate.{kind}",
        )
    return rules
