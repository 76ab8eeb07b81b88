"""The same record again (S13): unchanged, corrected, mended, withdrawn, or told twice under two numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from creditgate.policy.paths import home
from creditgate.pull.manifest import write_manifest
from tests.builders import AS_OF, Row, a_credit_code, a_feed, a_listing, a_penalty
from tests.conftest import Database
from tests.gate_flow import ITEM, PROVIDER, mailbox, take_in

LISTINGS = "serious_dishonesty_listing"


def _send(*rows: Row, name: str = "feed.csv") -> dict[str, Any]:
    a_feed(rows, mailbox() / name, provider=PROVIDER)
    (counts,) = take_in()
    return counts


def _rejections(database: Database) -> list[tuple[Any, ...]]:
    """(status, came again, was taken, was given up) of every rejected row, oldest first."""
    with database.connect() as connection:
        return connection.execute(
            "select r.status, resubmitted_at is not null, accepted_at is not null, withdrawn_at is not null"
            " from intake.rejected_rows as r join intake.batches as b using (batch_id)"
            " order by b.settled_at, r.row_number"
        ).fetchall()


def _one(database: Database, query: str) -> Any:
    with database.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def _versions(database: Database) -> int:
    return int(_one(database, "select count(*) from intake.administrative_penalty"))


def test_an_unchanged_record_makes_no_new_version_and_is_counted(database: Database) -> None:
    _send(a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕2号", decided_on="2026-11-13"))
    counts = _send(a_penalty(), a_penalty(decision_number="济市监处罚〔2026〕3号", decided_on="2026-11-12"))
    assert (counts["accepted"], counts["unchanged"]) == (2, 1)
    assert _versions(database) == 3
    assert _one(database, "select rows_unchanged from intake.batches order by settled_at desc limit 1") == 1


def test_the_report_tells_how_many_rows_were_unchanged(database: Database) -> None:
    _send(a_penalty())
    counts = _send(
        a_penalty(remarks=None), a_penalty(decision_number="甲〔2026〕1号", decided_on="2026-11-13")
    )
    folder = home() / "reports" / PROVIDER / counts["batch_id"]
    assert "1 行与已有记录完全相同" in (folder / "report.html").read_text(encoding="utf-8")
    assert '"unchanged": 1' in (folder / "report.json").read_text(encoding="utf-8")


def test_a_corrected_record_is_a_new_version_and_the_old_one_is_kept(database: Database) -> None:
    _send(a_penalty())
    assert _send(a_penalty(fine_10k_yuan="0.3"))["unchanged"] == 0
    assert _versions(database) == 2


def test_a_record_that_goes_back_to_what_it_was_is_a_version_too(database: Database) -> None:
    _send(a_penalty(), name="1.csv")
    _send(a_penalty(fine_10k_yuan="0.3"), name="2.csv")
    assert (
        _send(a_penalty(), a_penalty(decision_number="乙〔2026〕1号", decided_on="2026-11-13"))["unchanged"]
        == 0
    )
    fines = (
        "select fine_10k_yuan::text from intake.administrative_penalty join intake.batches using (batch_id)"
    )
    with database.connect() as connection:
        kept = connection.execute(
            fines + " where decision_number like '济市监%' order by settled_at"
        ).fetchall()
    assert [fine for (fine,) in kept] == ["0.200000", "0.300000", "0.200000"]


def test_a_mended_row_closes_its_rejection_by_the_record_key(database: Database) -> None:
    _send(a_penalty(severity="轻重"))
    assert _rejections(database) == [("open", False, False, False)]
    assert _one(database, "select returned_at is not null from intake.batches")
    _send(a_penalty())
    assert _rejections(database) == [("accepted", True, True, False)]


def test_a_row_that_is_rejected_again_waits_in_its_case_until_it_is_taken(database: Database) -> None:
    _send(a_penalty(severity="轻重"))
    _send(a_penalty(severity="轻微"))
    assert [row[0] for row in _rejections(database)] == ["resubmitted", "open"]
    cases = "select count(distinct coalesce(case_batch_id, batch_id)) from intake.rejected_rows"
    assert _one(database, cases) == 1
    _send(a_penalty())
    assert _rejections(database) == [("accepted", True, True, False)] * 2


def test_a_mended_workbook_closes_rejections_whose_record_key_was_the_fault(database: Database) -> None:
    counts = _send(
        a_penalty(decision_number=None), a_penalty(decision_number="丙〔2026〕9号", decided_on="2026-11-13")
    )
    _send_back(counts["batch_id"], {"行政处罚决定书文号": "济市监处罚〔2026〕118号"})
    assert _rejections(database) == [("accepted", True, True, False)]
    columns = "select count(*) from information_schema.columns where column_name = 'original_row_key'"
    assert _one(database, columns) == 0


def test_a_workbook_that_is_sent_back_unmended_stays_one_case(database: Database) -> None:
    counts = _send(a_penalty(decision_number=None))
    again = _send_back(counts["batch_id"], {})
    assert [row[0] for row in _rejections(database)] == ["resubmitted", "open"]
    _send_back(again["batch_id"], {"行政处罚决定书文号": "济市监处罚〔2026〕118号"})
    assert [row[0] for row in _rejections(database)] == ["accepted", "accepted"]


def test_a_row_key_of_another_unit_closes_nothing(database: Database) -> None:
    counts = _send(a_penalty(decision_number=None))
    _send_back(counts["batch_id"], {"行政处罚决定书文号": "济市监处罚〔2026〕118号"}, provider="jn_taxation")
    assert _rejections(database) == [("open", False, False, False)]


def test_what_is_no_row_key_is_not_even_kept_in_the_spool(database: Database) -> None:
    rows = [a_penalty(), a_penalty(decision_number="丁〔2026〕1号", decided_on="2026-11-13")]
    keys = ["血型：A型", f"{'0' * 32}-7"]
    a_feed(rows, mailbox() / "feed.csv", provider=PROVIDER, extra_columns={"行标识": keys})
    from creditgate import pipeline
    from creditgate.spool import Spool

    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    pipeline.screen(batch_id)
    pipeline.check(batch_id)
    ((_, table),) = Spool(home() / "spool", batch_id).read_table("sealed")
    assert table.column("original_row_key").to_pylist() == [None, keys[1]]


def test_a_withdrawn_row_ends_its_open_rejection_as_withdrawn(database: Database) -> None:
    _send(a_penalty(severity="轻重"))
    counts = _send(a_penalty(is_withdrawn="撤回"))
    assert counts["warned"] == 1
    assert _rejections(database) == [("withdrawn", True, False, True)]
    assert _one(database, "select is_withdrawn from intake.administrative_penalty") is True


@pytest.mark.parametrize("header", ["sourceDeleted", "数据状态", "是否撤回"])
def test_the_withdrawal_flag_at_source_is_carried_under_any_of_its_names(
    database: Database, header: str
) -> None:
    value = {"sourceDeleted": "1", "数据状态": "删除", "是否撤回": "是"}[header]
    a_feed([a_penalty()], mailbox() / "feed.csv", provider=PROVIDER, extra_columns={header: [value]})
    take_in()
    assert _one(database, "select is_withdrawn from intake.administrative_penalty") is True


def test_a_record_that_was_deleted_at_its_end_is_waited_for_by_nobody(database: Database) -> None:
    _send(a_penalty(), name="1.csv")
    with database.connect() as connection:
        connection.execute(
            "insert into audit.tombstones (record_key_hash, item, reason, last_disclosure_on, as_of_on)"
            " select record_id, %s, 'term_ended', '2026-11-01', '2026-11-02' from intake.administrative_penalty",
            (ITEM,),
        )
    for spelling in ("济市监处罚[2026] 118号", "济市监处罚（2026）118号"):
        counts = _send(a_penalty(decision_number=spelling), name=f"{spelling}.csv")
        assert counts["accepted"] == 0
    other = a_feed([a_penalty()], mailbox("jn_taxation") / "f.csv", provider="jn_taxation")
    assert other.exists()
    assert take_in("jn_taxation")[0]["accepted"] == 0
    assert _rejections(database) == [("withdrawn", False, False, True)] * 3


def test_a_blocked_file_is_closed_by_the_next_of_its_name_that_is_taken(database: Database) -> None:
    a_feed([a_penalty()], mailbox() / "feed.csv", provider=PROVIDER, extra_columns={"血型": ["A"]})
    take_in()
    _send(a_penalty(), name="another.csv")
    assert _one(database, "select count(closed_at) from intake.batches") == 0
    _send(a_penalty(fine_10k_yuan="0.3"), name="feed.csv")
    assert _one(
        database, "select status, closed_at is not null from intake.batches order by settled_at limit 1"
    ) == (
        "blocked",
        True,
    )


@pytest.mark.parametrize(("other", "is_near"), [("203.69", True), ("203.68", True), ("203.70", False)])
def test_nearly_equal_amounts_of_one_subject_on_one_day_are_flagged(
    database: Database, other: str, is_near: bool
) -> None:
    one = a_penalty(fine_10k_yuan="203.68")
    two = a_penalty(fine_10k_yuan=other, decision_number="济市监处罚〔2026〕119号")
    found = _warned_as(database, _send(one, two)["batch_id"], "AP-112")
    assert found == ([1, 2] if is_near else [])


def test_a_record_like_a_held_one_is_flagged(database: Database) -> None:
    _send(a_penalty(fine_10k_yuan="203.68"), name="1.csv")
    likes = [
        a_penalty(fine_10k_yuan="203.69", decision_number="济市监处罚〔2026〕119号"),
        a_penalty(fine_10k_yuan="203.69", decision_number="另〔2026〕1号", uscc=a_credit_code(5)),
        a_penalty(fine_10k_yuan="203.69", decision_number="另〔2026〕2号", decided_on="2026-11-13"),
        a_penalty(fine_10k_yuan="203.69", decision_number="另〔2026〕3号", conduct_type="广告违法行为"),
        a_penalty(fine_10k_yuan="203.68"),
    ]
    assert _warned_as(database, _send(*likes)["batch_id"], "AP-112")[0] == 1


def test_a_held_record_that_was_withdrawn_is_like_nothing(database: Database) -> None:
    _send(a_penalty(), name="1.csv")
    _send(a_penalty(is_withdrawn="是"), name="2.csv")
    counts = _send(a_penalty(decision_number="济市监处罚〔2026〕119号"), name="3.csv")
    assert _warned_as(database, counts["batch_id"], "AP-112") == []


def test_one_subject_listed_twice_on_a_day_is_flagged(database: Database) -> None:
    unit = "jn_transport"
    rows = [a_listing(list_code="TRANSPORT", decision_number=f"济交列〔2026〕{n}号") for n in (1, 2)]
    a_feed(rows, mailbox(unit, LISTINGS) / "feed.csv", item=LISTINGS, provider=unit)
    (counts,) = take_in(unit, LISTINGS)
    assert _warned_as(database, counts["batch_id"], "SL-112") == [1, 2]


def _warned_as(database: Database, batch_id: str, rule_id: str) -> list[int]:
    with database.connect() as connection:
        rows = connection.execute(
            "select row_number from intake.findings where batch_id = %s and rule_id = %s order by 1",
            (batch_id, rule_id),
        ).fetchall()
    return [int(str(row[0])) for row in rows]


def _send_back(batch_id: str, mended: dict[str, str], provider: str = PROVIDER) -> dict[str, Any]:
    """Fill cells of the returned workbook in and send it as it is."""
    returned = home() / "reports" / PROVIDER / batch_id / "report-01.xlsx"
    workbook = openpyxl.load_workbook(returned)
    sheet = workbook["退回记录"]
    headers = [cell.value for cell in sheet[1]]
    for header, value in mended.items():
        if header not in headers:
            headers.append(header)
            sheet.cell(1, len(headers), header)
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, headers.index(header) + 1, value)
    target: Path = mailbox(provider) / f"back-{batch_id[:6]}.xlsx"
    workbook.save(target)
    write_manifest(target, provider, ITEM, sheet.max_row - 1, "刘明哲", AS_OF, AS_OF)
    (counts,) = take_in(provider)
    return counts
