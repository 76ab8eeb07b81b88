"""What a switch of a term regime would change in the marts, before it is made.

The marts are built twice in schemas of their own: as the switches stand, and with the regime on. The readers'
relations are not touched. The schemas are dropped at the end, and by the next build where a rehearsal was killed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg
import structlog
from psycopg import sql

from creditgate.build.dbt_runner import BuildFailedError, invoke_rehearsal
from creditgate.policy.contracts import known_items
from creditgate.policy.paths import dbt_dir, home
from creditgate.warehouse.connect import open_url, warehouse_url

log = structlog.get_logger()

PREFIX: Final = "rehearsal_"
EVERY_ITEM: Final = "*"
_LOCK: Final = 0x6372_6564_7265_6865  # "credrehe"
_KEYS: Final = ("linked_person_id", "record_id", "subject_key")
_LAST_DAYS: Final = ("last_disclosure_on", "last_sanction_on")

_MARTS: Final = """
    select class.relname, array_agg(attribute.attname::text order by attribute.attnum)
    from pg_class as class
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    inner join pg_attribute as attribute on attribute.attrelid = class.oid
    where namespace.nspname = %(schema)s and class.relkind in ('r', 'p')
      and attribute.attnum > 0 and not attribute.attisdropped
    group by class.relname
    order by class.relname
"""

_SHOWN_BY: Final = """
    select namespace.nspname || '.' || class.relname
    from pg_class as class
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname in ('rehearsal_disclosure', 'rehearsal_sharing', 'rehearsal_rights') and class.relkind = 'v'
      and class.relname = any(%(names)s)
"""


class CannotRehearseError(Exception):
    """The rehearsal can't be made; says why, and what to do."""


@dataclass(frozen=True)
class Change:
    """A row that would change: its key, and its last day before and after. Null: no last day, or no such row."""

    key: str
    last_on_before: date | None
    last_on_after: date | None


@dataclass(frozen=True)
class MartChanges:
    """What would appear, disappear and change in one mart. Keys are record ids; never a name."""

    mart: str
    key: str
    rows_before: int
    rows_after: int
    appear: tuple[Change, ...]
    disappear: tuple[Change, ...]
    change: tuple[Change, ...]


@dataclass(frozen=True)
class Rehearsal:
    """The answer: one entry for each mart."""

    regime: str
    item: str
    replacing: str | None
    as_of: date
    marts: tuple[MartChanges, ...]


def known_regimes() -> tuple[str, ...]:
    """The regimes that the terms know."""
    with (dbt_dir() / "seeds" / "disclosure_terms.csv").open(encoding="utf-8", newline="") as file:
        return tuple(dict.fromkeys(row["regime"] for row in csv.DictReader(file)))


def rehearse(regime: str, as_of: date, *, item: str = EVERY_ITEM, replacing: str | None = None) -> Rehearsal:
    """Compare the marts of a day as the switches stand with those of the regime switched on.

    item: switch it for one item. replacing: switch another regime off instead. Records that were deleted
    before can't come back, and don't. Raises CannotRehearseError, BuildFailedError.
    """
    _check(regime, item, replacing)
    trial = [{"regime": regime, "item": item, "is_on": True}]
    if replacing:
        trial.append({"regime": replacing, "item": item, "is_on": False})
    with _rehearsal_lock() as connection:
        _drop_schemas(connection)
        try:
            _build(as_of, (), "+path:models/marts")
            _keep_before(connection)
            _build(as_of, trial, "int_record_terms+")
            marts = tuple(_compare(connection))
        finally:
            _drop_schemas(connection)
    log.info("rehearse.finished", regime=regime, item=item, as_of=as_of.isoformat())
    return Rehearsal(regime, item, replacing, as_of, marts)


def drop_leftovers(connection: psycopg.Connection[Any]) -> None:
    """Drop what a rehearsal that was killed left behind; a rehearsal that runs is left alone."""
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if row and row[0]:
        try:
            _drop_schemas(connection)
        finally:
            connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def _check(regime: str, item: str, replacing: str | None) -> None:
    regimes = known_regimes()
    for name in (regime, *([replacing] if replacing else [])):
        if name not in regimes:
            raise CannotRehearseError(
                f"there is no regime {name!r}; known are {', '.join(regimes)} (dbt_project/seeds/disclosure_terms.csv)"
            )
    if regime == replacing:
        raise CannotRehearseError(f"{regime} can't replace itself; name another regime, or none")
    if item != EVERY_ITEM and item not in known_items():
        raise CannotRehearseError(f"there is no item {item!r}; known are {', '.join(known_items())}")


