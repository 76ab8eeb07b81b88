"""Runs a contract's rules over a feed, chunk by chunk, through Great Expectations."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date
from threading import Lock

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.validator.metric_configuration import MetricConfiguration

from creditgate.check import masks, matching
from creditgate.check.expectations import EXPECTATIONS, RuleExpectation, show
from creditgate.check.record_key import key_parts
from creditgate.check.seal import seal
from creditgate.check.series import SeriesWatch
from creditgate.check.target import match_targets, target_due_on, target_ids
from creditgate.check.view import BoolMask, ChunkView
from creditgate.domain.codebook import Codebooks
from creditgate.domain.feed import Chunk, ColumnMap, SealedChunk
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.keys import KeyedHash
from creditgate.domain.lookups import EventTargets, SubjectRegister, Tombstones
from creditgate.domain.originals import sealed as sealed_originals
from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract

Masks = dict[str, BoolMask]


BATCH = "chunk"
"""The id under which GX knows the rows that it is shown."""


@dataclass(frozen=True)
class _Asked:
    """A rule as GX is asked about it: no metric depends on another, so no graph has to be resolved."""

    rule_id: str
    field: str | None
    expectation: RuleExpectation
    metric: MetricConfiguration

    @classmethod
    def of(cls, rule: Rule) -> _Asked:
        expectation = expectation_of(rule)
        return cls(rule.id, rule.field, expectation, expectation.metric(BATCH))


@dataclass(frozen=True)
class _Judged:
    """A chunk to which every rule was applied, with what was found out about its rows on the way."""

    view: ChunkView
    record_ids: pa.Array
    targets: pa.Array | None
    register_match: pa.Array
    late: npt.NDArray[np.int32]
    findings: Findings


class Checker:
    """The rules of one contract on one as-of date, for one feed.

    Give it the chunks in any order, from any thread, then ask `finish` for what only the whole feed shows.
    Without register, tombstones and held records (offline) the rules that need them are not applied.
    """

    def __init__(
        self,
        contract: Contract,
        columns: ColumnMap,
        as_of: date,
        keys: KeyedHash,
        *,
        register: SubjectRegister | None = None,
        tombstones: Tombstones | None = None,
        targets: EventTargets | None = None,
    ) -> None:
        self._contract = contract
        self._as_of = as_of
        self._keys = keys
        self._register = register
        self._tombstones = tombstones
        self._targets = targets
        self._headers = {field: header for header, field in columns.mapped.items()}
        self._rules = contract.check_rules()
        self._metrics = [_Asked.of(rule) for rule in self._rules]
        self._books = Codebooks()
        self._series = SeriesWatch(contract)
        self._late = next((r for r in self._rules if r.expectation == "expect_report_within_workdays"), None)
        self._seen: list[tuple[int, npt.NDArray[np.void]]] = []
        self._asking = Lock()

    def check(self, chunk: Chunk) -> SealedChunk:
        """Apply every rule to the chunk; its findings, and its rows sealed for keeping."""
        seen = self._judged(chunk)
        table = seal(seen.view, self._contract, self._keys, seen.record_ids, seen.register_match, seen.late)
        if seen.targets is not None:
            table = table.append_column("target_record_id", seen.targets)
            table = table.append_column("target_due_on", target_due_on(seen.view))
        originals = sealed_originals(chunk.originals, table, chunk.first_row)
        return SealedChunk(chunk.first_row, table, seen.findings, originals)

    def judge(self, chunk: Chunk) -> Chunk:
        """Apply every rule to the chunk; the chunk with all its findings. Where no row is to be kept."""
        return replace(chunk, findings=self._judged(chunk).findings)

    def _judged(self, chunk: Chunk) -> _Judged:
        view = ChunkView(_frame(chunk.table), self._as_of, self._books, chunk.numbered)
        found = self._masks(view)
        self._series.see(view)
        late = self._days_late(view)
        record_ids = self._keys.record_ids(self._contract.item, key_parts(view, self._contract.record_key))
        self._seen.append((chunk.first_row, _as_void(record_ids)))
        targets = target_ids(view, self._contract, self._keys)
        with self._asking:
            register_match = matching.match_register(self._contract, view, self._register, self._keys, found)
            if self._tombstones is not None and self._contract.has_rule_of_kind("gate.already_expired"):
                rule = self._contract.rule_of_kind("gate.already_expired")
                found[rule.id] = self._tombstones.expired(record_ids)
            if targets is not None:
                match_targets(self._contract, targets, self._targets, self._tombstones, found)
        return _Judged(view, record_ids, targets, register_match, late, self._findings(chunk, found))

    def finish(self) -> Findings:
        """Findings that only the whole feed shows: records that stand in it more than once (S12), columns counted on."""
        return Findings.concat([self._doubled_records(), self._series.findings(self._headers)])

    def _doubled_records(self) -> Findings:
        if not self._seen or not self._contract.has_rule_of_kind("gate.duplicate_record"):
            return Findings.none()
        rows = np.concatenate([np.arange(len(ids), dtype=np.int32) + first for first, ids in self._seen])
        ids = np.concatenate([ids for _, ids in self._seen])
        doubled = _in_groups(ids)
        return self._finding_rows(self._contract.rule_of_kind("gate.duplicate_record"), rows[doubled])

    def _masks(self, view: ChunkView) -> Masks:
        engine = PandasExecutionEngine(batch_data_dict={BATCH: view.frame})
        show(engine, view)
        asked = [
            one
            for one in self._metrics
            if one.expectation.speaks_of_absent or one.field in view.frame.columns
        ]
        try:
            resolved = engine.resolve_metrics([one.metric for one in asked])
        except MetricResolutionError as error:
            broken = ", ".join(sorted(metric.metric_name for metric in error.failed_metrics))
            raise RuntimeError(
                f"rules of {self._contract.item} {self._contract.version} could not be computed "
                f"({broken}): a fault of the gate, not of the feed; nothing was settled"
            ) from None  # what GX quotes may hold a value
        masks_by_rule = {one.rule_id: np.asarray(resolved[one.metric.id]) for one in asked}
        return {rule_id: mask for rule_id, mask in masks_by_rule.items() if mask.any()}

    def _days_late(self, view: ChunkView) -> npt.NDArray[np.int32]:
        if self._late is None:
            return np.zeros(len(view), np.int32)
        kwargs = self._late.kwargs
        late: npt.NDArray[np.int32] = masks.days_late(
            view, kwargs["column"], kwargs["days"], kwargs.get("fallback")
        ).astype(np.int32)
        return late

    def _findings(self, chunk: Chunk, found: Masks) -> Findings:
        parts = [chunk.findings]
        for rule_id, mask in found.items():
            seen = mask if chunk.unreadable is None else mask & ~chunk.unreadable
            rows = np.flatnonzero(seen).astype(np.int32) + chunk.first_row
            parts.append(self._finding_rows(self._contract.rule(rule_id), rows))
        return Findings.concat(parts)

    def _finding_rows(self, rule: Rule, rows: npt.NDArray[np.int32]) -> Findings:
        if len(rows) == 0:
            return Findings.none()
        slot = Slot(rule, rule.field, self._headers.get(rule.field or ""))
        return Findings((slot,), rows, np.zeros(len(rows), np.int16))


def expectation_of(rule: Rule) -> RuleExpectation:
    """The GX expectation of a contract's rule."""
    kwargs = {"column": rule.field, **rule.kwargs}
    return EXPECTATIONS[rule.expectation](**kwargs, meta={"rule": rule.id})


