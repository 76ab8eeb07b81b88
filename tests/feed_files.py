"""Feed files of every format that is taken, made from rows by field name, and a look at what the screen makes of them."""

from __future__ import annotations

import html
import json
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditgate.domain.feed import FeedLayout
from creditgate.policy.contracts import load_contract
from creditgate.policy.prohibited import load_prohibited
from creditgate.screen.decoding import UnreadableFeedError
from creditgate.screen.feed import open_feed
from tests.builders import Row

ITEM = "administrative_penalty"


@dataclass(frozen=True)
class Seen:
    """What the screen made of a file: rows by field name (values as text), rule ids with their rows."""

    layout: FeedLayout
    rows: list[dict[str, Any]]
    findings: list[tuple[int, str, str | None]]

    @property
    def rules(self) -> set[str]:
        return {rule for _, rule, _ in self.findings}


def seen(path: Path, *, item: str = ITEM, file_name: str | None = None) -> Seen:
    """Open a file and read it to its end."""
    feed = open_feed(path, load_contract(item), load_prohibited(), file_name=file_name)
    rows: list[dict[str, Any]] = []
    parts = [feed.layout.findings]
    if not feed.layout.is_blocked:
        try:
            for chunk in feed.chunks():
                rows += chunk.table.to_pylist()
                parts.append(chunk.findings)
        except UnreadableFeedError as error:
            parts.append(error.findings())
    findings = [(row, slot.rule.id, slot.field) for part in parts for row, slot in part]
    return Seen(feed.layout, rows, findings)


def table_of(rows: Sequence[Row], item: str = ITEM) -> list[list[str]]:
    """The rows under their Chinese headers."""
    contract = load_contract(item)
    names = [field.name for field in contract.fields if any(field.name in row for row in rows)]
    return [[contract.field(n).header for n in names], *([row.get(n, "") for n in names] for row in rows)]


def records_of(rows: Sequence[Row], item: str = ITEM) -> list[dict[str, str]]:
    """The rows as objects, keys as the Chinese headers."""
    headers, *cells = table_of(rows, item)
    return [dict(zip(headers, row, strict=True)) for row in cells]


def file_of(folder: Path, name: str, content: bytes | str, encoding: str = "utf-8") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


def as_csv(table: Iterable[Sequence[str]], delimiter: str = ",", line_end: str = "\r\n") -> str:
    """A table as delimited text, without quotes: for cells that need none."""
    return line_end.join(delimiter.join(row) for row in table) + line_end


def as_html(table: Iterable[Sequence[str]], *, title: str = "") -> str:
    """A table as the web page that many systems export as .xls."""
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in table)
    top = f"<tr><td colspan='9'>{title}</td></tr>" if title else ""
    return f"<html><head><meta charset='x'></head><body><table border=1>{top}{lines}</table></body></html>"


def as_xml(records: Iterable[Mapping[str, str]], root: str = "数据", record: str = "记录") -> str:
    """Records as flat XML."""
    lines = "".join(
        f"<{record}>" + "".join(f"<{k}>{html.escape(v)}</{k}>" for k, v in row.items()) + f"</{record}>"
        for row in records
    )
    return f"<?xml version='1.0' encoding='utf-8'?><{root}>{lines}</{root}>"


def as_json(value: object) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False)


def as_xls(table: Sequence[Sequence[str | float]]) -> bytes:
    """A table as an Excel 97 workbook: BIFF8 records in a compound file, no more than a reader needs."""
    globals_ = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    name = "数据".encode("utf-16-le")
    sheet_at = len(globals_) + 4 + 8 + len(name) + 4
    bound = struct.pack("<IBBBB", sheet_at, 0, 0, len(name) // 2, 1) + name
    body = globals_ + _record(0x0085, bound) + _record(0x000A, b"")
    assert len(body) == sheet_at
    body += _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for r, row in enumerate(table):
        for c, cell in enumerate(row):
            if isinstance(cell, float):
                body += _record(0x0203, struct.pack("<HHHd", r, c, 0, cell))
            elif cell:
                text = cell.encode("utf-16-le")
                body += _record(0x0204, struct.pack("<HHHHB", r, c, 0, len(text) // 2, 1) + text)
    return _compound_file(body + _record(0x000A, b""))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _compound_file(stream: bytes) -> bytes:
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    count = len(stream) // 512
    fat_sectors = -(-(count + 2) // 127)
    fat = [0xFFFFFFFD] * fat_sectors + [0xFFFFFFFE]
    first = len(fat)
    fat += [*range(first + 1, first + count), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (fat_sectors * 128 - len(fat))
    head = struct.pack("<8s16sHHHHHHIIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0,
                       fat_sectors, fat_sectors, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)  # fmt: skip
    head += struct.pack("<109I", *range(fat_sectors), *[0xFFFFFFFF] * (109 - fat_sectors))
    folder = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1) + _entry("Workbook", 2, first, len(stream))
    return head + struct.pack(f"<{len(fat)}I", *fat) + folder.ljust(512, b"\0") + stream


def _entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    tree = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + tree
        + b"\0" * 36
        + struct.pack("<IQ", start, size)
    )


def with_part(workbook: Path, name: str, content: bytes) -> Path:
    """A workbook with one part of its archive replaced or added."""
    with zipfile.ZipFile(workbook) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in {**parts, name: content}.items():
            archive.writestr(entry, data)
    return workbook
