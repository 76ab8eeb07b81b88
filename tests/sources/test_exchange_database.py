"""Feeds from an exchange database: whole batches in one snapshot, each acknowledged in the provider's own table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from creditgate import pipeline
from creditgate.policy.contracts import load_contract
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.exchange_database import ExchangeDatabaseSource
from creditgate.pull.source import SourceAccessError, SourceError, SourceSettingsError, TooLargeError
from tests.builders import AS_OF, PROVIDER, Row, a_penalty
from tests.conftest import Database, PgServer
from tests.gate_flow import ITEM, take_in

LIMIT = 1 << 30
FIELDS = list(a_penalty())


class Exchange:
    """A provider's database beside the warehouse, filled as the provider would."""

    def __init__(self, connection: psycopg.Connection[Any], url: str) -> None:
        self.connection, self.url = connection, url
        headers = [load_contract(ITEM).field(name).header for name in FIELDS]
        columns = ", ".join(f'"{header}" text' for header in headers)
        connection.execute("create schema exchange")
        connection.execute(f"create table exchange.penalties (batch_no bigint, row_no integer, {columns})")
        connection.execute(
            "create table exchange.penalties_batch (batch_no bigint primary key, row_count integer, reviewer text, "
            "reviewed_on date, sent_on date, digest text, completed_at timestamptz, "
            "ack_status text, ack_at timestamptz, ack_batch_id text)"
        )

    def put(self, number: int, rows: list[Row], **declared: Any) -> None:
        places = ", ".join(["%s"] * (len(FIELDS) + 2))
        for place, row in enumerate(rows, 1):
            self.connection.execute(
                f"insert into exchange.penalties values ({places})",
                (number, place, *(row.get(name) for name in FIELDS)),
            )
        told = {
            "row_count": len(rows),
            "reviewer": "刘明哲",
            "reviewed_on": AS_OF,
            "sent_on": AS_OF,
            "digest": None,
            "completed_at": "2026-11-23T08:00:00+08:00",
        } | declared
        self.connection.execute(
            f"insert into exchange.penalties_batch (batch_no, {', '.join(told)}) "
            f"values (%s, {', '.join(['%s'] * len(told))})",
            (number, *told.values()),
        )

    def digest(self, number: int) -> str:
        row = self.connection.execute(
            "select string_agg(t::text, E'\\n' order by row_no) from exchange.penalties t where batch_no = %s",
            (number,),
        ).fetchone()
        assert row is not None
        return sha256(row[0].encode()).hexdigest()

    def batches(self) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            "select batch_no, ack_status, ack_batch_id is not null and ack_at is not null from "
            "exchange.penalties_batch order by 1"
        ).fetchall()

    def rows_of(self, number: int) -> int:
        row = self.connection.execute(
            "select count(*) from exchange.penalties where batch_no = %s", (number,)
        ).fetchone()
        assert row is not None
        return int(row[0])

    def connection_entry(self, **other: Any) -> dict[str, Any]:
        parts = conninfo_to_dict(self.url)
        return {
            "conn_type": "postgres",
            "host": parts["host"],
            "port": int(str(parts["port"])),
            "login": parts["user"],
            "password": parts["password"],
            "schema": parts["dbname"],
        } | other

    def source(self, **other: Any) -> ExchangeDatabaseSource:
        entry = self.connection_entry(**other)
        return ExchangeDatabaseSource(
            ConnectionSettings("exchange", **entry), "exchange.penalties", provider=PROVIDER, item=ITEM
        )


@pytest.fixture
def exchange(pg_server: PgServer, tmp_path: Path) -> Iterator[Exchange]:
    """A second database of the session's PostgreSQL."""
    name = f"exchange_{sha256(str(tmp_path).encode()).hexdigest()[:12]}"
    with pg_server.admin() as admin:
        admin.execute(f"create database {name} owner creditgate")
    url = pg_server.url(name)
    with psycopg.connect(url, autocommit=True) as connection:
        yield Exchange(connection, url)
    with pg_server.admin() as admin:
        admin.execute(f"drop database {name} with (force)")