def _frame(table: pa.Table) -> pd.DataFrame:
    """The chunk as a data frame over the same Arrow memory."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _as_void(record_ids: pa.Array) -> npt.NDArray[np.void]:
    """Record ids as 16-byte values; a null id becomes zeros."""
    filled = pc.fill_null(record_ids, pa.scalar(b"\0" * 16, pa.binary(16)))
    start = filled.offset * 16
    buffer = np.frombuffer(filled.buffers()[1], np.uint8)[start : start + len(filled) * 16]
    return buffer.view("V16")


def _in_groups(ids: npt.NDArray[np.void]) -> BoolMask:
    """True for each id that stands more than once; zeros (no id) never do."""
    halves = ids.view("<u8").reshape(-1, 2)
    doubled = np.zeros(len(ids), bool)
    ordered = np.sort(halves[:, 0])
    if not (ordered[1:] == ordered[:-1]).any():
        return doubled
    order = np.argsort(halves[:, 0], kind="stable")
    low, high = halves[order, 0], halves[order, 1]
    near = low[1:] == low[:-1]
    suspects = np.zeros(len(ids), bool)
    suspects[1:] |= near
    suspects[:-1] |= near
    picked = order[suspects & ((low != 0) | (high != 0))]
    _, inverse, counts = np.unique(ids[picked], return_inverse=True, return_counts=True)
    doubled[picked[counts[inverse.ravel()] > 1]] = True
    return doubled
