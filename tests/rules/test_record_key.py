"""When two rows are the same record."""

from __future__ import annotations

import pytest

from creditgate.policy.contracts import load_contract
from tests.builders import AS_OF, Row, a_listing, a_penalty, a_personal_penalty
from tests.rules.checking import checked


def _ids(item: str, *rows: Row) -> list[bytes]:
    sealed = checked(load_contract(item), *rows, as_of=AS_OF)
    ids: list[bytes] = sealed.table.column("record_id").to_pylist()
    return ids


@pytest.mark.parametrize(
    "spelling", ["济市监处罚[2026]118号", "济市监处罚（2026）118号", "济市监处罚【2026】 118号"]
)
def test_another_bracket_in_the_decision_number_is_the_same_penalty(spelling: str) -> None:
    one, other = _ids("administrative_penalty", a_penalty(), a_penalty(decision_number=spelling))
    assert one == other


def test_another_number_or_party_is_another_penalty() -> None:
    ids = _ids(
        "administrative_penalty",
        a_penalty(),
        a_penalty(decision_number="济市监处罚〔2026〕119号"),
        a_penalty(subject_name="济南另一家有限公司"),
        a_personal_penalty(),
    )
    assert len(set(ids)) == 4


def test_a_list_given_by_its_name_is_the_list_given_by_its_code() -> None:
    one, other = _ids("serious_dishonesty_listing", a_listing(), a_listing(list_code="严重违法失信企业名单"))
    assert one == other


def test_a_row_without_its_key_has_no_id() -> None:
    assert _ids("administrative_penalty", a_penalty(decision_number=None)) == [None]
