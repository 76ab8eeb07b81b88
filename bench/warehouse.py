"""A fresh embedded warehouse for each round, and the bare copy that the whole way is held against."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg
from psycopg import sql

from bench.measure import Run, run_command
from bench.tasks import ITEM, PROVIDER
from creditgate import pipeline
from creditgate.domain.clock import business_today
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.providers import load_providers
from creditgate.samples.bench import BENCH_FIELDS
from creditgate.warehouse.connect import warehouse_url
from creditgate.warehouse.prepare import prepare_warehouse
from creditgate.warehouse.server import Server

TABLE = sql.Identifier("bench_copy")


@contextmanager
def fresh_warehouse(home: Path, feed: Path) -> Iterator[dict[str, str]]:
    """A prepared warehouse with the feed in its provider's mailbox and an empty table for the copy.

    Gives the environment that names it. The server is stopped and the folder removed at the end.
    """
    env = {"CREDITGATE_HOME": str(home), "DATABASE_URL": ""}
    with patch.dict(os.environ, env):
        try:
            prepare_warehouse([load_contract(item) for item in known_items()], load_providers().values())
            pipeline.submit(feed, PROVIDER, ITEM, "基准测试", business_today())
            with psycopg.connect(warehouse_url()) as connection:
                columns = sql.SQL(", ").join(
                    sql.SQL("{} text").format(sql.Identifier(n)) for n in BENCH_FIELDS
                )
                connection.execute(sql.SQL("create table {} ({})").format(TABLE, columns))
            yield env
        finally:
            Server(home).stop()
            shutil.rmtree(home, ignore_errors=True)


def run_copy(feed: Path, env: dict[str, str]) -> Run:
    """The copy command of psql; without psql the same bytes through psycopg's COPY."""
    with patch.dict(os.environ, env):
        url = warehouse_url()
    if shutil.which("psql"):
        statement = f"\\copy bench_copy from '{feed}' with (format csv, header)"
        return run_command(["psql", "--no-psqlrc", "--quiet", "--dbname", url, "--command", statement])
    return _copy_by_psycopg(feed, url)


def _copy_by_psycopg(feed: Path, url: str) -> Run:
    statement = sql.SQL("copy {} from stdin with (format csv, header)").format(TABLE)
    with psycopg.connect(url) as connection, connection.cursor() as cursor, feed.open("rb") as file:
        started, cpu = time.perf_counter(), time.process_time()
        with cursor.copy(statement) as copy:
            while block := file.read(1 << 18):
                copy.write(block)
        connection.commit()
        elapsed = time.perf_counter() - started
    return Run(elapsed, elapsed, time.process_time() - cpu, 0)
