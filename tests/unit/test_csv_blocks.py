"""A text cut into blocks of any size gives the rows that it gives whole, and tells the same about its bytes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditgate.domain import text_bytes
from creditgate.domain.report import CONTENT_CUT
from creditgate.domain.sealed import BLANKED, GARBLED
from creditgate.screen import csv_blocks, text_facts
from creditgate.screen.decoding import TextShape, UnreadableFeedError
from creditgate.screen.read_csv import read_csv

FIELDS = ("subject_name", None, "facts")
SMALL = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
CELLS = st.text('甲a,"\n乙 ', max_size=6)
BROKEN = st.text('甲,"\na', max_size=40)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 16)
    monkeypatch.setattr(csv_blocks, "_LONGEST", 64)
    monkeypatch.setattr(text_facts, "_BLOCK", 5)


def _shape(content: str) -> TextShape:
    return TextShape("utf-8", is_quoted='"' in content)


def _read(path: Path, content: str) -> list[tuple[str | None, str | None]]:
    path.write_text(content, encoding="utf-8", newline="")
    rows: list[tuple[str | None, str | None]] = []
    for table, unreadable in read_csv(path, _shape(content), FIELDS):
        assert unreadable is None
        rows += zip(table["subject_name"].to_pylist(), table["facts"].to_pylist(), strict=True)
    return rows


@SMALL
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12))
def test_quoted_cells_with_line_ends_are_never_cut(
    tmp_path: Path, small_blocks: None, rows: list[tuple[str, str, str]]
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    assert _read(tmp_path / "f.csv", out.getvalue()) == [(a or None, c or None) for a, _, c in rows]


def test_a_stray_quote_mark_is_read_as_it_was_before_the_blocks(tmp_path: Path, small_blocks: None) -> None:
    content = "".join(f"甲{n},x,事实{n}\n" for n in range(20)) + '丙5"管,x,"多\n行"\n丁,y,z\n'
    rows = _read(tmp_path / "f.csv", content)
    assert rows[:2] == [("甲0", "事实0"), ("甲1", "事实1")]
    assert rows[20:] == [('丙5"管', "多\n行"), ("丁", "z")]


@SMALL
@given(BROKEN)
def test_whatever_the_quotes_the_size_of_the_blocks_changes_nothing(tmp_path: Path, content: str) -> None:
    read = []
    for size in (16, 1 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_blocks, "BLOCK_BYTES", size)
            patch.setattr(csv_blocks, "_LONGEST", 8 * size)
            path = tmp_path / "f.csv"
            path.write_text(content, encoding="utf-8", newline="")
            try:
                tables = [
                    (table.to_pydict(), mask) for table, mask in read_csv(path, _shape(content), FIELDS)
                ]
            except UnreadableFeedError as error:
                read.append(error.kind)
                continue
            rows = []
            for table, mask in tables:
                hidden = [False] * len(table["facts"]) if mask is None else mask.tolist()
                rows += zip(table["subject_name"], table["facts"], hidden, strict=True)
            read.append(rows)
    assert read[0] == read[1]


@SMALL
@given(st.binary(max_size=30) | st.text('甲a\ufffd\0"𠮷é', max_size=12).map(str.encode))
def test_the_facts_about_bytes_are_those_of_the_whole_file(
    tmp_path: Path, small_blocks: None, content: bytes
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    try:
        text: str | None = content.decode()
    except UnicodeDecodeError:
        text = None
    facts = text_facts.text_facts(path)
    assert facts.is_utf8 == (text is not None)
    assert (facts.has_quotes, facts.has_nul) == (b'"' in content, b"\0" in content)
    if text is not None:
        assert facts.has_replacements == ("\ufffd" in text)
    marks = (BLANKED, GARBLED, CONTENT_CUT)
    assert facts.has_marks or text is None or not any(mark in text for mark in marks)


def test_a_line_longer_than_what_is_parsed_at_once_is_read(tmp_path: Path) -> None:
    long = "长" * 700_000
    assert _read(tmp_path / "f.csv", f"甲,x,事实\n乙,y,{long}\n丙,z,\n") == [
        ("甲", "事实"),
        ("乙", long),
        ("丙", None),
    ]


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=4))
def test_bytes_are_found_wherever_the_pieces_end(data: bytes, code: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_bytes, "_PIECE", 4)
        assert text_bytes.stands_in(np.frombuffer(data, np.uint8), code) == (code in data)


@given(st.lists(st.none() | st.text("甲aＡ（\u3000）", max_size=4), max_size=12), st.integers(0, 3))
def test_values_with_a_wide_character_are_found_wherever_the_pieces_end(
    texts: list[str | None], first: int
) -> None:
    leads = (b"\xef\xbc", b"\xe3\x80\x80")
    values = pa.array(texts, pa.string()).slice(first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_bytes, "_PIECE", 4)
        places = text_bytes.rows_with(values, leads).tolist()
    wide = [
        place for place, text in enumerate(values.to_pylist()) if text and set(text) & set("Ａ（）\u3000")
    ]
    assert places == wide
