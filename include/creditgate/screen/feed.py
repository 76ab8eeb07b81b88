"""A feed file, opened: first its layout, then its rows chunk by chunk, screened.

feed = open_feed(path, contract, catalogue)
if not feed.layout.is_blocked:
for chunk in feed.chunks(): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.codebook import Codebooks
from creditgate.domain.distinct import distinct
from creditgate.domain.feed import ROW_KEY, SUBJECT_KIND, UNREAD, Chunk, ColumnMap, FeedLayout
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.in_order import in_order
from creditgate.domain.report import CONTENT_CUT, ROW_KEY_PATTERN
from creditgate.domain.sealed import BLANKED, GARBLED
from creditgate.domain.subjects import subject_kinds
from creditgate.domain.text_bytes import holds
from creditgate.policy.contracts import Contract
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.prohibited import ProhibitedCatalogue
from creditgate.screen.decoding import TextShape, UnreadableFeedError, text_shape
from creditgate.screen.formats import format_of, is_name_of
from creditgate.screen.headers import HeaderRows, map_headers
from creditgate.screen.hidden import HiddenScreen
from creditgate.screen.normalise import cleaned
from creditgate.screen.prohibited import ValueScreen
from creditgate.screen.read_csv import RawChunk, read_csv
from creditgate.screen.read_html import read_html
from creditgate.screen.read_json import read_json
from creditgate.screen.read_workbook import read_workbook
from creditgate.screen.read_xml import read_xml
from creditgate.screen.records import REPLACEMENT, RecordSource
from creditgate.screen.text_layout import lay_out

PERSONS = pa.array(["natural", "unknown"])


class OpenFeed:
    """A feed whose layout is known. `chunks` reads it once, in order, in bounded memory."""

    def __init__(
        self,
        layout: FeedLayout,
        raw: Iterator[RawChunk],
        contract: Contract,
        catalogue: ProhibitedCatalogue,
        *,
        source: RecordSource | None = None,
        shape: TextShape | None = None,
    ) -> None:
        """source: of a file of records. shape: of delimited text, how it is written; it can be opened by it again."""
        self.layout = layout
        self.shape = shape
        self._raw = raw
        self._contract = contract
        self._values = ValueScreen(catalogue)
        self._books = Codebooks()
        self._rules = {category.code: category.value_rule for category in catalogue.categories}
        self._source = source
        self._notes_told = False
        self._unreadable_rule = gate_rule("row_width_mismatch" if source is None else "record_unreadable")
        self._may_be_garbled = shape is None or shape.has_replacements
        self._may_be_marked = shape is None or shape.has_marks
        self._headers = HeaderRows(contract, layout.columns)

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
        made = cleaned(raw, self._contract, first_row, self._books)
        table = made.table
        kinds = subject_kinds(table)
        # In doubt a row is a person's (S17): what is no organisation's record is screened as a person's.
        is_natural = pc.is_in(kinds, value_set=PERSONS).to_numpy(zero_copy_only=False)
        parts = [
            self._headers.findings(first_row, table),
            self._prohibited(first_row, table, is_natural),
            self._left_redacted(first_row, table),
        ]
        if self._source is not None and self._source.notes and not self._notes_told:
            self._notes_told = True
            parts.append(Findings.about_file([Slot(gate_rule("note_rows_left_out"), None)]))
        if unreadable is not None:
            parts.append(Findings.where(unreadable, first_row, Slot(self._unreadable_rule, None)))
        table, garbled = self._without_replacements(first_row, table)
        parts.append(garbled)
        table = table.append_column(SUBJECT_KIND, kinds)
        if row_keys is not None:
            table = table.append_column(ROW_KEY, row_keys)
        originals = made.originals
        if originals is not None and self._may_be_garbled:
            marked = pc.replace_substring_regex(originals.column("text"), REPLACEMENT + "+", GARBLED)
            originals = originals.set_column(2, "text", marked)
        columns = {} if self._may_be_garbled else made.numbered
        return Chunk(first_row, table, Findings.concat(parts), unreadable, originals, made.counts, columns)

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

    def _without_replacements(self, first_row: int, table: pa.Table) -> tuple[pa.Table, Findings]:
        """The chunk with our mark where a character was lost before the file was sent (U+FFFD)."""
        if not self._may_be_garbled:
            return table, Findings.none()
        rule, parts = gate_rule("garbled_text"), []
        for place, name in enumerate(table.column_names):
            values = table.column(name).combine_chunks()
            if not holds(values, REPLACEMENT):
                continue
            mask = pc.fill_null(pc.match_substring(values, REPLACEMENT), False)
            slot = Slot(rule, name, self.layout.columns.header_of(name))
            parts.append(Findings.where(mask.to_numpy(zero_copy_only=False), first_row, slot))
            marked = pc.replace_substring_regex(values, REPLACEMENT + "+", GARBLED)
            table = table.set_column(place, name, marked)
        return table, Findings.concat(parts)

    def _left_redacted(self, first_row: int, table: pa.Table) -> Findings:
        """Cells that came back from our own report as it showed them, blanked or cut."""
        if not self._may_be_marked:
            return Findings.none()
        rule = gate_rule("cell_left_redacted")
        parts = []
        for name in table.column_names:
            if self._contract.field(name).kind in ("free_text", "text", "name"):
                values = table.column(name).chunk(0)
                marked = pc.or_(pc.match_substring(values, BLANKED), pc.ends_with(values, CONTENT_CUT))
                marked = pc.or_(marked, pc.match_substring(values, GARBLED))
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
    path: Path,
    contract: Contract,
    catalogue: ProhibitedCatalogue,
    *,
    file_name: str | None = None,
    shape: TextShape | None = None,
) -> OpenFeed:
    """Open a feed file of the contract's item. `file_name` is the provider's name for it.

    shape: how delimited text is written, where the same file was opened before; it saves reading it all.

    Never raises for what is in the file: a file that can't be read has a layout that is blocked, with
    the reason among its findings. The content says what it is; a name that it does not go with blocks it.
    """
    try:
        content = format_of(path)
        if not is_name_of(file_name or path.name, content):
            raise UnreadableFeedError("unsupported_format")
        if content == "csv":
            return _open_text(path, contract, catalogue, shape or text_shape(path))
        if content in ("xlsx", "xls"):
            workbook = read_workbook(path, content, contract)
            screen = HiddenScreen(catalogue, contract)
            return _open_records(workbook.source, contract, catalogue, screen.findings(workbook.hidden))
        written = text_shape(path)
        source = _READERS[content](path, written, contract)
        return _open_records(source, contract, catalogue, _about_encoding(written))
    except UnreadableFeedError as error:
        layout = FeedLayout(UNREAD, None, ColumnMap({}), error.findings())
        return OpenFeed(layout, iter(()), contract, catalogue)


_READERS = {"html": read_html, "json": read_json, "xml": read_xml}


def _open_text(path: Path, contract: Contract, catalogue: ProhibitedCatalogue, shape: TextShape) -> OpenFeed:
    text = lay_out(path, shape, contract)
    columns, fields, findings = map_headers(text.headers, contract, catalogue)
    slots = []
    if text.titles:
        slots.append(Slot(gate_rule("title_rows_left_out"), None))
    if text.notes:
        slots.append(Slot(gate_rule("note_rows_left_out"), None))
    layout = FeedLayout(
        "csv",
        text.shape.published_name,
        columns,
        Findings.concat([findings, Findings.about_file(slots), _about_encoding(text.shape)]),
    )
    raw = read_csv(path, text.shape, fields)
    return OpenFeed(layout, raw, contract, catalogue, shape=shape)


def _about_encoding(shape: TextShape) -> Findings:
    slots = [] if shape.is_marked else [Slot(gate_rule("encoding_without_mark"), None)]
    return Findings.about_file(slots)


def _open_records(
    source: RecordSource,
    contract: Contract,
    catalogue: ProhibitedCatalogue,
    found: Findings,
) -> OpenFeed:
    columns, fields, findings = map_headers(source.headers, contract, catalogue)
    parts = [findings, source.findings, found]
    layout = FeedLayout(source.format, source.encoding, columns, Findings.concat(parts))
    return OpenFeed(layout, source.chunks(fields), contract, catalogue, source=source)


def count_rows(path: Path, contract: Contract, catalogue: ProhibitedCatalogue) -> int:
    """The data rows of a feed, as the screen counts them; 0 for a file that can't be read."""
    feed = open_feed(path, contract, catalogue)
    return 0 if feed.layout.is_blocked else feed.count()
