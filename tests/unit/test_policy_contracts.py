"""Contracts are read strictly: what a provider may call a column, and what an official may write."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from creditgate.domain.rules import Severity
from creditgate.policy.contracts import (
    Contract,
    ContractError,
    UnknownFieldError,
    UnknownItemError,
    known_items,
    load_contract,
    normalise_header,
    read_contract,
)
from creditgate.policy.paths import PROJECT_ROOT, checklist_dir

PENALTY = "administrative_penalty"
LISTING = "serious_dishonesty_listing"
SHARED_DATA = PROJECT_ROOT.parent / "shared" / "data"
PENALTY_FIELD_OF = {
    "doc_no": {"decision_number"},
    "party_name": {"subject_name"},
    "uscc": {"uscc"},
    "org_code": {"organisation_code"},
    "person_id": {"identity_number", "legal_representative_id_number"},
    "legal_rep": {"legal_representative", "principal"},
    "fact": {"facts"},
    "decision_date": {"decided_on"},
    "authority": {"authority_name"},
    "publicity_deadline": {"publicity_until"},
}
LISTING_FIELD_OF = PENALTY_FIELD_OF | {
    "fact": {"reason"},
    "decision_date": {"listed_on"},
    "publicity_deadline": {"listing_ends_on"},
}


def field_of(contract: Contract, header: str) -> str | None:
    return contract.headers.get(normalise_header(header))


def shared_rows(name: str) -> list[dict[str, str]]:
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip("the reference data is not beside this checkout")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def edited(tmp_path: Path, old: str, new: str, item: str = "credit_subject") -> Path:
    """A copy of a contract with one edit, as an official would make it."""
    text = (checklist_dir() / f"{item}.odcs.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{item}.odcs.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "spelling",
    [
        "decision_number",
        "CF_WSH",
        "cfWsh",
        "cf-wsh",
        "行政处罚决定书文号",
        "行政处罚决定书文号：",
        "行政处罚 决定书\n文号",
        "*行政处罚决定书文号",
        "\ufeffＣＦ＿ＷＳＨ",
    ],
)
def test_case_width_blanks_and_trailing_marks_of_a_header_do_not_matter(spelling: str) -> None:
    assert field_of(load_contract(PENALTY), spelling) == "decision_number"


def test_brackets_of_any_kind_make_the_same_header() -> None:
    spellings = [
        "行政相对人代码_1(统一社会信用代码)",
        "行政相对人代码-1（统一社会信用代码）",
        "行政相对人代码 1【统一社会信用代码】",
    ]
    assert {field_of(load_contract(PENALTY), spelling) for spelling in spellings} == {"uscc"}


@pytest.mark.parametrize(("item", "field_names"), [(PENALTY, PENALTY_FIELD_OF), (LISTING, LISTING_FIELD_OF)])
def test_every_header_spelling_seen_in_published_data_maps_to_its_field(
    item: str, field_names: dict[str, set[str]]
) -> None:
    contract = load_contract(item)
    wrong = [
        row["observed_header"]
        for row in shared_rows("header_variants.csv")
        if field_of(contract, row["observed_header"]) not in field_names[row["canonical"]]
    ]
    unlike_a_listing = {
        "公示期限年限1或者3年限（数字）1或者3",
        "处罚生效期止",
        "CF_JZRQ",
    }  # a penalty's, not a list's
    assert set(wrong) <= (unlike_a_listing if item == LISTING else set())


def test_every_column_of_the_national_penalty_forms_maps_by_code_and_by_header() -> None:
    contract = load_contract(PENALTY)
    rows = [
        row for row in shared_rows("national_standard_columns.csv") if row["standard"].startswith("penalty")
    ]
    unmapped = {
        row["code"]
        for row in rows
        if None in (field_of(contract, row["code"]), field_of(contract, row["header_cn"]))
    }
    assert unmapped == {"QT"}  # the scope of use is no field of this item: dropped aloud


def test_code_and_header_of_a_national_column_mean_the_same_field() -> None:
    contract = load_contract(PENALTY)
    rows = [
        row for row in shared_rows("national_standard_columns.csv") if row["standard"].startswith("penalty")
    ]
    assert [
        row for row in rows if field_of(contract, row["code"]) != field_of(contract, row["header_cn"])
    ] == []


@pytest.mark.parametrize(
    ("file", "item", "unknown"),
    [
        ("penalties_market_regulator.csv", PENALTY, set()),
        ("transport_serious_violation_list.csv", LISTING, {"序号"}),
        ("ecommerce_dishonest_list.csv", LISTING, set()),
    ],
)
def test_headers_of_published_lists_map(file: str, item: str, unknown: set[str]) -> None:
    headers = shared_rows(f"real/{file}")[0]
    assert {h for h in headers if field_of(load_contract(item), h) is None} == unknown


def test_an_unknown_item_is_refused_with_the_items_there_are() -> None:
    with pytest.raises(UnknownItemError, match=r"administrative_penalty, .*credit_subject"):
        load_contract("red_list")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UnknownFieldError, match="credit_subject 1"):
        load_contract("credit_subject").field("income")


def test_a_rule_of_another_stage_is_found_by_kind() -> None:
    rule = load_contract(PENALTY).rule_of_kind("gate.already_expired")
    assert rule.severity is Severity.REJECT
    assert rule not in load_contract(PENALTY).check_rules()


def test_a_code_list_is_there_for_a_drop_down() -> None:
    assert load_contract(PENALTY).values_of("severity") == ("一般", "严重", "特定严重")
    assert load_contract(PENALTY).values_of("facts") == ()


def test_identity_numbers_alone_are_kept_as_hash() -> None:
    for item in known_items():
        hidden = {field.name for field in load_contract(item).fields if field.storage == "identity"}
        assert hidden == {
            field.name
            for field in load_contract(item).fields
            if field.name.endswith(("id_number", "identity_number", "identifier_number"))
        }


def test_a_decision_is_held_against_the_days_on_which_the_contract_is_in_force(tmp_path: Path) -> None:
    def window(contract: Contract) -> dict[str, str]:
        rule = next(r for r in contract.rules if "有效期内" in r.message)
        return {name: rule.kwargs[name] for name in ("earliest", "latest") if name in rule.kwargs}

    assert window(load_contract(PENALTY)) == {"earliest": "2015-01-01"}
    ended = edited(tmp_path, "effective_until, value: null", "effective_until, value: 2027-12-31", PENALTY)
    assert window(read_contract(ended)) == {"earliest": "2015-01-01", "latest": "2027-12-31"}


def test_severity_is_data(tmp_path: Path) -> None:
    path = edited(tmp_path, "severity: warn", "severity: reject")
    changed = [
        r.id
        for r, s in zip(read_contract(path).rules, load_contract("credit_subject").rules, strict=True)
        if r.severity != s.severity
    ]
    assert len(changed) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: DataContract", "kind: DataContract\nowner: x", "unknown key 'owner'; known here"),
        (
            "severity: reject",
            "severity: fatal",
            r"quality\[\d\].severity: 'fatal' is not known here; use one of block",
        ),
        ("expect_column_values_to_be_present", "expect_presence", "'expect_presence' is not known here"),
        ("name: CS-002", "name: CS-001", "the rule id CS-001 stands twice; take the next free number"),
        ("name: CS-002", "name: AP-002", "'AP-002' is not CS-000"),
        (
            "{property: content, value: name}",
            "{property: content, value: title}",
            "'title' is not known here",
        ),
        (
            "{property: clause, value: [S02, S12]}",
            "{property: source, value: x}",
            "'source' is not known here",
        ),
        ("physicalType: date", "physicalType: timestamp", "'timestamp' is not known here"),
        (
            "effective_from, value: 2014-10-01",
            "effective_from, value: soon",
            "is not a date; write it as YYYY-MM-DD",
        ),
        ("businessName: 注册地址", "businessName: 成立日期", "the header '成立日期' means"),
        ("name: established_on", "name: subject_name", "the field 'subject_name' stands twice"),
        ("record_key, value: [subject]", "record_key, value: [plate]", "no field 'plate'"),
        ("passing, value: {subject_name", "passing, value: {nick_name", "no field 'nick_name'"),
        ("{property: rule_prefix, value: CS}", "{property: rule_prefix}", "lacks the property 'rule_prefix'"),
        (
            "kwargs: {earliest:",
            "kwargs: {first:",
            "expect_column_dates_to_be_within has no such argument; it has",
        ),
        ("when: {column: subject_kind, in:", "when: {column: kind, in:", "no field 'kind'"),
        ("status: active", "status: active\nstatus: active", "line 10: is not valid YAML"),
        ("regex: '^", "regex: '^(?!x)", "is not an RE2 pattern"),
    ],
)
def test_a_slip_in_a_contract_is_named_with_its_place_and_next_step(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(ContractError, match=says) as caught:
        read_contract(edited(tmp_path, old, new))
    assert str(caught.value).startswith("credit_subject.odcs.yaml: ")
