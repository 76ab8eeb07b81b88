"""What happens with the dirt of real lists and feeds, in layouts and files (26 to 32 of the list of dirty data)."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest

from creditgate.domain.batch import BatchStatus
from tests.builders import Row, a_credit_code, a_penalty
from tests.feed_files import as_csv, as_html, as_xls, file_of, table_of
from tests.rules.dirty_feeds import told, told_of_file

ROWS: list[Row] = [a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕119号", fine_10k_yuan="0.3")]
TABLE = table_of(ROWS)


def test_26_trailing_marks_blanks_and_brackets_of_a_header_do_not_matter(tmp_path: Path) -> None:
    spelled = {
        "行政处罚决定书文号": "行政处罚决定书文 号：", "统一社会信用代码": "行政相对人代码-1 （统一社会 信用代码）", "行政相对人名称": " 单位名 称 ",
        "处罚机关": "信息报 送机关", "处罚决定日期": "cf_jdrq",
    }  # fmt: skip
    headers = [spelled.get(header, header) for header in TABLE[0]]
    made = told_of_file(file_of(tmp_path, "feed.csv", as_csv([headers, *TABLE[1:]])))
    assert made.report.columns.dropped == ()
    assert made.report.status is BatchStatus.ACCEPTED


def _workbook(path: Path, table: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    book.save(path)
    return path


def test_27_titles_and_notes_are_left_out_aloud_and_serial_dates_are_days(tmp_path: Path) -> None:
    day = TABLE[0].index("处罚决定日期")
    serial = (datetime.date(2026, 11, 16) - datetime.date(1899, 12, 30)).days
    rows = [[serial if place == day else cell for place, cell in enumerate(row)] for row in TABLE[1:]]
    table = [["某某公示表"], ["填报单位：某局"], TABLE[0], *rows, ["表格说明：以上为公示内容"]]
    made = told_of_file(_workbook(tmp_path / "feed.xlsx", table))  # type: ignore[arg-type]
    assert made.file_rules == {"FILE-036", "FILE-037"}
    assert [made.cell("decided_on", row) for row in (1, 2)] == ["2026-11-16"] * 2
    assert made.report.status is BatchStatus.ACCEPTED


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xls", "html"])
def test_27_a_table_that_stands_on_end_is_refused_and_nothing_of_it_is_told(
    tmp_path: Path, kind: str
) -> None:
    on_end = [list(cells) for cells in zip(*TABLE, strict=True)]
    if kind == "xlsx":
        path = _workbook(tmp_path / "feed.xlsx", on_end)  # type: ignore[arg-type]
    else:
        content = {"csv": as_csv, "xls": as_xls, "html": as_html}[kind](on_end)
        path = file_of(tmp_path, f"feed.{kind}", content)
    made = told_of_file(path)
    assert (made.report.status, made.file_rules) == (BatchStatus.BLOCKED, {"FILE-068"})
    assert made.report.columns.dropped == ()


def test_28_cr_cr_lf_gbk_number_marks_and_hard_blanks_are_read_as_what_they_mean(tmp_path: Path) -> None:
    table = [["序号", *TABLE[0]], *([f"{n}.0", *row] for n, row in enumerate(TABLE[1:], start=1))]
    place = table[0].index("处罚机关")
    table[1][place] += "\u00a0"
    made = told_of_file(file_of(tmp_path, "feed.csv", as_csv(table, line_end="\r\r\n"), "gb18030"))
    assert (made.report.tally.total, made.report.tally.rejected) == (2, 0)
    assert made.report.encoding == "gb18030"
    assert made.report.columns.dropped == ("序号",)
    assert made.cleaned_by("authority_name") == {"CL-002"}


def test_28_a_byte_order_mark_and_an_industry_code_as_5511_0_leave_no_trace(tmp_path: Path) -> None:
    row = a_penalty(region_code="370102.0")
    made = told_of_file(file_of(tmp_path, "feed.csv", as_csv(table_of([row])), "utf-8-sig"))
    assert made.cell("region_code") == "370102"
    assert made.cleaned_by("region_code") == {"CL-009"}
    assert made.file_rules == set()


def dragged(count: int) -> list[Row]:
    """Rows down whose statutes a year was dragged."""
    return [
        a_penalty(
            basis=f"《中华人民共和国药典》{2015 + place}年版第一部", decision_number=f"济市监处罚〔2026〕{place + 1}号",
            uscc=a_credit_code(10 + place),
        )
        for place in range(count)
    ]  # fmt: skip


def test_29_a_year_that_was_dragged_down_a_column_is_told_of_the_column(tmp_path: Path) -> None:
    made = told(tmp_path, *dragged(5))
    assert made.file_rules == {"FILE-066"}
    ((_, slot),) = [found for found in made.report.findings if found[1].rule.id == "FILE-066"]
    assert (slot.field, slot.header) == ("basis", "处罚依据")
    assert made.report.status is BatchStatus.ACCEPTED


def test_29_a_number_that_was_dragged_down_a_standards_column_is_told_too(tmp_path: Path) -> None:
    rows = [
        row | {"severity_standard_ref": f"济市监信规〔2020〕{n}号"}
        for n, row in enumerate(dragged(4), start=18)
    ]
    rows = [row | {"basis": "《中华人民共和国价格法》第四十二条"} for row in rows]
    assert told(tmp_path, *rows).file_rules == {"FILE-066"}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("count", [3, 2_100])
def test_29_two_editions_are_no_series_and_the_order_of_rows_does_not_matter(
    tmp_path: Path, count: int, order: int
) -> None:
    rows = dragged(3) if count == 3 else [*dragged(4), *([a_penalty()] * 2_000)]
    made = told(tmp_path, *rows[::order])
    assert ("FILE-066" in made.file_rules) == (count > 3)


def test_30_two_tables_in_one_file_are_refused(tmp_path: Path) -> None:
    second = [list(reversed(row)) for row in TABLE]
    made = told_of_file(file_of(tmp_path, "feed.csv", as_csv([*TABLE, *second])))
    assert (made.report.status, made.file_rules) == (BatchStatus.BLOCKED, {"FILE-039"})


def test_31_an_authority_as_content_and_a_statute_as_fact_are_warned_about(tmp_path: Path) -> None:
    row = a_penalty(content="济南市示例区市场监督管理局", facts="《中华人民共和国价格法》第四十二条第一款")
    assert told(tmp_path, row).rules() == {"AP-119", "AP-120"}


@pytest.mark.parametrize("name", ["2026-01-02 00:00:00", "370199000000001", a_credit_code()])
def test_31_a_day_or_a_code_as_name_is_rejected(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, a_penalty(subject_name=name)).rules() == {"AP-115"}


def test_31_a_shifted_date_or_amount_is_rejected_as_none(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(decided_on="0.2", fine_10k_yuan="2026-11-16"))
    assert {"AP-042", "AP-032"} <= made.rules()


def test_31_an_old_code_in_the_column_of_the_credit_code_is_rejected(tmp_path: Path) -> None:
    assert told(tmp_path, a_penalty(uscc="MA0000015")).rules() == {"AP-004"}


def test_31_a_licence_table_under_other_headers_maps_what_it_knows_and_rejects_the_rest(
    tmp_path: Path,
) -> None:
    table = [
        ["许可决定文书号", "行政相对人名称", "许可机关"],
        ["济审批〔2026〕1号", "济南示例商贸有限公司", "某局"],
    ]
    made = told_of_file(file_of(tmp_path, "feed.csv", as_csv(table)))
    assert (made.report.status, made.fate()) == (BatchStatus.REJECTED, "rejected")
    assert set(made.report.columns.dropped) == {"许可决定文书号", "许可机关"}


def test_31_property_certificates_are_a_prohibited_column_also_where_they_stand_twice(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(), extra={"bdcqzh": ["x"], "bdcqzh.1": ["y"]})
    assert (made.report.status, made.file_rules) == (BatchStatus.BLOCKED, {"PD-105"})


def _doubled(text: str) -> str:
    return "".join(character * 2 for character in text)


def test_32_doubled_headers_refuse_the_file_and_say_why(tmp_path: Path) -> None:
    headers = [_doubled(header) for header in TABLE[0]]
    made = told_of_file(file_of(tmp_path, "feed.csv", as_csv([headers, *TABLE[1:]])))
    assert made.report.status is BatchStatus.BLOCKED
    assert "FILE-067" in made.file_rules


def test_32_doubled_names_and_numbers_are_rejected(tmp_path: Path) -> None:
    row = a_penalty(
        subject_name=_doubled("济南示例商贸有限公司"), decision_number=_doubled("济市监处罚〔2026〕118号")
    )
    assert {"AP-116", "AP-117"} <= told(tmp_path, row).rules()
