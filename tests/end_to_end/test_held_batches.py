"""A feed that is unlike its provider's usual waits for a person: nothing of it is taken in before, nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from creditgate import pipeline
from creditgate.domain.batch import HoldDecision
from creditgate.holding import HoldError, whole_id
from tests.builders import AS_OF, PROVIDER, a_feed, a_penalty, a_personal_penalty, an_identity_number
from tests.conftest import Database
from tests.gate_flow import ITEM, finish, mailbox, take_in

MARKER = "样例CANARY7171"


def usual(number: int) -> None:
    """A settled batch of sixty rows."""
    rows = [a_penalty(decision_number=f"济市监处罚〔2026〕{number}-{n}号") for n in range(60)]
    a_feed(rows, mailbox() / f"usual_{number}.csv")
    (counts,) = take_in()
    assert counts["accepted"] == 60


def odd_feed() -> Path:
    """A feed of sixty rows whose effective_until is empty, with a person among them."""
    rows = [
        a_penalty(decision_number=f"济市监处罚〔2026〕odd-{n}号", effective_until="", remarks=MARKER)
        for n in range(59)
    ]
    rows.append(a_personal_penalty(decision_number="济市监处罚〔2026〕odd-p号", effective_until=""))
    return a_feed(rows, mailbox() / "odd.csv")


@pytest.fixture
def held(database: Database) -> tuple[str, Path]:
    """Three usual batches, and an odd one that is held."""
    for number in range(3):
        usual(number)
    path = odd_feed()
    (counts,) = take_in()
    assert counts["status"] == "held"
    return str(counts["batch_id"]), path


def _ask(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]


def test_a_held_batch_waits_sealed_and_is_released_by_a_person(
    held: tuple[str, Path], database: Database, creditgate_home: Path
) -> None:
    batch_id, path = held
    assert path.exists()
    assert _ask(database, f"select count(*) from intake.{ITEM} where batch_id = '{batch_id}'") == [(0,)]
    (waiting,) = pipeline.held()
    assert (waiting.batch_id, waiting.rows, waiting.rules) == (batch_id, 60, ["FILE-062"])
    report = json.loads(
        (creditgate_home / "reports" / PROVIDER / batch_id / "report.json").read_text(encoding="utf-8")
    )
    assert report["verdict"] == "held"
    for found in (creditgate_home / "spool").rglob("*"):
        assert not found.is_file() or an_identity_number().encode() not in found.read_bytes(), found
    since = _ask(database, "select settled_at from intake.batches where status = 'held'")
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    pipeline.settle(batch_id)
    assert _ask(database, "select settled_at from intake.batches where status = 'held'") == since

    assert whole_id(batch_id[:8]) == batch_id
    for by, reason in (("", "核实"), ("张工", " ")):
        with pytest.raises(HoldError, match="needs the name"):
            pipeline.decide_held(batch_id, HoldDecision.RELEASED, by=by, reason=reason)
    counts = pipeline.decide_held(batch_id, HoldDecision.RELEASED, by="张工", reason="年度补报，已核实")
    assert counts["accepted"] == 60
    assert not path.exists()
    assert pipeline.held() == []
    assert _ask(database, "select decision, decided_by, reason, rule_ids from audit.hold_decisions") == [
        ("released", "张工", "年度补报，已核实", ["FILE-062"])
    ]
    with pytest.raises(psycopg.errors.DatabaseError, match="append-only"):
        _ask(database, "delete from audit.hold_decisions returning 1")
    with pytest.raises(HoldError, match="wait for a decision"):
        whole_id(batch_id)


def test_a_refused_batch_leaves_nothing_and_its_bytes_are_known(
    held: tuple[str, Path], database: Database, creditgate_home: Path
) -> None:
    batch_id, path = held
    content, manifest = path.read_bytes(), path.with_name("odd.csv.manifest.json").read_bytes()
    counts = pipeline.decide_held(batch_id, HoldDecision.REFUSED, by="张工", reason="导出漏列")
    assert counts["status"] == "blocked"
    assert not path.exists()
    for found in creditgate_home.rglob("*"):
        assert not found.is_file() or MARKER.encode() not in found.read_bytes(), found
    assert ("FILE-065",) in _ask(
        database, f"select rule_id from intake.findings where batch_id = '{batch_id}'"
    )
    path.write_bytes(content)
    path.with_name("odd.csv.manifest.json").write_bytes(manifest)
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == []
    assert not path.exists()
    with pytest.raises(HoldError, match="was refused by 张工"):
        pipeline.decide_held(batch_id, HoldDecision.RELEASED, by="李工", reason="改主意")


def test_a_decision_that_was_killed_half_way_is_carried_out_by_the_next_run(
    held: tuple[str, Path], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id, path = held

    def kill(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(pipeline, "settle", kill)
        with pytest.raises(KeyboardInterrupt):
            pipeline.decide_held(batch_id, HoldDecision.RELEASED, by="张工", reason="核实")
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == [batch_id]
    assert finish(batch_id)["accepted"] == 60
    assert not path.exists()


def test_a_lost_spool_loses_nothing_the_file_is_held_anew(
    held: tuple[str, Path], database: Database, creditgate_home: Path
) -> None:
    import shutil

    batch_id, path = held
    shutil.rmtree(creditgate_home / "spool" / batch_id)
    assert pipeline.pull(PROVIDER, ITEM, AS_OF) == [batch_id]
    assert finish(batch_id)["status"] == "held"
    assert path.exists()
