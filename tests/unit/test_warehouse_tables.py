"""Intake tables follow their contracts; the registry tables follow the registry."""

from __future__ import annotations

import dataclasses

import pytest

from creditgate.domain.rules import Rule, Severity
from creditgate.domain.sealed import identity_columns
from creditgate.policy.contracts import Contract, Field, known_items, load_contract
from creditgate.policy.gate_rules import load_gate_rules
from creditgate.policy.providers import FeedSource, Provider
from creditgate.warehouse.errors import HashKeyError, IntakeTableError
from creditgate.warehouse.intake_tables import ensure_intake_table, intake_columns
from creditgate.warehouse.prepare import check_hash_key, prepare_warehouse
from creditgate.warehouse.reference_tables import refresh_reference
from tests.conftest import Database

META = (
    "record_id", "batch_id", "provider_code", "row_number", "contract_version", "received_on", "subject_kind",
    "subject_key", "days_late", "register_match",
)  # fmt: skip


def a_field(name: str, pg_type: str = "text", storage: str = "clear") -> Field:
    return Field(name, name, None, (), "text", pg_type, False, storage, None, None)


def a_contract(*fields: Field, version: str = "1.0.0", **changes: object) -> Contract:
    """A contract of an item that the checklist does not have."""
    real = load_contract("credit_subject")
    return dataclasses.replace(real, item="test_item", version=version, fields=fields, rules=(), **changes)


def a_rule(rule_id: str, message: str = "不符") -> Rule:
    return Rule(rule_id, Severity.WARN, ("S08", "S12"), message, "应相符", field="uscc")


def a_provider(code: str, *items: str, officer: str = "李某") -> Provider:
    feeds = tuple(
        FeedSource(item, "folder", f"{code}/{item}", "0 2 * * *", "*.csv", "remove") for item in items
    )
    return Provider(
        code, f"单位{code}", "国家机关", "科", officer, "主任", "发改委", "制度", "https://x.invalid", feeds
    )


def test_identity_number_becomes_a_key_and_a_mask_and_no_number() -> None:
    assert identity_columns("identity_number") == ("identity_key", "identity_masked")
    columns = [name for name, _ in intake_columns(load_contract("administrative_penalty"))]
    assert {"legal_representative_id_key", "legal_representative_id_masked", "identity_key"} <= set(columns)
    assert not any(name in columns for name in ("identity_number", "legal_representative_id_number"))


def test_columns_are_the_batchs_then_the_contracts_in_order() -> None:
    contract = a_contract(a_field("b"), a_field("a_number", storage="identity"), a_field("c", "date"))
    columns = intake_columns(contract)
    assert tuple(name for name, _ in columns) == (*META, "b", "a_key", "a_masked", "c")
    assert columns[-1] == ("c", "date")


@pytest.mark.parametrize("item", known_items())
def test_table_has_exactly_the_columns_of_its_contract(database: Database, item: str) -> None:
    with database.connect() as conn:
        rows = conn.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 order by attnum",
            (f"intake.{item}",),
        ).fetchall()
    assert tuple(rows) == intake_columns(load_contract(item))


def test_table_follows_its_contract_by_growing_only(database: Database) -> None:
    with database.connect() as conn:
        assert "a" in ensure_intake_table(conn, a_contract(a_field("a"), a_field("b", "numeric(18,6)")))
        assert ensure_intake_table(conn, a_contract(a_field("a"), a_field("b", "decimal(18, 6)"))) == ()
        grown = a_contract(a_field("a"), a_field("c", "date"), version="1.1.0")
        assert ensure_intake_table(conn, grown) == ("c",)
        assert ensure_intake_table(conn, grown) == ()
        conn.execute("select a, b, c, record_id from intake.test_item")


def test_field_that_changed_its_type_is_an_error_that_names_both(database: Database) -> None:
    with database.connect() as conn:
        ensure_intake_table(conn, a_contract(a_field("amount", "numeric(18,6)")))
        with pytest.raises(IntakeTableError, match=r"amount is numeric\(18,6\), and .* says text") as caught:
            ensure_intake_table(conn, a_contract(a_field("amount"), a_field("new"), version="2.0.0"))
        assert "numbered migration" in caught.value.next_step
        row = conn.execute(
            "select count(*) from pg_attribute where attname = 'new' and attrelid = 'intake.test_item'::regclass"
        )
        assert row.fetchone() == (0,)


def test_register_is_indexed_by_code_and_by_person(database: Database) -> None:
    with database.connect() as conn:
        found = {
            row[0]
            for row in conn.execute("select indexname from pg_indexes where tablename = 'credit_subject'")
        }
    assert {"credit_subject_uscc", "credit_subject_identity_key", "credit_subject_record_id"} <= found


def test_rules_are_refreshed_and_old_versions_stay(database: Database) -> None:
    old = dataclasses.replace(a_contract(), rules=(a_rule("TT-001", "旧"),))
    new = dataclasses.replace(a_contract(version="1.1.0"), rules=(a_rule("TT-001", "新"),))
    with database.connect() as conn:
        refresh_reference(conn, [old], [])
        refresh_reference(conn, [new], [], load_gate_rules().values())
        refresh_reference(conn, [new], [], load_gate_rules().values())
        rows = conn.execute(
            "select contract_version, message, clause from reference.rules where rule_id = 'TT-001' order by 1"
        )
        assert rows.fetchall() == [("1.0.0", "旧", "S08, S12"), ("1.1.0", "新", "S08, S12")]
        rows = conn.execute(
            "select distinct item, contract_version from reference.rules where rule_id like 'FILE-%%'", ()
        )
        assert rows.fetchall() == [("*", "*")]


def test_providers_are_those_of_the_registry_and_no_others(database: Database) -> None:
    with database.connect() as conn:
        refresh_reference(
            conn, [], [a_provider("one", "credit_subject"), a_provider("gone", "credit_subject")]
        )
        refresh_reference(
            conn, [], [a_provider("one", "credit_subject", "talk"), a_provider("two", officer="")]
        )
        rows = conn.execute(
            "select provider_code, officer, is_complete, missing from reference.providers order by 1"
        )
        assert rows.fetchall() == [("one", "李某", True, None), ("two", None, False, "officer")]
        rows = conn.execute("select provider_code, item from reference.provider_items order by 1, 2")
        assert rows.fetchall() == [("one", "credit_subject"), ("one", "talk")]


def test_prepared_warehouse_is_prepared_again_without_change(database: Database) -> None:
    contracts = [load_contract(item) for item in known_items()]
    for _ in range(2):
        assert not prepare_warehouse(contracts, [a_provider("one")]).is_change
    with database.connect() as conn:
        row = conn.execute("select count(distinct item) from reference.rules").fetchone()
    assert row == (len(contracts),)


def test_another_hash_key_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.connect() as conn:
        check_hash_key(conn)
        check_hash_key(conn)
        monkeypatch.setenv("CREDITGATE_HASH_KEY", "another")
        with pytest.raises(HashKeyError, match="CREDITGATE_HASH_KEY"):
            check_hash_key(conn)
