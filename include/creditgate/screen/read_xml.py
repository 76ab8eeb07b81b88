"""XML as records: the elements that hold nothing but plain elements (or attributes), read one by one, twice.

No entity is expanded, no document type is taken, nothing is fetched; what was read is let go of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from creditgate.domain.findings import Findings, Slot
from creditgate.policy.contracts import Contract, normalise_header
from creditgate.policy.gate_rules import gate_rule
from creditgate.screen.decoding import TextShape, UnreadableFeedError, text_blocks
from creditgate.screen.header_rows import MAX_COLUMNS, Cells
from creditgate.screen.records import RecordSource

MAX_DEPTH = 32
Place = tuple[str, ...]

_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_STRIPPED = 64


def read_xml(path: Path, shape: TextShape, contract: Contract) -> RecordSource:
    """The records of an XML text. Raises UnreadableFeedError where it is none, or holds no list of records."""
    keys: dict[Place, dict[str, None]] = {}
    counts: dict[Place, int] = {}
    doubled: set[str] = set()
    for place, record in _records(path, shape, None):
        known = keys.setdefault(place, {})
        names = [name for name, _ in record]
        known.update(dict.fromkeys(names))
        if len(set(names)) < len(names):
            doubled.update(name for name in names if names.count(name) > 1)
        counts[place] = counts.get(place, 0) + 1
        if len(known) > MAX_COLUMNS or len(keys) > MAX_COLUMNS:
            raise UnreadableFeedError("too_many_columns")
    if not keys:
        raise UnreadableFeedError("no_record_list")

    def weight(place: Place) -> tuple[int, int, int]:
        fields = {contract.headers.get(normalise_header(key)) for key in keys[place]} - {None}
        return len(fields), counts[place], -len(place)

    where = max(keys, key=weight)
    headers = tuple(keys[where])
    slots = [Slot(gate_rule("duplicate_column"), None, name) for name in sorted(doubled & set(headers))[:20]]
    return RecordSource(
        "xml", shape.published_name, headers, _cells(path, shape, where, headers), Findings.about_file(slots)
    )


def _cells(path: Path, shape: TextShape, where: Place, headers: tuple[str, ...]) -> Iterator[Cells | None]:
    for _, record in _records(path, shape, where):
        values = dict(record)
        yield [values.get(header) for header in headers]


def _records(
    path: Path, shape: TextShape, where: Place | None
) -> Iterator[tuple[Place, list[tuple[str, str | None]]]]:
    """Every element whose children are plain, with its place and its (name, value) pairs; at one place if asked."""
    open_elements: list[_Open] = []
    for event, element in _events(path, shape):
        if not isinstance(element.tag, str):
            continue
        if event == "start":
            if len(open_elements) >= MAX_DEPTH:
                raise UnreadableFeedError("nested_too_deep")
            if open_elements:
                open_elements[-1].children += 1
                if open_elements[-1].children > MAX_COLUMNS:
                    raise UnreadableFeedError("too_many_columns")
            open_elements.append(_Open(_local(element.tag)))
            continue
        here = tuple(opened.name for opened in open_elements)
        own = open_elements.pop()
        is_leaf_record = not own.is_parent and len(element.attrib) > 1 and not (element.text or "").strip()
        if open_elements and (own.is_parent or is_leaf_record):
            open_elements[-1].holds_parents = True
            open_elements[-1].children -= 1  # it is let go of
        is_record = is_leaf_record or (own.is_parent and not own.holds_parents)
        if is_record and where in (None, here):
            yield here, _pairs(element)
        if own.is_parent or is_leaf_record:
            element.clear()
            _drop_before(element)


@dataclass
class _Open:
    """An element that has begun. children: those that are kept until it ends."""

    name: str
    children: int = 0
    holds_parents: bool = False

    @property
    def is_parent(self) -> bool:
        return self.children > 0 or self.holds_parents


def _pairs(element: Any) -> list[tuple[str, str | None]]:
    pairs: list[tuple[str, str | None]] = [(_local(name), value) for name, value in element.attrib.items()]
    pairs += [(_local(child.tag), child.text) for child in element if isinstance(child.tag, str)]
    return pairs


def _drop_before(element: Any) -> None:
    """Let go of the siblings that have been read."""
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None and parent[0] is not element:
        del parent[0]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _events(path: Path, shape: TextShape) -> Iterator[tuple[str, Any]]:
    parser = etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    before = b""
    is_first = True
    try:
        for block in text_blocks(path, shape):
            if _DOCTYPE.search(before[-_STRIPPED:] + block):
                raise UnreadableFeedError("xml_entities")
            before = block
            parser.feed(_DECLARATION.sub(b"", block) if is_first else block)
            is_first = False
            yield from parser.read_events()
        parser.close()
        yield from parser.read_events()
    except etree.XMLSyntaxError as error:
        raise UnreadableFeedError(_fault_kind(str(error))) from None
    except (ValueError, MemoryError):
        raise UnreadableFeedError("unreadable_xml") from None


def _fault_kind(message: str) -> str:
    if "depth" in message:
        return "nested_too_deep"
    if "huge" in message or "too long" in message or "too large" in message.lower():
        return "line_too_long"
    return "xml_entities" if "ntity" in message else "unreadable_xml"
