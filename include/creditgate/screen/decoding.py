"""Which format and which encoding a file really has. Told by content, never by name or by guess."""

from __future__ import annotations

import codecs
import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path

from creditgate.domain.findings import Findings, Slot
from creditgate.policy.gate_rules import gate_rule

BLOCK = 1 << 18
MAX_LINE = 1 << 23
"""Longest physical line, in bytes: far above any honest record, far below what hurts."""

COINCIDENCE_BYTES = 12
"""A line of GB18030 with fewer bytes of Chinese may be valid UTF-8 by chance (联通 is)."""


class UnreadableFeedError(Exception):
    """The file as a whole can't be read; `kind` names the gate rule that says so."""

    def __init__(self, kind: str) -> None:
        super().__init__(gate_rule(kind).message)
        self.kind = kind

    def findings(self) -> Findings:
        """The one finding about the file."""
        return Findings.about_file([Slot(gate_rule(self.kind), None)])


@dataclass(frozen=True)
class TextShape:
    """How a text file is written. `bom` is the number of bytes to skip.

    is_quoted: whether a quote mark stands anywhere in it. Where none does, a line end ends a row.
    """

    encoding: str
    delimiter: str
    bom: int = 0
    is_quoted: bool = True


def format_of(path: Path) -> str:
    """`csv` or `xlsx`, from the first bytes and the archive's own directory.

    Raises UnreadableFeedError for an empty file, a broken workbook or a format not taken.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableFeedError("empty_file")
    if head.startswith(b"PK"):
        return _workbook(path)
    binary = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8", b"Rar!", b"\x1f\x8b", b"7z\xbc")
    if head.startswith(binary) or head.lstrip()[:5].lower() in (b"<html", b"<?xml", b"<!doc", b"<tabl"):
        raise UnreadableFeedError("unsupported_format")
    if head.lstrip()[:1] in (b"{", b"["):
        raise UnreadableFeedError("unsupported_format")
    return "csv"


def _workbook(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        raise UnreadableFeedError("unreadable_workbook") from error
    if "xl/workbook.xml" not in names:
        raise UnreadableFeedError("unsupported_format")
    return "xlsx"


def text_shape(path: Path) -> TextShape:
    """Encoding and delimiter of a text feed, from its whole content.

    Raises UnreadableFeedError for a NUL byte, text of two encodings, or text of no encoding taken.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            _decode_all(path, encoding, 2)
            return TextShape(encoding, _delimiter(path, encoding, 2), 2)
    is_quoted = _has_quotes(path)
    bom = 3 if head.startswith(codecs.BOM_UTF8) else 0
    encoding = _strict_encoding(path)
    return TextShape(encoding, _delimiter(path, encoding, bom), bom, is_quoted)


def _strict_encoding(path: Path) -> str:
    try:
        _decode_all(path, "utf-8", 0)
        return "utf-8"
    except UnreadableFeedError:
        if _mixes_encodings(path):
            raise UnreadableFeedError("mixed_encoding") from None
    _decode_all(path, "gb18030", 0)
    return "gb18030"


def _decode_all(path: Path, encoding: str, skip: int) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            file.seek(skip)
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UnreadableFeedError("undecodable_text") from error


def _mixes_encodings(path: Path) -> bool:
    """Whether some lines are UTF-8 beyond coincidence, and others GB18030 but not UTF-8."""
    has_utf8 = has_gb18030 = False
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            if _decodes(line, "utf-8"):
                has_utf8 = has_utf8 or sum(byte >= 0x80 for byte in line[:3000]) >= COINCIDENCE_BYTES
            else:
                has_gb18030 = has_gb18030 or _decodes(line, "gb18030")
            if has_utf8 and has_gb18030:
                return True
    return False


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _has_quotes(path: Path) -> bool:
    """Whether a quote mark stands in the file. Raises UnreadableFeedError for a NUL byte."""
    found = False
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if 0 in block:
                raise UnreadableFeedError("nul_byte")
            found = found or b'"' in block
    return found


def _delimiter(path: Path, encoding: str, bom: int) -> str:
    with path.open("rb") as file:
        file.seek(bom)
        first = file.readline(65_536).decode(encoding, errors="ignore")
    counts = {mark: first.count(mark) for mark in (",", "\t", ";", "|", "，")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] and best != "，" else ","


def header_of(path: Path, shape: TextShape) -> list[str]:
    """The cells of the header line."""
    with path.open(encoding=shape.encoding, newline="") as file:
        if shape.bom:
            file.read(1)
        csv.field_size_limit(MAX_LINE)
        try:
            return next(csv.reader(file, delimiter=shape.delimiter), [])
        except csv.Error as error:
            raise UnreadableFeedError("line_too_long") from error
