"""Fixtures for all tests: a state folder, a PostgreSQL of the session, a fresh database per test."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from creditgate.policy.contracts import known_items, load_contract
from creditgate.warehouse.connect import Connection, open_url
from creditgate.warehouse.intake_tables import ensure_intake_table
from creditgate.warehouse.migrate import migrate
from creditgate.warehouse.passwords import known_role_password
from creditgate.warehouse.roles import grant_connect
from creditgate.warehouse.server import OWNER, Server, ServerInfo

_TEMPLATE = "template_creditgate"
_FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_wal_size": "1GB"}
_numbers = itertools.count(1)


_LONGEST_FIRST = ("end_to_end", "marts", "faults", "dags", "browser")
"""The folders whose modules take long: they are begun first, so that the workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by folder; within one they stay as they are."""

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=place)


@dataclass(frozen=True)
class PgServer:
    """The session's PostgreSQL; it has a migrated template with the intake tables of all contracts."""

    server: Server
    info: ServerInfo

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's connection, autocommit."""
        return psycopg.connect(self.server.superuser_url(self.info), autocommit=True)

    def url(self, database: str, role: str = OWNER) -> str:
        """The URL of a database here, for the owner or a reading role."""
        return self.info.url(role, known_role_password(self.server.home, role), database)


@dataclass(frozen=True)
class Database:
    """A fresh migrated database. DATABASE_URL names it while the test runs."""

    name: str
    pg: PgServer

    def url(self, role: str = OWNER) -> str:
        """The URL of the owner or of a reading role."""
        return self.pg.url(self.name, role)

    def connect(self, role: str = OWNER) -> Connection:
        """A connection (a context manager that commits and closes)."""
        return open_url(self.url(role))


@pytest.fixture
def creditgate_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder of the test's own; no DATABASE_URL."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("CREDITGATE_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("CREDITGATE_HASH_KEY", raising=False)
    return home


@pytest.fixture(scope="session")
def pg_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """An embedded PostgreSQL for the session, in a temporary state folder."""
    home = tmp_path_factory.mktemp("pg_server")
    server = Server(home, settings=_FAST)
    pg = PgServer(server, server.start())
    try:
        with pg.admin() as conn:
            conn.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(_TEMPLATE), sql.Identifier(OWNER)
                )
            )
        url = pg.info.url(OWNER, known_role_password(home, OWNER), _TEMPLATE)
        migrate(url, home)
        with open_url(url) as conn:
            for item in known_items():
                ensure_intake_table(conn, load_contract(item))
        yield pg
    finally:
        server.stop()


@pytest.fixture
def database(
    pg_server: PgServer, creditgate_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """A fresh migrated database of the test's own; the state folder knows its passwords."""
    name = f"test_{next(_numbers)}"
    with pg_server.admin() as conn:
        statement = sql.SQL("create database {} template {} owner {} strategy file_copy")
        conn.execute(statement.format(*map(sql.Identifier, (name, _TEMPLATE, OWNER))))
    shutil.copytree(pg_server.server.home / "secrets", creditgate_home / "secrets")
    made = Database(name, pg_server)
    monkeypatch.setenv("DATABASE_URL", made.url())
    with made.connect() as owner:
        grant_connect(owner)
    yield made
    with pg_server.admin() as conn:
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
