"""`creditgate check` on each sample feed of each item gives the documented object (interfaces: the command line)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from creditgate import pipeline
from creditgate.domain.batch import BatchStatus
from creditgate.policy.catalogue import rule_catalogue
from creditgate.policy.contracts import known_items, load_contract
from creditgate.report import write_check_json
from creditgate.samples.feeds import SampleFeed, sample_feeds
from tests.builders import AS_OF

KEYS = {
    "item", "contract_version", "file_sha256", "encoding", "format", "verdict", "rows", "accepted", "rejected",
    "warned", "columns", "findings",
}  # fmt: skip
FINDING_KEYS = {
    "row", "field", "header", "rule", "severity", "clause", "message", "expected", "category",
}  # fmt: skip
OFFLINE_VERDICT = {
    BatchStatus.ACCEPTED: {"accepted"},
    BatchStatus.PARTLY_REJECTED: {"partly_rejected"},
    BatchStatus.REJECTED: {"rejected"},
    BatchStatus.BLOCKED: {"blocked"},
    # A manifest is not looked at offline: what is in the file decides.
    BatchStatus.REFUSED: {"accepted", "partly_rejected", "rejected"},
}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[SampleFeed]:
    return sample_feeds(tmp_path_factory.mktemp("sources"), AS_OF)


def checked(path: Path, item: str, provider: str) -> dict[str, Any]:
    out = io.StringIO()
    write_check_json(pipeline.check_file(path, item, provider, AS_OF), out)
    made: dict[str, Any] = json.loads(out.getvalue())
    return made


def test_every_item_has_a_sample(sent: list[SampleFeed]) -> None:
    assert {feed.item for feed in sent} == set(known_items())


def test_the_object_of_every_sample_is_the_documented_one(sent: list[SampleFeed]) -> None:
    known = {rule.id for rule in rule_catalogue()}
    for feed in sent:
        made = checked(feed.path, feed.item, feed.provider)
        assert set(made) >= KEYS, feed.path.name
        assert made["item"] == feed.item
        assert made["contract_version"] == load_contract(feed.item).version
        assert made["verdict"] in OFFLINE_VERDICT[feed.status], feed.path.name
        assert set(made["columns"]) >= {"mapped", "dropped", "missing"}
        for finding in made["findings"]:
            assert set(finding) >= FINDING_KEYS
            assert finding["rule"] in known
            assert finding["severity"] in ("block", "reject", "warn")
        order = [(finding["row"] or 0, finding["rule"]) for finding in made["findings"]]
        assert order == sorted(order), feed.path.name
        if made["verdict"] != "blocked":
            assert made["accepted"] + made["rejected"] == made["rows"]
            rejected = {f["row"] for f in made["findings"] if f["severity"] == "reject"}
            assert len(rejected) == made["rejected"]


def test_a_unit_that_the_checklist_does_not_name_is_told_so(sent: list[SampleFeed]) -> None:
    debtors = next(feed for feed in sent if feed.item == "judgment_debtor")
    made = checked(debtors.path, debtors.item, "jn_taxation")
    assert made["verdict"] == "blocked"
    assert {"FILE-003", "FILE-081"} <= {finding["rule"] for finding in made["findings"]}


def test_a_check_offline_says_which_rules_wait_for_the_gate(sent: list[SampleFeed]) -> None:
    by_id = {rule.id: rule for rule in rule_catalogue()}
    for item in known_items():
        feed = next(feed for feed in sent if feed.item == item)
        made = checked(feed.path, feed.item, feed.provider)
        contract = load_contract(item)
        waiting = {rule.id for rule in contract.rules if not rule.expectation.startswith("expect_")}
        double = {rule.id for rule in contract.rules if rule.expectation == "gate.duplicate_record"}
        left_out = set(made["not_applied"])
        assert {rule_id for rule_id in left_out if not rule_id.startswith("FILE")} == waiting - double, item
        assert left_out <= set(by_id)
        assert ("FILE-061" in left_out) == (contract.whole_file is not None)
        assert not left_out & {finding["rule"] for finding in made["findings"]}
