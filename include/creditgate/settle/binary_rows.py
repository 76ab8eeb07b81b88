"""Rows in the binary form of PostgreSQL's COPY: the server has no text to parse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pgpq import ArrowToPostgresBinaryEncoder

_TYPES = {
    "text": pa.string(),
    "uuid": pa.binary(16),
    "integer": pa.int32(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "numeric(18,6)": pa.decimal128(18, 6),
}
"""What a column of each PostgreSQL type is sent as: the bytes are what the type's own input function takes."""


class BinaryRows:
    """Writes tables of certain columns as one COPY: `head`, the rows of any number of tables, `tail`."""

    def __init__(self, columns: Sequence[str], types: Mapping[str, str]) -> None:
        """Columns in the COPY's order; types: the PostgreSQL type of each (one that a contract may name)."""
        self._schema = pa.schema([(name, _TYPES[types[name]]) for name in columns])
        encoder = ArrowToPostgresBinaryEncoder(self._schema)
        self.head: bytes = encoder.write_header()
        self.tail: bytes = encoder.finish()  # of no rows: the mark of the end alone

    def of(self, table: pa.Table) -> bytes:
        """The rows of a table whose cells are texts, or have their type already.

        Raises ValueError where a cell can't be read as its column's type: a fault of the rules, which are to
        reject such a row. The message names the column, never the value.
        """
        columns = [_as_type(table.column(field.name), field) for field in self._schema]
        encoder = ArrowToPostgresBinaryEncoder(self._schema)
        encoder.write_header()
        rows = encoder.write_batch(pa.record_batch(columns, schema=self._schema))
        rest = encoder.finish()  # small tables wait in the encoder until here
        return b"".join((rows, memoryview(rest)[: -len(self.tail)]))


def _as_type(column: pa.ChunkedArray, field: pa.Field) -> pa.Array:
    values = column.combine_chunks()
    if values.type == field.type:
        return values
    try:
        return pc.cast(values, field.type)
    except pa.ArrowInvalid:  # the message quotes the value
        raise ValueError(
            f"the column {field.name} of accepted rows holds what is no {field.type}: a rule about its form is missing"
        ) from None
