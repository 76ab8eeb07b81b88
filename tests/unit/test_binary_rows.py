"""Rows in COPY's binary form arrive as they were, however few they are, whatever their column's type."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest

from creditgate.settle.binary_rows import BinaryRows
from tests.conftest import Database

TYPES = {
    "id": "uuid",
    "words": "text",
    "number": "integer",
    "day": "date",
    "is_so": "boolean",
    "amount": "numeric(18,6)",
}


def _table(rows: int) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([bytes([i % 256]) * 16 for i in range(rows)], pa.binary(16)),
            "words": pa.array([None if i % 5 == 0 else f'罚款"{i},\n\\N' for i in range(rows)], pa.string()),
            "number": pa.array(range(rows), pa.int32()),
            "day": pa.array([None if i % 3 == 0 else "1582-10-15" for i in range(rows)], pa.string()),
            "is_so": pa.array([None if i % 4 == 0 else i % 2 == 0 for i in range(rows)]),
            "amount": pa.array([None if i % 7 == 0 else f"-{i}.000001" for i in range(rows)], pa.string()),
        }
    )


@pytest.mark.parametrize("sizes", [(1,), (0, 3), (7, 1, 40_000)])
def test_every_row_of_every_table_arrives_with_its_values(database: Database, sizes: tuple[int, ...]) -> None:
    binary = BinaryRows(list(TYPES), TYPES)
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    tables = [_table(size) for size in sizes]
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"create temporary table arrived ({columns})")
        with cursor.copy("copy arrived from stdin (format binary)") as copy:
            copy.write(binary.head)
            for table in tables:
                copy.write(binary.of(table))
            copy.write(binary.tail)
        arrived = cursor.execute("select * from arrived").fetchall()
    expected = [
        (
            UUID(bytes=row["id"]),
            row["words"],
            row["number"],
            date.fromisoformat(row["day"]) if row["day"] else None,
            row["is_so"],
            Decimal(row["amount"]) if row["amount"] else None,
        )
        for table in tables
        for row in table.to_pylist()
    ]
    assert arrived == expected


def test_a_cell_that_is_no_date_stops_the_load_and_is_not_quoted() -> None:
    table = _table(1).set_column(3, "day", pa.array(["秘密"]))
    with pytest.raises(ValueError, match="the column day") as raised:
        BinaryRows(list(TYPES), TYPES).of(table)
    assert "秘密" not in str(raised.value)
    assert raised.value.__suppress_context__
