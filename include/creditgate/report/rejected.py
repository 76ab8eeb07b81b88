"""The rows that go back, gathered from the sealed chunks of a batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pyarrow as pa

from creditgate.domain.feed import ColumnMap, SealedChunk
from creditgate.domain.findings import FILE_ROW, Findings
from creditgate.domain.report import RejectedRows
from creditgate.domain.rules import Severity
from creditgate.domain.sealed import content_until, deleted_before, redacted_cells


def rejected_rows(
    chunks: Iterable[SealedChunk], columns: ColumnMap, findings: Findings, received_on: date
) -> RejectedRows:
    """The rejected rows, redacted, in the feed's own columns and their order.

    A row whose content may not be kept (deleted before, or past its five years) is left out: nothing of
    it is to be sent again.
    """
    rejected = findings.of_severity(Severity.REJECT)
    rejected = np.setdiff1d(rejected, np.append(deleted_before(findings), FILE_ROW))
    numbers, parts = [], []
    for chunk in chunks:
        low, high = np.searchsorted(rejected, [chunk.first_row, chunk.first_row + len(chunk)])
        rows = rejected[low:high]
        if len(rows):
            until = content_until(chunk.table.take(pa.array(rows - chunk.first_row)), received_on)
            rows = rows[until >= np.datetime64(received_on, "D")]
            cells = redacted_cells(chunk, findings, rows)
            numbers.append(rows)
            parts.append(cells.select(list(columns.mapped.values())))
    if not numbers:
        return RejectedRows.none()
    return RejectedRows(np.concatenate(numbers), pa.concat_tables(parts), tuple(columns.mapped))
