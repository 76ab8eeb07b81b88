"""The expiry as one transaction: nothing half done, nothing done twice. Terms are set by hand here."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from creditgate.expire import (
    BatchReports,
    ExpiryResult,
    NoticeCounts,
    TermsNotReadyError,
    exchange_notices,
    expire,
    purge_reports,
)
from tests.conftest import Database

LAST_DAY = date(2026, 11, 10)
DAY_AFTER = LAST_DAY + timedelta(days=1)
COUNTS = """
    select (select count(*) from intake.administrative_penalty), (select count(*) from marts.a_mart),
           (select count(*) from audit.tombstones), (select count(*) from audit.expiry_runs),
           (select count(*) from intake.rejected_rows where content is not null)
"""


@pytest.fixture
def held(database: Database) -> Database:
    """Two penalties, one with its last day on LAST_DAY; a mart with both; a rejected row kept until LAST_DAY."""
    with database.connect() as connection:
        connection.execute(
            "insert into intake.batches (batch_id, provider_code, item, file_name, file_sha256, file_bytes, status,"
            " received_at, settled_at, as_of_on)"
            " values ('b1', 'jn_scjg', 'administrative_penalty', 'f.csv', 'x', 1, 'accepted', now(), now(), %s)",
            (LAST_DAY,),
        )
        connection.execute(
            "create table intermediate.int_record_terms (record_id uuid, item text, batch_id text, row_number integer,"
            " winner text, anchor_on date, last_disclosure_on date)"
        )
        connection.execute(
            "create table intermediate.int_records_returned"
            " (record_id uuid, item text, batch_id text, row_number integer)"
        )
        connection.execute("update reference.marts_state set terms_as_of_on = %s", (DAY_AFTER,))
        connection.execute("create table marts.a_mart (record_id uuid)")
        connection.execute("create table marts.left_by_a_killed_build__dbt_backup (record_id uuid)")
        for row_number, last_day in ((1, LAST_DAY), (2, LAST_DAY + timedelta(days=30))):
            record_id = uuid.UUID(int=row_number)
            connection.execute(
                "insert into intake.administrative_penalty (record_id, batch_id, provider_code, row_number,"
                " contract_version, received_on, subject_kind, days_late)"
                " values (%s, 'b1', 'jn_scjg', %s, '1.0.0', %s, 'legal', 0)",
                (record_id, row_number, LAST_DAY),
            )
            connection.execute(
                "insert into intermediate.int_record_terms values"
                " (%s, 'administrative_penalty', 'b1', %s, 'five_year_cap', '2021-11-10', %s)",
                (record_id, row_number, last_day),
            )
            connection.execute("insert into marts.a_mart values (%s)", (record_id,))
            connection.execute(
                "insert into marts.left_by_a_killed_build__dbt_backup values (%s)", (record_id,)
            )
        connection.execute(
            "insert into intake.rejected_rows (batch_id, row_number, content, content_until) values"
            " ('b1', 3, '{}', %s)",
            (LAST_DAY,),
        )
    return database


def test_what_is_past_its_last_day_leaves_every_table_that_carries_records(held: Database) -> None:
    result = _expire(held)
    assert (result.records, result.rejections) == (1, 1)
    assert _counts(held) == (1, 1, 1, 1, 0)
    with held.connect() as connection:
        left = connection.execute("select record_id from marts.left_by_a_killed_build__dbt_backup").fetchall()
    assert left == [(uuid.UUID(int=2),)]


def test_the_unit_is_told_of_the_rows_by_file_and_number_and_of_no_content(
    held: Database, tmp_path: Path
) -> None:
    assert _expire(held).notices == 1
    assert _exchange(held, tmp_path) == NoticeCounts(delivered=1, confirmed=0, overdue=0)
    folder = tmp_path / "reports" / "jn_scjg" / "deletion_notices" / "DN-20261111-jn_scjg-1"
    notice = json.loads((folder / "notice.json").read_text(encoding="utf-8"))
    assert (notice["records"], notice["confirm_by"]) == (1, "2026-11-18")
    assert notice["files"] == [
        {
            "batch_id": "b1",
            "file_name": "f.csv",
            "file_sha256": "x",
            "item": "administrative_penalty",
            "reported_on": "2026-11-10",
            "rows": [1],
        }
    ]
    page = (folder / "notice.html").read_text(encoding="utf-8")
    assert "失信信息删除通知" in page
    assert str(uuid.UUID(int=1)) not in page
    assert _exchange(held, tmp_path).delivered == 0


def test_a_receipt_ends_the_notice_and_a_late_one_is_counted(held: Database, tmp_path: Path) -> None:
    _expire(held)
    assert _exchange(held, tmp_path, LAST_DAY + timedelta(days=30)).overdue == 1
    mailbox = tmp_path / "sources" / "jn_scjg" / "deletion_receipts"
    mailbox.mkdir(parents=True)
    receipt = {"notice": "DN-20261111-jn_scjg-1", "confirmed_by": "刘明哲", "confirmed_on": "2026-11-12"}
    (mailbox / "r.json").write_text(json.dumps(receipt), encoding="utf-8")
    assert _exchange(held, tmp_path, LAST_DAY + timedelta(days=30)) == NoticeCounts(0, 1, 0)
    assert list(mailbox.iterdir()) == []
    assert list((tmp_path / "reports" / "jn_scjg" / "deletion_notices").iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"notice": "DN-20261111-jn_scjg-1"}',
        '{"notice": "DN-20261111-jn_scjg-1", "confirmed_by": " ", "confirmed_on": "2026-11-12"}',
        '{"notice": "DN-20261111-jn_scjg-1", "confirmed_by": "甲", "confirmed_on": "2026-11-31"}',
        '{"notice": "DN-20261111-jn_scjg-1", "confirmed_by": "甲", "confirmed_on": "2026-11-01"}',
        '{"notice": "DN-20261111-another-1", "confirmed_by": "甲", "confirmed_on": "2026-11-12"}',
    ],
)
def test_what_is_no_receipt_of_the_units_own_notice_stays_with_a_reason(
    database: Database, tmp_path: Path, text: str
) -> None:
    with database.connect() as connection:
        connection.execute(
            "insert into audit.deletion_notices (notice_id, provider_code, as_of_on, due_on, records)"
            " values ('DN-20261111-jn_scjg-1', 'jn_scjg', '2026-11-11', '2026-11-18', 0)"
        )
    mailbox = tmp_path / "sources" / "jn_scjg" / "deletion_receipts"
    mailbox.mkdir(parents=True)
    (mailbox / "r.json").write_text(text, encoding="utf-8")
    assert _exchange(database, tmp_path).confirmed == 0
    assert sorted(path.name for path in mailbox.iterdir()) == ["r.json", "r.json.refused.json"]


def test_events_about_a_deleted_record_go_with_it_and_others_stay(held: Database) -> None:
    with held.connect() as connection:
        for schema in ("intake", "intermediate"):
            connection.execute(f"create table {schema}.an_event (record_id uuid, target_record_id uuid)")
            for target in (1, 2):
                connection.execute(
                    f"insert into {schema}.an_event values (gen_random_uuid(), %s)", (uuid.UUID(int=target),)
                )
    _expire(held)
    with held.connect() as connection:
        for schema in ("intake", "intermediate"):
            left = connection.execute(f"select target_record_id from {schema}.an_event").fetchall()
            assert left == [(uuid.UUID(int=2),)]


def test_a_rejected_row_of_a_deleted_record_is_waited_for_by_nobody(held: Database) -> None:
    with held.connect() as connection:
        connection.execute(
            "insert into intake.rejected_rows (batch_id, row_number, record_key, content) values ('b1', 9, %s, '{}')",
            (uuid.UUID(int=1).hex,),
        )
    assert _expire(held).rejections == 2
    with held.connect() as connection:
        row = connection.execute(
            "select status, content, withdrawn_at is not null from intake.rejected_rows where row_number = 9"
        ).fetchone()
    assert row == ("withdrawn", None, True)


def test_a_dry_run_counts_and_changes_nothing(held: Database) -> None:
    before = _counts(held)
    with held.connect() as connection:
        result = expire(connection, DAY_AFTER, dry_run=True)
    assert (result.is_dry_run, result.records, result.rejections) == (True, 1, 1)
    assert _counts(held) == before


def test_two_expiries_at_once_remove_each_record_once(held: Database) -> None:
    results: list[ExpiryResult] = []
    threads = [threading.Thread(target=lambda: results.append(_expire(held))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.records for result in results) == [0, 1]
    assert _counts(held) == (1, 1, 1, 1, 0)


@pytest.mark.parametrize(
    "table",
    [
        "audit.tombstones",
        "marts.a_mart",
        "intake.rejected_rows",
        "audit.deletion_notices",
        "audit.deletion_notice_records",
        "audit.expiry_runs",
    ],
)
def test_an_expiry_that_dies_half_way_leaves_nothing_half_deleted(held: Database, table: str) -> None:
    before = _counts(held)
    with held.connect() as connection:
        connection.execute(
            "create function public.die() returns trigger language plpgsql as"
            " 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'"
        )
        connection.execute(
            f"create trigger die before insert or update or delete on {table} for each row execute function public.die()"
        )
    with pytest.raises(psycopg.OperationalError):
        _expire(held)
    assert _counts(held) == before
    with held.connect() as connection:
        connection.execute(f"drop trigger die on {table}")
    assert _expire(held).records == 1


def test_an_expiry_without_terms_is_refused_with_the_next_step(database: Database) -> None:
    with database.connect() as connection, pytest.raises(TermsNotReadyError, match="dbt build"):
        expire(connection, DAY_AFTER)


def test_terms_of_another_day_are_refused(held: Database) -> None:
    with (
        held.connect() as connection,
        pytest.raises(TermsNotReadyError, match="built as of 2026-11-11, not 2026-11-12"),
    ):
        expire(connection, DAY_AFTER + timedelta(days=1))


def test_a_deletion_is_logged_by_counts_alone(held: Database, capsys: pytest.CaptureFixture[str]) -> None:
    _expire(held)
    assert str(uuid.UUID(int=1)) not in capsys.readouterr().out


def test_reports_of_a_batch_are_removed_once(tmp_path: Any) -> None:
    batch = BatchReports("jn_scjg", "b1")
    batch.folder(tmp_path).mkdir(parents=True)
    (batch.folder(tmp_path) / "report.html").write_text("…", encoding="utf-8")
    other = BatchReports("jn_scjg", "b2")
    other.folder(tmp_path).mkdir(parents=True)
    assert purge_reports(tmp_path, [batch, BatchReports("jn_scjg", "never_there")]) == 1
    assert purge_reports(tmp_path, [batch]) == 0
    assert other.folder(tmp_path).is_dir()


def _expire(held: Database) -> ExpiryResult:
    with held.connect() as connection:
        return expire(connection, DAY_AFTER)


def _exchange(held: Database, home: Path, as_of: date = DAY_AFTER) -> NoticeCounts:
    with held.connect() as connection:
        return exchange_notices(connection, home, as_of)


def _counts(held: Database) -> tuple[Any, ...]:
    with held.connect() as connection:
        row = connection.execute(COUNTS).fetchone()
    assert row is not None
    return tuple(row)
