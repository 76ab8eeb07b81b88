"""Rules about a feed as a whole, against the provider's earlier batches of the item: volume, filling, codes, faults.

Pure arithmetic on profiles: a feed is compared with the medians of the history, so that one odd batch moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.findings import FILE_ROW, Findings
from creditgate.domain.whole_file import OTHER, Deviation, FileProfile, WholeFileRules
from creditgate.policy.contracts import Contract

VOLUME, EMPTY, DRIFT, SPIKE = "volume", "empty", "drift", "spike"
KINDS: Mapping[str, str] = {
    VOLUME: "volume_unusual",
    EMPTY: "column_suddenly_empty",
    DRIFT: "code_list_drifted",
    SPIKE: "rule_spiked",
}
"""The kinds of gate_rules.yaml by the name of their threshold in a contract."""


def profile_of(
    contract: Contract, sent: Iterable[str], chunks: Iterable[tuple[int, pa.Table]], findings: Findings
) -> FileProfile:
    """The profile of a feed.

    sent: the fields that the feed has a column for; the others count as empty. chunks: (first row, sealed rows).
    Identity numbers are not looked at: their sealed columns have other names.
    """
    names = set(sent)
    coded = {field.name: frozenset(contract.values_of(field.name)) for field in contract.fields}
    filled = {field.name: 0 for field in contract.fields if field.storage == "clear"}
    codes: dict[str, dict[str, int]] = {
        name: {} for name, values in coded.items() if values and name in names
    }
    rows = 0
    for _, table in chunks:
        rows += table.num_rows
        present = names & set(table.column_names)
        for name in present & filled.keys():
            filled[name] += table.num_rows - table.column(name).null_count
        for name in present & codes.keys():
            _count_codes(table.column(name), coded[name], codes[name])
    return FileProfile(
        rows=rows,
        filled={name: _share(count, rows) for name, count in filled.items()},
        codes={
            name: {code: _share(count, sum(counts.values())) for code, count in sorted(counts.items())}
            for name, counts in codes.items()
        },
        rules=_shares_by_rule(findings, rows),
    )


def deviations(
    profile: FileProfile, history: Sequence[FileProfile], rules: WholeFileRules
) -> tuple[Deviation, ...]:
    """Where a feed differs from the history by more than the contract lets pass; nothing with too short a history."""
    usual = [past for past in history[: rules.history] if past.rows]
    if len(usual) < rules.at_least:
        return ()
    found = list(_volume(profile, usual, rules))
    if profile.rows >= rules.min_rows:
        large = [past for past in usual if past.rows >= rules.min_rows]
        if len(large) >= rules.at_least:
            found += [*_empty(profile, large), *_drift(profile, large), *_spike(profile, large)]
    return tuple(made for kind, about, measure in found for made in _over(kind, about, measure, rules))


def _over(kind: str, about: str | None, measure: float, rules: WholeFileRules) -> Iterator[Deviation]:
    limits = rules.limits.get(kind)
    if limits is not None and measure >= limits.warn:
        yield Deviation(KINDS[kind], about, measure, is_held=measure >= limits.hold)


Measured = tuple[str, str | None, float]


def _volume(profile: FileProfile, usual: Sequence[FileProfile], rules: WholeFileRules) -> Iterator[Measured]:
    rows = median(past.rows for past in usual)
    if max(profile.rows, rows) >= rules.min_rows:
        yield VOLUME, None, max(profile.rows / rows, rows / max(profile.rows, 1))


def _empty(profile: FileProfile, usual: Sequence[FileProfile]) -> Iterator[Measured]:
    for name, share in profile.filled.items():
        yield EMPTY, name, median(past.filled.get(name, 0.0) for past in usual) - share


def _drift(profile: FileProfile, usual: Sequence[FileProfile]) -> Iterator[Measured]:
    for name, shares in profile.codes.items():
        known = [past.codes[name] for past in usual if past.codes.get(name)]
        if not shares or len(known) < len(usual) / 2:
            continue
        seen = {code for past in known for code in past} | set(shares)
        usual_shares = {code: sum(past.get(code, 0.0) for past in known) / len(known) for code in seen}
        yield DRIFT, name, sum(abs(shares.get(code, 0.0) - usual_shares[code]) for code in seen) / 2


def _spike(profile: FileProfile, usual: Sequence[FileProfile]) -> Iterator[Measured]:
    for rule_id, share in profile.rules.items():
        yield SPIKE, rule_id, share - median(past.rules.get(rule_id, 0.0) for past in usual)


def _count_codes(column: pa.ChunkedArray, listed: frozenset[str], counts: dict[str, int]) -> None:
    for entry in pc.value_counts(pc.drop_null(column)).to_pylist():
        code = entry["values"] if entry["values"] in listed else OTHER
        counts[code] = counts.get(code, 0) + entry["counts"]


def _shares_by_rule(findings: Findings, rows: int) -> dict[str, float]:
    """The share of rows with a finding of each rule; a row counts once for a rule."""
    by_rule: dict[str, list[int]] = {}
    for place, slot in enumerate(findings.table):
        by_rule.setdefault(slot.rule.id, []).append(place)
    shares = {}
    for rule_id, places in sorted(by_rule.items()):
        hit = findings.rows[np.isin(findings.slots, places)]
        count = len(np.unique(hit[hit != FILE_ROW]))
        if count:
            shares[rule_id] = _share(count, rows)
    return shares


def _share(count: int, rows: int) -> float:
    return round(count / rows, 6) if rows else 0.0
