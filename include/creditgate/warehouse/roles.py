"""The warehouse's roles and what each may see (shared interface: what readers see).

Roles are the cluster's, not the database's, so they are made and granted here at every migration rather
than in a numbered one: a database that was restored on another server gets them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql

from creditgate.warehouse.errors import MissingPrivilegeError
from creditgate.warehouse.passwords import role_password
from creditgate.warehouse.server import set_password

log = structlog.get_logger()

Connection = psycopg.Connection[tuple[Any, ...]]

AIRFLOW = "creditgate_airflow"
AIRFLOW_SCHEMA = "airflow"

SCHEMAS = (
    "intake", "reference", "staging", "intermediate", "marts", "disclosure", "sharing", "rights", "quality", "audit",
)  # fmt: skip

QUERY_FUNCTIONS = (
    "sharing.query_subject(text, text, text, text, text)",
    "sharing.query_subject_record(text, text, text, text, text)",
)
"""All that `query_officer` may do: each keeps the log (S25)."""


@dataclass(frozen=True)
class Reader:
    """A role that reads: the schemas it may select from, and settings of its sessions."""

    reads: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()


_READ_ONLY = (
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "10min"),
    ("timezone", "Asia/Shanghai"),
)

READERS: dict[str, Reader] = {
    "bi_reader": Reader(("disclosure", "quality"), _READ_ONLY),
    "sharing_reader": Reader(("disclosure", "quality", "sharing", "rights"), _READ_ONLY),
    "query_officer": Reader((), (("statement_timeout", "1min"), ("timezone", "Asia/Shanghai"))),
    "auditor": Reader(("audit",), _READ_ONLY),
    "desk": Reader(("quality",), _READ_ONLY),
}


def ensure_roles(conn: Connection, home: Path) -> None:
    """Make the roles that are missing, and give each the password of the state folder."""
    roles = (*READERS, AIRFLOW)
    known = {
        row[0] for row in conn.execute("select rolname from pg_roles where rolname = any(%s)", (list(roles),))
    }
    for role in roles:
        try:
            if role not in known:
                conn.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
            set_password(conn, role, role_password(home, role))
            for name, values in _settings_of(role):
                value = sql.SQL(", ").join(map(sql.Literal, values))
                statement = sql.SQL("alter role {} set {} = {}")
                conn.execute(statement.format(sql.Identifier(role), sql.Identifier(name), value))
        except psycopg.errors.InsufficientPrivilege as error:
            raise _may_not_administer(conn, role) from error


def _settings_of(role: str) -> list[tuple[str, tuple[str, ...]]]:
    if role == AIRFLOW:
        return [("search_path", (AIRFLOW_SCHEMA,)), ("timezone", ("UTC",))]
    reader = READERS[role]
    return [
        ("search_path", reader.reads or ("pg_catalog",)),
        *((name, (value,)) for name, value in reader.settings),
    ]


def apply_grants(conn: Connection) -> None:
    """Grant exactly what each role may see, now and for what dbt makes later. Idempotent.

    Grants on tables and default privileges are stored in the database; CONNECT is granted to each role,
    and taken from everybody else where we own the database.
    """
    _close_to_public(conn)
    for role, reader in READERS.items():
        name = sql.Identifier(role)
        for schema in SCHEMAS:
            where = sql.Identifier(schema)
            if schema in reader.reads:
                conn.execute(sql.SQL("grant usage on schema {} to {}").format(where, name))
                conn.execute(sql.SQL("grant select on all tables in schema {} to {}").format(where, name))
                conn.execute(
                    sql.SQL("alter default privileges in schema {} grant select on tables to {}").format(
                        where, name
                    )
                )
            elif not (role == "query_officer" and schema == "sharing"):
                conn.execute(sql.SQL("revoke all on all tables in schema {} from {}").format(where, name))
                conn.execute(sql.SQL("revoke all on schema {} from {}").format(where, name))
    conn.execute("grant usage on schema sharing to query_officer")
    for function in QUERY_FUNCTIONS:
        conn.execute(f"grant execute on function {function} to query_officer")
    where, name = sql.Identifier(AIRFLOW_SCHEMA), sql.Identifier(AIRFLOW)
    conn.execute(sql.SQL("grant usage, create on schema {} to {}").format(where, name))


def _close_to_public(conn: Connection) -> None:
    """Nobody uses what PostgreSQL gives to everybody: functions, schema public, the database itself."""
    conn.execute("alter default privileges revoke execute on functions from public")
    for function in QUERY_FUNCTIONS:
        conn.execute(f"revoke all on function {function} from public")
    row = conn.execute(
        "select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = 'public'"
    ).fetchone()
    if row is not None and row[0]:
        conn.execute("revoke all on schema public from public")
    grant_connect(conn)


def grant_connect(conn: Connection) -> None:
    """Let our roles, and no others, connect: only the database's owner can. A clone needs this anew."""
    row = conn.execute(
        "select pg_has_role(datdba, 'usage') from pg_database where datname = current_database()"
    ).fetchone()
    if row is None or not row[0]:
        log.warning(
            "warehouse.public_left_open",
            what="we don't own the database, so every role of the server may still connect to it",
            next_step=f"as its owner: revoke all on database {conn.info.dbname} from public",
        )
        return
    database = sql.Identifier(conn.info.dbname)
    conn.execute(sql.SQL("revoke all on database {} from public").format(database))
    for role in (*READERS, AIRFLOW):
        conn.execute(sql.SQL("grant connect on database {} to {}").format(database, sql.Identifier(role)))


def _may_not_administer(conn: Connection, role: str) -> MissingPrivilegeError:
    user = conn.info.user
    return MissingPrivilegeError(
        f"The user {user} may not make or administer the role {role}",
        where=f"{conn.info.host}:{conn.info.port}",
        setting="DATABASE_URL",
        next_step=f"as a superuser: alter role {user} createrole; and if {role} is there already (PostgreSQL 16 or "
        f"later): grant {role} to {user} with admin option.",
    )
