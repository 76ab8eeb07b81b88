"""Every rule of every contract, both ways: its passing example passes it, its failing example breaks it."""

from __future__ import annotations

import pytest

from creditgate.check.expectations import EXPECTATIONS
from creditgate.domain.rules import Rule
from creditgate.policy import expectation_types
from creditgate.policy.contracts import Contract, known_items, load_contract
from tests.rules.checking import broken_rules, checked

CASES = [(item, rule.id) for item in known_items() for rule in load_contract(item).check_rules()]


def _example(contract: Contract, rule: Rule, change: dict[str, object] | None) -> dict[str, str | None]:
    assert change is not None, f"{rule.id} lacks an example"
    return {**contract.example_row(), **change}  # type: ignore[dict-item]


@pytest.mark.parametrize("item", known_items())
def test_the_contracts_own_example_breaks_no_rule(item: str) -> None:
    contract = load_contract(item)
    assert broken_rules(checked(contract, contract.example_row())) == set()


@pytest.mark.parametrize(("item", "rule_id"), CASES)
def test_passing_example_passes_and_failing_example_breaks(item: str, rule_id: str) -> None:
    contract = load_contract(item)
    rule = contract.rule(rule_id)
    passing = _example(contract, rule, rule.passing)
    failing = _example(contract, rule, rule.failing)
    sealed = checked(contract, passing, failing)
    assert rule_id not in broken_rules(sealed, 1)
    assert rule_id in broken_rules(sealed, 2)


def test_every_expectation_that_a_contract_may_name_is_implemented_with_its_arguments() -> None:
    assert set(EXPECTATIONS) == set(expectation_types.EXPECTATIONS)
    for name, signature in expectation_types.EXPECTATIONS.items():
        assert set(EXPECTATIONS[name].mask_keys) | {"column", "when"} == signature.known | {"column"}, name
