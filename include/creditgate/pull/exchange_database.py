"""An exchange database (前置库) as a source: a table the provider fills, batch by batch, and a table of its batches.

The provider fills `<table>` (columns `batch_no`, `row_no`, then its own) and, when a batch is whole, sets `completed_at` of
its row in `<table>_batch`. What we have settled is written back there: `ack_status`, `ack_at`, `ack_batch_id`.
docs/reference/sources.md has the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel, sql

from creditgate.domain.batch import Manifest, Waiting
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.manifest import ManifestProblem, manifest_from
from creditgate.pull.patience import patiently
from creditgate.pull.source import (
    Closing,
    Landed,
    Landing,
    SourceAccessError,
    SourceError,
    SourceSettingsError,
    StillWritingError,
)

CONNECT_SECONDS = 15
STATEMENT_MINUTES = 30
OVERLAP = 1_000
"""So many batch numbers below the watermark are looked at again: numbers may become visible out of order."""

_OURS = ("batch_no", "row_no")
_ACKNOWLEDGEMENT = ("ack_status", "ack_at", "ack_batch_id")
Connection = psycopg.Connection[Any]
Result = TypeVar("Result")


class ExchangeDatabaseSource(Closing):
    """A provider's tables in an exchange database (PostgreSQL).

    Settings: host, port, login, password, and the database as schema; `sslmode` and `sslrootcert` in the extras.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        location: str,
        pattern: str = "*",
        *,
        provider: str,
        item: str,
        watermark: int | None = None,
    ) -> None:
        """location: `schema.table`. watermark: the highest batch number that was settled, None where none was."""
        self._settings, self._pattern = settings, pattern
        schema, _, table = location.rpartition(".")
        self._rows = sql.Identifier(*filter(None, (schema, table)))
        self._batches = sql.Identifier(*filter(None, (schema, f"{table}_batch")))
        self._table, self._provider, self._item = table, provider, item
        self._from = -1 if watermark is None else watermark - OVERLAP
        self._place = f"{settings.host}/{settings.schema} {location}"
        self._digest_holds: dict[str, bool] = {}
        self._connection: Connection | None = None

    def waiting(self) -> list[Waiting]:
        """The batches that are complete and not acknowledged, from the watermark on."""
        return self._patiently("list batches", self._list)

    def fetch(self, file: Waiting, target: Path, max_bytes: int) -> Landed:
        """Copy a batch's rows as CSV, in order of row_no, out of one snapshot; a broken copy begins anew."""
        with Landing(file, target, max_bytes) as landing:
            self._patiently("copy a batch", lambda connection: self._copy(connection, file, landing))
            return landing.finish()

    def manifest(self, file: Waiting, sha256: str) -> Manifest | tuple[ManifestProblem, ...]:
        """The manifest that the batch's row makes; its hash is that of the rows as they were copied."""
        declared = self._patiently("read a batch's row", lambda connection: self._declared(connection, file))
        if declared is None:
            return (ManifestProblem("manifest_missing"),)
        manifest = manifest_from({**declared, "sha256": sha256})
        if isinstance(manifest, Manifest) and not self._digest_holds.get(file.key, True):
            return (ManifestProblem("manifest_hash_mismatch", "sha256"),)
        return manifest

    def acknowledge(self, file: Waiting, sha256: str, receipt: Mapping[str, Any], *, remove: bool) -> None:
        """Write the outcome into the batch's row and, with `remove`, delete its rows."""
        self._patiently(
            "acknowledge a batch",
            lambda connection: self._write_back(connection, file, receipt, remove=remove),
        )

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _list(self, connection: Connection) -> list[Waiting]:
        unsettled = sql.SQL(" and ack_status is null") if self._takes_receipts(connection) else sql.SQL("")
        rows = connection.execute(
            sql.SQL(
                "select batch_no, completed_at, row_count, digest from {} "
                "where completed_at is not null and batch_no > %s{} order by batch_no"
            ).format(self._batches, unsettled),
            (self._from,),
        ).fetchall()
        found = [
            Waiting(
                name=f"{self._table}_{number}.csv",
                key=str(number),
                version=_version(completed_at, row_count, digest),
                size=None,
                received_at=_zoned(completed_at),
            )
            for number, completed_at, row_count, digest in rows
        ]
        return [file for file in found if fnmatch(file.name, self._pattern)]

    def _copy(self, connection: Connection, file: Waiting, landing: Landing) -> None:
        landing.restart()
        self._refuse_changed(connection, file)
        columns = [
            sql.Identifier(column.name)
            for column in connection.execute(
                sql.SQL("select * from {} limit 0").format(self._rows)
            ).description
            or ()
            if column.name not in _OURS
        ]
        if not columns:
            raise SourceSettingsError(f"{self._place}: the table has no columns beside batch_no and row_no")
        picked = sql.SQL("select {} from {} where batch_no = {} order by row_no").format(
            sql.SQL(", ").join(columns), self._rows, sql.Literal(int(file.key))
        )
        statement = sql.SQL("copy ({}) to stdout (format csv, header)").format(picked)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for block in copy:
                landing.write(bytes(block))
        digest = connection.execute(
            sql.SQL("select lower(trim(digest)) from {} where batch_no = %s").format(self._batches),
            (int(file.key),),
        ).fetchone()
        if digest and digest[0]:
            self._digest_holds[file.key] = self._digest(connection, file) == digest[0]

    def _digest(self, connection: Connection, file: Waiting) -> str | None:
        row = connection.execute(
            sql.SQL(
                "select encode(sha256(convert_to(string_agg(t::text, E'\\n' order by row_no), 'UTF8')), 'hex') "
                "from {} as t where batch_no = %s"
            ).format(self._rows),
            (int(file.key),),
        ).fetchone()
        return str(row[0]) if row and row[0] else None

    def _declared(self, connection: Connection, file: Waiting) -> dict[str, Any] | None:
        row = connection.execute(
            sql.SQL("select reviewer, reviewed_on, sent_on, row_count from {} where batch_no = %s").format(
                self._batches
            ),
            (int(file.key),),
        ).fetchone()
        if row is None:
            return None
        reviewer, reviewed_on, sent_on, row_count = row
        return {
            "provider": self._provider,
            "item": self._item,
            "rows": row_count,
            "reviewer": reviewer,
            "reviewed_on": _day(reviewed_on),
            "sent_on": _day(sent_on),
        }

    def _write_back(
        self, connection: Connection, file: Waiting, receipt: Mapping[str, Any], *, remove: bool
    ) -> None:
        if not self._takes_receipts(connection):
            if remove:
                raise SourceSettingsError(
                    f"{self._place}: the table of batches lacks {', '.join(_ACKNOWLEDGEMENT)}; have the provider "
                    "add them, or write `after_settle: keep` in the registry"
                )
            return
        try:
            self._refuse_changed(connection, file)
        except StillWritingError:
            return
        number = int(file.key)
        connection.execute(
            sql.SQL(
                "update {} set ack_status = %s, ack_at = now(), ack_batch_id = %s where batch_no = %s"
            ).format(self._batches),
            (receipt["status"], receipt["batch_id"], number),
        )
        if remove:
            connection.execute(sql.SQL("delete from {} where batch_no = %s").format(self._rows), (number,))

    def _refuse_changed(self, connection: Connection, file: Waiting) -> None:
        row = connection.execute(
            sql.SQL("select completed_at, row_count, digest from {} where batch_no = %s").format(
                self._batches
            ),
            (int(file.key),),
        ).fetchone()
        if row is None or row[0] is None or _version(*row) != file.version:
            raise StillWritingError

    def _takes_receipts(self, connection: Connection) -> bool:
        described = connection.execute(sql.SQL("select * from {} limit 0").format(self._batches)).description
        return {column.name for column in described or ()} >= set(_ACKNOWLEDGEMENT)

    def _patiently(self, what: str, step: Callable[[Connection], Result]) -> Result:
        def once() -> Result:
            try:
                connection = self._connected()
                with connection.transaction():
                    return step(connection)
            except psycopg.Error as error:
                self.close()
                raise self._fault(what, error) from None

        return patiently(once, f"{what} {self._place}")

    def _connected(self) -> Connection:
        if self._connection is None:
            settings = self._settings
            self._connection = psycopg.connect(
                host=settings.host,
                port=settings.port or 5432,
                user=settings.login,
                password=settings.password,
                dbname=settings.schema,
                sslmode=settings.text("sslmode") or "prefer",
                sslrootcert=settings.text("sslrootcert") or None,
                connect_timeout=CONNECT_SECONDS,
                client_encoding="utf8",
                application_name="creditgate",
                options=f"-c datestyle=ISO -c statement_timeout={STATEMENT_MINUTES}min -c timezone=Asia/Shanghai",
                keepalives_idle=30,
            )
            self._connection.isolation_level = IsolationLevel.REPEATABLE_READ
        return self._connection

    def _fault(self, what: str, error: psycopg.Error) -> SourceError:
        state = error.sqlstate or ""
        place = f"{self._place}: could not {what} (connection {self._settings.connection_id})"
        if state.startswith("28") or "password authentication failed" in str(error):
            return SourceAccessError(f"{place}: login refused; check login and password of the connection")
        if state == "42501":
            return SourceAccessError(f"{place}: no right to do so; the provider must grant it")
        if state.startswith("42"):
            return SourceSettingsError(
                f"{place}: the tables are not in the agreed form ({state}); see docs/reference/sources.md"
            )
        return SourceError(
            f"{place}: {type(error).__name__} {state}; is the database up? The task tries again"
        )


def _version(completed_at: datetime, row_count: Any, digest: Any) -> str:
    return f"{_zoned(completed_at).astimezone(UTC).isoformat()}:{row_count}:{digest or ''}"


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
