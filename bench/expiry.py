"""The daily expiry beside a plain indexed DELETE of the same records.

A warehouse is made once: records in intake, marts built by dbt, then the terms of the day. On that day both
sides are measured in turns, each in a transaction that is rolled back, so that every round sees the same tables.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

import psycopg
from psycopg import sql

from bench.measure import Run
from creditgate.expire import expire
from creditgate.expire.statements import TABLES_WITH_RECORDS
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.providers import load_providers
from creditgate.warehouse.connect import warehouse_url
from creditgate.warehouse.prepare import prepare_warehouse
from creditgate.warehouse.server import Server

BUILT_ON = date(2026, 11, 21)
FEW_ON, MANY_ON = BUILT_ON + timedelta(days=1), BUILT_ON + timedelta(days=2)
"""On the first of these days a tenth as many expire as on the second."""
ITEM = "administrative_penalty"

_BATCH = """
    insert into intake.batches (batch_id, provider_code, item, contract_version, file_name, file_sha256, file_bytes,
        status, received_at, settled_at, as_of_on, rows_total, rows_accepted)
    values ('bench', 'jn_market_regulation', 'administrative_penalty', '1.1.0', 'bench.csv', 'x', 1, 'accepted',
        now(), now(), %(built_on)s, %(held)s, %(held)s)
"""
_ROWS = """
    insert into intake.administrative_penalty (record_id, batch_id, provider_code, row_number, contract_version,
        received_on, subject_kind, subject_key, days_late, register_match, subject_name, uscc, decision_number,
        conduct_type, facts, basis, categories, content, fine_10k_yuan, decided_on, severity, conduct_ended_on,
        conduct_ongoing, authority_name)
    select md5(n::text)::uuid, 'bench', 'jn_market_regulation', n, '1.1.0', %(built_on)s, 'legal',
        '91370100' || lpad((n / 3)::text, 10, '0'), 0, 'matched', '济南基准' || n / 3 || '商贸有限公司',
        '91370100' || lpad((n / 3)::text, 10, '0'), '济市监处罚〔2026〕' || n || '号', '价格违法行为',
        '经查，当事人销售的第' || n || '批商品未按规定明码标价，违反了价格管理的规定。',
        '《中华人民共和国价格法》第四十二条', '罚款', '罚款人民币2000元', 0.2,
        case when n <= %(expiring)s / 10 then %(built_on)s::date - interval '1 year'
             when n <= %(expiring)s then %(built_on)s::date - interval '1 year' + interval '1 day'
             else %(built_on)s::date - (n %% 300) * interval '1 day' end,
        '一般', '2025-10-01', false, '济南市市场监督管理局'
    from generate_series(1, %(held)s) as numbers (n)
    order by md5(n::text)
"""
"""The records that expire lie among the others, as they do when they were reported on many days."""


@contextmanager
def held_records(home: Path, held: int, expiring: int) -> Iterator[dict[str, str]]:
    """A warehouse with `held` records in every mart; a tenth of `expiring` goes on FEW_ON, all by MANY_ON."""
    from creditgate.build.dbt_runner import run_dbt

    env = {"CREDITGATE_HOME": str(home), "DATABASE_URL": ""}
    with patch.dict(os.environ, env):
        try:
            prepare_warehouse([load_contract(item) for item in known_items()], load_providers().values())
            with psycopg.connect(warehouse_url(), autocommit=True) as connection:
                named = {"built_on": BUILT_ON, "held": held, "expiring": expiring}
                connection.execute(_BATCH, named)
                connection.execute(_ROWS, named)
                connection.execute("vacuum analyze intake.administrative_penalty")
            run_dbt(None, BUILT_ON)
            yield env
        finally:
            Server(home).stop()
            shutil.rmtree(home, ignore_errors=True)


def rounds(env: dict[str, str], runs: int) -> Iterator[tuple[str, Run]]:
    """For each day: expiry, deletes everywhere and deletes from intake, in turns."""
    from creditgate.build.dbt_runner import run_dbt

    for name, day in (("few", FEW_ON), ("many", MANY_ON)):
        with patch.dict(os.environ, env):
            run_dbt("+int_record_terms", day)
            _vacuum()
            for _ in range(runs):
                yield f"expiry_{name}", _run_expiry(day)
                yield f"deletes_{name}", _run_deletes(day, _tables())
                yield f"intake_delete_{name}", _run_deletes(day, [("intake", ITEM)])
                _vacuum()


def _run_expiry(day: date) -> Run:
    """The whole expiry (collect, tombstones, every table, notices, rejections), rolled back at the end."""
    with psycopg.connect(warehouse_url()) as connection:
        started, cpu = time.perf_counter(), time.process_time()
        result = expire(connection, day, dry_run=True)
        elapsed = time.perf_counter() - started
    return Run(elapsed, elapsed, time.process_time() - cpu, 0, {"stages": {"records": result.records}})


def _run_deletes(day: date, tables: list[tuple[str, str]]) -> Run:
    """Plain DELETEs by record id of the same records. The ids are given beforehand, with statistics."""
    with psycopg.connect(warehouse_url()) as connection:
        connection.execute(
            "create temporary table ids as select record_id from intermediate.int_record_terms"
            " where last_disclosure_on < %s",
            (day,),
        )
        connection.execute("analyze ids")
        rows = 0
        started, cpu = time.perf_counter(), time.process_time()
        for table in tables:
            statement = sql.SQL("delete from {} as held using ids where held.record_id = ids.record_id")
            rows += connection.execute(statement.format(sql.Identifier(*table))).rowcount
        elapsed = time.perf_counter() - started
        connection.rollback()
    said = {"stages": {"rows": rows, "tables": len(tables)}}
    return Run(elapsed, elapsed, time.process_time() - cpu, 0, said)


def _tables() -> list[tuple[str, str]]:
    """Every table that holds a row of a penalty."""
    with psycopg.connect(warehouse_url()) as connection:
        copies = connection.execute(TABLES_WITH_RECORDS).fetchall()
    return [("intake", ITEM), *((str(schema), str(table)) for schema, table in copies)]


def _vacuum() -> None:
    """Clear what the rolled-back rounds have left, so that each begins alike."""
    with psycopg.connect(warehouse_url(), autocommit=True) as connection:
        connection.execute("vacuum analyze")
