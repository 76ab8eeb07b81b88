"""Files as they come: every format gives the same rows, told by content, and what was left out is said."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest

from tests.builders import Row, a_penalty
from tests.feed_files import (
    as_csv,
    as_html,
    as_json,
    as_xls,
    as_xml,
    file_of,
    records_of,
    seen,
    table_of,
)

ROWS: list[Row] = [a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕119号", fine_10k_yuan="0.20")]
TABLE, RECORDS = table_of(ROWS), records_of(ROWS)


def _xlsx(path: Path, table: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    book.save(path)
    return path


CONTENTS = {
    "csv": ("feed.csv", as_csv(TABLE)),
    "tab, as .xls": ("feed.xls", as_csv(TABLE, "\t")),
    "semicolon": ("feed.csv", as_csv(TABLE, ";")),
    "bar": ("feed.txt", as_csv(TABLE, "|")),
    "caret": ("feed.txt", as_csv(TABLE, "^")),
    "control character": ("feed.txt", as_csv(TABLE, "\x01")),
    "cr cr lf": ("feed.csv", as_csv(TABLE, line_end="\r\r\n")),
    "cr": ("feed.csv", as_csv(TABLE, line_end="\r")),
    "apostrophes": ("feed.csv", as_csv([[f"'{c}'" for c in row] for row in TABLE])),
    "html": ("feed.html", as_html(TABLE)),
    "html, as .xls": ("feed.xls", as_html(TABLE)),
    "json array": ("feed.json", as_json(RECORDS)),
    "json object": ("feed.json", as_json({"code": 0, "data": {"total": 2, "records": RECORDS}})),
    "json lines": ("feed.jsonl", "\n".join(as_json(r) for r in RECORDS)),
    "xml": ("feed.xml", as_xml(RECORDS)),
    "xls": ("feed.xls", as_xls(TABLE)),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str) -> None:
    name, content = CONTENTS[kind]
    made = seen(file_of(tmp_path, name, content))
    assert made.rules == set()
    assert [row["decision_number"] for row in made.rows] == [row["decision_number"] for row in ROWS]
    assert [row["facts"] for row in made.rows] == [row["facts"] for row in ROWS]
    assert made.rows[1]["fine_10k_yuan"] == "0.20"


@pytest.mark.parametrize("kind", ["csv", "html", "json array", "json lines", "xml"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "gb18030"])
def test_every_text_format_is_read_in_every_encoding(tmp_path: Path, kind: str, encoding: str) -> None:
    name, content = CONTENTS[kind]
    made = seen(file_of(tmp_path, name, content, encoding))
    assert [row["facts"] for row in made.rows] == [row["facts"] for row in ROWS]
    assert made.layout.encoding is not None
    assert made.layout.encoding.startswith(encoding if encoding != "utf-16" else "utf-16-le")


def test_utf_16_without_a_mark_is_told_from_the_whole_text_and_said(tmp_path: Path) -> None:
    made = seen(file_of(tmp_path, "feed.csv", as_csv(TABLE), "utf-16-le"))
    assert made.rules == {"FILE-040"}
    assert made.layout.encoding == "utf-16-le"
    assert len(made.rows) == 2


def test_text_of_another_encoding_is_refused_and_not_guessed(tmp_path: Path) -> None:
    text = "CF_WSH,CF_XDR_MC\n" + "濟南市市場監督管理局處罰決定書,測試商貿有限公司行政處罰資料\n" * 20
    assert seen(file_of(tmp_path, "feed.csv", text, "big5")).rules == {"FILE-012"}
    assert seen(file_of(tmp_path, "feed.csv", text, "utf-32")).rules <= {"FILE-012", "FILE-014"}


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"%PDF-1.7", b"\x1f\x8b\x08\0"])
def test_a_picture_or_archive_with_a_feeds_name_is_refused(tmp_path: Path, content: bytes) -> None:
    assert seen(file_of(tmp_path, "feed.csv", content)).rules == {"FILE-010"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("csv", "feed.xlsx"),
        ("html", "feed.csv"),
        ("json array", "feed.csv"),
        ("xls", "feed.csv"),
        ("xml", "feed.xlsx"),
    ],
)
def test_a_name_that_the_content_does_not_go_with_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    assert seen(file_of(tmp_path, name, CONTENTS[kind][1])).rules == {"FILE-010"}


def test_titles_above_and_notes_below_are_left_out_aloud(tmp_path: Path) -> None:
    table = [
        ["济南市行政处罚信息公示表"],
        ["填报单位：某局"],
        *TABLE,
        ["合计", "2"],
        ["表格说明：以上为公示内容"],
    ]
    for path in (
        _xlsx(tmp_path / "feed.xlsx", table),
        file_of(tmp_path, "feed.html", as_html(table)),
        file_of(tmp_path, "feed.csv", as_csv(table)),
        file_of(tmp_path, "u.csv", as_csv(table), "utf-16"),
        file_of(tmp_path, "feed.xls", as_xls(table)),
    ):
        made = seen(path)
        assert len(made.rows) == 2, path
        assert made.rules == {"FILE-036", "FILE-037"}, path


def test_a_note_in_the_middle_is_a_row_like_any_other(tmp_path: Path) -> None:
    table = [*TABLE[:2], ["合计", "1"], TABLE[2]]
    assert len(seen(_xlsx(tmp_path / "feed.xlsx", table)).rows) == 3


def test_a_header_of_two_rows_is_put_together(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["某局公示表"])
    sheet.append(["行政相对人名称", "行政相对人代码", None, "行政处罚决定书文号", "处罚信息", None])
    sheet.append([None, "统一社会信用代码", "组织机构代码", None, "处罚决定日期", "处罚机关"])
    sheet.append(["甲公司", "91370199MA0000015T", None, "济〔2026〕1号", "2026-01-02", "某局"])
    for merged in ("A1:F1", "A2:A3", "B2:C2", "D2:D3", "E2:F2"):
        sheet.merge_cells(merged)
    book.save(tmp_path / "feed.xlsx")
    made = seen(tmp_path / "feed.xlsx")
    assert set(made.layout.columns.mapped.values()) == {
        "subject_name", "uscc", "organisation_code", "decision_number", "decided_on", "authority_name",
    }  # fmt: skip
    assert made.rows[0]["decided_on"] == "2026-01-02"


def test_cells_of_a_workbook_are_read_as_a_person_sees_them(tmp_path: Path) -> None:
    table = [
        ["行政处罚决定书文号", "处罚决定日期", "罚款金额（万元）", "处罚有效期", "行业代码"],
        ["济〔2026〕1号", datetime.date(2026, 1, 2), 0.1 + 0.2, 46111, 5511.0],
        ["济〔2026〕2号", datetime.datetime.fromisoformat("2026-01-02"), "=1+1", None, None],
    ]
    made = seen(_xlsx(tmp_path / "feed.xlsx", table))
    assert [row["decided_on"] for row in made.rows] == ["2026-01-02", "2026-01-02"]
    assert [row["fine_10k_yuan"] for row in made.rows] == ["0.3", None], "a formula is never evaluated"


def test_a_million_blank_rows_cost_no_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in TABLE:
        book.active.append(row)
    book.active.cell(1_048_576, 1).number_format = "@"
    book.save(tmp_path / "feed.xlsx")
    made = seen(tmp_path / "feed.xlsx")
    assert len(made.rows) == 2
    assert made.rules == set()


def test_a_value_merged_over_rows_stands_in_each_of_them(tmp_path: Path) -> None:
    _xlsx(tmp_path / "feed.xlsx", TABLE)
    book = openpyxl.load_workbook(tmp_path / "feed.xlsx")
    column = TABLE[0].index("处罚机关") + 1
    book.active.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    book.save(tmp_path / "feed.xlsx")
    made = seen(tmp_path / "feed.xlsx")
    assert {row["authority_name"] for row in made.rows} == {"济南市市场监督管理局"}
    assert made.rules == {"FILE-041"}


def test_other_sheets_are_left_out_aloud(tmp_path: Path) -> None:
    _xlsx(tmp_path / "feed.xlsx", TABLE)
    book = openpyxl.load_workbook(tmp_path / "feed.xlsx")
    book.create_sheet("另一张").append(["甲"])
    book.save(tmp_path / "feed.xlsx")
    assert seen(tmp_path / "feed.xlsx").rules == {"FILE-042"}


def test_a_table_printed_page_by_page_sends_its_repeated_headers_back(tmp_path: Path) -> None:
    made = seen(file_of(tmp_path, "feed.csv", as_csv([*TABLE[:2], TABLE[0], TABLE[2]])))
    assert [(row, rule) for row, rule, _ in made.findings] == [(2, "FILE-038")]


def test_two_tables_in_one_file_are_refused(tmp_path: Path) -> None:
    second = [list(reversed(row)) for row in TABLE]
    assert "FILE-039" in seen(file_of(tmp_path, "feed.csv", as_csv([*TABLE, *second]))).rules


@pytest.mark.parametrize("kind", ["csv", "json array", "xml", "html"])
def test_a_lost_character_is_a_finding_and_is_never_kept(tmp_path: Path, kind: str) -> None:
    name, content = CONTENTS[kind]
    made = seen(file_of(tmp_path, name, content.replace("执法人员", "执法\ufffd\ufffd员", 1)))  # type: ignore[union-attr]
    assert made.findings == [(1, "FILE-025", "facts")]
    assert "执法［乱码］员" in made.rows[0]["facts"]
    assert "\ufffd" not in str(made.rows)


def test_half_a_character_in_json_is_a_lost_character(tmp_path: Path) -> None:
    text = as_json(RECORDS).replace("执法人员", "\\ud83d执法\\u0000员", 1)
    made = seen(file_of(tmp_path, "feed.json", text))
    assert made.findings == [(1, "FILE-025", "facts")]


def test_a_line_that_is_no_object_goes_back_and_the_others_are_taken(tmp_path: Path) -> None:
    lines = [as_json(RECORDS[0]), '{"处罚决定日期": ', as_json(RECORDS[1])]
    made = seen(file_of(tmp_path, "feed.jsonl", "\n".join(lines)))
    assert made.findings == [(2, "FILE-044", None)]
    assert len(made.rows) == 3


def test_a_key_that_stands_twice_in_an_object_blocks_the_file(tmp_path: Path) -> None:
    text = as_json(RECORDS).replace('"处罚机关":', '"处罚机关": "别的", "处罚机关":', 1)
    assert "FILE-015" in seen(file_of(tmp_path, "feed.json", text)).rules


@pytest.mark.parametrize("where", ["sheet", "column", "comment"])
def test_prohibited_data_in_a_hidden_place_of_a_workbook_blocks_the_file(tmp_path: Path, where: str) -> None:
    table = [[*TABLE[0], "备用"], *([*row, "患有高血压" if where == "column" else ""] for row in TABLE[1:])]
    _xlsx(tmp_path / "feed.xlsx", table)
    book = openpyxl.load_workbook(tmp_path / "feed.xlsx")
    if where == "sheet":
        sheet = book.create_sheet("底稿")
        sheet.sheet_state = "hidden"
        sheet.append(["姓名", "血型"])
    elif where == "column":
        book.active.column_dimensions[openpyxl.utils.get_column_letter(len(table[0]))].hidden = True
    else:
        book.active["B2"].comment = openpyxl.comments.Comment("当事人患有艾滋病", "某人")
    book.save(tmp_path / "feed.xlsx")
    made = seen(tmp_path / "feed.xlsx")
    assert "FILE-043" in made.rules
    assert made.rows == []
