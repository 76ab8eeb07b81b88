"""Headers to contract fields: an allow-list (S09), with every column accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.feed import ROW_KEY, ColumnMap
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import REPORT_COLUMNS, ROW_KEY_COLUMN
from creditgate.policy.contracts import Contract, normalise_header
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.prohibited import ProhibitedCatalogue
from creditgate.screen.decoding import UnreadableFeedError
from creditgate.screen.prohibited import prohibited_headers
from creditgate.screen.records import REPLACEMENT

_HEADER_CELLS = 3
"""Cells of a row that must be headers for the row to be one."""


def map_headers(
    headers: Sequence[str], contract: Contract, catalogue: ProhibitedCatalogue
) -> tuple[ColumnMap, list[str | None], Findings]:
    """Map the file's headers.

    Returns the map, the field of each column by position (None: not kept), and the findings about
    columns: prohibited ones and doubled ones block the file, unknown ones are dropped aloud. The row keys of
    a mended workbook are read too, as ROW_KEY; they are no field and not in the map.
    """
    slots = _prohibited(headers, contract, catalogue)
    prohibited = {slot.header for slot in slots}
    fields: list[str | None] = []
    dropped: list[str] = []
    headers = [header.replace("\0", REPLACEMENT).encode("utf-8", "replace").decode() for header in headers]
    for header in headers:
        field = contract.headers.get(normalise_header(header))
        fields.append(field)
        if field is None and header not in prohibited and header.strip() not in ("", *REPORT_COLUMNS):
            dropped.append(header)
    twice = {name for name, count in Counter(f for f in fields if f).items() if count > 1}
    slots += [
        Slot(gate_rule("duplicate_column"), field, header)
        for header, field in zip(headers, fields, strict=True)
        if field in twice
    ]
    slots += [
        Slot(gate_rule("doubled_header"), contract.headers[normalise_header(header.strip()[::2])], header)
        for header in dropped
        if _is_doubled_header(header, contract)
    ]
    mapped = {h: f for h, f in zip(headers, fields, strict=True) if f is not None}
    missing = tuple(f.name for f in contract.fields if f.is_required and f.name not in mapped.values())
    if any(REPLACEMENT in header for header in headers):
        slots.append(Slot(gate_rule("garbled_header"), None))
    if not mapped:
        slots.append(Slot(gate_rule("no_known_column"), None))
        missing = ()
    slots += [Slot(gate_rule("unknown_column_dropped"), None, header) for header in dropped]
    slots += [Slot(gate_rule("required_column_missing"), name) for name in missing]
    spelled = [header.strip() for header in headers]
    if mapped and ROW_KEY_COLUMN in spelled:
        fields[spelled.index(ROW_KEY_COLUMN)] = ROW_KEY
    return ColumnMap(mapped, tuple(dropped), missing), fields, Findings.about_file(slots)


def _prohibited(headers: Sequence[str], contract: Contract, catalogue: ProhibitedCatalogue) -> list[Slot]:
    unknown = [h for h in headers if normalise_header(h) not in contract.headers]
    return [
        Slot(category.header_rule, None, header)
        for header, category in prohibited_headers(unknown, catalogue, None)
    ]


def _is_doubled_header(header: str, contract: Contract) -> bool:
    """Whether a header is one of the item with every character twice: the text layer of a print program."""
    text = header.strip()
    return text[::2] == text[1::2] and normalise_header(text[::2]) in contract.headers


class HeaderRows:
    """Finds rows that are a header again: pages printed one below the other, or a second table in the file."""

    def __init__(self, contract: Contract, columns: ColumnMap) -> None:
        self._contract = contract
        by_field = {field: header for header, field in columns.mapped.items()}
        required = [field.name for field in contract.fields if field.is_required and field.name in by_field]
        self._column = next(iter(required or by_field), None)
        spellings = [spelling for field in contract.fields for spelling in field.spellings]
        self._spellings = pa.array(sorted({*spellings, *columns.mapped}), pa.string())

    def findings(self, first_row: int, table: pa.Table) -> Findings:
        """The rows of a chunk that are a header. Raises UnreadableFeedError for that of another table."""
        if self._column is None:
            return Findings.none()
        suspected = pc.is_in(table.column(self._column).chunk(0), value_set=self._spellings)
        mask: npt.NDArray[np.bool_] = suspected.to_numpy(zero_copy_only=False)
        if not mask.any():
            return Findings.none()
        is_header = np.zeros(len(mask), np.bool_)
        for place in np.flatnonzero(mask).tolist():
            is_header[place] = self._is_header(table.slice(place, 1).to_pylist()[0])
        return Findings.where(is_header, first_row, Slot(gate_rule("repeated_header"), None))

    def _is_header(self, row: dict[str, str | None]) -> bool:
        known = {
            field: self._contract.headers.get(normalise_header(cell)) for field, cell in row.items() if cell
        }
        if len([name for name in known.values() if name]) < min(_HEADER_CELLS, len(known)):
            return False
        if any(name and name != field for field, name in known.items()):
            raise UnreadableFeedError("second_table")
        return True
