"""Connections, migrations, intake tables, and the embedded PostgreSQL."""
