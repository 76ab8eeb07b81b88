"""The gate's promises about manifests, mailboxes, resending and mending, on a real PostgreSQL."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from creditgate import pipeline
from creditgate.orchestration.outcomes import DatabaseFaultError, no_values_in_faults
from creditgate.policy.paths import home
from creditgate.pull.manifest import manifest_path, write_manifest
from tests.builders import (
    AS_OF,
    PROVIDER,
    a_feed,
    a_penalty,
    a_personal_penalty,
    a_subject,
    an_identity_number,
)
from tests.conftest import Database
from tests.gate_flow import ITEM, finish, mailbox, take_in


def _statuses(database: Database) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(
            "select b.status, array(select rule_id from intake.findings f where f.batch_id = b.batch_id "
            "and row_number = 0 order by 1) from intake.batches b"
        ).fetchall()


def test_a_feed_is_settled_and_its_mailbox_holds_a_receipt_alone(database: Database) -> None:
    path = a_feed([a_penalty()], mailbox() / "p.csv")
    (counts,) = take_in()
    assert (counts["status"], counts["accepted"]) == ("accepted", 1)
    assert not path.exists()
    assert not manifest_path(path).exists()
    receipt = json.loads((mailbox() / "p.csv.receipt.json").read_text(encoding="utf-8"))
    assert receipt["status"] == "accepted"


def test_the_same_file_again_is_known_and_left_alone(database: Database) -> None:
    a_feed([a_penalty()], mailbox() / "p.csv")
    take_in()
    a_feed([a_penalty()], mailbox() / "same_bytes.csv")
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    with database.connect() as connection:
        assert connection.execute("select count(*) from intake.administrative_penalty").fetchone() == (1,)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        pytest.param(lambda p: manifest_path(p).unlink(), "FILE-004", id="no manifest"),
        pytest.param(lambda p: manifest_path(p).write_text("{"), "FILE-005", id="a broken manifest"),
        pytest.param(lambda p: p.write_bytes(p.read_bytes() + b"\n"), "FILE-006", id="another hash"),
        pytest.param(
            lambda p: write_manifest(p, PROVIDER, ITEM, 1, "审查员", date(2026, 11, 22), date(2026, 11, 20)),
            "FILE-007",
            id="reviewed after sending",
        ),
        pytest.param(
            lambda p: write_manifest(p, "jn_transport", ITEM, 1, "审查员", AS_OF, AS_OF),
            "FILE-005",
            id="another unit's",
        ),
    ],
)
def test_a_wrong_manifest_refuses_the_batch_and_the_file_stays(database: Database, spoil, rule: str) -> None:  # type: ignore[no-untyped-def]
    path = a_feed([a_penalty()], mailbox() / "p.csv")
    spoil(path)
    assert take_in() == []
    assert path.exists()
    assert _statuses(database)[0][0] == "refused"
    assert rule in _statuses(database)[0][1]  # type: ignore[operator]


def test_a_refused_file_is_taken_once_its_manifest_is_mended(database: Database) -> None:
    path = a_feed([a_penalty()], mailbox() / "p.csv")
    manifest_path(path).unlink()
    take_in()
    write_manifest(path, PROVIDER, ITEM, 1, "审查员", AS_OF, AS_OF)
    (counts,) = take_in()
    assert counts["status"] == "accepted"
    assert _statuses(database) == [("accepted", [])]


def test_fewer_rows_than_were_reviewed_refuse_the_batch(database: Database) -> None:
    path = a_feed([a_penalty()], mailbox() / "p.csv")
    write_manifest(path, PROVIDER, ITEM, 2, "审查员", AS_OF, AS_OF)
    (counts,) = take_in()
    assert counts["status"] == "refused"
    assert path.exists()
    assert _statuses(database) == [("refused", ["FILE-008"])]


def test_what_lies_in_an_unregistered_mailbox_is_refused_once(database: Database) -> None:
    stray = a_feed([a_penalty()], mailbox("nobody_knows", ITEM) / "p.csv")
    wrong_item = a_feed([a_penalty()], mailbox(PROVIDER, "horoscope") / "p.csv")
    assert pipeline.refuse_strays(AS_OF) == 2
    assert pipeline.refuse_strays(AS_OF) == 0
    assert stray.exists()
    assert wrong_item.exists()
    assert sorted(rules for _, rules in _statuses(database)) == [["FILE-001"], ["FILE-002"]]  # type: ignore[type-var]


def test_a_prohibited_column_leaves_nothing_of_the_file(database: Database, creditgate_home: Path) -> None:
    marker = "甲型CANARY5151"
    path = a_feed([a_penalty()], mailbox() / "p.csv", extra_columns={"血型": [marker]})
    (counts,) = take_in()
    assert counts["status"] == "blocked"
    assert not path.exists()
    for found in creditgate_home.rglob("*"):
        if found.is_file():
            assert marker.encode() not in found.read_bytes(), found
    with database.connect() as connection:
        assert connection.execute("select count(*) from intake.administrative_penalty").fetchone() == (0,)


def test_a_person_is_kept_by_key_and_mask_alone(database: Database) -> None:
    number = an_identity_number()
    text = f"当事人身份证号{number}，已核实"
    a_feed([a_personal_penalty(remarks=text)], mailbox() / "p.csv")
    (counts,) = take_in()
    assert counts["accepted"] == 1
    with database.connect() as connection:
        row = connection.execute(
            "select p::text, identity_key from intake.administrative_penalty p"
        ).fetchone()
    assert row is not None
    assert number not in str(row[0])
    assert len(str(row[1])) == 64


def test_a_mended_workbook_is_sent_back_as_it_is(database: Database, creditgate_home: Path) -> None:
    bad = a_penalty(severity="很重", decision_number="济市监处罚〔2026〕7号", facts="=1+1 起头的事实")
    a_feed([a_penalty(), bad], mailbox() / "p.csv")
    (counts,) = take_in()
    assert (counts["accepted"], counts["rejected"]) == (1, 1)
    (returned,) = creditgate_home.glob(f"reports/{PROVIDER}/*/report-01.xlsx")
    book = openpyxl.load_workbook(returned)
    sheet = book["退回记录"]
    headers = [cell.value for cell in sheet[1]]
    sheet.cell(2, headers.index("失信程度") + 1).value = "一般"
    mended = mailbox() / "mended.xlsx"
    book.save(mended)
    write_manifest(mended, PROVIDER, ITEM, 1, "审查员", AS_OF, AS_OF)
    (counts,) = take_in()
    assert counts["status"] == "accepted", counts
    with database.connect() as connection:
        facts = connection.execute(
            "select facts from intake.administrative_penalty where decision_number like '%%7号'"
        ).fetchone()
    assert facts == ("=1+1 起头的事实",)


def test_the_register_settles_what_a_code_alone_cannot(database: Database) -> None:
    issued = "91370199MA0000015T"
    a_feed(
        [a_subject(uscc=issued, subject_name="济南样例一公司"), a_subject()],
        mailbox("jn_big_data", "credit_subject") / "s.csv",
        item="credit_subject",
        provider="jn_big_data",
    )
    (counts,) = take_in("jn_big_data", "credit_subject")
    rows = [
        a_penalty(uscc=issued, subject_name="济南样例一公司", decision_number="济市监处罚〔2026〕31号"),
        a_penalty(subject_name="另一个名字公司", decision_number="济市监处罚〔2026〕32号"),
        a_penalty(decision_number="济市监处罚〔2026〕33号"),
    ]
    a_feed(rows, mailbox() / "p.csv")
    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    finish(batch_id)
    with database.connect() as connection:
        found = connection.execute(
            "select row_number, rule_id from intake.findings where batch_id = %s and rule_id in ('AP-004','AP-100','AP-101')",
            (batch_id,),
        ).fetchall()
    assert counts["rejected"] == 0
    assert (2, "AP-100") in found
    assert all(row != 3 for row, _ in found)
    assert (1, "AP-004") not in found


def test_a_record_that_stands_twice_in_a_file_goes_back_both_times(database: Database) -> None:
    a_feed(
        [a_penalty(), a_penalty(facts="另一说法"), a_penalty(decision_number="济市监处罚〔2026〕9号")],
        mailbox() / "p.csv",
    )
    (counts,) = take_in()
    assert (counts["accepted"], counts["rejected"]) == (1, 2)


def test_a_database_that_is_away_leaves_the_file_in_its_source(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_feed([a_penalty()], mailbox() / "p.csv")
    with monkeypatch.context() as broken:
        broken.setenv("DATABASE_URL", database.url().replace(f"/{database.name}", "/no_such_database"))
        with pytest.raises(Exception, match=r"no_such_database|does not exist"):
            pipeline.pull(PROVIDER, ITEM, AS_OF)
    assert path.exists()
    assert take_in()[0]["status"] == "accepted"


def test_a_stage_may_be_run_again_at_any_point(database: Database) -> None:
    a_feed(
        [a_penalty(), a_penalty(severity="很重", decision_number="济市监处罚〔2026〕8号")],
        mailbox() / "p.csv",
    )
    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    for stage in (pipeline.screen, pipeline.check, pipeline.settle):
        stage(batch_id)
        stage(batch_id)
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == [batch_id], "settled, not yet reported: it goes on"
    pipeline.report(batch_id)
    assert pipeline.report(batch_id)["was_done"] is True
    with database.connect() as connection:
        row = connection.execute("select count(*) from intake.rejected_rows").fetchone()
    assert row == (1,)


def _spooled(batch_id: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home() / "spool" / batch_id).iterdir()}


def test_from_the_check_on_no_file_of_the_spool_holds_an_identity_number(database: Database) -> None:
    a_feed([a_personal_penalty()], mailbox() / "p.csv")
    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    pipeline.screen(batch_id)
    number = an_identity_number().encode()
    assert [name for name, content in _spooled(batch_id).items() if number in content] == ["feed.csv"]
    pipeline.check(batch_id)
    assert "sealed.arrow" in _spooled(batch_id)
    assert not any(number in content for content in _spooled(batch_id).values())


def test_a_feed_that_its_rows_block_leaves_no_row_and_no_copy_behind(database: Database) -> None:
    path = a_feed([a_penalty()], mailbox() / "p.csv", manifest=False)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    write_manifest(path, PROVIDER, ITEM, 0, "刘明哲", AS_OF, AS_OF)
    (batch_id,) = pipeline.pull(PROVIDER, ITEM, AS_OF)
    assert pipeline.screen(batch_id)["is_blocked"] is False
    for _ in range(2):
        assert pipeline.check(batch_id)["is_blocked"] is True
        assert not [name for name in _spooled(batch_id) if name.startswith(("feed", "sealed"))]
    assert pipeline.settle(batch_id)["status"] == "blocked"


def _cast(database: Database, text: str) -> None:
    with no_values_in_faults("settle", batch="b"), database.connect() as connection:
        connection.execute("select %s::text::integer", (text,))


def test_a_fault_of_the_database_never_says_a_cells_content(database: Database) -> None:
    with pytest.raises(DatabaseFaultError) as raised:
        _cast(database, "秘密内容")
    assert "秘密" not in str(raised.value)
