"""Where the warehouse is, and connections to it: for the pipeline, for readers, for dbt, for Airflow."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from creditgate.policy.paths import home as default_home
from creditgate.warehouse.errors import UnknownRoleError, WarehouseUnavailableError, WarehouseUrlError
from creditgate.warehouse.passwords import known_role_password, role_password
from creditgate.warehouse.roles import AIRFLOW, READERS
from creditgate.warehouse.server import OWNER, ensure_running

Connection = psycopg.Connection[tuple[Any, ...]]

_UNAVAILABLE_NEXT_STEP = (
    "see that the server of DATABASE_URL runs and lets this user in (without DATABASE_URL: `creditgate doctor`); "
    "nothing is lost, the task tries again."
)


def is_embedded() -> bool:
    """Whether the warehouse is the embedded server (no DATABASE_URL)."""
    return not os.environ.get("DATABASE_URL", "").strip()


def warehouse_url() -> str:
    """The owner's URL: DATABASE_URL, else the embedded server's, which is started if it doesn't run."""
    if not is_embedded():
        return _url_of(_parts_of(os.environ["DATABASE_URL"].strip()))
    home = default_home()
    return ensure_running(home).url(OWNER, role_password(home, OWNER))


def role_url(role: str) -> str:
    """The URL of a reading role (`roles.READERS`), with the password of the state folder."""
    if role not in READERS:
        raise UnknownRoleError(f"There is no role {role!r}", next_step=f"name one of {', '.join(READERS)}.")
    return _url_as(role)


def connect(*, role: str | None = None, autocommit: bool = False) -> Connection:
    """A connection as the owner, or as a reading role.

    As a context manager it commits (or rolls back on an error) and closes. Raises
    `WarehouseUnavailableError` when the server doesn't answer.
    """
    return open_url(warehouse_url() if role is None else role_url(role), autocommit=autocommit)


def open_url(url: str, *, autocommit: bool = False) -> Connection:
    """A connection to a URL; failures name the place, never the password."""
    try:
        return psycopg.connect(url, autocommit=autocommit, application_name="creditgate", connect_timeout=10)
    except psycopg.OperationalError as error:
        raise WarehouseUnavailableError(
            f"The warehouse does not let us in: {_first_line(error)}",
            where=_place_of(url),
            setting="DATABASE_URL",
            next_step=_UNAVAILABLE_NEXT_STEP,
        ) from error


def dbt_env() -> dict[str, str]:
    """The environment variables that the dbt profile reads: CREDITGATE_PG{HOST,PORT,USER,PASSWORD,DATABASE}."""
    parts = _parts_of(warehouse_url())
    return {
        "CREDITGATE_PGHOST": parts.get("host", "localhost"),
        "CREDITGATE_PGPORT": parts.get("port", "5432"),
        "CREDITGATE_PGUSER": parts.get("user", ""),
        "CREDITGATE_PGPASSWORD": parts.get("password", ""),
        "CREDITGATE_PGDATABASE": parts.get("dbname", ""),
        "CREDITGATE_PGSSLMODE": parts.get("sslmode", "prefer"),
    }


def airflow_metadata_url() -> str:
    """Airflow's own metadata, for AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: role and schema of its own."""
    return _url_as(AIRFLOW).replace("postgresql://", "postgresql+psycopg2://", 1)


def airflow_metadata_async_url() -> str:
    """The same for AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC; asyncpg says `ssl` where libpq says `sslmode`."""
    parts = _parts_of(_url_as(AIRFLOW))
    if "sslmode" in parts:
        parts["ssl"] = parts.pop("sslmode")
    return _url_of(parts).replace("postgresql://", "postgresql+asyncpg://", 1)


def _url_as(role: str) -> str:
    parts = _parts_of(warehouse_url())
    return _url_of({**parts, "user": role, "password": known_role_password(default_home(), role)})


def _parts_of(url: str) -> dict[str, str]:
    """A URL (or a libpq `key=value` line) as libpq's parameters; SQLAlchemy's `+driver` is dropped."""
    plain = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)
    try:
        parts = {str(k): str(v) for k, v in conninfo_to_dict(plain).items() if v is not None}
    except psycopg.ProgrammingError as error:
        raise WarehouseUrlError(
            "DATABASE_URL is not a PostgreSQL connection URL",  # libpq's own message would repeat the URL
            setting="DATABASE_URL",
            next_step="write it as postgresql://user:password@host:5432/database (percent-encode special characters).",
        ) from error.with_traceback(None)
    is_port = re.fullmatch(r"[0-9]*(,[0-9]*)*", parts.get("port", ""))
    if not parts.get("dbname") or not parts.get("user") or not is_port:
        raise WarehouseUrlError(
            "DATABASE_URL names no user, no database, or a port that is no number",
            setting="DATABASE_URL",
            next_step="write it as postgresql://user:password@host:5432/database.",
        )
    return parts


def _url_of(parts: dict[str, str]) -> str:
    """A URL from libpq's parameters."""
    rest = dict(parts)
    user, password = quote(rest.pop("user"), safe=""), rest.pop("password", "")
    account = f"{user}:{quote(password, safe='')}" if password else user
    host = rest.get("host", "localhost")
    place = "" if host.startswith("/") or "," in host else f"[{host}]" if ":" in host else host
    if place:
        rest.pop("host", None)
    port = rest.pop("port", "")
    path = quote(rest.pop("dbname"), safe="")
    query = f"?{urlencode(rest)}" if rest else ""
    return f"postgresql://{account}@{place}{':' + port if port else ''}/{path}{query}"


def _place_of(url: str) -> str:
    parts = _parts_of(url)
    return (
        f"{parts.get('host', 'localhost')}:{parts.get('port', '5432')}/{parts['dbname']} as {parts['user']}"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
