"""Connections as Airflow knows them, for the stages that must not know Airflow."""

from __future__ import annotations

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from creditgate.pull.connection import ConnectionSettings, extras_of
from creditgate.pull.source import SourceSettingsError


def airflow_connection(connection_id: str) -> ConnectionSettings:
    """The settings of a connection, from wherever Airflow keeps it: environment, secrets backend, its database.

    Raises SourceSettingsError where there is none, or its extras are no JSON object.
    """
    try:
        found = Connection.get(connection_id)
    except AirflowNotFoundException:
        raise SourceSettingsError(
            f"connection {connection_id} is not defined; add it in Airflow (docs/reference/sources.md)"
        ) from None
    try:
        extra = extras_of(found.extra)
    except ValueError:
        raise SourceSettingsError(
            f"connection {connection_id}: its extras are no JSON object; mend them in Airflow"
        ) from None
    return ConnectionSettings(
        connection_id,
        conn_type=found.conn_type or "",
        host=found.host or "",
        port=found.port,
        login=found.login or "",
        password=found.password or "",
        schema=found.schema or "",
        extra=extra,
    )
