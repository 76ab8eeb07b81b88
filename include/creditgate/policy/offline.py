"""What a check without the platform's data leaves out: a unit that checks beforehand is told so."""

from __future__ import annotations

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule

MANIFEST = (
    "manifest_missing",
    "manifest_invalid",
    "manifest_hash_mismatch",
    "review_after_sending",
    "row_count_mismatch",
)
EARLIER_FEEDS = ("volume_unusual", "column_suddenly_empty", "code_list_drifted", "rule_spiked")
_APPLIED = ("gate.duplicate_record",)
"""Of the rules that need more than the row, those for which the file itself is enough."""


def not_applied(contract: Contract) -> dict[str, tuple[Rule, ...]]:
    """The rules that an offline check does not apply, by what they need."""
    needs_more = [rule for rule in contract.rules if contract.stages[rule.id] != "check"]
    needs_more = [rule for rule in needs_more if rule.expectation not in _APPLIED]
    by_need = {
        "register, deleted and held records": tuple(needs_more),
        "the unit's earlier feeds": tuple(map(gate_rule, EARLIER_FEEDS)) if contract.whole_file else (),
        "the manifest": tuple(map(gate_rule, MANIFEST)),
    }
    return {need: rules for need, rules in by_need.items() if rules}