def test_complete_batches_are_settled_and_acknowledged_in_the_providers_table(
    exchange: Exchange, register: Callable[..., None], database: Database
) -> None:
    register("exchange_database", "exchange.penalties", exchange.connection_entry())
    exchange.put(7, [a_penalty()])
    exchange.connection.execute("update exchange.penalties_batch set digest = %s", (exchange.digest(7),))
    exchange.put(8, [a_penalty(decision_number="济市监处罚〔2026〕8号"), a_penalty(severity="很重")])
    exchange.put(9, [a_penalty(decision_number="济市监处罚〔2026〕9号")], completed_at=None)
    exchange.put(10, [a_penalty()])  # the rows of batch 7 again: known by their hash
    outcomes = take_in()
    assert [(counts["accepted"], counts["rejected"]) for counts in outcomes] == [(1, 0), (1, 1)]
    assert exchange.batches() == [
        (7, "accepted", True),
        (8, "partly_rejected", True),
        (9, None, False),
        (10, None, False),
    ]
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert exchange.batches()[3] == (10, "accepted", True)
    assert [exchange.rows_of(number) for number in (7, 8, 9, 10)] == [0, 0, 1, 0]
    exchange.connection.execute("update exchange.penalties_batch set completed_at = now() where batch_no = 9")
    assert [counts["accepted"] for counts in take_in()] == [1]  # a lower number that came late is not lost


@pytest.mark.parametrize(
    ("declared", "rule"),
    [
        ({"reviewer": None}, "FILE-005"),
        ({"row_count": None}, "FILE-005"),
        ({"digest": "0" * 64}, "FILE-006"),
        ({"row_count": 3}, "FILE-008"),
    ],
)
def test_a_batch_that_was_not_reviewed_as_it_is_waits_for_the_provider(
    exchange: Exchange,
    register: Callable[..., None],
    database: Database,
    declared: dict[str, Any],
    rule: str,
) -> None:
    register("exchange_database", "exchange.penalties", exchange.connection_entry())
    exchange.put(7, [a_penalty()], **declared)
    take_in()
    with database.connect() as connection:
        rules = connection.execute("select rule_id from intake.findings where row_number = 0").fetchall()
    assert (rule,) in rules
    assert exchange.batches() == [(7, None, False)]
    exchange.connection.execute(
        "update exchange.penalties_batch set reviewer = '刘明哲', row_count = 1, digest = null"
    )
    assert [counts["accepted"] for counts in take_in()] == [1]


def test_a_database_that_we_may_only_read_is_read_once_by_the_watermark(
    exchange: Exchange, register: Callable[..., None], database: Database
) -> None:
    exchange.connection.execute("alter table exchange.penalties_batch drop column ack_status")
    register("exchange_database", "exchange.penalties", exchange.connection_entry(), after_settle="keep")
    exchange.put(7, [a_penalty()])
    assert len(take_in()) == 1
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert exchange.rows_of(7) == 1
    register("exchange_database", "exchange.penalties", exchange.connection_entry(), after_settle="remove")
    with pytest.raises(SourceSettingsError, match="lacks ack_status"):
        pipeline.pull(PROVIDER, ITEM, AS_OF)


def test_a_batch_is_one_snapshot_and_its_size_is_bounded(exchange: Exchange, tmp_path: Path) -> None:
    exchange.put(7, [a_penalty(facts=f"第{n}项事实") for n in range(50)])
    with exchange.source() as source:
        (file,) = source.waiting()
        first = source.fetch(file, tmp_path / "landed", LIMIT)
        (tmp_path / "landed").write_bytes(b"half a copy")
        assert source.fetch(file, tmp_path / "landed", LIMIT) == first
        assert first.path.read_bytes().count(b"\n") == 51
        with pytest.raises(TooLargeError):
            source.fetch(file, tmp_path / "small", 1_000)


def test_a_line_that_breaks_is_taken_up_again(
    exchange: Exchange, tmp_path: Path, pg_server: PgServer
) -> None:
    exchange.put(7, [a_penalty()])
    with exchange.source() as source:
        (file,) = source.waiting()
        with pg_server.admin() as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname like 'exchange_%%' and application_name = 'creditgate'"
            )
        assert source.fetch(file, tmp_path / "landed", LIMIT).size > 0


def test_refused_login_wrong_tables_and_a_server_that_is_down_are_told_apart(exchange: Exchange) -> None:
    with exchange.source(password="wrong-secret") as source, pytest.raises(SourceAccessError) as fault:
        source.waiting()
    assert "wrong-secret" not in str(fault.value)
    exchange.connection.execute("drop table exchange.penalties_batch")
    with exchange.source() as source, pytest.raises(SourceSettingsError, match="not in the agreed form"):
        source.waiting()
    with exchange.source(port=1) as source, pytest.raises(SourceError, match="is the database up"):
        source.waiting()