@contextmanager
def _rehearsal_lock() -> Iterator[psycopg.Connection[Any]]:
    with open_url(warehouse_url(), autocommit=True) as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if not (row and row[0]):
            raise CannotRehearseError("another rehearsal is under way; try again when it has ended")
        yield connection


def _drop_schemas(connection: psycopg.Connection[Any]) -> None:
    rows = connection.execute(
        "select nspname from pg_namespace where starts_with(nspname, %s)", (PREFIX,)
    ).fetchall()
    for (schema,) in rows:
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(str(schema))))


def _build(as_of: date, trial: tuple[Any, ...] | list[dict[str, Any]], select: str) -> None:
    outcome = invoke_rehearsal(select, as_of, {"schema_prefix": PREFIX, "regime_trial": list(trial)})
    if not outcome.is_success:
        raise BuildFailedError(outcome.failed, home() / "dbt" / "rehearsal")


def _marts(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str, str, str]]:
    """Table, its reader's relation, key and last day of each mart that has a row for each key."""
    for table, columns in connection.execute(_MARTS, {"schema": f"{PREFIX}marts"}).fetchall():
        key = next((name for name in _KEYS if name in columns), None)
        last_day = next((name for name in _LAST_DAYS if name in columns), None)
        if key and last_day:
            yield str(table), _reader_relation(connection, str(table)), key, last_day


def _reader_relation(connection: psycopg.Connection[Any], table: str) -> str:
    """`fct_published_penalties` is what `disclosure.fct_penalties` shows."""
    name = table.replace("published_", "")
    names = [name, f"{name.removesuffix('s')}_list"]
    row = connection.execute(_SHOWN_BY, {"names": names}).fetchone()
    return str(row[0]).removeprefix(PREFIX) if row else f"marts.{table}"


def _keep_before(connection: psycopg.Connection[Any]) -> None:
    connection.execute("create schema rehearsal_before")
    for table, _, key, last_day in _marts(connection):
        connection.execute(
            sql.SQL(
                "create table rehearsal_before.{table} as select {key}::text as key, {last_day} as last_on, "
                "md5(mart::text) as content from rehearsal_marts.{table} as mart"
            ).format(table=sql.Identifier(table), key=sql.Identifier(key), last_day=sql.Identifier(last_day))
        )


def _compare(connection: psycopg.Connection[Any]) -> Iterator[MartChanges]:
    for table, relation, key, last_day in _marts(connection):
        names: Mapping[str, sql.Composable] = {
            "table": sql.Identifier(table),
            "key": sql.Identifier(key),
            "last_day": sql.Identifier(last_day),
        }
        rows = connection.execute(
            sql.SQL(
                "select coalesce(before.key, later.key), before.last_on, later.last_on, "
                "  before.key is null as is_new, later.key is null as is_gone "
                "from rehearsal_before.{table} as before "
                "full join (select {key}::text as key, {last_day} as last_on, md5(mart::text) as content "
                "           from rehearsal_marts.{table} as mart) as later on before.key = later.key "
                "where before.content is distinct from later.content order by 1"
            ).format(**names)
        ).fetchall()
        counts = connection.execute(
            sql.SQL(
                "select (select count(*) from rehearsal_before.{table}), (select count(*) from rehearsal_marts.{table})"
            ).format(**names)
        ).fetchone()
        before, after = counts or (0, 0)
        changes = [(Change(str(row[0]), row[1], row[2]), bool(row[3]), bool(row[4])) for row in rows]
        yield MartChanges(
            relation,
            key,
            int(before),
            int(after),
            appear=tuple(change for change, is_new, _ in changes if is_new),
            disappear=tuple(change for change, _, is_gone in changes if is_gone),
            change=tuple(change for change, is_new, is_gone in changes if not is_new and not is_gone),
        )
