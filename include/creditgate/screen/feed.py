"""A feed file, opened: first its layout, then its rows chunk by chunk, screened.

feed = open_feed(path, contract, catalogue)
if not feed.layout.is_blocked:
for chunk in feed.chunks(): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.distinct import distinct
from creditgate.domain.feed import ROW_KEY, SUBJECT_KIND, UNREAD, Chunk, ColumnMap, FeedLayout
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.in_order import in_order
from creditgate.domain.report import CONTENT_CUT, ROW_KEY_PATTERN
from creditgate.domain.sealed import BLANKED
from creditgate.domain.subjects import subject_kinds
from creditgate.domain.text_bytes import holds
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.prohibited import ProhibitedCatalogue
from creditgate.screen.decoding import TextShape, UnreadableFeedError, format_of, header_of, text_shape
from creditgate.screen.headers import map_headers
from creditgate.screen.normalise import normalise
from creditgate.screen.prohibited import ValueScreen
from creditgate.screen.read_csv import RawChunk, read_csv
from creditgate.screen.read_workbook import SheetRows

SUFFIXES = {"csv": (".csv", ".txt", ".tsv"), "xlsx": (".xlsx",)}
"""The extensions that go with a content."""

PERSONS = pa.array(["natural", "unknown"])


class OpenFeed:
    """A feed whose layout is known. `chunks` reads it once, in order, in bounded memory."""

    def __init__(
        self,
        layout: FeedLayout,
        raw: Iterator[RawChunk],
        contract: Contract,
        catalogue: ProhibitedCatalogue,
    ) -> None:
        self.layout = layout
        self._raw = raw
        self._contract = contract
        self._values = ValueScreen(catalogue)
        self._rules = {category.code: category.value_rule for category in catalogue.categories}

    def chunks(self) -> Iterator[Chunk]:
        """The rows, normalised, with findings of prohibited values and of unreadable rows.

        Raises UnreadableFeedError where the file turns out to be unreadable further on.
        """
        return in_order(self._screened, self._numbered())

    def _numbered(self) -> Iterator[tuple[int, RawChunk]]:
        first_row = 1
        for raw in self._raw:
            yield first_row, raw
            first_row += raw[0].num_rows

    def count(self) -> int:
        """The number of data rows (reads the feed instead of `chunks`); 0 where it turns out unreadable."""
        try:
            return sum(table.num_rows for table, _ in self._raw)
        except UnreadableFeedError:
            return 0

    def _screened(self, numbered: tuple[int, RawChunk]) -> Chunk:
        first_row, (raw, unreadable) = numbered
        raw, row_keys = _without_row_keys(raw)
        table = normalise(raw, self._contract)
        kinds = subject_kinds(table)
        # In doubt a row is a person's (S17): what is no organisation's record is screened as a person's.
        is_natural = pc.is_in(kinds, value_set=PERSONS).to_numpy(zero_copy_only=False)
        parts = [self._prohibited(first_row, table, is_natural), self._left_redacted(first_row, table)]
        if unreadable is not None:
            parts.append(Findings.where(unreadable, first_row, Slot(gate_rule("row_width_mismatch"), None)))
        table = table.append_column(SUBJECT_KIND, kinds)
        if row_keys is not None:
            table = table.append_column(ROW_KEY, row_keys)
        return Chunk(first_row, table, Findings.concat(parts), unreadable)

    def _prohibited(
        self, first_row: int, table: pa.Table, is_natural: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> Findings:
        parts = []
        for name in self._suspected(table, is_natural):
            header = self.layout.columns.header_of(name)
            for code, mask in self._values.scan(table.column(name).chunk(0), is_natural).items():
                parts.append(Findings.where(mask, first_row, Slot(self._rules[code], name, header)))
        return Findings.concat(parts)

    def _suspected(
        self, table: pa.Table, is_natural: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> list[str]:
        """The free-text columns that tell a prohibited fact, or would where a row of the chunk is a person's.

        One scan for all columns, over the distinct texts where they repeat themselves.
        """
        names = [
            f.name for f in self._contract.fields if f.kind == "free_text" and f.name in table.column_names
        ]
        if not names:
            return []
        columns = [table.column(name).chunk(0) for name in names]
        texts = [distinct(column) for column in columns]
        whose = [
            is_natural if text is column else np.full(len(text), is_natural.any())
            for text, column in zip(texts, columns, strict=True)
        ]
        told = np.zeros(sum(map(len, texts)), np.bool_)
        for mask in self._values.scan(pa.concat_arrays(texts), np.concatenate(whose)).values():
            told |= mask
        ends = np.cumsum([len(text) for text in texts])
        return [name for name, part in zip(names, np.split(told, ends[:-1]), strict=True) if part.any()]

    def _left_redacted(self, first_row: int, table: pa.Table) -> Findings:
        """Cells that came back from our own report as it showed them, blanked or cut."""
        rule = gate_rule("cell_left_redacted")
        parts = []
        for name in table.column_names:
            if self._contract.field(name).kind in ("free_text", "text", "name"):
                values = table.column(name).chunk(0)
                if not (holds(values, BLANKED) or holds(values, CONTENT_CUT)):
                    continue
                marked = pc.or_(pc.match_substring(values, BLANKED), pc.ends_with(values, CONTENT_CUT))
                mask = pc.fill_null(marked, False).to_numpy(zero_copy_only=False)
                slot = Slot(rule, name, self.layout.columns.header_of(name))
                parts.append(Findings.where(mask, first_row, slot))
        return Findings.concat(parts)


def _without_row_keys(raw: pa.Table) -> tuple[pa.Table, pa.ChunkedArray | None]:
    """The rows without the row keys of a mended workbook, and these: null where a cell holds anything else."""
    if ROW_KEY not in raw.column_names:
        return raw, None
    keys = pc.utf8_trim_whitespace(raw.column(ROW_KEY))
    is_key = pc.match_substring_regex(keys, ROW_KEY_PATTERN)
    return raw.drop_columns([ROW_KEY]), pc.if_else(is_key, keys, pa.scalar(None, pa.string()))


def open_feed(
    path: Path, contract: Contract, catalogue: ProhibitedCatalogue, *, file_name: str | None = None
) -> OpenFeed:
    """Open a feed file of the contract's item. `file_name` is the provider's name for it.

    Never raises for what is in the file: a file that can't be read has a layout that is blocked, with
    the reason among its findings. The content says what it is; a name that says otherwise blocks it.
    """
    try:
        content = format_of(path)
        if Path(file_name or path.name).suffix.lower() not in SUFFIXES[content]:
            raise UnreadableFeedError("unsupported_format")
        if content == "xlsx":
            return _open_workbook(path, contract, catalogue)
        return _open_text(path, contract, catalogue)
    except UnreadableFeedError as error:
        layout = FeedLayout(UNREAD, None, ColumnMap({}), error.findings())
        return OpenFeed(layout, iter(()), contract, catalogue)


def _open_text(path: Path, contract: Contract, catalogue: ProhibitedCatalogue) -> OpenFeed:
    shape = text_shape(path)
    columns, fields, findings = map_headers(header_of(path, shape), contract, catalogue)
    layout = FeedLayout("csv", _published_name(shape), columns, findings)
    return OpenFeed(layout, read_csv(path, shape, fields), contract, catalogue)


def _published_name(shape: TextShape) -> str:
    return "utf-8-sig" if shape.encoding == "utf-8" and shape.bom else shape.encoding


def _open_workbook(path: Path, contract: Contract, catalogue: ProhibitedCatalogue) -> OpenFeed:
    sheet = SheetRows(path)
    columns, fields, findings = map_headers(sheet.headers, contract, catalogue)
    layout = FeedLayout("xlsx", None, columns, findings)
    return OpenFeed(layout, _raw_sheet(sheet, fields), contract, catalogue)


def _raw_sheet(sheet: SheetRows, fields: Sequence[str | None]) -> Iterator[RawChunk]:
    for table in sheet.chunks(fields):
        yield table, None


def blocked_midway(error: UnreadableFeedError, layout: FeedLayout) -> FeedLayout:
    """The layout of a feed that turned out to be unreadable after its first rows."""
    return FeedLayout(
        layout.format, layout.encoding, layout.columns, Findings.concat([layout.findings, error.findings()])
    )


def count_rows(path: Path, contract: Contract, catalogue: ProhibitedCatalogue) -> int:
    """The data rows of a feed, as the screen counts them; 0 for a file that can't be read."""
    feed = open_feed(path, contract, catalogue)
    return 0 if feed.layout.is_blocked else feed.count()
