"""Headers to contract fields: an allow-list (S09), with every column accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from creditgate.domain.feed import ROW_KEY, ColumnMap
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import REPORT_COLUMNS, ROW_KEY_COLUMN
from creditgate.policy.contracts import Contract, normalise_header
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.prohibited import ProhibitedCatalogue
from creditgate.screen.prohibited import prohibited_headers


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
    mapped = {h: f for h, f in zip(headers, fields, strict=True) if f is not None}
    missing = tuple(f.name for f in contract.fields if f.is_required and f.name not in mapped.values())
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
