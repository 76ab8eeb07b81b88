"""The original texts of changed cells, in a file beside the rows that they belong to, and what is noted of chunks on their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa

from creditgate.domain import originals
from creditgate.domain.feed import Chunk, SealedChunk
from creditgate.domain.findings import Findings

AnyChunk = TypeVar("AnyChunk", Chunk, SealedChunk)


class ChunkNotes:
    """What is kept of chunks that pass by: findings, counts of cleaned cells and, where a path is given, originals."""

    def __init__(self, findings: list[Findings], path: Path | None = None) -> None:
        self.findings = findings
        self.cleaned: dict[str, dict[str, int]] = {}
        self._path = path

    def of(self, chunks: Iterable[AnyChunk]) -> Iterator[AnyChunk]:
        """Pass chunks on, in order; the file is whole when the last one has passed."""
        writer = None
        if self._path is not None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
        try:
            for chunk in chunks:
                self.findings.append(chunk.findings)
                if isinstance(chunk, Chunk) and chunk.cleaned:
                    self.cleaned = originals.added(self.cleaned, chunk.cleaned)
                if self._path is not None and chunk.originals is not None:
                    if writer is None:
                        writer = pa.ipc.new_file(str(self._path), originals.SCHEMA)
                    writer.write_table(chunk.originals.combine_chunks())
                yield chunk
        finally:
            if writer is not None:
                writer.close()


class OriginalsFile:
    """The originals of a batch, mapped, not loaded. A batch of which nothing was changed has no file."""

    def __init__(self, path: Path) -> None:
        self._firsts: list[tuple[int, pa.RecordBatch]] = []
        if path.is_file():
            reader = pa.ipc.open_file(pa.memory_map(str(path)))
            for index in range(reader.num_record_batches):
                batch = reader.get_batch(index)
                if batch.num_rows:
                    self._firsts.append((int(np.min(batch.column("row").to_numpy())), batch))

    def of(self, first_row: int, rows: int) -> pa.Table | None:
        """The originals of the chunk of so many rows from `first_row` on."""
        own = [batch for first, batch in self._firsts if first_row <= first < first_row + rows]
        return pa.Table.from_batches(own) if own else None
