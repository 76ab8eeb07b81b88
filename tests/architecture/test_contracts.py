"""The law as data holds together: contracts, file rules, prohibited data, legal sources, the registry."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from creditgate.domain.rules import Rule, Severity
from creditgate.policy.contracts import Contract, known_items, load_contract, read_contract
from creditgate.policy.expectation_types import EXPECTATIONS
from creditgate.policy.gate_rules import load_gate_rules
from creditgate.policy.legal import resolve
from creditgate.policy.paths import checklist_dir, expectations_dir
from creditgate.policy.prohibited import load_prohibited
from creditgate.policy.sanction_lists import load_sanction_lists
from creditgate.screen.prohibited import prohibited_headers

ITEMS = known_items()
HAN = re.compile(r"[\u4e00-\u9fff]")
CLAUSES_OF_THIS_ISSUE = {"S02", "S03", "S08", "S10", "S12", "S26", "S27", "S34", "S35", "S44", "S48", "S50"}
FILE_CLAUSES_OF_THIS_ISSUE = {"S01", "S06", "S08", "S09", "S14"}


def all_rules() -> Iterator[tuple[str, Rule]]:
    for item in ITEMS:
        for rule in load_contract(item).rules:
            yield item, rule
    for rule in load_gate_rules().values():
        yield "*", rule


def contract_path(item: str) -> Path:
    return checklist_dir() / f"{item}.odcs.yaml"


@pytest.mark.parametrize("item", ITEMS)
def test_datacontract_lint_accepts_the_contract(item: str) -> None:
    tool = Path(sys.executable).with_name("datacontract")
    if not tool.exists():
        pytest.skip("datacontract-cli is a development dependency and is not installed")
    done = subprocess.run(
        [str(tool), "lint", str(contract_path(item))], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contracts_of_this_issue_are_there() -> None:
    assert set(ITEMS) >= {"administrative_penalty", "serious_dishonesty_listing", "credit_subject"}


def test_three_contracts_load_in_half_a_second_of_processor_time() -> None:
    code = (
        "import time; t = time.process_time()\n"
        "from creditgate.policy.contracts import known_items, load_contract\n"
        "[load_contract(i) for i in known_items()]; print(time.process_time() - t)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < 0.5 * len(ITEMS) / 3


def test_every_citation_of_a_rule_resolves() -> None:
    for _, rule in all_rules():
        assert rule.clauses, rule.id
        for clause in rule.clauses:
            assert resolve(clause).text


def test_every_citation_of_the_prohibited_catalogue_resolves() -> None:
    for category in load_prohibited().categories:
        for rule in (category.header_rule, category.value_rule):
            assert rule.clauses, rule.id
            assert all(resolve(clause) for clause in rule.clauses), rule.id


@pytest.mark.parametrize("item", ITEMS)
def test_every_citation_of_a_contract_resolves(item: str) -> None:
    contract = load_contract(item)
    for citation in (*contract.clauses, *contract.disclosure_basis.split("；")):
        resolve(citation)
    for field in contract.fields:
        assert all(resolve(citation) for citation in field.lawful_basis)


@pytest.mark.parametrize("item", ITEMS)
def test_public_disclosure_rests_on_a_law_or_administrative_regulation(item: str) -> None:
    contract = load_contract(item)
    if contract.disclosure_mode == "公开公示":
        assert resolve(contract.disclosure_basis).rank in ("law", "administrative_regulation")


def test_lists_that_are_disclosed_cite_a_source() -> None:
    for entry in load_sanction_lists():
        assert resolve(entry.basis)


def test_the_clauses_of_this_issue_are_applied() -> None:
    by_contract = {clause for item, rule in all_rules() if item != "*" for clause in rule.clauses}
    by_file = {clause for item, rule in all_rules() if item == "*" for clause in rule.clauses}
    assert by_contract >= CLAUSES_OF_THIS_ISSUE
    assert by_file >= FILE_CLAUSES_OF_THIS_ISSUE


def test_no_rule_id_is_used_twice() -> None:
    counts = Counter(rule.id for _, rule in all_rules())
    assert [rule_id for rule_id, count in counts.items() if count > 1] == []


def test_every_rule_says_in_chinese_what_is_wrong_and_what_would_pass() -> None:
    for _, rule in all_rules():
        assert HAN.search(rule.message), rule.id
        assert HAN.search(rule.expected), rule.id
        assert rule.message != rule.expected, rule.id


@pytest.mark.parametrize("item", ITEMS)
def test_every_rule_that_is_checked_has_a_case_on_either_side(item: str) -> None:
    for rule in load_contract(item).check_rules():
        assert rule.passing, rule.id
        assert rule.failing, rule.id
        assert rule.passing != rule.failing, rule.id


@pytest.mark.parametrize("item", ITEMS)
def test_no_contract_rule_blocks_a_file(item: str) -> None:
    assert all(rule.severity is not Severity.BLOCK for rule in load_contract(item).rules)


@pytest.mark.parametrize("item", ITEMS)
def test_a_field_is_required_where_a_rule_rejects_its_absence_in_every_row(item: str) -> None:
    contract = load_contract(item)
    demanded = {
        rule.field
        for rule in contract.rules
        if rule.expectation == "expect_column_values_to_be_present"
        and rule.severity is Severity.REJECT
        and "when" not in rule.kwargs
    }
    assert {field.name for field in contract.fields if field.is_required} == demanded


@pytest.mark.parametrize("item", ITEMS)
def test_a_field_with_a_longest_text_has_a_rule_that_sees_to_its_form(item: str) -> None:
    contract = load_contract(item)
    forms = {
        "expect_column_values_to_fit",
        "expect_column_values_to_be_listed",
        "expect_column_values_to_match",
        "expect_column_values_to_be_credit_code",
        "expect_column_values_to_be_identity_number",
    }
    seen = {rule.field for rule in contract.rules if rule.expectation in forms}
    assert {field.name for field in contract.fields if field.max_length} <= seen


@pytest.mark.parametrize("item", ITEMS)
def test_dates_numbers_and_flags_are_checked_before_they_are_stored_as_such(item: str) -> None:
    needed = {
        "date": "expect_column_values_to_be_date",
        "numeric(18,6)": "expect_column_values_to_be_decimal",
        "boolean": "expect_column_values_to_be_listed",
    }
    contract = load_contract(item)
    rejecting = {(r.field, r.expectation) for r in contract.rules if r.severity is Severity.REJECT}
    unchecked = [
        f.name
        for f in contract.fields
        if f.pg_type in needed and (f.name, needed[f.pg_type]) not in rejecting
    ]
    assert unchecked == []


@pytest.mark.parametrize("item", ITEMS)
def test_a_code_that_is_kept_in_clear_is_never_a_persons_number(item: str) -> None:
    contract = load_contract(item)
    codes = {"registration_number", "organisation_code", "tax_registration_number"}
    guarded = {
        r.field for r in contract.rules if r.expectation == "expect_column_values_not_to_be_identity_number"
    }
    assert codes & {field.name for field in contract.fields} <= guarded


@pytest.mark.parametrize("item", ITEMS)
def test_what_needs_the_register_has_all_three_codes_of_the_notice(item: str) -> None:
    contract = load_contract(item)
    if item == "credit_subject":
        assert not contract.has_rule_of_kind("gate.unlinked_subject")
        return
    kinds = ("gate.duplicate_record", "gate.subject_name_mismatch", "gate.unlinked_subject")
    assert len({contract.rule_of_kind(kind).id for kind in kinds}) == 3


@pytest.mark.parametrize("item", ITEMS)
def test_the_version_is_three_numbers(item: str) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", load_contract(item).version)


def test_prefixes_are_each_items_own() -> None:
    prefixes = [load_contract(item).prefix for item in ITEMS]
    assert len(prefixes) == len(set(prefixes))


@pytest.mark.parametrize("item", ITEMS)
def test_contract_as_read_agrees_with_the_standards_own_reader(item: str) -> None:
    standard = pytest.importorskip("open_data_contract_standard.model").OpenDataContractStandard
    text = contract_path(item).read_text(encoding="utf-8")
    document = standard.from_string(text)
    contract: Contract = read_contract(contract_path(item))
    properties = document.schema_[0].properties
    assert [p.name for p in properties] == [field.name for field in contract.fields]
    qualities = [q for p in properties for q in p.quality or ()] + document.schema_[0].quality
    assert sorted(q.name for q in qualities) == [rule.id for rule in contract.rules]
    assert document.version == contract.version


def test_every_checked_rule_names_the_column_it_looks_at() -> None:
    for item in ITEMS:
        contract = load_contract(item)
        assert all(contract.field(rule.kwargs["column"]) for rule in contract.check_rules())


def test_every_expectation_type_is_used_by_some_rule() -> None:
    used = {rule.expectation for _, rule in all_rules()}
    assert set(EXPECTATIONS) <= used


def test_the_check_stage_knows_every_expectation_with_these_arguments() -> None:
    expectations = pytest.importorskip("creditgate.check.expectations")
    assert set(expectations.EXPECTATIONS) == set(EXPECTATIONS)
    for name, signature in EXPECTATIONS.items():
        keys = {"column", "when", *expectations.EXPECTATIONS[name].mask_keys}
        assert signature.known == keys, name


def test_expectations_folder_holds_no_code() -> None:
    assert [path for path in expectations_dir().rglob("*") if path.suffix == ".py"] == []


@pytest.mark.parametrize("item", known_items())
def test_no_field_of_a_contract_is_a_prohibited_column(item: str) -> None:
    """S16, S17: class A has no override; a class B field would have to cite its lawful basis."""
    catalogue = load_prohibited()
    for field in load_contract(item).fields:
        for _, category in prohibited_headers(field.spellings, catalogue, None):
            assert category.legal_class == "B", (field.name, category.code)
            assert field.lawful_basis, (field.name, category.code)
