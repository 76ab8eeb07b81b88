"""Alembic's environment and the numbered migrations of the warehouse."""
