"""A batch's reports are written whole or not at all, for their provider's eyes alone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from creditgate.domain.report import RejectedRows
from creditgate.report import check_object, files, write_reports, write_workbook
from tests.report_builders import a_blocked_report, a_contract, a_report


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_batch_gets_page_json_and_workbook(tmp_path: Path) -> None:
    report = a_report({"TT-002": [1]})
    made = write_reports(report, tmp_path / "jn_test" / "b1", a_contract())
    assert sorted(contents(made.folder)) == ["report-01.xlsx", "report.html", "report.json"]
    assert json.loads(made.result.read_text("utf-8")) == check_object(report)
    assert all(path.exists() for path in (made.page, *made.workbooks))


@pytest.mark.parametrize("report", [a_report(), a_blocked_report("血型")], ids=["accepted", "blocked"])
def test_batch_without_returned_rows_gets_no_workbook(report, tmp_path: Path) -> None:
    made = write_reports(report, tmp_path / "b1", a_contract())
    assert made.workbooks == ()
    assert sorted(contents(made.folder)) == ["report.html", "report.json"]


def test_reports_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = write_reports(a_report({"TT-002": [1]}), tmp_path / "jn_test" / "b1", a_contract())
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made.folder.iterdir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (made.folder, made.folder.parent)} == {0o700}


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_beside(tmp_path: Path) -> None:
    report, folder = a_report({"TT-002": [1, 3], "TT-005": [2]}), tmp_path / "b1"
    first = contents(write_reports(report, folder, a_contract()).folder)
    assert contents(write_reports(report, folder, a_contract()).folder) == first
    assert [path.name for path in tmp_path.iterdir()] == ["b1"]


def test_reports_of_an_earlier_run_stay_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "b1"
    first = contents(write_reports(a_report({"TT-002": [1]}), folder, a_contract()).folder)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_workbooks", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_reports(a_report({"TT-002": [1, 2]}), folder, a_contract())
    assert contents(folder) == first
    assert [path.name for path in tmp_path.iterdir()] == ["b1"]


def test_leavings_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    for name in (".b1.draft", ".b1.former"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.html").write_text("half a page")
    write_reports(a_report(), tmp_path / "b1", a_contract())
    write_reports(a_report(), tmp_path / "b1", a_contract())
    assert [path.name for path in tmp_path.iterdir()] == ["b1"]


def test_log_names_the_batch_and_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_reports(a_report({"TT-002": [1]}, cells={"content": ["罚款六千元"]}), tmp_path / "b1", a_contract())
    said = "".join(capsys.readouterr())
    assert "六千" not in said


def test_workbook_of_ones_own_choice_bears_the_name_that_was_asked_for(tmp_path: Path) -> None:
    made = write_workbook(a_report({"TT-002": [1]}), a_contract(), tmp_path / "退回.xlsx")
    assert made == (tmp_path / "退回.xlsx",)
    assert [path.name for path in tmp_path.iterdir()] == ["退回.xlsx"]


def test_rows_without_their_numbers_are_refused() -> None:
    rows = a_report({"TT-002": [1, 2]}).rejected
    with pytest.raises(ValueError, match="not ascending"):
        RejectedRows(rows.row_numbers[::-1], rows.cells, rows.headers)
    with pytest.raises(ValueError, match="row numbers"):
        RejectedRows(rows.row_numbers[:1], rows.cells, rows.headers)
    with pytest.raises(ValueError, match="headers"):
        RejectedRows(rows.row_numbers, rows.cells, rows.headers[:1])
