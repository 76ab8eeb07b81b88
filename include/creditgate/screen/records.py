"""Records of any format, row by row, as the chunks that the screen works on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditgate.domain.feed import CHUNK_ROWS
from creditgate.domain.findings import Findings
from creditgate.screen.decoding import MAX_LINE, UnreadableFeedError
from creditgate.screen.header_rows import MAX_COLUMNS, Cells, Records

RawChunk = tuple[pa.Table, npt.NDArray[np.bool_] | None]
CHUNK_CHARACTERS = 4 << 20
REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class RecordSource:
    """A file whose header is known and whose records come row by row, in the header's order.

    A row of None is one that can't be told apart into cells. findings: what the first look has shown.
    """

    format: str
    encoding: str | None
    headers: tuple[str, ...]
    records: Iterable[Cells | None]
    findings: Findings

    def __post_init__(self) -> None:
        if len(self.headers) > MAX_COLUMNS:
            raise UnreadableFeedError("too_many_columns")

    @property
    def notes(self) -> int:
        """Rows of notes that were left out at the end: known when the last chunk was handed out."""
        return self.records.notes if isinstance(self.records, Records) else 0

    def chunks(self, fields: Sequence[str | None]) -> Iterator[RawChunk]:
        """The rows as tables of the kept columns. The last one comes after the last row was read."""
        places = [(place, field) for place, field in enumerate(fields) if field]
        pending: list[Cells | None] = []
        characters = 0
        for row in self.records:
            if len(pending) == CHUNK_ROWS or characters > CHUNK_CHARACTERS:
                yield _chunk(pending, places)
                pending, characters = [], 0
            pending.append(row)
            for place, _ in places if row is not None else ():
                length = len(row[place] or "") if row is not None and place < len(row) else 0
                if length > MAX_LINE:
                    raise UnreadableFeedError("line_too_long")
                characters += length
        if pending:
            yield _chunk(pending, places)


def _chunk(rows: list[Cells | None], places: list[tuple[int, str]]) -> RawChunk:
    columns = {
        field: _texts([row[place] if row is not None and place < len(row) else None for row in rows])
        for place, field in places
    }
    unreadable = np.array([row is None for row in rows])
    return pa.table(columns), unreadable if unreadable.any() else None


def _texts(cells: list[str | None]) -> pa.Array:
    """The cells as an Arrow column. What no database can store (half a character, NUL) becomes U+FFFD."""
    texts = [cell or None for cell in cells]
    if any(text is not None and "\0" in text for text in texts):
        texts = [text.replace("\0", REPLACEMENT) if text else None for text in texts]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([_whole(text) for text in texts], pa.string())


def _whole(text: str | None) -> str | None:
    if text is None:
        return None
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
