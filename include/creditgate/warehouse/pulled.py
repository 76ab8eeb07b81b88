"""Which files were fetched from which source (`intake.pulled_files`)."""

from __future__ import annotations

from dataclasses import dataclass

from creditgate.warehouse.connect import Connection


@dataclass(frozen=True)
class Pulled:
    """The file that was last fetched from a place of a source: its version there, its batch, its SHA-256."""

    version: str
    batch_id: str
    sha256: str


def find_pulled(conn: Connection, provider: str, item: str, key: str) -> Pulled | None:
    """What was last fetched from this place; None where nothing was."""
    row = conn.execute(
        "select version, batch_id, file_sha256 from intake.pulled_files "
        "where provider_code = %s and item = %s and source_key = %s",
        (provider, item, key),
    ).fetchone()
    return Pulled(*map(str, row)) if row else None


def remember_pulled(conn: Connection, provider: str, item: str, key: str, pulled: Pulled) -> None:
    """Note what was fetched from a place of a source."""
    conn.execute(
        """
        insert into intake.pulled_files (provider_code, item, source_key, version, batch_id, file_sha256)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (provider_code, item, source_key) do update set
            version = excluded.version, batch_id = excluded.batch_id, file_sha256 = excluded.file_sha256,
            pulled_at = excluded.pulled_at
        """,
        (provider, item, key, pulled.version, pulled.batch_id, pulled.sha256),
    )


def watermark(conn: Connection, provider: str, item: str) -> int | None:
    """The highest batch number of an exchange database that has been settled; None where none has."""
    row = conn.execute(
        """
        select max(p.source_key::bigint)
        from intake.pulled_files as p join intake.batches as b using (batch_id)
        where p.provider_code = %s and p.item = %s and p.source_key ~ '^[0-9]{1,18}$' and b.status <> 'refused'
        """,
        (provider, item),
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else None
