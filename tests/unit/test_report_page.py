"""The page: a verdict in plain words, faults by rule, no value, small whatever the batch."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion

from creditgate.domain.batch import BatchStatus, Tally
from creditgate.domain.feed import ColumnMap
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import BatchReport
from creditgate.report import render_page
from creditgate.report.summary import row_ranges
from tests.report_builders import (
    CELLS,
    HEADERS,
    RULES,
    a_blocked_report,
    a_contract,
    a_report,
    a_rule,
    rejected_rows,
)


class Text(HTMLParser):
    """The page's text and tags, without its style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style and data.strip():
            self.words.append(" ".join(data.split()))


def page(report: BatchReport) -> Text:
    return Text(render_page(report, a_contract()))


def text_of(report: BatchReport) -> str:
    return "\n".join(page(report).words)


def a_bad_batch(rows: int, rules: int, per_row: int) -> BatchReport:
    """Every row broken by `per_row` of `rules` rules, in ever new combinations."""
    long = "说明" * 60
    broken = [a_rule(f"TT-{n:03d}", "uscc", f"第{n}条{long}", f"应{long}") for n in range(rules)]
    draws = np.random.default_rng(7)
    findings = Findings(
        tuple(Slot(rule, "uscc", "信用代码") for rule in broken),
        np.repeat(np.arange(1, rows + 1, dtype=np.int32), per_row),
        draws.integers(0, rules, rows * per_row).astype(np.int16),
    )
    return a_report(
        findings=Findings.concat([findings]),
        rejected=rejected_rows(range(1, rows + 1)),
        tally=Tally(rows, 0, rows, 0),
        status=BatchStatus.REJECTED,
    )


def test_page_of_a_partly_rejected_batch(snapshot: SnapshotAssertion) -> None:
    report = a_report({"FILE-009": [0], "TT-002": [2, 3, 4, 9], "TT-003": [2], "TT-005": [1]}, rows=12)
    assert text_of(report) == snapshot


@pytest.mark.parametrize(
    ("report", "headline"),
    [
        (a_report(), "全部接收：5 行"),
        (a_report({"TT-002": [1]}), "部分退回：接收 4 行，退回 1 行"),
        (a_report({"TT-002": [1, 2, 3, 4, 5]}), "全部退回：5 行均未接收"),
        (a_blocked_report("血型"), "整批阻断：文件含有禁止归集的信息"),
        (a_report({"FILE-009": [0]}, status=BatchStatus.BLOCKED), "整批阻断：文件无法接收"),
        (a_report({"FILE-009": [0]}, status=BatchStatus.REFUSED), "拒收：报送手续不符合要求"),
    ],
    ids=["accepted", "partly", "rejected", "prohibited", "blocked", "refused"],
)
def test_verdict_is_told_in_plain_words(report: BatchReport, headline: str) -> None:
    text = text_of(report)
    assert headline in text
    assert report.status.label in text


def test_page_names_the_unit_its_officer_and_the_responsible_head() -> None:
    text = text_of(a_report({"TT-002": [1]}))
    for expected in (
        "济南市测试局",
        "刘明哲",
        "周立言",
        "第一责任人",
        "0123456789abcdef" * 2,
        "2026-11-23 15:02",
    ):
        assert expected in text


def test_blocked_page_names_column_and_class_and_what_to_do() -> None:
    text = text_of(a_blocked_report("血型"))
    for expected in ("血型", "PD-110", "S17", "副本已销毁", "整列删除"):
        assert expected in text


def test_blocked_page_counts_no_rows_as_if_they_had_been_judged() -> None:
    assert "处理情况" not in text_of(dataclasses.replace(a_blocked_report("血型"), tally=Tally(120, 0, 0, 0)))


def test_page_holds_no_cell_of_the_file() -> None:
    text = text_of(a_report({"TT-002": [1, 2]}))
    assert not [cell for cell in CELLS.values() if cell != "一般" and cell in text]


def test_header_cannot_bring_markup_into_the_page() -> None:
    columns = ColumnMap(HEADERS, ("<script>alert(1)</script>", '"><img src=x onerror=y>'), ())
    report = a_report({"TT-002": [1]}, columns=columns, file_name="<b>x</b>.csv", unit_name="<i>局</i>")
    parsed = page(report)
    assert not {"script", "img", "b", "i"} & {tag for tag, _ in parsed.tags}
    assert "<script>alert(1)</script>" in parsed.words


def test_page_needs_nothing_from_outside_and_runs_no_script() -> None:
    html = render_page(a_report({"TT-002": [1]}), a_contract())
    assert not re.search(r"(?:src|href)=|url\(|@import|<script|<link", html)
    assert "default-src 'none'" in html


def test_rows_with_the_same_faults_are_told_once() -> None:
    report = a_report({"TT-002": range(1, 151), "TT-003": [7]}, rows=150)
    assert text_of(report).count("[TT-002]") == 2
    assert "1–6、8–150" in text_of(report).replace("\u2060", "")


def test_page_of_a_wholly_bad_batch_stays_under_a_megabyte() -> None:
    html = render_page(a_bad_batch(rows=60_000, rules=400, per_row=5), a_contract())
    assert len(html.encode()) < 1_000_000


def test_page_of_a_file_with_thousands_of_unknown_columns_stays_small() -> None:
    columns = ColumnMap(HEADERS, tuple(f"未知列甲{n}" for n in range(9_000)), ())
    html = render_page(a_report(columns=columns), a_contract())
    assert "另有 8,940 列" in html
    assert len(html.encode()) < 60_000


def test_missing_required_columns_are_named_in_chinese() -> None:
    assert "失信程度" in text_of(a_report(columns=ColumnMap({"企业名称": "subject_name"}, (), ("severity",))))


def test_chart_is_told_in_words_too() -> None:
    parsed = page(a_report({"TT-002": [1, 2], "TT-005": [3]}))
    (chart,) = [attrs for tag, attrs in parsed.tags if tag == "svg"]
    assert chart["role"] == "img"
    assert "TT-002：2 行。TT-005：1 行。" in parsed.words


def test_file_whose_first_row_is_no_header_has_no_column_quoted() -> None:
    columns = ColumnMap({}, ("张三", "山东省济南市"), ())
    text = text_of(a_blocked_report("血型", columns=columns))
    assert "张三" not in text
    assert "第1列" in text


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], ""),
        ([4], "4"),
        ([3, 4, 5, 6, 7, 12], "3–7、12"),
        ([1, 3, 5, 7], "1、3 等"),
        ([1, 2, 9], "1–2、9"),
    ],
)
def test_rows_are_told_as_runs(rows: list[int], told: str) -> None:
    assert row_ranges(np.array(rows, np.int32), 2) == told


def test_every_rule_of_the_batch_is_told_with_its_expected_form() -> None:
    faults = {rule.id: [1] for rule in RULES}
    text = text_of(a_report(faults))
    assert all(rule.expected in text for rule in RULES)
