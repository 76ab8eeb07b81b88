"""Runs SQL scripts inside a migration."""

from __future__ import annotations

from alembic import op


def run_script(script: str) -> None:
    """Run one or more statements as they are written, in the migration's transaction."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("the migration's connection is closed")
    connection.execute(script)
