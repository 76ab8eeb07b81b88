"""Feeds that something has happened to: flipped bits, cut ends, junk spliced in, parts exchanged.

`mutated` is a hypothesis strategy; a workbook or archive is also damaged inside its parts, so that it still opens.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from hypothesis import strategies as st

JUNK = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"\0", b"\r", b"\r\r\n", b'"', b'"",', b"\xff\xfe", b"\xef\xbb\xbf", b"\x81", b"\xed\xa0\x80", "\ufffd".encode(),
            b"<", b"</", b"]]>", b"<!--", b"<!DOCTYPE a [", b"&x;", b"&#0;", b"&#xd800;", b"<td colspan=99999999>",
            b"<td rowspan=99999999>", b"{", b"[[[[[[", b"}", b'":', b"\\ud800", b"1e999", b"NaN", b"-", b"," * 3000,
        ]
    ),
)  # fmt: skip


def _flipped(draw: st.DrawFn, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 8))):
        changed[draw(st.integers(0, len(changed) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


def _cut(draw: st.DrawFn, content: bytes) -> bytes:
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return draw(st.sampled_from([content[:first], content[first:], content[:first] + content[last:]]))


def _spliced(draw: st.DrawFn, content: bytes) -> bytes:
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(JUNK) * draw(st.integers(1, 3)) + content[at:]


def _exchanged(draw: st.DrawFn, content: bytes) -> bytes:
    a, b, c, d = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 4)))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


DAMAGES: tuple[Callable[[st.DrawFn, bytes], bytes], ...] = (_flipped, _cut, _spliced, _exchanged)


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """The content after one to three mishaps."""
    for _ in range(draw(st.integers(1, 3))):
        if content:
            content = draw(st.sampled_from(DAMAGES))(draw, content)
    return content


@st.composite
def with_mutated_part(draw: st.DrawFn, archive: bytes) -> bytes:
    """The archive whole, one part of it damaged, or two of them exchanged."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    one, other = draw(st.tuples(*[st.sampled_from(sorted(parts))] * 2))
    if draw(st.booleans()):
        parts[one] = draw(mutated(parts[one]))
    else:
        parts[one], parts[other] = parts[other], parts[one]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as closed:
        for name, data in parts.items():
            closed.writestr(name, data)
    return made.getvalue()
