"""Which rows of a feed are like a record that is held already: one statement for the whole feed (S12)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from psycopg import sql

from creditgate.domain.likeness import Likeness
from creditgate.warehouse.connect import Connection

_MANY_DAYS = 400
"""Beyond so many days the range from the first to the last is asked for."""

_MAKE = "create temporary table asked (row_number integer, record_id text, subject_key text{columns})"

_NEAR = sql.SQL(
    """
    select distinct asked.row_number
    from asked
    inner join {table} as held
        on held.subject_key = asked.subject_key and held.{day} = asked.{day} {same_kind}
    where held.{day} {days}
      and held.record_id <> asked.record_id::uuid
      and {near}
      and not exists (
          select from {table} as later
          where later.record_id = held.record_id and later.is_withdrawn
      )
    """
)

_NEAR_AMOUNT = sql.SQL(
    "(held.{0} is null and asked.{0} is null or abs(held.{0} - asked.{0}::numeric) <= {1})"
)


class IntakeRecords:
    """The accepted records of an item, as `intake.<item>` holds them."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def is_empty(self, item: str) -> bool:
        """Whether nothing of the item is held."""
        row = self._conn.execute(
            sql.SQL("select not exists (select from {})").format(sql.Identifier("intake", item))
        ).fetchone()
        return bool(row and row[0])

    def near(self, item: str, likeness: Likeness, rows: pa.Table) -> npt.NDArray[np.int32]:
        """The row numbers of those rows that are like a record of another id (`HeldRecords.near`)."""
        days = pc.unique(rows.column(likeness.day)).sort()
        with self._conn.transaction():
            self._hand_over(likeness, rows)
            found = self._conn.execute(_statement(item, likeness, days)).fetchall()
            self._conn.execute("drop table asked")
        return np.array([row[0] for row in found], np.int32)

    def _hand_over(self, likeness: Likeness, rows: pa.Table) -> None:
        columns = "".join(
            f", {name} {'date' if name == likeness.day else 'text'}" for name in likeness.columns
        )
        self._conn.execute("drop table if exists pg_temp.asked")
        self._conn.execute(_MAKE.format(columns=columns))
        ids = pa.array([value.hex() for value in rows.column("record_id").to_pylist()], pa.string())
        place = rows.column_names.index("record_id")
        sink = pa.BufferOutputStream()
        table = rows.set_column(place, "record_id", ids)
        pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=False))
        names = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
        statement = sql.SQL("copy asked ({}) from stdin (format csv)").format(names)
        with self._conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(sink.getvalue())
        self._conn.execute("analyze asked")


def _statement(item: str, likeness: Likeness, days: pa.Array) -> sql.Composed:
    if len(days) > _MANY_DAYS:
        window = sql.SQL("between {} and {}").format(*(sql.Literal(days[i].as_py()) for i in (0, -1)))
    else:
        window = sql.SQL("= any({}::date[])").format(sql.Literal(days.to_pylist()))
    same_kind = sql.SQL(" ").join(
        sql.SQL("and held.{0} is not distinct from asked.{0}").format(sql.Identifier(name))
        for name in likeness.kind
    )
    near: sql.Composable = sql.SQL("true")
    if likeness.amount is not None:
        near = _NEAR_AMOUNT.format(sql.Identifier(likeness.amount), sql.Literal(likeness.tolerance))
    return _NEAR.format(
        table=sql.Identifier("intake", item),
        day=sql.Identifier(likeness.day),
        days=window,
        same_kind=same_kind,
        near=near,
    )
