"""Any rule by its id: the contract's, those about files, those about prohibited data."""

from __future__ import annotations

from collections.abc import Callable

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule, load_gate_rules
from creditgate.policy.prohibited import load_prohibited

REFUSING_KINDS = (
    "unregistered_provider",
    "unknown_item",
    "item_not_listed",
    "provider_not_on_checklist",
    "manifest_missing",
    "manifest_invalid",
    "manifest_hash_mismatch",
    "review_after_sending",
    "row_count_mismatch",
    "file_too_large",
)
"""File rules about who sends what and the manifest: the batch is refused, not blocked (S01, S08, S14)."""


def refusing_rules() -> frozenset[str]:
    """The ids of the rules whose breach refuses a batch: mended, the same file may come again."""
    return frozenset(gate_rule(kind).id for kind in REFUSING_KINDS)


def common_rules() -> tuple[Rule, ...]:
    """The rules of every item: about files, and about prohibited data."""
    prohibited = load_prohibited().categories
    return (
        *load_gate_rules().values(),
        *(rule for category in prohibited for rule in (category.header_rule, category.value_rule)),
    )


def rule_finder(contract: Contract) -> Callable[[str], Rule]:
    """Finds any rule that a feed of the contract's item can break, by its id; KeyError for an unknown id."""
    return {rule.id: rule for rule in (*contract.rules, *common_rules())}.__getitem__
