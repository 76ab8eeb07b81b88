"""The lists of S50: one seed, read by the warehouse and by the contract of listings."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from creditgate.policy.contracts import load_contract
from creditgate.policy.sanction_lists import (
    SanctionListError,
    list_code_of,
    load_sanction_lists,
    load_watch_lists,
    read_sanction_lists,
    sanction_lists_file,
)

NAMES_IN_THE_NOTICE = (
    "严重违法失信企业名单",
    "山东省社会组织严重违法失信名单",
    "安全生产黑名单",
    "统计上严重失信企业（国家）",
    "重大税收违法案件当事人名单",
    "高级人民法院失信被执行人名单",
    "严重违法运输失信当事人名单",
    "海关失信认证企业名单",
    "山东省拖欠农民工工资黑名单",
    "重大税收违法案件信息公告(省税务局)",
    "涉金融领域非法集资严重失信人（法人）",
    "省公共资源交易综合评标评审专家库黑名单",
    "统计上严重失信企业（省统计局）",
    "涉金融领域非法集资严重失信人（自然人）",
    "公共资源交易黑名单",
    "山东省安全生产黑名单（省应急厅）",
    "山东省质监局黑名单",
)


def test_the_seed_holds_exactly_the_lists_of_the_notice_in_its_order() -> None:
    assert tuple(entry.name for entry in load_sanction_lists()) == NAMES_IN_THE_NOTICE
    assert [entry.number for entry in load_sanction_lists()] == list(range(1, 18))
    assert {entry.level for entry in load_sanction_lists()} == {"serious"}


def test_the_contract_takes_these_lists_and_no_other() -> None:
    values = load_contract("serious_dishonesty_listing").values_of("list_code")
    assert {list_code_of(value) for value in values} == {entry.code for entry in load_sanction_lists()}
    assert set(NAMES_IN_THE_NOTICE) < set(values)


def test_lists_of_persons_only_are_twelve_and_fourteen_and_never_public() -> None:
    persons_only = [entry for entry in load_sanction_lists() if entry.subjects == {"person"}]
    assert [entry.number for entry in persons_only] == [12, 14]
    assert all(entry.disclosure != "公开公示" for entry in persons_only)


def test_no_list_claims_a_national_exception_for_persons() -> None:
    assert [entry.code for entry in load_sanction_lists() if entry.national_exception_ref] == []


def test_every_list_says_whether_its_conduct_can_be_put_right_and_what_that_rests_on() -> None:
    lists = (*load_sanction_lists(), *load_watch_lists())
    assert [entry.code for entry in lists if not entry.is_correctable] == ["SD_BID_EXPERT"]
    assert all(entry.correctable_basis for entry in lists)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SD_WAGE", "SD_WAGE"),
        ("sd_wage", "SD_WAGE"),
        ("山东省拖欠农民工工资黑名单", "SD_WAGE"),
        ("统计上严重失信企业(国家)", "STAT_NAT"),
        ("重大税收违法案件信息公告（省税务局）", "TAX_SD"),
        ("工商吊销企业名单", None),
        ("", None),
    ],
)
def test_a_list_is_found_by_code_or_name_in_any_width(text: str, code: str | None) -> None:
    assert list_code_of(text) == code


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("subjects", "org+dog", "line 2: subjects 'org\\+dog' is not known"),
        ("is_active", "yes", "is_active is not true or false"),
        ("is_correctable", "", "is_correctable is not true or false"),
        ("correctable_basis", "", "correctable_basis is empty"),
        ("correctable_confidence", "sure", "correctable_confidence 'sure' is not known"),
        ("active_from", "2020", "a number or date can't be read"),
        ("list_code", "SD_NGO", "SD_NGO: stands twice"),
    ],
)
def test_a_slip_in_the_seed_is_named_with_its_line(
    tmp_path: Path, column: str, value: str, says: str
) -> None:
    with sanction_lists_file().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0][column] = value
    path = tmp_path / "sanction_lists.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(SanctionListError, match=says):
        read_sanction_lists(path)


def test_a_seed_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sanction_lists.csv"
    path.write_text("list_code,list_name\nA,b\n", encoding="utf-8")
    with pytest.raises(SanctionListError, match="line 1: has other columns; write list_code,list_number"):
        read_sanction_lists(path)
