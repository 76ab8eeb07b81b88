"""The rows that go back, gathered from the sealed chunks of a batch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from creditgate.domain.feed import ColumnMap, SealedChunk
from creditgate.domain.findings import FILE_ROW, Findings
from creditgate.domain.report import RejectedRows
from creditgate.domain.rules import Severity
from creditgate.domain.sealed import redacted_cells


def rejected_rows(chunks: Iterable[SealedChunk], columns: ColumnMap, findings: Findings) -> RejectedRows:
    """The rejected rows, redacted, in the feed's own columns and their order."""
    rejected = findings.of_severity(Severity.REJECT)
    rejected = rejected[rejected != FILE_ROW]
    if not len(rejected):
        return RejectedRows.none()
    parts = []
    for chunk in chunks:
        low, high = np.searchsorted(rejected, [chunk.first_row, chunk.first_row + len(chunk)])
        if high > low:
            cells = redacted_cells(chunk.table, chunk.first_row, findings, rejected[low:high])
            parts.append(cells.select(list(columns.mapped.values())))
    return RejectedRows(rejected, pa.concat_tables(parts), tuple(columns.mapped))
