"""The workbook that the gate returned, mended in its faulty cell and sent as it is, closes the rejection (S13)."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from creditgate.policy.paths import home
from creditgate.pull.manifest import write_manifest
from creditgate.report.sheets import RED
from tests.builders import AS_OF, Row, a_feed, a_penalty
from tests.conftest import Database
from tests.feed_files import as_html, as_json, as_xls, records_of, table_of
from tests.gate_flow import ITEM, PROVIDER, mailbox, take_in

GOOD = a_penalty()
BAD = a_penalty(
    severity="很重", decision_number="济市监处罚〔2026〕119号", decided_on="2026年11月13日", remarks="=1+1"
)


def _sent(kind: str, rows: list[Row]) -> None:
    """The rows in the mailbox, in a file of this kind, with its manifest."""
    path = mailbox() / f"feed.{kind}"
    if kind in ("csv", "xlsx"):
        a_feed(rows, path, provider=PROVIDER)
        return
    content = {
        "xls": lambda: as_xls(table_of(rows)),
        "html": lambda: as_html(table_of(rows)).encode(),
        "json": lambda: as_json(records_of(rows)).encode(),
    }[kind]()
    path.write_bytes(content)
    write_manifest(path, PROVIDER, ITEM, len(rows), "刘明哲", AS_OF, AS_OF)


def _mended(batch_id: str, value: str) -> Path:
    """The returned workbook with the value in every cell that it marks as faulty, in the mailbox again."""
    returned = home() / "reports" / PROVIDER / batch_id / "report-01.xlsx"
    book = openpyxl.load_workbook(returned)
    faulty = [
        cell for row in book["退回记录"].iter_rows(min_row=2) for cell in row
        if "#" + cell.fill.start_color.rgb[-6:] == RED
    ]  # fmt: skip
    assert len(faulty) == 1, "one cell is marked: that of the fault"
    faulty[0].value = value
    target = mailbox() / "mended.xlsx"
    book.save(target)
    write_manifest(target, PROVIDER, ITEM, 1, "刘明哲", AS_OF, AS_OF)
    return target


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xls", "html", "json"])
def test_a_feed_of_any_origin_comes_back_mended_and_closes_its_rejection(
    database: Database, kind: str
) -> None:
    _sent(kind, [GOOD, BAD])
    (counts,) = take_in()
    assert (counts["accepted"], counts["rejected"]) == (1, 1)
    _mended(counts["batch_id"], "一般")
    (again,) = take_in()
    assert (again["status"], again["accepted"], again["rejected"]) == ("accepted", 1, 0)
    with database.connect() as connection:
        states = connection.execute("select status from intake.rejected_rows").fetchall()
        kept = connection.execute(
            "select decided_on::text, severity, remarks from intake.administrative_penalty"
            " where decision_number like '%%119号'"
        ).fetchall()
    assert states == [("accepted",)]
    assert kept == [("2026-11-13", "一般", "=1+1")]
