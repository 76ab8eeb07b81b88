"""The template: what a provider unit fills in, made from the contract alone."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from python_calamine import load_workbook as load_values

from creditgate.domain.report import AUXILIARY_SHEETS, TEMPLATE_SHEET
from creditgate.policy.contracts import known_items, load_contract
from creditgate.report import write_template
from creditgate.report.sheets import choices_of
from tests.report_builders import FIELDS, RULES, a_contract, a_rule


@pytest.fixture
def book(tmp_path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(write_template(a_contract(), tmp_path / "模板.xlsx"))


def test_feed_sheet_comes_first_and_holds_the_headers_alone(book: openpyxl.Workbook) -> None:
    assert book.sheetnames[0] == TEMPLATE_SHEET
    assert set(book.sheetnames[1:]) <= set(AUXILIARY_SHEETS)
    rows = list(book[TEMPLATE_SHEET].iter_rows(values_only=True))
    assert rows == [tuple(field.header for field in FIELDS)]


def test_header_notes_say_need_form_and_example(book: openpyxl.Workbook) -> None:
    notes = {cell.value: cell.comment.text for cell in book[TEMPLATE_SHEET][1]}
    assert notes["行政相对人名称"].splitlines() == [
        "必填　名称", "应填写全称", "不超过 200 个字符", "示例：济南示例商贸有限公司",
    ]  # fmt: skip
    assert notes["统一社会信用代码"].startswith("选填　代码\n应为18位")


def test_code_lists_are_drop_downs_down_to_the_last_row(book: openpyxl.Workbook) -> None:
    offered = {str(v.sqref): v.formula1 for v in book[TEMPLATE_SHEET].data_validations.dataValidation}
    assert offered == {"D2:D100001": "代码表!$A$2:$A$4", "F2:F100001": "代码表!$B$2:$B$3"}
    assert [cell.value for cell in book["代码表"]["B"]] == ["失信行为是否持续", "是", "否", None]


def test_example_lies_on_a_sheet_of_its_own(book: openpyxl.Workbook) -> None:
    example = book["示例"]
    assert [cell.value for cell in example[2]] == [field.example for field in FIELDS]
    assert example["A2"].font.italic


def test_field_with_several_values_has_no_drop_down() -> None:
    assert choices_of(a_contract(), "categories") == ()


def test_list_of_codes_and_names_offers_each_name_once() -> None:
    values = ["TAX", "重大税收（省）", "重大税收(省)", "COURT", "失信被执行人"]
    rule = a_rule("TT-009", "uscc", "不在名单内", "应为名单之一", expectation="expect_column_values_to_be_listed",
                  kwargs={"column": "uscc", "value_set": values})  # fmt: skip
    assert choices_of(a_contract(rules=(*RULES, rule)), "uscc") == ("重大税收（省）", "失信被执行人")


def test_guide_explains_every_column(book: openpyxl.Workbook) -> None:
    first_column = [cell.value for cell in book["填写说明"]["A"]]
    assert all(field.header in first_column for field in FIELDS)


def test_same_contract_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_template(a_contract(), tmp_path / "a.xlsx").read_bytes()
    assert write_template(a_contract(), tmp_path / "b.xlsx").read_bytes() == first


def test_unwritable_place_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_template(a_contract(), tmp_path / "absent" / "a.xlsx")


@pytest.mark.parametrize("item", known_items())
def test_every_item_of_the_checklist_has_a_template(item: str, tmp_path: Path) -> None:
    contract = load_contract(item)
    path = write_template(contract, tmp_path / "t.xlsx")
    rows = load_values(str(path)).get_sheet_by_index(0).to_python()
    assert rows == [[field.header for field in contract.fields]]
