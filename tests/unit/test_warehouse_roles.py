"""What each role may see and do, on a real server."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from creditgate.warehouse.migrate import migrate
from creditgate.warehouse.roles import READERS, SCHEMAS
from tests.conftest import Database

READ = {role: set(reader.reads) for role, reader in READERS.items()}


@pytest.fixture
def published(database: Database) -> Database:
    """One table in every schema, as dbt would make them after the migration."""
    with database.connect() as conn:
        for schema in SCHEMAS:
            conn.execute(f"create table {schema}.made_later as select 1 as one")
    return database


@pytest.mark.parametrize("role", READERS)
def test_role_reads_its_schemas_and_is_refused_all_others(published: Database, role: str) -> None:
    for schema in SCHEMAS:
        with published.connect(role) as conn:
            if schema in READ[role]:
                assert conn.execute(f"select one from {schema}.made_later").fetchone() == (1,)
            else:
                with pytest.raises(errors.InsufficientPrivilege):
                    conn.execute(f"select one from {schema}.made_later")


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine (a int)",
        "create temporary table mine (a int)",
        "insert into audit.exports values (default)",
        "update quality.made_later set one = 2",
        "delete from disclosure.made_later",
        "create role another",
        "select pg_read_file('PG_VERSION')",
        "set role creditgate",
    ],
)
def test_no_role_changes_anything(published: Database, statement: str) -> None:
    for role in READERS:
        with published.connect(role) as conn:
            conn.execute("set transaction read write")  # the read-only default is no defence: the grants are
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute(statement)


def test_only_query_officer_executes_the_query_function(database: Database) -> None:
    call = "select * from sharing.query_subject('a', 'b', 'c', 'd', 'e')"
    for role in READERS:
        with database.connect(role) as conn:
            expected = (
                errors.ObjectNotInPrerequisiteState
                if role == "query_officer"
                else errors.InsufficientPrivilege
            )
            with pytest.raises(expected):
                conn.execute(call)


def test_auditor_reads_the_audit_tables_that_the_migrations_made(database: Database) -> None:
    with database.connect("auditor") as conn:
        for table in (
            "query_log",
            "tombstones",
            "exports",
            "expiry_runs",
            "deletion_notices",
            "deletion_receipts",
        ):
            assert conn.execute(f"select count(*) from audit.{table}").fetchone() == (0,)


@pytest.mark.parametrize(
    "change", ["update audit.{} set {} = null", "delete from audit.{}", "truncate audit.{} cascade"]
)
def test_audit_tables_refuse_every_change_even_the_superusers(database: Database, change: str) -> None:
    columns = {
        "query_log": "purpose",
        "exports": "basis",
        "tombstones": "as_of_on",
        "expiry_runs": "as_of_on",
        "deletion_receipts": "confirmed_by",
        "deletion_notice_records": "row_number",
    }
    for url in (database.url(), database.pg.server.superuser_url(database.pg.info, database.name)):
        for table, column in columns.items():
            with (
                psycopg.connect(url) as conn,
                pytest.raises(errors.InsufficientPrivilege, match="append-only"),
            ):
                conn.execute(change.format(table, column))


def test_strangers_cannot_connect(database: Database) -> None:
    with database.pg.admin() as admin:
        admin.execute("drop role if exists stranger")
        admin.execute("create role stranger login password 'x'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(database.pg.info.url("stranger", "x", database.name))
    with database.pg.admin() as admin:
        admin.execute("drop role stranger")


def test_wrong_password_opens_nothing(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.pg.info.url("bi_reader", "guess", database.name))


def test_migrating_again_takes_back_what_was_granted_by_hand(published: Database) -> None:
    with published.connect() as conn:
        conn.execute("grant usage on schema marts to bi_reader")
        conn.execute("grant select on marts.made_later to bi_reader")
    migrate(published.url(), published.pg.server.home)
    with published.connect("bi_reader") as conn, pytest.raises(errors.InsufficientPrivilege):
        conn.execute("select one from marts.made_later")
