"""Bring a warehouse to this version's shape: roles, schemas, tables, grants. Safe to run at any time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from creditgate.policy.paths import home as default_home
from creditgate.warehouse.connect import Connection, open_url, warehouse_url
from creditgate.warehouse.errors import MigrationError, MissingPrivilegeError
from creditgate.warehouse.programs import OLDEST_MAJOR
from creditgate.warehouse.roles import AIRFLOW, READERS, apply_grants, ensure_roles

log = structlog.get_logger()

_LOCK = 0x6372_6564_6974_6774  # "creditgt"
_LOCK_WAIT = "5min"
_ATTEMPTS = 4


@dataclass(frozen=True)
class Migration:
    """What a migration did: the numbered versions before (None: a new warehouse) and after."""

    before: str | None
    after: str

    @property
    def is_change(self) -> bool:
        """Whether anything numbered was run."""
        return self.before != self.after


def migrate(url: str | None = None, home: Path | None = None) -> Migration:
    """Make roles, run the numbered migrations that are missing, and apply the grants.

    Idempotent; two at once wait for each other. Raises `MissingPrivilegeError` with the statement to run
    when the user of DATABASE_URL lacks a right.
    """
    address, state = url or warehouse_url(), home or default_home()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _migrate_once(address, state)
        except psycopg.errors.InternalError as error:  # roles are the cluster's: another database's migration
            if "concurrently updated" not in str(error) or attempt == _ATTEMPTS:
                raise _failed(error) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise _lacks(error) from error
        except psycopg.errors.LockNotAvailable as error:
            raise MigrationError(
                f"Another migration has held the lock for {_LOCK_WAIT}",
                next_step="see whether it hangs (pg_stat_activity, application_name creditgate), end it, run again.",
            ) from error
        except psycopg.Error as error:
            raise _failed(error) from error
        time.sleep(0.1 * attempt)
    raise AssertionError("unreachable")


def _migrate_once(url: str, home: Path) -> Migration:
    with open_url(url, autocommit=True) as conn:
        _check_server(conn)
        conn.execute("select set_config('lock_timeout', %s, false)", (_LOCK_WAIT,))
        conn.execute("select pg_advisory_lock(%s)", (_LOCK,))
        _check_rights(conn)
        ensure_roles(conn, home)
        done = _run_numbered(conn, url)
        with conn.transaction():
            apply_grants(conn)
    if done.is_change:
        log.info("warehouse.migrated", before=done.before, after=done.after)
    return done


def _check_server(conn: Connection) -> None:
    version = conn.info.server_version // 10000
    if version < OLDEST_MAJOR:
        raise MigrationError(
            f"The server is PostgreSQL {version}; creditgate needs {OLDEST_MAJOR} or later",
            where=f"{conn.info.host}:{conn.info.port}",
            setting="DATABASE_URL",
            next_step="upgrade the server, or leave DATABASE_URL empty to use the embedded one.",
        )


def _check_rights(conn: Connection) -> None:
    """Say all that is missing at once, before anything is changed."""
    row = conn.execute(
        """
        select
            rolsuper or rolcreaterole,
            (select count(*) from pg_roles where rolname = any(%s)) = %s,
            has_database_privilege(current_database(), 'create')
        from pg_roles where rolname = current_user
        """,
        ([*READERS, AIRFLOW], len(READERS) + 1),
    ).fetchone()
    may_make_roles, has_roles, may_make_schemas = row or (False, False, False)
    user, database = conn.info.user, conn.info.dbname
    missing = []
    if not may_make_roles:
        missing.append(
            ("make roles" if not has_roles else "set the roles' passwords", f"alter role {user} createrole")
        )
    if not may_make_schemas:
        missing.append(("make schemas", f"grant create on database {database} to {user}"))
    if missing:
        raise MissingPrivilegeError(
            f"The user {user} may not {' nor '.join(what for what, _ in missing)} in the database {database}",
            where=f"{conn.info.host}:{conn.info.port}",
            setting="DATABASE_URL",
            next_step=f"as a superuser: {'; '.join(statement for _, statement in missing)};",
        )


def _run_numbered(conn: Connection, url: str) -> Migration:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    head = ScriptDirectory.from_config(config).get_current_head()
    if head is None:
        raise MigrationError("The package has no migrations", next_step="install creditgate again.")
    before = _current_version(conn)
    if before == head:
        return Migration(before, head)
    conn.execute("create schema if not exists reference")  # alembic's own table lies in it
    engine = create_engine(_sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except Exception as error:  # SQLAlchemy wraps the driver's error
            cause = error.__cause__ or error.__context__
            raise (cause if isinstance(cause, psycopg.Error) else error) from None
    return Migration(before, head)


def _current_version(conn: Connection) -> str | None:
    row = conn.execute("select to_regclass('reference.schema_version')::text").fetchone()
    if row is None or row[0] is None:
        return None
    row = conn.execute("select version_num from reference.schema_version").fetchone()
    return str(row[0]) if row else None


def _sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _lacks(error: psycopg.Error) -> MissingPrivilegeError:
    return MissingPrivilegeError(
        f"A migration lacks a right: {str(error).splitlines()[0]}",
        setting="DATABASE_URL",
        next_step="let the user of DATABASE_URL own the database (alter database … owner to …), or the objects that an "
        "earlier user made (reassign owned by … to …), and run again.",
    )


def _failed(error: psycopg.Error) -> MigrationError:
    return MigrationError(
        f"A migration failed and was rolled back: {str(error).splitlines()[0]}",
        setting="DATABASE_URL",
        next_step="mend the cause and run again; a migration is applied whole or not at all.",
    )
