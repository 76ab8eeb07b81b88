"""Which format a file really has: told by its first bytes, and by what an archive holds, never by its name.

A name that the content does not go with blocks the file: it is a sign of the wrong file. Some combinations are
everyday work and are taken (`NAMES`): what offices export as .xls is as often a web page or text as a workbook.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path
from typing import Literal

from creditgate.screen.decoding import UTF16, UnreadableFeedError

Format = Literal["csv", "xlsx", "xls", "html", "json", "xml"]

NAMES: dict[Format, tuple[str, ...]] = {
    "csv": (".csv", ".txt", ".tsv", ".xls"),
    "xlsx": (".xlsx", ".xlsm", ".xls"),
    "xls": (".xls", ".et"),
    "html": (".html", ".htm", ".xls"),
    "json": (".json", ".jsonl", ".ndjson", ".txt"),
    "xml": (".xml",),
}
"""The endings of names that go with a content. JSON Lines is JSON until it is read."""

_HEAD = 8192
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (
    b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM\x00", b"Rar!", b"\x1f\x8b", b"7z\xbc\xaf", b"{\\rtf", b"PAR1",
    b"SQLite format 3", b"MIME-Version:", b"II*\x00", b"MM\x00*", b"\x7fELF", b"MZ\x90", b"BZh", b"\xfd7zXZ",
)  # fmt: skip
_PAGE = re.compile(
    r"<\s*(?:!doctype\s+html|html|head|body|meta|style|table|tr|div|center|font|b|p)\b", re.IGNORECASE
)
_TAG = re.compile(r"<[?!\w]")
_JSON = re.compile(r"[{\[]\s*(?:[{\[\]}\"\d-]|true|false|null|$)")
_OFFICE_XML = ("urn:schemas-microsoft-com:office:spreadsheet", "<?mso-application")


def format_of(path: Path) -> Format:
    """The format of a file. Raises UnreadableFeedError for an empty file or a format that is not taken."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableFeedError("empty_file")
    if head.startswith(b"PK"):
        return _archive(path)
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(_OTHER):
        raise UnreadableFeedError("unsupported_format")
    return _text_format(_head_text(head))


def is_name_of(file_name: str, content: Format) -> bool:
    """Whether a file's name goes with what the file holds."""
    return Path(file_name).suffix.lower() in NAMES[content]


def _text_format(text: str) -> Format:
    if any(mark in text for mark in _OFFICE_XML):
        raise UnreadableFeedError("unsupported_format")
    if _TAG.match(text):
        return "html" if _PAGE.search(text) and not text.startswith("<?xml") else _xml_or_page(text)
    return "json" if _JSON.match(text) else "csv"


def _xml_or_page(text: str) -> Format:
    """After an XML declaration: XHTML is a page as well."""
    return "html" if re.search(r"<html\b", text, re.IGNORECASE) else "xml"


def _head_text(head: bytes) -> str:
    for mark, encoding in UTF16.items():
        if head.startswith(mark):
            return head[2:].decode(encoding, errors="ignore").lstrip()
    if head[:1] in b"<[{" and head[1:2] == b"\0":
        return head.decode("utf-16-le", errors="ignore").lstrip()
    if head[:1] == b"\0" and head[1:2] in b"<[{":
        return head.decode("utf-16-be", errors="ignore").lstrip()
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1").lstrip()


def _archive(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, MemoryError) as error:
        raise UnreadableFeedError("unreadable_workbook") from error
    if "xl/workbook.xml" not in names:
        raise UnreadableFeedError("unsupported_format")
    return "xlsx"
