"""Published lists as they came: no traceback, and what they lack for the notice is told row by row."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from creditgate import pipeline
from creditgate.domain.batch import BatchStatus
from creditgate.policy.paths import PROJECT_ROOT
from tests.builders import AS_OF
from tests.conftest import Database
from tests.gate_flow import mailbox, take_in

REAL = PROJECT_ROOT.parent / "shared" / "data" / "real"
LISTS = [
    ("penalties_market_regulator.csv", "administrative_penalty", "jn_market_regulation"),
    ("transport_serious_violation_list.csv", "serious_dishonesty_listing", "jn_transport"),
    ("ecommerce_dishonest_list.csv", "serious_dishonesty_listing", "jn_intermediate_court"),
]

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the published lists are not beside the checkout")


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


@pytest.mark.parametrize(("name", "item", "provider"), LISTS)
def test_a_published_list_is_checked_row_by_row(name: str, item: str, provider: str) -> None:
    report = pipeline.check_file(REAL / name, item, provider, AS_OF, with_rows=True)
    rows = _rows(REAL / name)
    assert report.status in (BatchStatus.REJECTED, BatchStatus.PARTLY_REJECTED)
    assert report.tally.total == rows
    assert report.tally.accepted + report.tally.rejected == rows
    assert report.columns.missing
    told = {row for row, slot in report.findings if slot.rule.severity == "reject"}
    assert len(told) == report.tally.rejected
    assert all(slot.rule.message and slot.rule.expected for _, slot in report.findings)


@pytest.mark.parametrize(("name", "item", "provider"), LISTS)
def test_a_published_list_is_submitted_and_settled(
    database: Database, creditgate_home: Path, name: str, item: str, provider: str
) -> None:
    pipeline.submit(REAL / name, provider, item, "审查员", AS_OF)
    assert mailbox(provider, item).is_dir()
    (counts,) = take_in(provider, item)
    assert counts["rows_total"] == _rows(REAL / name)
    assert counts["rejected"] > 0
    (told,) = creditgate_home.glob(f"reports/{provider}/*/report.json")
    assert json.loads(told.read_text(encoding="utf-8"))["rows"] == counts["rows_total"]
    with database.connect() as connection:
        kept = connection.execute("select count(*) from intake.rejected_rows").fetchone()
    assert kept == (counts["rejected"],)
