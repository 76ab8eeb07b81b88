"""The returned workbook: says why, shows where, and reads back as what was sent."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook as load_values

from creditgate.domain.report import CONTENT_CUT, REPORT_COLUMNS, REPORT_SHEET, BatchReport, split_row_key
from creditgate.domain.sealed import BLANKED
from creditgate.policy.contracts import normalise_header
from creditgate.report import workbook, write_workbooks
from creditgate.report.sheets import AMBER, GREY, RED
from creditgate.report.text_sheet import LONGEST_TEXT
from creditgate.screen.read_workbook import read_workbook
from tests.report_builders import CELLS, HEADERS, a_contract, a_report, findings_of

FRONT = len(REPORT_COLUMNS)


def written(report: BatchReport, folder: Path) -> Path:
    return write_workbooks(report, a_contract(), folder)[0]


def values(path: Path) -> list[list[str]]:
    """The first sheet as our reader sees it."""
    return load_values(str(path)).get_sheet_by_index(0).to_python()


def fill(cell) -> str:
    return "#" + cell.fill.start_color.rgb[-6:]


def test_reasons_stand_before_the_providers_own_headers(tmp_path: Path) -> None:
    rows = values(written(a_report({"TT-002": [3]}), tmp_path))
    assert rows[0] == [*REPORT_COLUMNS, *HEADERS]
    assert rows[1][FRONT:] == list(CELLS.values())


def test_reason_tells_every_rule_and_what_would_pass(tmp_path: Path) -> None:
    rows = values(written(a_report({"TT-002": [3], "TT-003": [3], "TT-005": [3]}), tmp_path))
    reasons = rows[1][0].splitlines()
    assert reasons[0] == "1. [TT-002] 信用代码：校验不通过；要求：应为18位，末位校验码正确"
    assert reasons[1] == "2. [TT-003] 失信程度不在代码表内；要求：应为：一般、严重、特定严重之一"
    assert reasons[2].startswith("3. [TT-005]（提示） ")


def test_row_key_leads_back_to_batch_and_row(tmp_path: Path) -> None:
    report = a_report({"TT-002": [3]})
    _, row, key = values(written(report, tmp_path))[1][:FRONT]
    assert row == 3
    assert split_row_key(key) == (report.batch_id, 3)


@pytest.mark.parametrize("text", ["", "17", "abc-", "abc-x", "-4", "abc-４"])
def test_other_text_is_no_row_key(text: str) -> None:
    assert split_row_key(text) is None


def test_faulty_masked_and_warned_cells_are_marked(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(a_report({"TT-002": [3], "TT-005": [3]}), tmp_path))[REPORT_SHEET]
    by_field = dict(zip(HEADERS.values(), sheet[2][FRONT:], strict=True))
    assert fill(by_field["uscc"]) == RED
    assert fill(by_field["content"]) == AMBER
    assert fill(by_field["identity_number"]) == GREY
    assert by_field["severity"].fill.fill_type is None
    assert "应为18位" in by_field["uscc"].comment.text


def test_faulty_empty_cell_is_marked_too(tmp_path: Path) -> None:
    report = a_report({"TT-003": [1]}, cells={"severity": [None]})
    cell = openpyxl.load_workbook(written(report, tmp_path))[REPORT_SHEET].cell(2, FRONT + 4)
    assert (cell.value, fill(cell)) == (None, RED)


def test_masked_identity_number_is_asked_for_again(tmp_path: Path) -> None:
    masked = values(written(a_report({"TT-002": [1]}), tmp_path))[1][0]
    assert "证件号码已遮盖" in masked
    report = a_report({"TT-002": [1]}, cells={"identity_number": [None]})
    assert "证件号码已遮盖" not in values(written(report, tmp_path))[1][0]


def test_column_that_the_file_lacks_is_added_to_be_filled_in(tmp_path: Path) -> None:
    headers = {header: field for header, field in HEADERS.items() if field != "severity"}
    report = a_report({"TT-003": [1]})
    rejected = report.rejected
    without = type(rejected)(rejected.row_numbers, rejected.cells.drop_columns(["severity"]), tuple(headers))
    report = a_report({"TT-003": [1]}, findings=findings_of({"TT-003": [1]}, headers), rejected=without)
    sheet = openpyxl.load_workbook(written(report, tmp_path))[REPORT_SHEET]
    last = sheet[1][-1]
    assert (last.value, fill(last)) == ("失信程度", AMBER)
    assert fill(sheet[2][-1]) == RED


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x", "'=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formula_like_text_is_text_that_reads_back_unchanged(text: str, tmp_path: Path) -> None:
    path = written(a_report({"TT-002": [1]}, cells={"content": [text]}), tmp_path)
    assert values(path)[1][-1] == text
    cell = openpyxl.load_workbook(path)[REPORT_SHEET].cell(2, FRONT + 5)
    assert cell.value == text
    assert cell.data_type != "f"
    assert cell.quotePrefix
    assert cell.number_format == "@"


def test_plain_text_has_no_quote_prefix(tmp_path: Path) -> None:
    path = written(a_report({"TT-002": [1]}), tmp_path)
    assert not openpyxl.load_workbook(path)[REPORT_SHEET].cell(2, FRONT + 5).quotePrefix


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff"), min_size=1),
                min_size=1, max_size=8))  # fmt: skip
def test_any_text_reads_back_unchanged(tmp_path: Path, texts: list[str]) -> None:
    rows = list(range(1, len(texts) + 1))
    path = written(a_report({"TT-002": rows}, rows=len(rows), cells={"content": texts}), tmp_path)
    assert [row[-1] for row in values(path)[1:]] == texts


@pytest.mark.parametrize(
    "text", ["<r>x</r>", "</t></is></c>", "&lt;", "_x0041_", " lead and trail ", "a\r\nb\nc"]
)
def test_text_that_looks_like_the_files_own_markup_reads_back_unchanged(text: str, tmp_path: Path) -> None:
    path = written(a_report({"TT-002": [1]}, cells={"content": [text]}), tmp_path)
    assert values(path)[1][-1] == text


def test_text_too_long_for_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    path = written(a_report({"TT-002": [1]}, cells={"content": ["𠀀" * 20_000]}), tmp_path)
    row = values(path)[1]
    assert row[-1].endswith(CONTENT_CUT)
    assert len(row[-1].encode("utf-16-le")) // 2 <= LONGEST_TEXT
    assert "内容过长" in row[0]


def test_code_lists_are_drop_downs_on_a_hidden_sheet(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(a_report({"TT-003": [1, 2]}), tmp_path))
    (validation,) = book[REPORT_SHEET].data_validations.dataValidation
    assert str(validation.sqref) == "G2:G3"
    assert validation.formula1 == "代码表!$A$2:$A$4"
    assert [cell.value for cell in book["代码表"]["A"]] == ["失信程度", "一般", "严重", "特定严重"]
    assert book["代码表"].sheet_state == "hidden"


def test_header_is_frozen_and_filterable(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(a_report({"TT-002": [1, 2]}), tmp_path))[REPORT_SHEET]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:H3"


def test_empty_cells_are_text_cells_so_that_codes_stay_codes(tmp_path: Path) -> None:
    path = written(a_report({"TT-002": [1]}, cells={"content": [None]}), tmp_path)
    columns = openpyxl.load_workbook(path)[REPORT_SHEET].column_dimensions.values()
    assert [c.number_format for c in columns if c.min <= 8 <= c.max] == ["@"]


def test_notes_name_the_officer_the_head_and_the_steps(tmp_path: Path) -> None:
    rows = (
        load_values(str(written(a_report({"TT-002": [1]}), tmp_path))).get_sheet_by_name("说明").to_python()
    )
    text = "\n".join(str(cell) for row in rows for cell in row)
    for expected in (
        "济南市测试局",
        "刘明哲",
        "周立言",
        "第一责任人",
        "补填完整号码",
        "不必删除",
        "整批阻断",
        "[TT-002]",
    ):
        assert expected in text


def test_statistics_count_rows_by_rule(tmp_path: Path) -> None:
    path = written(a_report({"TT-002": [1, 2, 3, 5], "FILE-009": [0]}), tmp_path)
    rows = load_values(str(path)).get_sheet_by_name("规则统计").to_python()
    assert rows[1][0] == "TT-002"
    assert rows[1][3] == "信用代码"
    assert rows[1][6:] == [4, "1–3、5"]
    assert rows[2][3] == "整个文件"


def test_many_rows_are_spread_over_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROWS_IN_A_PART", 4)
    paths = write_workbooks(a_report({"TT-002": range(1, 10)}, rows=9), a_contract(), tmp_path)
    assert [path.name for path in paths] == ["report-01.xlsx", "report-02.xlsx", "report-03.xlsx"]
    assert [row[1] for path in paths for row in values(path)[1:]] == list(range(1, 10))
    assert all(values(path)[0][FRONT:] == list(HEADERS) for path in paths)


def test_comments_stop_at_their_limit_and_marks_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "COMMENTS_IN_A_PART", 3)
    monkeypatch.setattr(workbook, "_ROWS_AT_ONCE", 2)
    sheet = openpyxl.load_workbook(written(a_report({"TT-002": range(1, 6)}), tmp_path))[REPORT_SHEET]
    cells = [sheet.cell(row, FRONT + 2) for row in range(2, 7)]
    assert [bool(cell.comment) for cell in cells] == [True, True, True, False, False]
    assert {fill(cell) for cell in cells} == {RED}


def test_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    report = a_report({"TT-002": [1, 2]})
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        write_workbooks(report, a_contract(), folder)
    assert (first / "report-01.xlsx").read_bytes() == (second / "report-01.xlsx").read_bytes()


def test_workbook_links_to_nothing_outside_and_holds_no_formula(tmp_path: Path) -> None:
    report = a_report({"TT-002": [1]}, cells={"content": ['=HYPERLINK("https://example.com","x")']})
    with zipfile.ZipFile(written(report, tmp_path)) as archive:
        assert not any("externalLink" in name for name in archive.namelist())
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert not any("<f>" in text or "<hyperlink" in text for text in sheets)


def test_returned_workbook_is_a_feed_as_it_stands(tmp_path: Path) -> None:
    contents = ["=1+1", "罚款<2000>元", None, "0012"]
    report = a_report({"TT-002": [1, 4, 5, 9]}, rows=9, cells={"content": contents})
    feed = read_workbook(written(report, tmp_path), "xlsx", a_contract()).source
    fields = [a_contract().headers.get(normalise_header(header)) for header in feed.headers]
    assert [h for h, f in zip(feed.headers, fields, strict=True) if f is None] == list(REPORT_COLUMNS)
    ((table, _),) = feed.chunks(fields)
    assert table.to_pydict() == report.rejected.cells.to_pydict()


def test_blanked_cell_is_asked_for_without_what_stood_there(tmp_path: Path) -> None:
    report = a_report({"TT-002": [1, 2]}, cells={"content": [BLANKED, "罚款"]})
    first, second = values(written(report, tmp_path))[1:]
    assert "禁止归集" in first[0]
    assert "禁止归集" not in second[0]


def test_checked_file_without_rejections_still_gets_its_notes(tmp_path: Path) -> None:
    report = a_report(batch_id=None, provider_code=None, unit_name=None, settled_at=None)
    path = written(report, tmp_path)
    assert load_values(str(path)).sheet_names == [REPORT_SHEET, "说明", "规则统计"]
