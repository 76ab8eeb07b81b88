"""The gate's questions: who is registered, what was deleted."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pytest

from creditgate.warehouse import lookups
from creditgate.warehouse.connect import Connection
from creditgate.warehouse.lookups import ExpiredRecords, RegisterLookup
from tests.conftest import Database


def _register(
    conn: Connection, batch: str, settled_at: str, *subjects: tuple[str | None, str | None, str]
) -> None:
    conn.execute(
        "insert into intake.batches (batch_id, provider_code, item, file_name, file_sha256, file_bytes, status, "
        "received_at, settled_at, as_of_on) values (%s, 'p', 'credit_subject', 'f', 's', 1, 'accepted', %s, %s, %s)",
        (batch, settled_at, settled_at, settled_at),
    )
    for number, (code, key, name) in enumerate(subjects, 1):
        conn.execute(
            "insert into intake.credit_subject (record_id, batch_id, provider_code, row_number, contract_version, "
            "received_on, subject_kind, uscc, identity_key, subject_name) "
            "values (%s, %s, 'p', %s, '1.0.0', %s, 'legal', %s, %s, %s)",
            (uuid.uuid5(uuid.NAMESPACE_OID, f"{code}{key}"), batch, number, settled_at, code, key, name),
        )


def test_empty_register_knows_nobody_and_says_so(database: Database) -> None:
    with database.connect() as conn:
        register = RegisterLookup(conn)
        assert register.is_empty()
        assert register.names(pa.array(["A", None])).to_pylist() == [None, None]


def test_register_that_was_never_made_is_empty(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("drop table intake.credit_subject")
        assert RegisterLookup(conn).is_empty()
        conn.rollback()


def test_name_is_that_of_the_latest_batch_and_row(database: Database) -> None:
    with database.connect() as conn:
        _register(conn, "zz", "2026-01-01", ("CODE1", None, "旧名"), ("CODE2", None, "甲"))
        _register(conn, "aa", "2026-02-01", ("CODE1", None, "中间名"), ("CODE1", None, "新名"))
        register = RegisterLookup(conn)
        asked = pa.array(["CODE2", "CODE1", None, "CODE9", "CODE1", "", 'x"},{', "null"])
        assert register.names(asked).to_pylist() == ["甲", "新名", None, None, "新名", None, None, None]
        assert not register.is_empty()


def test_person_is_found_by_identity_key(database: Database) -> None:
    with database.connect() as conn:
        _register(conn, "b", "2026-01-01", (None, "ab" * 32, "张三"))
        register = RegisterLookup(conn)
        assert register.person_names(pa.chunked_array([["ab" * 32], ["cd" * 32]])).to_pylist() == [
            "张三",
            None,
        ]


def test_answers_are_kept_over_calls(database: Database) -> None:
    with database.connect() as conn:
        _register(conn, "b", "2026-01-01", ("CODE1", None, "甲"))
        register = RegisterLookup(conn)
        first = register.names(pa.array(["CODE1", "CODE2"]))
        conn.execute("delete from intake.credit_subject")
        assert register.names(pa.array(["CODE1", "CODE2"])) == first


def test_kept_answers_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_KEPT_ANSWERS", 3)
    with database.connect() as conn:
        _register(conn, "b", "2026-01-01", *((f"CODE{n}", None, f"名{n}") for n in range(10)))
        register = RegisterLookup(conn)
        for start in (0, 2, 4, 0, 6):
            asked = [f"CODE{n}" for n in range(start, start + 4)]
            assert register.names(pa.array(asked)).to_pylist() == [f"名{n}" for n in range(start, start + 4)]


def test_only_deleted_records_are_expired(database: Database) -> None:
    ids = [uuid.UUID(int=n) for n in range(4)]
    asked = pa.array([ids[0].bytes, None, ids[1].bytes, ids[2].bytes, ids[0].bytes], pa.binary(16))
    with database.connect() as conn:
        assert ExpiredRecords(conn).expired(asked).tolist() == [False] * 5
        for one in (ids[0], ids[2], ids[3]):
            conn.execute(
                "insert into audit.tombstones (record_key_hash, item, reason, last_disclosure_on, as_of_on) "
                "values (%s, 'administrative_penalty', 'five_years', '2026-01-01', '2026-01-02')",
                (one,),
            )
        expired = ExpiredRecords(conn)
        assert expired.expired(asked).tolist() == [True, False, False, True, True]
        assert expired.expired(pa.chunked_array([asked.slice(2, 1), asked.slice(3, 1)])).tolist() == [
            False,
            True,
        ]
        assert expired.expired(pa.array([], pa.binary(16))).tolist() == []
        assert expired.expired(pa.nulls(2, pa.binary(16))).tolist() == [False, False]
