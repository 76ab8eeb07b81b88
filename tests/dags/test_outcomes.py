"""What leaves a task: ids and counts, and faults without values."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from creditgate.orchestration.defaults import FAULTS_THAT_STAY
from creditgate.orchestration.outcomes import (
    DatabaseFaultError,
    StatementFaultError,
    ids_and_counts,
    no_values_in_faults,
    run_stage,
)
from creditgate.warehouse.errors import MigrationError, WarehouseUnavailableError


class NoConnection(psycopg.OperationalError):
    """As psycopg raises it when there is no server."""


class TextForDate(psycopg.errors.InvalidDatetimeFormat):
    """As PostgreSQL raises it, with the cell in its message."""


def test_numbers_ids_and_dates_pass() -> None:
    result = {
        "batch_id": "0f" * 16,
        "status": "partly_rejected",
        "rows": 3,
        "is_new": True,
        "on": date(2026, 1, 2),
        "by_rule": {"AP-001": 2},
        "batches": ["a", "b"],
        "none": None,
    }
    assert ids_and_counts(result) == {**result, "on": "2026-01-02"}


@pytest.mark.parametrize(
    "value", ["张三", "a cell", "/etc/passwd", b"x", "x" * 81, ["ok", "不"], {"k": "某 某"}]
)
def test_text_that_could_be_a_cell_is_withheld(value: object) -> None:
    with structlog.testing.capture_logs() as logs:
        assert ids_and_counts({"rows": 1, "note": value}) == {"rows": 1}
    assert logs[0]["event"] == "xcom.value_withheld"
    assert str(value) not in str(logs)


def test_a_path_is_no_id() -> None:
    assert ids_and_counts({"folder": Path("/tmp/x")}) == {}


def test_a_database_error_leaves_without_the_cell_that_caused_it() -> None:
    with pytest.raises(DatabaseFaultError) as caught, no_values_in_faults("settle", batch="b1"):
        raise TextForDate('invalid input syntax for type date: "370102199001011234"')
    assert "370102199001011234" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "settle (batch b1)" in str(caught.value)


def decision(error: BaseException) -> str:
    return FAULTS_THAT_STAY.evaluate(error, 1, 3).action.value


def test_a_lost_database_is_tried_again_a_statement_that_cannot_work_is_not() -> None:
    with pytest.raises(DatabaseFaultError) as lost, no_values_in_faults("settle"):
        raise NoConnection
    with pytest.raises(StatementFaultError) as wrong, no_values_in_faults("settle"):
        raise TextForDate
    assert decision(lost.value) == "default"
    assert decision(wrong.value) == "fail"


@pytest.mark.parametrize("error", [ValueError(), KeyError(), TypeError(), MigrationError("x", next_step="y")])
def test_a_fault_of_code_or_settings_is_not_tried_again(error: Exception) -> None:
    assert decision(error) == "fail"


@pytest.mark.parametrize("error", [OSError(28, "full"), WarehouseUnavailableError("x", next_step="y")])
def test_a_full_disk_and_a_lost_warehouse_are_tried_again(error: Exception) -> None:
    assert decision(error) in {"default", "retry"}


def test_a_blocked_batch_raises_an_alert_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from creditgate import pipeline

    def settle(batch_id: str) -> dict[str, Any]:
        return {"batch_id": batch_id, "status": "blocked"}

    monkeypatch.setattr(pipeline, "settle", settle)
    with structlog.testing.capture_logs() as logs:
        assert run_stage("settle", "b1") == {"batch_id": "b1", "status": "blocked"}
    alerts = [entry for entry in logs if entry["event"] == "alert.batch_blocked"]
    assert [(a["log_level"], a["batch_id"]) for a in alerts] == [("warning", "b1")]
    assert "docs/runbooks/" in alerts[0]["next_step"]
