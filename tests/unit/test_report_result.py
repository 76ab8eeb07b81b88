"""The JSON of a check: the published object, whole or streamed, without values."""

from __future__ import annotations

import io
import json
import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from creditgate.domain.batch import BatchStatus
from creditgate.domain.feed import ColumnMap
from creditgate.domain.findings import Findings
from creditgate.report import check_object, write_check_json
from tests.report_builders import a_blocked_report, a_report


def streamed(report) -> dict:
    stream = io.StringIO()
    write_check_json(report, stream)
    return json.loads(stream.getvalue())


def test_object_has_the_published_keys_in_the_published_order() -> None:
    result = check_object(a_report({"TT-002": [2]}))
    assert list(result) == [
        "item", "contract_version", "file_sha256", "encoding", "format", "verdict",
        "rows", "accepted", "rejected", "warned", "columns", "cleaning", "findings",
    ]  # fmt: skip
    assert list(result["columns"]) == ["mapped", "dropped", "missing"]
    assert list(result["findings"][0]) == [
        "row", "field", "header", "rule", "severity", "clause", "message", "expected", "category",
    ]  # fmt: skip


def test_object_of_a_partly_rejected_batch(snapshot: SnapshotAssertion) -> None:
    report = a_report({"FILE-009": [0], "TT-002": [2, 4], "TT-003": [2], "TT-005": [1]})
    assert check_object(report) == snapshot


def test_finding_about_the_file_has_no_row_and_comes_first() -> None:
    found = check_object(a_report({"TT-002": [1], "FILE-009": [0]}))["findings"]
    assert [finding["row"] for finding in found] == [None, 1]


def test_findings_are_ordered_by_row_then_rule_however_they_came() -> None:
    report = a_report({"TT-003": [1, 2], "TT-002": [2, 1]})
    shuffled = Findings(report.findings.table, report.findings.rows[::-1], report.findings.slots[::-1])
    report = a_report({"TT-003": [1, 2], "TT-002": [1, 2]}, findings=shuffled)
    found = [(finding["row"], finding["rule"]) for finding in check_object(report)["findings"]]
    assert found == [(1, "TT-002"), (1, "TT-003"), (2, "TT-002"), (2, "TT-003")]


def test_blocked_file_names_the_class_and_the_column() -> None:
    (finding,) = check_object(a_blocked_report("血型"))["findings"]
    assert (finding["category"], finding["header"], finding["severity"]) == ("blood_type", "血型", "block")


def test_header_that_hides_a_number_is_blotted_out() -> None:
    report = a_report(
        columns=ColumnMap({"企业名称": "subject_name"}, ("备注370102198503171234", "x" * 99), ())
    )
    assert check_object(report)["columns"]["dropped"] == ["备注********", "x" * 39 + "…"]


def test_file_without_a_header_row_has_no_cell_quoted_as_a_header() -> None:
    columns = ColumnMap({}, ("张三", "37010219850317123X", "A型血，住历下区12号"), ())
    report = a_blocked_report("张三患血型病住历下区砚泉路十八号楼", "血型", columns=columns)
    result = check_object(report)
    assert result["columns"]["dropped"] == ["第1列", "第2列", "第3列"]
    assert [finding["header"] for finding in result["findings"]] == [None, "血型"]


@given(
    st.dictionaries(
        st.sampled_from(["TT-001", "TT-002", "TT-003", "TT-005", "TT-006", "FILE-009"]),
        st.lists(st.integers(0, 40), max_size=12, unique=True),
    )
)
def test_streamed_json_is_the_same_object(faults: dict[str, list[int]]) -> None:
    report = a_report(faults, rows=40, status=BatchStatus.PARTLY_REJECTED)
    assert streamed(report) == check_object(report)


def test_half_a_million_findings_stream_in_little_memory() -> None:
    one = a_report({"TT-002": [1]}).findings
    many = Findings(one.table, np.arange(1, 500_001, dtype=np.int32), np.zeros(500_000, np.int16))

    class Sink(io.TextIOBase):
        written = 0

        def write(self, text: str) -> int:
            self.written += len(text)
            return len(text)

    sink = Sink()
    tracemalloc.start()
    write_check_json(a_report(findings=many), sink)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sink.written > 50_000_000
    assert peak < 64 * 2**20
