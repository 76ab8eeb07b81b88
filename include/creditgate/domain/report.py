"""What a report on a batch is made from, and the marks by which a report is known when it comes back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditgate.domain.batch import BatchStatus, Tally
from creditgate.domain.feed import ColumnMap
from creditgate.domain.findings import Findings
from creditgate.domain.originals import Counts
from creditgate.domain.rules import Rule

REASON_COLUMN = "退回原因"
ROW_COLUMN = "行号"
ROW_KEY_COLUMN = "行标识"
REPORT_COLUMNS = (REASON_COLUMN, ROW_COLUMN, ROW_KEY_COLUMN)
"""Front columns of a returned workbook. A mended workbook comes back with them; only the row keys are read."""

ROW_KEY_PATTERN = "^[0-9a-f]{32}-[1-9][0-9]{0,8}$"
"""A row key (RE2): batch id and row number."""

REPORT_SHEET = "退回记录"
TEMPLATE_SHEET = "填报表"
AUXILIARY_SHEETS = ("说明", "规则统计", "示例", "填写说明", "代码表")
"""Sheets of our workbooks that are not feed rows, whatever they look like."""

CONTENT_CUT = "［内容过长，以下从略］"
"""Ends a cell that a workbook can't hold in full (32,767 UTF-16 units)."""


@dataclass(frozen=True)
class RejectedRows:
    """The rows that go back to the provider, redacted: masked identity numbers, no prohibited value.

    row_numbers: int32, shape (n,), ascending, data rows from 1. cells: n rows, one string column per
    field, in the feed's column order. headers: the provider's spelling of each of these columns.
    """

    row_numbers: npt.NDArray[np.int32]
    cells: pa.Table
    headers: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.cells.num_columns != len(self.headers):
            raise ValueError(f"{self.cells.num_columns} columns of cells, {len(self.headers)} headers")
        if self.cells.num_rows != len(self.row_numbers):
            raise ValueError(f"{self.cells.num_rows} rows of cells, {len(self.row_numbers)} row numbers")
        if len(self.row_numbers) > 1 and not bool((np.diff(self.row_numbers) > 0).all()):
            raise ValueError("row numbers are not ascending")

    @classmethod
    def none(cls) -> RejectedRows:
        """No rows: nothing was rejected, or nothing of the file may be kept."""
        return cls(np.empty(0, np.int32), pa.table({}), ())

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def fields(self) -> tuple[str, ...]:
        """The contract fields of the columns."""
        return tuple(self.cells.column_names)


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """All that a provider unit is told about a batch. It holds no value of the file but redacted cells.

    `batch_id` and the provider's lines are None for a file that is only checked, offline. `officer` and
    `responsible_head` are the registry's (S06, S07). `settled_at` is None until the batch is settled;
    documents are dated by it, else by `received_at`. `respond_by` is a day set for the mended rows, if any.
    `rejected` is empty for a blocked or refused batch. `unchanged` counts accepted rows that say what is held already.
    `not_applied`: rules that were left out for want of the platform's data, by what they need.
    """

    file_name: str
    file_sha256: str
    item: str
    contract_title: str
    contract_version: str
    received_at: datetime
    as_of_on: date
    status: BatchStatus
    tally: Tally
    format: str
    encoding: str | None
    columns: ColumnMap
    findings: Findings
    rejected: RejectedRows = dataclasses.field(default_factory=RejectedRows.none)
    cleaned: Counts = dataclasses.field(default_factory=dict)
    batch_id: str | None = None
    provider_code: str | None = None
    unit_name: str | None = None
    officer: str | None = None
    responsible_head: str | None = None
    settled_at: datetime | None = None
    respond_by: date | None = None
    unchanged: int = 0
    not_applied: Mapping[str, tuple[Rule, ...]] = dataclasses.field(default_factory=dict)

    @property
    def dated_at(self) -> datetime:
        """The zoned time that the report's documents bear."""
        return self.settled_at or self.received_at

    def row_key(self, row_number: int) -> str:
        """What names a rejected row for good, also when its record key is what has to be mended (S13)."""
        return f"{self.batch_id or self.file_sha256[:32]}-{row_number}"


def split_row_key(text: str) -> tuple[str, int] | None:
    """(batch id, row number) of a row key that came back in a mended workbook; None if it isn't one."""
    batch_id, _, row = text.strip().rpartition("-")
    if not batch_id or not row.isascii() or not row.isdigit():
        return None
    return batch_id, int(row)
