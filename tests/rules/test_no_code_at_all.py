"""An organisation without any code is told once: the row goes back, and no warning speaks of an old code (S12)."""

from __future__ import annotations

import pytest

from creditgate.domain.subjects import ORGANISATION_CODES
from creditgate.policy.contracts import load_contract
from tests.rules.checking import broken_rules, checked

CASES = [
    ("administrative_penalty", "AP-003", "AP-005"),
    ("serious_dishonesty_listing", "SL-007", "SL-009"),
    ("credit_subject", "CS-004", "CS-007"),
]


@pytest.mark.parametrize(("item", "no_code", "old_code_only"), CASES)
def test_no_code_is_rejected_without_a_warning_and_an_old_code_is_warned_without_a_rejection(
    item: str, no_code: str, old_code_only: str
) -> None:
    contract = load_contract(item)
    bare = {**contract.example_row(), **dict.fromkeys(ORGANISATION_CODES)}
    old = bare | {"registration_number": "370199000000001"}
    sealed = checked(contract, bare, old)
    both = {no_code, old_code_only}
    assert broken_rules(sealed, 1) & both == {no_code}
    assert broken_rules(sealed, 2) & both == {old_code_only}
