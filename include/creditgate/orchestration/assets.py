"""The assets by which one DAG starts another."""

from __future__ import annotations

from typing import Final

from airflow.sdk import Asset

ACCEPTED_RECORDS: Final = Asset(
    name="accepted_records", uri="creditgate://intake/accepted_records", group="intake"
)
"""Emitted by an ingest DAG once at least one of its batches is settled; starts `build_marts`.

An event's extra holds `provider`, `item`, `batches` (how many were settled), and `as_of` (ISO date) where the run was
told one; the marts are built for that date, else for today.
"""

HELD_BATCHES: Final = Asset(name="held_batches", uri="creditgate://intake/held_batches", group="intake")
"""Emitted by an ingest DAG that has held batches; starts `release_held_batches`. An event's extra names them: `batches`."""
