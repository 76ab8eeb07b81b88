"""Cleaning is stated: named rules from the catalogue, counted, the original kept; never another meaning."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditgate import pipeline
from creditgate.policy.cleaning import CleaningRule, load_cleaning
from creditgate.policy.contracts import load_contract
from creditgate.report.workbook import write_workbook
from creditgate.screen.normalise import _STEPS, cleaned
from tests.builders import AS_OF, a_feed, a_penalty, an_identity_number
from tests.feed_files import ITEM, seen

CONTRACT = load_contract(ITEM)
RULES = load_cleaning()


def _a_field(rule: CleaningRule) -> str:
    wanted = [field for field in CONTRACT.fields if rule.applies_to(field)]
    with_words = [field for field in wanted if field.value_synonyms]
    return (with_words if rule.kind == "contract_words" else wanted)[0].name


def _clean(field: str, *values: str | None) -> tuple[list[str | None], dict[str, int]]:
    made = cleaned(pa.table({field: pa.array(values, pa.string())}), CONTRACT, 1)
    return made.table.column(field).to_pylist(), {rule: own[field] for rule, own in made.counts.items()}


def test_every_rule_of_the_catalogue_has_its_step() -> None:
    assert {rule.kind for rule in RULES} == set(_STEPS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rules_example_is_changed_by_it_and_counted(rule: CleaningRule) -> None:
    after, counts = _clean(_a_field(rule), rule.before, rule.after)
    assert after == [rule.after, rule.after]
    assert counts[rule.id] == 1


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2018-7-27", "2018-07-27"),
        ("2018/04/08", "2018-04-08"),
        ("2018.4.8", "2018-04-08"),
        ("2018 年 4 月 8 日", "2018-04-08"),
        ("20180302", "2018-03-02"),
        ("20180302.0", "2018-03-02"),
        ("２０１８年４月８日", "2018-04-08"),
        ("二〇一八年十二月二十一日", "2018-12-21"),
        ("2018-03-02 10:20:30", "2018-03-02"),
        ("2018-03-02T00:00:00.000+08:00", "2018-03-02"),
        ("20180302103000", "2018-03-02"),
        ("1900-1-1 0:00:00", None),
        ("9999年12月31日", None),
        ("1578412800000", "2020-01-08"),
        ("43500.0", "2019-02-04"),
    ],
)
def test_a_day_is_read_however_it_is_written(written: str, day: str | None) -> None:
    assert _clean("decided_on", written)[0] == [day]


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-30", "2018年2月30日", "202011", "2018年4月", "3/4/2018", "03-04-18", "2016年4月13曰", "2015奶奶10月22日",
        "（2014）西民一初字第751号".replace("（", "(").replace("）", ")"), "2018-03-02T16:00:00Z", "1578412801", "2003/04/100:00:00",
        "19999", "80000", "待定",
    ],
)  # fmt: skip
def test_what_is_ambiguous_or_impossible_stays_as_it_was_written(text: str) -> None:
    assert _clean("decided_on", text) == ([text], {})


def test_a_comma_that_marks_no_thousands_stays() -> None:
    assert _clean("fine_10k_yuan", "1,5", "罚款80000.0元", "1,234.5") == (
        ["1,5", "罚款80000.0元", "1234.5"],
        {"CL-016": 1},
    )


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=30), st.sampled_from([field.name for field in CONTRACT.fields]))
def test_a_cleaned_value_is_clean(text: str, field: str) -> None:
    once, _ = _clean(field, text.encode("utf-8", "ignore").decode())
    if once[0]:
        assert _clean(field, *once)[0] == once


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from(["2018年4月8日", "2018-04-08", "无", None, "  2018-04-08", "x"]), max_size=40)
)
def test_counts_do_not_depend_on_repetition(values: list[str | None]) -> None:
    once = _clean("decided_on", *values) if values else ([], {})
    many = _clean("decided_on", *(values * 60)) if values else ([], {})
    assert many[0] == once[0] * 60
    assert many[1] == {rule: count * 60 for rule, count in once[1].items()}


def test_the_unit_sees_its_own_text_and_how_much_was_changed(tmp_path: Path) -> None:
    bad = a_penalty(severity="很重", decided_on="2026年11月16日", decision_number="济市监处罚【2026】8号")
    path = a_feed([a_penalty(decided_on="2026/11/16"), bad], tmp_path / "feed.csv")
    report = pipeline.check_file(path, ITEM, None, AS_OF, with_rows=True)
    assert report.cleaned == {"CL-010": {"decision_number": 1}, "CL-011": {"decided_on": 2}}
    assert report.rejected.cells.column("decided_on").to_pylist() == ["2026年11月16日"]
    write_workbook(report, CONTRACT, tmp_path / "back.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "back.xlsx")["退回记录"]
    texts = {cell.value for cell in sheet[2]}
    assert {"2026年11月16日", "济市监处罚【2026】8号"} <= texts
    again = seen(tmp_path / "back.xlsx")
    assert again.rows[0]["decided_on"] == "2026-11-16", "the returned workbook is cleaned again"


def test_an_original_never_shows_a_persons_number(tmp_path: Path) -> None:
    number = an_identity_number()
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    row = a_penalty(
        severity="很重",
        remarks=f" 身份证 {number} ",
        registration_number=spaced,
        identity_number=f" {number}",
    )
    report = pipeline.check_file(a_feed([row], tmp_path / "f.csv"), ITEM, None, AS_OF, with_rows=True)
    shown = str(report.rejected.cells.to_pylist())
    assert report.tally.rejected == 1
    assert number not in shown.replace(" ", "")
