"""Where the warehouse is: URLs for every reader, and no password in any message."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import psycopg2
import pytest

from creditgate.warehouse import connect
from creditgate.warehouse.errors import (
    SecretMissingError,
    UnknownRoleError,
    WarehouseUnavailableError,
    WarehouseUrlError,
)
from tests.conftest import Database


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("postgres://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+psycopg2://u:p@h:5433/d", "postgresql://u:p@h:5433/d"),
        ("postgresql://u:p%40%2F%3A@h/d?sslmode=require", "postgresql://u:p%40%2F%3A@h/d?sslmode=require"),
        ("host=h user=u password='a b' dbname=d", "postgresql://u:a%20b@h/d"),
        ("postgresql://u@/d?host=/run/pg", "postgresql://u@/d?host=%2Frun%2Fpg"),
        ("postgresql://u:p@[::1]:5432/d", "postgresql://u:p@[::1]:5432/d"),
    ],
)
def test_database_url_is_brought_into_one_form(monkeypatch: pytest.MonkeyPatch, given: str, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", given)
    assert connect.warehouse_url() == url
    assert psycopg.conninfo.conninfo_to_dict(url)


@pytest.mark.parametrize(
    "given", ["mysql://u:secret@h/d", "postgresql://u:secret@h:port:x/d", "postgresql://h", "secret"]
)
def test_database_url_that_is_none_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", given)
    with pytest.raises(WarehouseUrlError, match="postgresql://user:password@host") as caught:
        connect.warehouse_url()
    assert "secret" not in str(caught.value)


def test_connection_says_who_it_is_and_commits_at_the_end(database: Database) -> None:
    with connect.connect() as conn:
        assert conn.execute("show application_name").fetchone() == ("creditgate",)
        conn.execute("create table intake.kept (a int)")
    with connect.connect() as conn:
        assert conn.execute("select count(*) from intake.kept").fetchone() == (0,)
    assert conn.closed


def test_role_url_opens_the_warehouse_as_that_role(database: Database) -> None:
    with psycopg.connect(connect.role_url("bi_reader")) as conn:
        assert conn.execute("select current_user, current_setting('timezone')").fetchone() == (
            "bi_reader",
            "Asia/Shanghai",
        )
    with connect.connect(role="auditor") as conn:
        assert conn.execute("select count(*) from audit.exports").fetchone() == (0,)


def test_unknown_role_is_answered_with_the_known_ones(database: Database) -> None:
    with pytest.raises(UnknownRoleError, match="bi_reader, sharing_reader"):
        connect.role_url("creditgate")


def test_password_that_no_migration_set_is_explained(database: Database, creditgate_home: Path) -> None:
    (creditgate_home / "secrets" / "role_desk").unlink()
    with pytest.raises(SecretMissingError, match="creditgate run"):
        connect.role_url("desk")


def test_warehouse_that_is_down_is_a_temporary_error_without_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/d")
    with pytest.raises(WarehouseUnavailableError, match=r"127\.0\.0\.1:1/d as u") as caught:
        connect.connect()
    assert caught.value.is_temporary
    assert "hidden" not in str(caught.value)


def test_dbt_is_told_where_to_build(database: Database) -> None:
    env = connect.dbt_env()
    assert env["CREDITGATE_PGDATABASE"] == database.name
    conn = psycopg2.connect(
        host=env["CREDITGATE_PGHOST"], port=env["CREDITGATE_PGPORT"], user=env["CREDITGATE_PGUSER"],
        password=env["CREDITGATE_PGPASSWORD"], dbname=env["CREDITGATE_PGDATABASE"],
    )  # fmt: skip
    conn.close()


def test_airflow_lives_in_its_own_schema_by_either_driver(database: Database) -> None:
    import asyncpg

    url = connect.airflow_metadata_url()
    assert url.startswith("postgresql+psycopg2://creditgate_airflow:")
    with psycopg2.connect(url.replace("+psycopg2", "")) as conn, conn.cursor() as cursor:
        cursor.execute("create table dag (a int)")
        cursor.execute("select current_schema(), 'airflow.dag'::regclass::text")
        assert cursor.fetchone() == ("airflow", "dag")
    conn.close()

    async def ask() -> object:
        aconn = await asyncpg.connect(connect.airflow_metadata_async_url().replace("+asyncpg", ""))
        try:
            return await aconn.fetchval("select current_schema() || '.' || (select count(*) from dag)")
        finally:
            await aconn.close()

    assert asyncio.run(ask()) == "airflow.0"


def test_airflow_sees_nothing_of_the_warehouse(database: Database) -> None:
    with psycopg.connect(connect.airflow_metadata_url().replace("+psycopg2", "")) as conn:
        for table in ("intake.batches", "audit.query_log", "reference.rules"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(f"select * from {table}")


def test_airflows_async_url_says_ssl_as_asyncpg_does(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url() + "?sslmode=disable")
    assert connect.airflow_metadata_url().endswith("?sslmode=disable")
    assert connect.airflow_metadata_async_url().endswith("?ssl=disable")
