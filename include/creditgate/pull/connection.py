"""The settings of a connection, as an Airflow connection has them: host, account, secret, extras.

`include/providers/*.yaml` names a connection by its id and never holds its settings. A task asks Airflow for them;
the command line, which knows no Airflow, reads the same `AIRFLOW_CONN_<ID>` from the environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from creditgate.pull.source import SourceSettingsError

_EXTRA_KEY = "__extra__"


@dataclass(frozen=True)
class ConnectionSettings:
    """Where a source is and how it lets us in. Its text shows neither account nor secret."""

    connection_id: str
    conn_type: str = ""
    host: str = ""
    port: int | None = None
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    schema: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, key: str) -> str:
        """A text of the extras, empty where there is none; SourceSettingsError where it is something else."""
        value = self.extra.get(key, "")
        if value is None or isinstance(value, str):
            return (value or "").strip()
        raise SourceSettingsError(f"connection {self.connection_id}: extra {key} is not a text; mend it")

    def flag(self, key: str) -> bool | None:
        """A yes or no of the extras, None where there is none."""
        value = self.extra.get(key)
        named = {"true": True, "1": True, "false": False, "0": False}
        return named.get(str(value).strip().lower()) if value is not None else None


Connections = Callable[[str], ConnectionSettings]
"""Finds the settings of a connection id; SourceSettingsError where there are none."""


def environment_connection(connection_id: str) -> ConnectionSettings:
    """The connection in `AIRFLOW_CONN_<ID>`: a URI or a JSON object, as Airflow reads it.

    Raises SourceSettingsError; its message repeats nothing of the variable's value.
    """
    variable = f"AIRFLOW_CONN_{connection_id.upper()}"
    value = os.environ.get(variable, "").strip()
    if not value:
        raise SourceSettingsError(
            f"connection {connection_id} is not defined; set {variable} (docs/reference/sources.md)"
        )
    try:
        return _of_json(connection_id, value) if value.startswith("{") else _of_uri(connection_id, value)
    except (ValueError, TypeError, AttributeError):
        raise SourceSettingsError(
            f"{variable} is neither a connection URI nor a JSON object of one; see docs/reference/sources.md"
        ) from None


def extras_of(text: str | None) -> dict[str, Any]:
    """The extras of a connection from their JSON text; empty where there are none. Raises ValueError."""
    extra = json.loads(text) if text else {}
    if not isinstance(extra, dict):
        raise ValueError("extras are no object")
    return extra


def _of_json(connection_id: str, value: str) -> ConnectionSettings:
    raw = json.loads(value)
    extra = raw.get("extra") or {}
    return ConnectionSettings(
        connection_id,
        conn_type=str(raw.get("conn_type") or "").replace("-", "_"),
        host=str(raw.get("host") or ""),
        port=int(raw["port"]) if raw.get("port") else None,
        login=str(raw.get("login") or ""),
        password=str(raw.get("password") or ""),
        schema=str(raw.get("schema") or ""),
        extra=dict(extra) if isinstance(extra, dict) else extras_of(extra),
    )


def _of_uri(connection_id: str, value: str) -> ConnectionSettings:
    kind, rest = value.split("://", 1)
    scheme, separator, inner = rest.partition("://")  # http://https://host: Airflow's way to name a scheme
    parts = urlsplit(f"{kind}://{inner if separator else rest}")
    host = unquote(parts.hostname or "")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return ConnectionSettings(
        connection_id,
        conn_type=kind.lower().replace("-", "_"),
        host=f"{scheme}://{host}" if separator else host,
        port=parts.port,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        schema=unquote(parts.path[1:]),
        extra=extras_of(query[_EXTRA_KEY]) if _EXTRA_KEY in query else query,
    )
