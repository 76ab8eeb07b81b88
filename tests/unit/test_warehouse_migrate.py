"""Migrations: whole, repeatable, safe side by side, and clear about what is missing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from creditgate.warehouse.errors import MigrationError, MissingPrivilegeError, WarehouseUnavailableError
from creditgate.warehouse.migrate import Migration, migrate
from creditgate.warehouse.passwords import known_role_password
from creditgate.warehouse.programs import Programs
from creditgate.warehouse.roles import READERS, SCHEMAS
from creditgate.warehouse.server import Server
from tests.conftest import Database, PgServer

SYSTEM_15 = Programs(Path("/usr/lib/postgresql/15/bin"), 15)


@pytest.fixture
def empty_url(pg_server: PgServer, creditgate_home: Path) -> Iterator[str]:
    """The owner's URL of a database that nothing was done in."""
    with pg_server.admin() as admin:
        admin.execute("create database empty_one owner creditgate")
    yield pg_server.url("empty_one")
    with pg_server.admin() as admin:
        admin.execute("drop database empty_one with (force)")


def test_new_database_gets_all_and_a_second_migration_changes_nothing(
    empty_url: str, pg_server: PgServer
) -> None:
    home = pg_server.server.home
    first = migrate(empty_url, home)
    assert first.before is None
    assert first.is_change
    with psycopg.connect(empty_url) as conn:
        found = {row[0] for row in conn.execute("select nspname from pg_namespace")}
        before = _catalogue(conn)
    assert {*SCHEMAS, "airflow"} <= found
    assert migrate(empty_url, home) == Migration(first.after, first.after)
    with psycopg.connect(empty_url) as conn:
        assert _catalogue(conn) == before


def _catalogue(conn: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Every relation with its columns and grants."""
    return conn.execute(
        """
        select n.nspname, c.relname, c.relacl::text, a.attname, a.atttypid
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        left join pg_attribute as a on a.attrelid = c.oid
        where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
        order by 1, 2, a.attnum
        """
    ).fetchall()


def test_migrations_at_once_wait_for_each_other(empty_url: str, pg_server: PgServer) -> None:
    results: list[Migration | Exception] = []

    def work() -> None:
        try:
            results.append(migrate(empty_url, pg_server.server.home))
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(result, Migration) for result in results), results
    assert sum(result.is_change for result in results if isinstance(result, Migration)) == 1


def test_failed_migration_leaves_nothing_behind(empty_url: str, pg_server: PgServer) -> None:
    with psycopg.connect(empty_url) as conn:
        conn.execute("create schema audit")
        conn.execute("create table audit.tombstones (in_the_way int)")
    with pytest.raises(MigrationError, match=r"rolled back.*tombstones"):
        migrate(empty_url, pg_server.server.home)
    with psycopg.connect(empty_url) as conn:
        assert conn.execute("select to_regclass('intake.batches')").fetchone() == (None,)
        conn.execute("drop schema audit cascade")
        conn.commit()
    assert migrate(empty_url, pg_server.server.home).is_change


def test_lost_password_of_a_role_is_set_anew(database: Database, creditgate_home: Path) -> None:
    secret = creditgate_home / "secrets" / "role_desk"
    old = secret.read_text()
    secret.unlink()
    migrate(database.url(), creditgate_home)
    assert secret.read_text() != old
    url = database.pg.info.url("desk", known_role_password(creditgate_home, "desk"), database.name)
    psycopg.connect(url).close()
    migrate(database.url(), database.pg.server.home)  # the session's password again


def test_server_that_is_down_is_a_temporary_error(creditgate_home: Path) -> None:
    with pytest.raises(WarehouseUnavailableError, match=r"127\.0\.0\.1:1/") as caught:
        migrate("postgresql://someone:hidden@127.0.0.1:1/creditgate", creditgate_home)
    assert caught.value.is_temporary
    assert "hidden" not in str(caught.value)


# -- somebody else's server -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["bundled", "system 15"])
def foreign(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that we are no owner of."""
    if request.param == "system 15" and not (SYSTEM_15.bin_dir / "postgres").exists():
        pytest.skip("no PostgreSQL 15 here")
    settings = {"fsync": "off", "shared_buffers": "32MB"}
    programs = SYSTEM_15 if request.param == "system 15" else None
    server = Server(tmp_path_factory.mktemp("foreign"), programs=programs, settings=settings)
    server.start()
    yield server
    server.stop()


@contextlib.contextmanager
def _cleaned(server: Server) -> Iterator[None]:
    """Takes away what a test made in a foreign server, or an earlier one left."""
    _clean(server)
    yield
    _clean(server)


def _clean(server: Server) -> None:
    info = server.info()
    assert info is not None
    with psycopg.connect(server.superuser_url(info), autocommit=True) as admin:
        admin.execute("drop database if exists city with (force)")
        for role in (*READERS, "creditgate_airflow", "pipeline"):
            admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def _url_of_user(server: Server, options: str, grants: str) -> str:
    """A database of the superuser's, and the URL of a user with these options and grants in it."""
    info = server.info()
    assert info is not None
    with psycopg.connect(server.superuser_url(info), autocommit=True) as admin:
        admin.execute(sql.SQL(f"create role pipeline login password 'x' {options}"))
        admin.execute("create database city")
        if grants:
            admin.execute(sql.SQL(f"grant {grants} on database city to pipeline"))
    return info.url("pipeline", "x", "city")


def test_user_with_createrole_and_create_is_enough(foreign: Server, tmp_path: Path) -> None:
    with _cleaned(foreign):
        url = _url_of_user(foreign, "createrole", "create")
        assert migrate(url, tmp_path).is_change
        assert not migrate(url, tmp_path).is_change
        info = foreign.info()
        assert info is not None
        with psycopg.connect(url) as owner:
            owner.execute("create table disclosure.made_later as select 1 as one")
        with psycopg.connect(
            info.url("bi_reader", known_role_password(tmp_path, "bi_reader"), "city")
        ) as reader:
            assert reader.execute("select one from disclosure.made_later").fetchone() == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("select * from intake.batches")


def test_user_without_rights_is_told_all_that_is_missing(foreign: Server, tmp_path: Path) -> None:
    with _cleaned(foreign):
        url = _url_of_user(foreign, "", "")
        with pytest.raises(MissingPrivilegeError) as caught:
            migrate(url, tmp_path)
        for statement in ("alter role pipeline createrole", "grant create on database city to pipeline"):
            assert statement in str(caught.value)


def test_roles_that_another_made_are_explained(foreign: Server, tmp_path: Path) -> None:
    info = foreign.info()
    assert info is not None
    if foreign._programs is not None:
        pytest.skip("in PostgreSQL 15, CREATEROLE administers every role")
    with _cleaned(foreign):
        url = _url_of_user(foreign, "createrole", "create")
        with psycopg.connect(foreign.superuser_url(info), autocommit=True) as admin:
            admin.execute("create role bi_reader login")
        with pytest.raises(MissingPrivilegeError, match="grant bi_reader to pipeline with admin option"):
            migrate(url, tmp_path)
