"""Which encoding a text file really has. Told by every byte of its content, never by name or by guess."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from creditgate.domain.findings import Findings, Slot
from creditgate.policy.gate_rules import gate_rule
from creditgate.screen.text_facts import text_facts

BLOCK = 1 << 18
MAX_LINE = 1 << 23
"""Longest physical line, and longest single value, in bytes: far above any honest record, far below what hurts."""

COINCIDENCE_BYTES = 12
"""A line of GB18030 with fewer bytes of Chinese may be valid UTF-8 by chance (联通 is)."""

_SAMPLE = 1 << 16
_COMMON_SHARE = 0.75
"""Of the Chinese in a GB18030 text so much at least is of GB 2312; in Big5 read as GB18030 it is about half."""
_FEWEST_JUDGED = 16

UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


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
    """How a text file is written. `bom` is the number of bytes of its mark.

    is_quoted: whether a quote mark stands anywhere in it; where none does, a line end ends a row. is_marked:
    whether a UTF-16 text says so itself. has_replacements: whether U+FFFD stands in it; has_marks: whether marks of
    our own reports may. The rest is about delimited text: header_end and end are the bytes where the rows begin and end (None: the file's end).
    """

    encoding: str
    delimiter: str = ","
    bom: int = 0
    is_quoted: bool = True
    quote: str = '"'
    is_marked: bool = True
    has_replacements: bool = False
    has_marks: bool = True
    header_end: int = 0
    end: int | None = None

    @property
    def published_name(self) -> str:
        """The encoding as reports name it."""
        return "utf-8-sig" if self.encoding == "utf-8" and self.bom else self.encoding


def text_shape(path: Path) -> TextShape:
    """The encoding of a text file, from its whole content.

    Raises UnreadableFeedError for a NUL character, text of two encodings, or text of no encoding taken.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    marked = next((name for mark, name in UTF16.items() if head.startswith(mark)), None)
    encoding = marked or _unmarked_utf16(head)
    if encoding:
        bom = 2 if marked else 0
        has_replacements = _decode_all(path, encoding, bom)
        return TextShape(encoding, bom=bom, is_marked=marked is not None, has_replacements=has_replacements)
    facts = text_facts(path)
    if facts.has_nul:
        raise UnreadableFeedError("nul_byte")
    bom = 3 if head.startswith(codecs.BOM_UTF8) else 0
    if facts.is_utf8:
        encoding, has_replacements, has_marks = "utf-8", facts.has_replacements, facts.has_marks
    else:
        encoding, has_replacements = _other_encoding(path, head, is_marked=bool(bom))
        has_marks = True
    return TextShape(
        encoding,
        bom=bom,
        is_quoted=facts.has_quotes,
        has_replacements=has_replacements,
        has_marks=has_marks,
    )


def text_blocks(path: Path, shape: TextShape) -> Iterator[bytes]:
    """The text as blocks of UTF-8, without its mark."""
    decoder = codecs.getincrementaldecoder(shape.encoding)()
    with path.open("rb") as file:
        file.seek(shape.bom)
        while block := file.read(BLOCK):
            yield block if shape.encoding == "utf-8" else decoder.decode(block).encode()


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: the one order of bytes in which the text is Chinese, Latin and nothing odd."""
    if 0 not in head:
        return None
    whole = head[: len(head) & ~1]
    likely = [name for name in UTF16.values() if _ordinary_share(whole, name) > 0.95]
    return likely[0] if len(likely) == 1 else None


def _ordinary_share(data: bytes, encoding: str) -> float:
    text = data.decode(encoding, errors="replace")
    ordinary = sum(
        " " <= c <= "~" or c in "\t\r\n" or "\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uff5e"
        for c in text
    )
    return ordinary / len(text) if text else 0.0


def _other_encoding(path: Path, head: bytes, *, is_marked: bool) -> tuple[str, bool]:
    """The encoding of what is not UTF-8, and whether U+FFFD stands in the text."""
    if is_marked or _mixes_encodings(path):
        raise UnreadableFeedError("mixed_encoding")
    has_replacements = _decode_all(path, "gb18030", 0)
    if not _is_common_chinese(head):
        raise UnreadableFeedError("undecodable_text")
    return "gb18030", has_replacements


def _is_common_chinese(head: bytes) -> bool:
    """Whether the text, read as GB18030, is made of characters that are in use."""
    beyond_ascii = "".join(c for c in head.decode("gb18030", errors="ignore") if c > "\x7f")
    if len(beyond_ascii) < _FEWEST_JUDGED:
        return True
    common = beyond_ascii.encode("gb2312", errors="ignore").decode("gb2312")
    return len(common) >= _COMMON_SHARE * len(beyond_ascii)


def _decode_all(path: Path, encoding: str, skip: int) -> bool:
    """Decode the whole file strictly; whether U+FFFD stands in it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    found = False
    try:
        with path.open("rb") as file:
            file.seek(skip)
            while block := file.read(BLOCK):
                text = decoder.decode(block)
                found = found or "\ufffd" in text
                if encoding.startswith("utf-16") and "\0" in text:
                    raise UnreadableFeedError("nul_byte")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UnreadableFeedError("undecodable_text") from error
    return found


def _mixes_encodings(path: Path) -> bool:
    """Whether some lines are UTF-8 beyond coincidence, and others GB18030 but not UTF-8."""
    has_utf8 = has_gb18030 = False
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
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
