"""A day's run with many records held, beside the same day with a tenth of them.

`python -m bench --only daily [--held 5000000] [--days 3]`. Each day brings NEW_RECORDS through the gate and EVENTS
events about held records, and EXPIRING held records are past their last day; then the terms, the expiry and
the build, as the DAGs do them. What is held is loaded by set-based SQL from a settled feed, not through the gate.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

from bench.bars import Bar
from bench.measure import Figures, Run, run_task
from bench.tasks import ITEM, PROVIDER
from creditgate import pipeline
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.providers import load_providers
from creditgate.samples.bench import BENCH_AS_OF, bench_penalties
from creditgate.warehouse.connect import warehouse_url
from creditgate.warehouse.prepare import prepare_warehouse
from creditgate.warehouse.server import Server

NEW_RECORDS, EVENTS, EXPIRING = 10_000, 1_000, 3_000
EVENT_ITEM = "objection"
SMALLER_BY = 10
MOST = 1.5
_ROWS_OF_A_BATCH = 10_000
_DECIDED_WITHIN_DAYS = 700


@dataclass(frozen=True)
class DailyFigures:
    """The median day with many records held, and with a tenth of them."""

    held: int
    many: Figures
    few: Figures

    def bar(self) -> Bar:
        """At most half as long again with ten times as many records held."""
        return Bar(
            f"a day's run with {self.held:,} records held, against {self.held // SMALLER_BY:,}",
            self.many.seconds,
            self.few.seconds,
            "s",
            MOST,
            f"{NEW_RECORDS:,} new through the gate, {EVENTS:,} events, {EXPIRING:,} expiring",
        )


def measure_daily(folder: Path, held: int, days: int) -> DailyFigures:
    """Measure both, one after the other: two warehouses at once would share the memory."""
    few = _days_with(folder / "few", held // SMALLER_BY, days)
    many = _days_with(folder / "many", held, days)
    return DailyFigures(held, Figures.of(many), Figures.of(few))


def _days_with(home: Path, held: int, days: int) -> list[Run]:
    runs = []
    with _held_warehouse(home, held, days) as env:
        for number in range(1, days + 1):
            day = BENCH_AS_OF + timedelta(days=number)
            feed = home / f"new-{number}.csv"
            bench_penalties(feed, NEW_RECORDS, seed=100 + number, as_of=day)
            with patch.dict(os.environ, env):
                pipeline.submit(feed, PROVIDER, ITEM, "基准测试", day)
                _events(number, day)
            run = run_task("daily", day.isoformat(), env=env)
            runs.append(run)
            _say(f"{held:>10,} held, day {number}: {run.seconds:7.2f} s  {run.said.get('stages')}")
    return runs


@contextmanager
def _held_warehouse(home: Path, held: int, days: int) -> Iterator[dict[str, str]]:
    env = {"CREDITGATE_HOME": str(home), "DATABASE_URL": ""}
    home.mkdir()
    with patch.dict(os.environ, env):
        try:
            prepare_warehouse([load_contract(item) for item in known_items()], load_providers().values())
            feed = home / "template.csv"
            bench_penalties(feed, _ROWS_OF_A_BATCH)
            pipeline.submit(feed, PROVIDER, ITEM, "基准测试", BENCH_AS_OF)
            (batch_id,) = pipeline.pull(PROVIDER, ITEM, BENCH_AS_OF)
            for stage in (pipeline.screen, pipeline.check, pipeline.settle, pipeline.report):
                stage(batch_id)
            _say(f"{held:>10,} held: loading")
            _multiply(batch_id, held, days)
            _say(f"{held:>10,} held: the first build")
            pipeline.build(BENCH_AS_OF)
            with psycopg.connect(warehouse_url(), autocommit=True) as connection:
                connection.execute("vacuum analyze")
            yield env
        finally:
            Server(home).stop()
            shutil.rmtree(home, ignore_errors=True)


def _multiply(batch_id: str, held: int, days: int) -> None:
    """Copy the settled batch until so many records are held; EXPIRING of them end on each of the days."""
    with psycopg.connect(warehouse_url()) as connection:
        contract_columns = [
            str(row[0])
            for row in connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
                " order by attnum",
                (f"intake.{ITEM}",),
            )
        ]
        ends_on = sql.SQL(
            "case when copy_number * {size} + row_number <= {ending} then "
            "{first}::date + (copy_number * {size} + row_number - 1) / {each} end"
        ).format(
            size=sql.Literal(_ROWS_OF_A_BATCH),
            ending=sql.Literal(EXPIRING * days),
            first=sql.Literal(BENCH_AS_OF.isoformat()),
            each=sql.Literal(EXPIRING),
        )
        decided_on = sql.SQL("({first}::date - {span} + copy_number * {span} / {copies})").format(
            first=sql.Literal(BENCH_AS_OF.isoformat()),
            span=sql.Literal(_DECIDED_WITHIN_DAYS),
            copies=sql.Literal(held // _ROWS_OF_A_BATCH),
        )
        made = {
            "record_id": sql.SQL("md5(record_id::text || copy_number)::uuid"),
            "batch_id": sql.SQL("'held-' || copy_number"),
            "decision_number": sql.SQL("decision_number || '-' || copy_number"),
            "publicity_until": ends_on,
            # Serious, and decided within the last two years, feed by feed: none ends by itself on the days measured.
            "severity": sql.SQL("'严重'"),
            "decided_on": decided_on,
            "conduct_ended_on": sql.SQL("{} - 30").format(decided_on),
            "effective_until": sql.SQL("null::date"),
        }
        connection.execute(
            sql.SQL(
                "insert into intake.{item} ({columns}) select {values} from intake.{item} as template "
                "cross join generate_series(0, {copies} - 1) as copy_number where template.batch_id = {batch} "
                "order by copy_number, row_number"
            ).format(
                item=sql.Identifier(ITEM),
                columns=sql.SQL(", ").join(map(sql.Identifier, contract_columns)),
                values=sql.SQL(", ").join(
                    made.get(name) or sql.Identifier("template", name) for name in contract_columns
                ),
                copies=sql.Literal(held // _ROWS_OF_A_BATCH),
                batch=sql.Literal(batch_id),
            )
        )
        connection.execute(
            sql.SQL(
                "insert into intake.batches (batch_id, provider_code, item, contract_version, file_name, file_sha256,"
                " file_bytes, status, received_at, settled_at, as_of_on, rows_total, rows_accepted) "
                "select 'held-' || copy_number, provider_code, item, contract_version, file_name, file_sha256,"
                " file_bytes, status, received_at, settled_at - interval '1 day', as_of_on, rows_total, rows_accepted "
                "from intake.batches cross join generate_series(0, {copies} - 1) as copy_number where batch_id = {batch}"
            ).format(copies=sql.Literal(held // _ROWS_OF_A_BATCH), batch=sql.Literal(batch_id))
        )


def _events(number: int, day: date) -> None:
    """EVENTS objections about held records, settled for the day by a batch of their own."""
    batch_id = f"events-{number}"
    with psycopg.connect(warehouse_url()) as connection:
        connection.execute(
            "insert into intake.batches (batch_id, provider_code, item, contract_version, file_name, file_sha256,"
            " file_bytes, status, received_at, settled_at, as_of_on, rows_total, rows_accepted) "
            "select %(batch)s, provider_code, %(item)s, contract_version, file_name, %(batch)s, file_bytes, status,"
            " received_at, now(), %(day)s, %(rows)s, %(rows)s from intake.batches where batch_id = 'held-0'",
            {"batch": batch_id, "item": EVENT_ITEM, "day": day, "rows": EVENTS},
        )
        _insert_objections(connection, batch_id, day)


def _insert_objections(connection: psycopg.Connection[Any], batch_id: str, day: date) -> None:
    values: dict[str, sql.Composable] = {
        "record_id": sql.SQL("md5({} || record_id)::uuid").format(sql.Literal(batch_id)),
        "target_record_id": sql.Identifier("record_id"),
        "batch_id": sql.Literal(batch_id),
        "provider_code": sql.Literal(PROVIDER),
        "row_number": sql.SQL("row_number() over ()"),
        "contract_version": sql.Literal("1.0.0"),
        "received_on": sql.Literal(day),
        "subject_kind": sql.Identifier("subject_kind"),
        "subject_key": sql.Identifier("subject_key"),
        "subject_name": sql.Identifier("subject_name"),
        "decision_number": sql.Identifier("decision_number"),
        "objection_number": sql.SQL("'异' || row_number"),
        "target_item": sql.Literal("行政处罚"),
        "ground": sql.Literal("信息错误"),
        "channel": sql.Literal("提供单位"),
        "scope": sql.Literal("本单位"),
        "raised_on": sql.Literal(day),
    }
    connection.execute(
        sql.SQL(
            "insert into intake.{item} ({columns}) select {values} from intake.{held} "
            "where batch_id = 'held-{copy}' and row_number <= {rows}"
        ).format(
            item=sql.Identifier(EVENT_ITEM),
            columns=sql.SQL(", ").join(map(sql.Identifier, values)),
            values=sql.SQL(", ").join(values.values()),
            held=sql.Identifier(ITEM),
            copy=sql.SQL(batch_id.rpartition("-")[2]),
            rows=sql.Literal(EVENTS),
        )
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
