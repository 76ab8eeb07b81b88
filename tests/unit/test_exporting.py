"""Nothing leaves the platform unrecorded (S19), and what left can be recalled (S32)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from creditgate.exporting import ExportOrder, ExportRefusedError, export_mart
from tests.conftest import Database

ORDER = ExportOrder(
    "disclosure.fct_things", "刘明哲", "济南市财政局", "山东省社会信用条例第22条", "public_resources"
)


@pytest.fixture
def mart(database: Database) -> Database:
    """A mart of two records, one with its last day on 2026-11-23."""
    with database.connect() as connection:
        connection.execute(
            "create table disclosure.fct_things (record_id uuid, subject_name text, last_disclosure_on date)"
        )
        connection.execute(
            "insert into disclosure.fct_things values"
            " ('00000000-0000-0000-0000-000000000001', '甲公司', '2026-11-23'),"
            " ('00000000-0000-0000-0000-000000000002', '乙公司', '2027-11-23')"
        )
    return database


def _rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def test_an_export_is_in_the_ledger_with_recipient_basis_and_purpose(mart: Database, tmp_path: Path) -> None:
    done = export_mart(ORDER, tmp_path / "out.csv")
    content = (tmp_path / "out.csv").read_bytes()
    assert content.decode().splitlines()[0] == "record_id,subject_name,last_disclosure_on"
    digest = hashlib.sha256(content).hexdigest()
    ledger = (
        "select exported_by, recipient, relation, basis, purpose, row_count, file_sha256 from audit.exports"
    )
    assert _rows(mart, ledger) == [
        ("刘明哲", "济南市财政局", ORDER.relation, ORDER.basis, ORDER.purpose, 2, digest)
    ]
    note = json.loads((tmp_path / "out.csv.export.json").read_text(encoding="utf-8"))
    assert (note["delete_from"], note["sha256"], note["export_id"]) == ("2026-11-24", digest, done.export_id)
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.csv", "out.csv.export.json"]


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": " "},
        {"basis": ""},
        {"exported_by": ""},
        {"purpose": "curiosity"},
        {"relation": "intake.batches"},
        {"relation": "marts.fct_authorised_query"},
        {"relation": "disclosure.nothing"},
        {"relation": 'disclosure.fct_things"; drop table audit.exports; --'},
    ],
)
def test_an_export_without_its_reasons_writes_nothing(
    mart: Database, tmp_path: Path, changes: dict[str, str]
) -> None:
    with pytest.raises(ExportRefusedError):
        export_mart(replace(ORDER, **changes), tmp_path / "out.csv")
    assert not list(tmp_path.glob("*out*"))
    assert _rows(mart, "select count(*) from audit.exports") == [(0,)]


def test_an_export_with_a_record_that_was_deleted_since_is_to_be_recalled(
    mart: Database, tmp_path: Path
) -> None:
    done = export_mart(ORDER, tmp_path / "out.csv")
    recall = "select export_id, recipient, records_deleted from audit.exports_to_recall"
    assert _rows(mart, recall) == []
    with mart.connect() as connection:
        connection.execute(
            "insert into audit.tombstones (record_key_hash, item, reason, last_disclosure_on, as_of_on) values"
            " ('00000000-0000-0000-0000-000000000001', 'a', 'term_ended', '2026-11-23', '2026-11-24')"
        )
    assert _rows(mart, recall) == [(done.export_id, "济南市财政局", 1)]
