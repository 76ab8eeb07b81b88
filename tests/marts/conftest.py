"""A warehouse with a few records, built by dbt as the DAGs build it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from creditgate.build.dbt_runner import DbtOutcome, invoke_dbt, run_dbt
from creditgate.expire import ExpiryResult, expire
from creditgate.warehouse.connect import open_url
from creditgate.warehouse.roles import grant_connect
from creditgate.warehouse.server import OWNER

_DATABASE = "marts"
_SETTLED = datetime(2026, 11, 1, tzinfo=UTC)
FIRST_DAY = date(2026, 11, 1)
PENALTY, LISTING = "administrative_penalty", "serious_dishonesty_listing"
WATCH, DEBTOR = "watch_list_listing", "judgment_debtor"
INCENTIVE, LICENCE = "incentive_listing", "administrative_licence"


_PARSE_OPTIONS = ("--project-dir", "--profiles-dir", "--target-path", "--log-path", "--log-level", "--vars")


@pytest.fixture(scope="session", autouse=True)
def dbt_at_its_own_speed() -> Iterator[None]:
    """Let dbt run untraced, and parse its project once for all builds.

    Coverage would double dbt's time, and none of its code is ours. What dbt parses is the same on every day and for
    every kind of build (test_dbt_project.py holds that); by itself it parses anew whenever a variable has changed.
    """
    with _untraced():
        from dbt.cli.main import dbtRunner
    invoke = dbtRunner.invoke
    parsed: dict[str, Any] = {}

    def invoke_parsed(self: Any, args: list[str], **kwargs: Any) -> Any:
        with _untraced():
            if self.manifest is None and args[0] != "parse":
                options = {name: args[args.index(name) + 1] for name in _PARSE_OPTIONS if name in args}
                variables = {**json.loads(options["--vars"]), "as_of_date": None, "by_touch": None}
                warehouse = [
                    os.environ[f"CREDITGATE_PG{part}"] for part in ("HOST", "PORT", "DATABASE", "USER")
                ]
                key = json.dumps([warehouse, variables], sort_keys=True)
                if key not in parsed:
                    parsed[key] = invoke(
                        dbtRunner(), ["parse", *(part for option in options.items() for part in option)]
                    ).result
                self.manifest = parsed[key]
            return invoke(self, args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbtRunner, "invoke", invoke_parsed)
        yield


@contextmanager
def _untraced() -> Iterator[None]:
    from coverage import Coverage

    coverage = Coverage.current()
    if coverage is None:
        yield
        return
    coverage.stop()
    try:
        yield
    finally:
        coverage.start()


def record_id(name: str) -> uuid.UUID:
    """The record that a test calls by this name."""
    return uuid.uuid5(uuid.NAMESPACE_OID, name)


@dataclass
class Marts:
    """A warehouse of the test's own. Records are called by a name; `batch` settles those that were added."""

    url: str
    role_urls: dict[str, str]
    home: Path
    _rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _batches: Any = field(default_factory=lambda: itertools.count(1))
    _names: set[str] = field(default_factory=set)
    _built_of: date | None = None

    def penalty(self, name: str, **columns: Any) -> None:
        """A general penalty of 2026-10-10 against a company, in force on the first days of November 2026."""
        self._add(
            PENALTY,
            name,
            {
                "decision_number": f"济市监处罚〔2026〕{name}号",
                "conduct_type": "价格违法行为",
                "facts": "未按规定明码标价。",
                "basis": "《中华人民共和国价格法》第四十二条",
                "categories": "罚款",
                "content": "罚款人民币2000元",
                "fine_10k_yuan": "0.2",
                "decided_on": "2026-10-10",
                "conduct_ended_on": "2026-10-01",
                "conduct_ongoing": False,
                "authority_name": "济南市市场监督管理局",
                "severity": "一般",
            },
            columns,
        )

    def listing(self, name: str, **columns: Any) -> None:
        """A listing of 2026-10-10 of a company with the persons answerable for it."""
        self._add(
            LISTING,
            name,
            {
                "list_code": "AMR_SERIOUS",
                "decision_number": f"济市监列〔2026〕{name}号",
                "legal_representative": "王雨衡",
                "legal_representative_id_key": "a" * 64,
                "principal": "赵思远",
                "actual_controller": "钱知行",
                "listed_on": "2026-10-10",
                "reason": "提交虚假材料",
                "basis": "《市场监督管理严重违法失信名单管理办法》第五条",
                "authority_name": "济南市市场监督管理局",
                "conduct_ended_on": "2026-10-01",
                "conduct_ongoing": False,
            },
            columns,
        )

    def watch_listing(self, name: str, **columns: Any) -> None:
        """An entry of 2026-10-10 on a watch list, of the same company."""
        self._add(
            WATCH,
            name,
            {
                "list_code": "WATCH_GENERAL",
                "decision_number": f"济市监关注〔2026〕{name}号",
                "legal_representative": "王雨衡",
                "listed_on": "2026-10-10",
                "reason": "未按期报送整改材料",
                "basis": "发改财金规〔2017〕1798号第二部分",
                "authority_name": "济南市市场监督管理局",
                "conduct_ended_on": "2026-10-01",
                "conduct_ongoing": False,
            },
            columns,
        )

    def debtor(self, name: str, **columns: Any) -> None:
        """The same company as a judgment debtor, published by the court on 2026-10-10."""
        self._add(
            DEBTOR,
            name,
            {
                "provider_code": "jn_court",
                "case_number": f"（2026）鲁01执{name}号",
                "legal_representative": "王雨衡",
                "actual_controller": "钱知行",
                "court_name": "济南市中级人民法院",
                "performance": "全部未履行",
                "conduct": "违反财产报告制度",
                "listed_on": "2026-10-10",
                "conduct_ended_on": "2026-10-01",
                "conduct_ongoing": False,
            },
            columns,
        )

    def incentive(self, name: str, **columns: Any) -> None:
        """A recognition of the same company of 2026-10-10."""
        self._add(
            INCENTIVE,
            name,
            {
                "list_name": "A级纳税人名单",
                "decision_number": f"济税信评〔2026〕{name}号",
                "recognised_on": "2026-10-10",
                "grade": "A",
                "basis": "《纳税信用管理办法（试行）》第十八条",
                "authority_name": "国家税务总局济南市税务局",
            },
            columns,
        )

    def licence(self, name: str, **columns: Any) -> None:
        """A licence of the same company of 2026-10-10."""
        self._add(
            LICENCE,
            name,
            {
                "document_name": "准予行政许可决定书",
                "decision_number": f"济市监许〔2026〕{name}号",
                "licence_category": "普通",
                "certificate_name": "食品经营许可证",
                "licence_number": f"JY1370102{name}",
                "content": "预包装食品销售",
                "decided_on": "2026-10-10",
                "valid_from": "2026-10-10",
                "authority_name": "济南市市场监督管理局",
                "licence_status": "1",
            },
            columns,
        )

    def event(self, item: str, name: str, about: str | None = None, **columns: Any) -> None:
        """An event of an item, about the record of that name (or about the subject alone)."""
        target: dict[str, Any] = {}
        if about is not None:
            target = {
                "target_record_id": record_id(about),
                "target_due_on": "2026-11-10",
                "target_item": "行政处罚",
                "decision_number": f"济市监处罚〔2026〕{about}号",
            }
        self._add(item, name, target, columns)

    def batch(self, on: date = FIRST_DAY, status: str = "accepted") -> str:
        """Settle what was added, one batch for each item, from its first row's unit; the last batch's id."""
        batch_id = ""
        with open_url(self.url) as connection:
            for item in dict.fromkeys(item for item, _ in self._rows):
                number = next(self._batches)
                batch_id = f"batch{number}"
                rows = [row for kind, row in self._rows if kind == item]
                batch = self._batch_row(batch_id, number, item, on, status)
                _insert(connection, "batches", {**batch, "provider_code": rows[0]["provider_code"]})
                for row_number, row in enumerate(rows, start=1):
                    meta = {"batch_id": batch_id, "row_number": row_number, "received_on": on}
                    _insert(connection, item, {**row, **meta})
        self._rows.clear()
        self._built_of = None
        return batch_id

    def reject(self, batch_id: str, row_number: int, name: str, **columns: Any) -> None:
        """A rejected row of a settled batch, with one finding of each severity."""
        row = {"record_key": record_id(name).hex, "content": '{"facts": "…"}', "content_until": "2026-12-01"}
        with open_url(self.url) as connection:
            _insert(
                connection,
                "rejected_rows",
                {"batch_id": batch_id, "row_number": row_number, **row, **columns},
            )
            for rule_id in ("T-001", "T-002"):
                _insert(
                    connection,
                    "findings",
                    {"batch_id": batch_id, "row_number": row_number, "rule_id": rule_id, "field": "facts"},
                )
            for rule_id, severity in (("T-001", "reject"), ("T-002", "warn")):
                connection.execute(
                    "insert into reference.rules values (%s, %s, '1.0.0', %s, 'S12', '应填写', '应填写', 'facts')"
                    " on conflict do nothing",
                    (rule_id, PENALTY, severity),
                )

    def build(self, as_of: date = FIRST_DAY, select: str | None = None) -> dict[str, int]:
        """The build as the DAG does it."""
        counts = run_dbt(select, as_of)
        self._built_of = as_of
        return counts

    def dbt(self, arguments: Sequence[str], as_of: date = FIRST_DAY) -> DbtOutcome:
        """Any dbt command."""
        return invoke_dbt(arguments, as_of)

    def expire(self, as_of: date) -> ExpiryResult:
        """The expiry as the DAG does it: terms first, where they are not of this day and these batches."""
        if self._built_of != as_of:
            self.build(as_of, select="+int_record_terms")
        with open_url(self.url) as connection:
            return expire(connection, as_of, home=self.home)

    def rows(self, query: str, role: str = OWNER) -> list[dict[str, Any]]:
        """What a query gives to a role."""
        with psycopg.connect(self.role_urls.get(role, self.url)) as connection:
            cursor = connection.execute(query)  # type: ignore[call-overload]
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def names(self, relation: str) -> set[str]:
        """The records of a relation, by the test's names."""
        known = {record_id(name): name for name in self._names}
        return {known[row["record_id"]] for row in self.rows(f"select record_id from {relation}")}

    def run(self, statement: str) -> None:
        """A statement as the owner."""
        with open_url(self.url) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _add(self, item: str, name: str, defaults: dict[str, Any], columns: dict[str, Any]) -> None:
        self._names.add(name)
        subject = {
            "record_id": record_id(name),
            "provider_code": "jn_scjg",
            "contract_version": "1.0.0",
            "subject_kind": "legal",
            "subject_key": "91370102MA3C000011",
            "uscc": "91370102MA3C000011",
            "subject_name": "济南霁棠源商贸有限公司",
        }
        self._rows.append((item, {**subject, **defaults, **columns}))

    def _batch_row(self, batch_id: str, number: int, item: str, on: date, status: str) -> dict[str, Any]:
        moment = _SETTLED + timedelta(seconds=number)
        return {
            "batch_id": batch_id,
            "item": item,
            "contract_version": "1.0.0",
            "file_name": "feed.csv",
            "file_sha256": f"{number:064x}",
            "file_bytes": 1,
            "status": status,
            "received_at": moment,
            "settled_at": moment,
            "as_of_on": on,
        }


def _insert(connection: psycopg.Connection[Any], table: str, row: dict[str, Any]) -> None:
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("intake", table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    connection.execute(statement, list(row.values()))


@pytest.fixture(scope="module")
def marts(pg_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marts]:
    """An empty warehouse and state folder, shared by the tests of a module.

    One at a time in a session, and always of the same name: dbt's parsed project holds it.
    """
    name = _DATABASE
    home = tmp_path_factory.mktemp("marts_home")
    with pg_server.admin() as connection:
        statement = sql.SQL("create database {} template template_creditgate owner {} strategy file_copy")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(OWNER)))
    shutil.copytree(pg_server.server.home / "secrets", home / "secrets")
    urls = {role: pg_server.url(name, role) for role in ("bi_reader", "sharing_reader")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDITGATE_HOME", str(home))
        patch.setenv("DATABASE_URL", pg_server.url(name))
        with open_url(pg_server.url(name)) as owner:
            grant_connect(owner)
        yield Marts(pg_server.url(name), urls, home)
    with pg_server.admin() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
