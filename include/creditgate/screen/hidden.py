"""Prohibited data in the places of a workbook that nobody sees: hidden sheets and columns, comments (S16, S17).

None of it is kept, but it was collected and sent: it blocks the file, as a prohibited column does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pyarrow as pa

from creditgate.domain.findings import Findings, Slot
from creditgate.policy.contracts import Contract, normalise_header
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.prohibited import ProhibitedCatalogue
from creditgate.screen.prohibited import ValueScreen, prohibited_headers
from creditgate.screen.read_workbook import HiddenPlace


class HiddenScreen:
    """Looks through hidden places by the catalogue's names of columns and its facts."""

    def __init__(self, catalogue: ProhibitedCatalogue, contract: Contract) -> None:
        self._catalogue = catalogue
        self._contract = contract
        self._values = ValueScreen(catalogue)

    def findings(self, places: Iterable[HiddenPlace]) -> Findings:
        """One finding for each category that is found anywhere; it names no text."""
        categories: dict[str, None] = {}
        for place in places:
            unknown = [h for h in place.headers if normalise_header(h) not in self._contract.headers]
            found = prohibited_headers(unknown, self._catalogue, None)
            categories.update((category.code, None) for _, category in found)
            if place.texts:
                texts = pa.array([t.encode("utf-8", "replace").decode() for t in place.texts], pa.string())
                categories.update(dict.fromkeys(self._values.scan(texts, None)))
        rule = gate_rule("hidden_prohibited")
        return Findings.about_file(
            Slot(dataclasses.replace(rule, category=code), None) for code in sorted(categories)
        )
