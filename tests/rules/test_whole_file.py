"""Rules about a feed as a whole: each with a feed that passes, one that is told, one that is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from creditgate.check.whole_file import KINDS, deviations, profile_of
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.whole_file import OTHER, FileProfile, Limits, WholeFileRules
from creditgate.policy.contracts import load_contract
from creditgate.policy.gate_rules import gate_rule

USUAL = FileProfile(100, {"facts": 0.98}, {"severity": {"一般": 0.8, "严重": 0.2}}, {"AP-004": 0.02})
RULES = WholeFileRules(
    history=5,
    at_least=3,
    min_rows=20,
    limits={
        "volume": Limits(5, 20),
        "empty": Limits(0.3, 0.8),
        "drift": Limits(0.4, 0.8),
        "spike": Limits(0.2, 0.6),
    },
)
CASES: Mapping[str, tuple[FileProfile, FileProfile, FileProfile]] = {
    "volume_unusual": (replace(USUAL, rows=499), replace(USUAL, rows=500), replace(USUAL, rows=5)),
    "column_suddenly_empty": (
        replace(USUAL, filled={"facts": 0.7}),
        replace(USUAL, filled={"facts": 0.5}),
        replace(USUAL, filled={"facts": 0.0}),
    ),
    "code_list_drifted": (
        replace(USUAL, codes={"severity": {"一般": 0.6, "严重": 0.4}}),
        replace(USUAL, codes={"severity": {"一般": 0.3, "严重": 0.7}}),
        replace(USUAL, codes={"severity": {OTHER: 1.0}}),
    ),
    "rule_spiked": (
        replace(USUAL, rules={"AP-004": 0.2}),
        replace(USUAL, rules={"AP-004": 0.3}),
        replace(USUAL, rules={"AP-009": 0.9}),
    ),
}


def found(profile: FileProfile, history: list[FileProfile]) -> list[tuple[str, bool]]:
    return [(made.kind, made.is_held) for made in deviations(profile, history, RULES)]


def test_every_rule_about_a_whole_file_has_its_cases() -> None:
    assert set(CASES) == set(KINDS.values())
    assert {kind: gate_rule(kind).severity.value for kind in CASES} == dict.fromkeys(CASES, "warn")


@pytest.mark.parametrize("kind", CASES)
def test_a_usual_feed_passes_an_odd_one_is_told_and_a_very_odd_one_is_held(kind: str) -> None:
    passing, told, held = CASES[kind]
    assert found(passing, [USUAL] * 3) == []
    assert found(told, [USUAL] * 3) == [(kind, False)]
    assert found(held, [USUAL] * 3) == [(kind, True)]


@pytest.mark.parametrize("kind", CASES)
def test_without_enough_history_nothing_is_judged(kind: str) -> None:
    held = CASES[kind][2]
    assert found(held, []) == []
    assert found(held, [USUAL] * 2) == []


def test_one_odd_batch_in_the_history_moves_nothing() -> None:
    odd = FileProfile(9_000, {"facts": 0.0}, {"severity": {OTHER: 1.0}}, {"AP-004": 1.0})
    assert found(USUAL, [odd, USUAL, USUAL, USUAL, USUAL]) == []


def test_small_feeds_vary_as_they_like() -> None:
    small = FileProfile(2, {"facts": 1.0}, {"severity": {"一般": 1.0}}, {})
    assert (
        found(FileProfile(19, {"facts": 0.0}, {"severity": {OTHER: 1.0}}, {"AP-004": 1.0}), [small] * 3) == []
    )


def test_only_the_last_batches_are_looked_back_on() -> None:
    old = replace(USUAL, rows=10_000)
    assert found(USUAL, [USUAL] * 5 + [old] * 50) == []


def test_a_profile_holds_counts_and_shares_and_no_cell() -> None:
    contract = load_contract("administrative_penalty")
    table = pa.table(
        {
            "subject_name": ["甲", "乙", None, "丁"],
            "severity": ["一般", "一般", "秘密的字", None],
            "facts": pa.nulls(4, pa.string()),
        }
    )
    slot = Slot(contract.rule("AP-004"), "uscc")
    findings = Findings((slot,), np.array([1, 1, 3], np.int32), np.zeros(3, np.int16))
    sent = ["subject_name", "severity", "facts"]
    profile = profile_of(contract, sent, [(1, table.slice(0, 2)), (3, table.slice(2))], findings)
    assert profile.rows == 4
    assert (profile.filled["subject_name"], profile.filled["facts"], profile.filled["content"]) == (
        0.75,
        0,
        0,
    )
    assert profile.codes["severity"] == {"一般": 0.666667, OTHER: 0.333333}
    assert profile.rules == {"AP-004": 0.5}
    assert "秘密" not in str(profile.as_json())
    assert FileProfile.from_json(profile.as_json()) == profile


@pytest.mark.parametrize("item", ["administrative_penalty", "serious_dishonesty_listing", "credit_subject"])
def test_the_items_with_regular_feeds_have_thresholds_in_their_contracts(item: str) -> None:
    rules = load_contract(item).whole_file
    assert rules is not None
    assert set(rules.limits) == set(KINDS)
