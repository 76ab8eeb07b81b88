"""What an XLSX archive holds beside cells: its true size, hidden columns, comments. Looked at before it is opened.

The sizes that an archive declares are its maker's word: each part that will be parsed is unpacked once, counted and
thrown away.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from creditgate.screen.decoding import UnreadableFeedError

MAX_ENTRIES = 5_000
MAX_UNPACKED = 768 << 20
"""Bytes of XML in a workbook. A sheet full to its last row has less; a bomb has more."""
MAX_RATIO = 200
RATIO_FROM = 64 << 20
"""A small part may be all blanks; above this size such a ratio is a bomb."""
MAX_CELL_REFS = 12_000_000
MAX_COMMENT_TEXTS = 100_000
_BLOCK = 1 << 20
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def look_into(path: Path) -> None:
    """Refuse an archive that is larger than it looks.

    Raises UnreadableFeedError: archive_bomb, xml_entities, or unreadable_workbook for one that lies about its parts.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise UnreadableFeedError("archive_bomb")
            total = 0
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels", ".vml")):
                    total += _unpacked(file, entry, MAX_UNPACKED - total)
    except UnreadableFeedError:
        raise
    except (
        Exception
    ):  # whatever is wrong with an archive: struct.error, zlib.error, BadZipFile, NotImplementedError…
        raise UnreadableFeedError("unreadable_workbook") from None


def _unpacked(file: BinaryIO, entry: zipfile.ZipInfo, room: int) -> int:
    """The bytes that a part unpacks to."""
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableFeedError("unreadable_workbook")
    size, head = 0, b""
    for block in _parts(file, entry):
        if size < _BLOCK:
            head += block[:4096]
            if _DOCTYPE.search(head):
                raise UnreadableFeedError("xml_entities")
        size += len(block)
        if size > room or (size > RATIO_FROM and size > MAX_RATIO * max(1, entry.compress_size)):
            raise UnreadableFeedError("archive_bomb")
    if size != entry.file_size:
        raise UnreadableFeedError("unreadable_workbook")
    return size


def _parts(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a part in blocks, whatever size it claims to have."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise UnreadableFeedError("unreadable_workbook")
    skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    file.seek(entry.header_offset + 30 + skipped)
    left = entry.compress_size
    inflate = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        packed = file.read(min(_BLOCK, left))
        if not packed:
            return
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        while packed:
            yield inflate.decompress(packed, _BLOCK)
            packed = inflate.unconsumed_tail


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. A part that can't be read hides what was looked for: unreadable_workbook, whatever is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except UnreadableFeedError:
        raise
    except Exception:  # XMLSyntaxError, KeyError, ValueError, BadZipFile…
        raise UnreadableFeedError("unreadable_workbook") from None


def uses_1904(path: Path) -> bool:
    """Whether day numbers of the workbook count from 1904 (an old Mac's) instead of 1900."""
    with _opened(path) as archive:
        text = archive.read("xl/workbook.xml")[: 1 << 20]
    return re.search(rb'date1904\s*=\s*"(?:1|true)"', text) is not None


def has_hidden_columns(path: Path, sheet: str) -> set[int]:
    """The columns (from 0) of a sheet that its author has hidden."""
    with _opened(path) as archive:
        part = _sheet_part(archive, sheet)
        if part is None:
            return set()
        with archive.open(part) as stream:
            return _hidden(stream)


def comment_texts(path: Path) -> list[str]:
    """The texts of all comments and threaded comments of the workbook."""
    texts: list[str] = []
    with _opened(path) as archive:
        for name in archive.namelist():
            if re.fullmatch(
                r"xl/(?:threadedComments/|comments/)?(?:threadedComment|comments?)\d*\.xml", name
            ):
                with archive.open(name) as stream:
                    texts += _comments(stream)
    return texts


def _events(stream: Any, events: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    return etree.iterparse(stream, events=events, resolve_entities=False, no_network=True, load_dtd=False)  # type: ignore[no-any-return]


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _hidden(stream: Any) -> set[int]:
    hidden: set[int] = set()
    for _, element in _events(stream, ("start",)):
        match _local(element):
            case "col" if element.get("hidden") in ("1", "true") or element.get("width") == "0":
                low, high = int(element.get("min", 1)), int(element.get("max", 1))
                hidden.update(range(low - 1, min(high, 16_384)))
            case "sheetData":
                break
    return hidden


def _comments(stream: Any) -> list[str]:
    texts: list[str] = []
    words: list[str] = []
    for _, element in _events(stream, ("end",)):
        match _local(element):
            case "t" | "text" if element.text:
                words.append(element.text)
            case "comment" | "threadedComment":
                texts.append("".join(words))
                words = []
                element.clear()
                if len(texts) > MAX_COMMENT_TEXTS:
                    raise UnreadableFeedError("sheet_too_large")
    return texts


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The part of the archive that holds a sheet."""
    relations = {}
    with archive.open("xl/_rels/workbook.xml.rels") as stream:
        for _, element in _events(stream, ("end",)):
            if _local(element) == "Relationship":
                relations[element.get("Id")] = element.get("Target", "")
    with archive.open("xl/workbook.xml") as stream:
        for _, element in _events(stream, ("end",)):
            if _local(element) == "sheet" and element.get("name") == sheet:
                ids = [value for key, value in element.attrib.items() if key.endswith("}id")]
                target = relations.get(ids[0], "") if ids else ""
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                return part if part in archive.namelist() else None
    return None
