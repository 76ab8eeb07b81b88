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
