"""The lists at the gate: the wrong kind of subject and an unknown list go back (S50)."""

from __future__ import annotations

import pytest

from creditgate.policy.contracts import load_contract
from creditgate.policy.sanction_lists import SanctionList, load_sanction_lists, load_watch_lists
from tests.builders import Row, a_listing, an_identity_number
from tests.rules.checking import broken_rules, checked

LISTING, WATCH = "serious_dishonesty_listing", "watch_list_listing"


def a_person_listed(**overrides: str | None) -> Row:
    person: dict[str, str | None] = {
        "subject_name": "赵思远", "subject_category": "自然人", "uscc": None, "legal_representative": None,
        "principal": None, "actual_controller": None, "identity_type": "身份证",
        "identity_number": an_identity_number(),
    }  # fmt: skip
    return a_listing(**(person | overrides))


@pytest.mark.parametrize("entry", load_sanction_lists(), ids=lambda entry: entry.code)
def test_a_list_takes_its_kinds_of_subject_and_no_other(entry: SanctionList) -> None:
    rows = [a_listing(list_code=entry.code), a_person_listed(list_code=entry.name)]
    sealed = checked(load_contract(LISTING), *rows)
    assert ("SL-004" in broken_rules(sealed, 1)) == ("org" not in entry.subjects)
    assert ("SL-003" in broken_rules(sealed, 2)) == ("person" not in entry.subjects)


@pytest.mark.parametrize("entry", load_watch_lists(), ids=lambda entry: entry.code)
def test_a_watch_list_is_no_serious_list_and_the_other_way_round(entry: SanctionList) -> None:
    assert "SL-002" in broken_rules(checked(load_contract(LISTING), a_listing(list_code=entry.code)))
    watch = load_contract(WATCH)
    listed = {
        name: cell for name, cell in a_listing(list_code=entry.code).items() if name != "national_method_ref"
    }
    assert "WL-002" not in broken_rules(checked(watch, listed))
    assert "WL-002" in broken_rules(checked(watch, listed | {"list_code": "SD_WAGE"}))


def test_an_unknown_list_goes_back() -> None:
    assert "SL-002" in broken_rules(checked(load_contract(LISTING), a_listing(list_code="工商吊销企业名单")))
