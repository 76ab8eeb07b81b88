"""Questions of the gate to the warehouse, a column at a time: is it registered, has it been deleted?

They answer `creditgate.domain.lookups`' protocols. A connection serves one batch; what was asked is kept,
up to a bound, because the chunks of a feed repeat their subjects.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from creditgate.warehouse.connect import Connection

_KEPT_ANSWERS = 300_000
"""Bounds the memory of a lookup (about 60 MB); beyond it, it forgets and asks again."""

_NAMES = sql.SQL(
    """
    select distinct on (s.{column}) s.{column}, s.subject_name
    from intake.credit_subject as s
    join intake.batches as b on b.batch_id = s.batch_id
    where s.{column} = any(%s::text[])
    order by s.{column}, b.settled_at desc, s.batch_id desc, s.row_number desc
    """
)


class RegisterLookup:
    """The register of credit subjects (S12): names by credit code, and by identity key."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._is_empty: bool | None = None
        self._answers: dict[str, dict[str, str | None]] = {"uscc": {}, "identity_key": {}}

    def is_empty(self) -> bool:
        """Whether no subject has been registered yet. Asked once."""
        if self._is_empty is None:
            self._is_empty = not _has_rows(self._conn, "intake.credit_subject")
        return self._is_empty

    def names(self, codes: pa.Array) -> pa.Array:
        """The registered name for each credit code, null where the register has none; strings, same length."""
        return self._names("uscc", codes)

    def person_names(self, keys: pa.Array) -> pa.Array:
        """The registered name for each identity key (64 hex digits), null where the register has none."""
        return self._names("identity_key", keys)

    def _names(self, column: str, values: pa.Array) -> pa.Array:
        if self.is_empty() or values.null_count == len(values):
            return pa.nulls(len(values), pa.string())
        whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        coded = whole.dictionary_encode()
        asked = coded.dictionary.to_pylist()
        answers = self._answers[column]
        unknown = [value for value in asked if value not in answers]
        if len(answers) + len(unknown) > _KEPT_ANSWERS:
            answers.clear()
            unknown = asked
        if unknown:
            statement = _NAMES.format(column=sql.Identifier(column))
            plain = filter(_is_plain, unknown)  # the register holds letters and digits: others are not in it
            answers.update(dict.fromkeys(unknown))
            answers.update(self._conn.execute(statement, ("{" + ",".join(plain) + "}",)))
        return pa.array(map(answers.__getitem__, asked), pa.string(), size=len(asked)).take(coded.indices)


def _is_plain(text: str) -> bool:
    """Whether a text can stand in an array literal as it is. Such a literal is sent 9 times faster than a list."""
    return text.isascii() and text.isalnum() and text.upper() != "NULL"


class ExpiredRecords:
    """The proofs of deletion (S29–S31): which records may not come back."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._is_empty: bool | None = None

    def expired(self, record_ids: pa.Array) -> npt.NDArray[np.bool_]:
        """True where a record of this id (fixed_size_binary(16)) has been deleted; null ids are False."""
        if self._is_empty is None:
            self._is_empty = not _has_rows(self._conn, "audit.tombstones")
        if self._is_empty:
            return np.zeros(len(record_ids), bool)
        return expired_keys(self._conn, record_ids)


class SettledRecords:
    """The records that have been settled: what an event can be about (S67)."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def held(self, record_ids: pa.Array, items: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """True where one of the items has a record of this id (fixed_size_binary(16)); null ids are False."""
        whole = record_ids.combine_chunks() if isinstance(record_ids, pa.ChunkedArray) else record_ids
        asked = "{" + ",".join(map(bytes.hex, whole.drop_null().unique().to_pylist())) + "}"
        found: list[bytes] = []
        for item in items:
            statement = sql.SQL(
                "select distinct uuid_send(record_id) from {} where record_id = any(%s::uuid[])"
            ).format(sql.Identifier("intake", item))
            found += [row[0] for row in self._conn.execute(statement, (asked,))]
        return _is_one_of(whole, found)


def expired_keys(conn: Connection, record_ids: pa.Array) -> npt.NDArray[np.bool_]:
    """Mask of the record ids (fixed_size_binary(16), shape (n,)) that have a tombstone; null ids are False."""
    whole = record_ids.combine_chunks() if isinstance(record_ids, pa.ChunkedArray) else record_ids
    asked = whole.drop_null().unique().to_pylist()
    if not asked:
        return np.zeros(len(whole), bool)
    text = "{" + ",".join(map(bytes.hex, asked)) + "}"
    rows = conn.execute(
        "select uuid_send(record_key_hash) from audit.tombstones where record_key_hash = any(%s::uuid[])",
        (text,),
    ).fetchall()
    return _is_one_of(whole, [row[0] for row in rows])


def _is_one_of(ids: pa.Array, found: list[bytes]) -> npt.NDArray[np.bool_]:
    if not found:
        return np.zeros(len(ids), bool)
    mask: npt.NDArray[np.bool_] = pc.is_in(ids, value_set=pa.array(found, ids.type)).to_numpy(
        zero_copy_only=False
    )
    return mask


def _has_rows(conn: Connection, table: str) -> bool:
    """Whether a table is there and has a row."""
    row = conn.execute("select to_regclass(%s) is not null", (table,)).fetchone()
    if row is None or not row[0]:
        return False
    row = conn.execute(
        sql.SQL("select exists (select from {})").format(sql.Identifier(*table.split(".")))
    ).fetchone()
    return bool(row and row[0])
