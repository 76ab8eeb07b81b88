"""The gate's screen and check of a file, offline, as the benchmark measures them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from creditgate.check.checker import Checker
from creditgate.domain.findings import Findings
from creditgate.domain.in_order import in_order
from creditgate.domain.keys import KeyedHash
from creditgate.policy.contracts import load_contract
from creditgate.policy.prohibited import load_prohibited
from creditgate.screen.feed import open_feed

KEY = KeyedHash(b"the benchmark's own key, 32 bytes")


def gate_findings(path: Path, item: str, as_of: date) -> Findings:
    """All findings of a file, as `creditgate check` finds them."""
    contract = load_contract(item)
    feed = open_feed(path, contract, load_prohibited())
    checker = Checker(contract, feed.layout.columns, as_of, KEY)
    parts = [feed.layout.findings]
    parts += [chunk.findings for chunk in in_order(checker.judge, feed.chunks())]
    parts.append(checker.finish())
    return Findings.concat(parts)
