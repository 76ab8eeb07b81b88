"""What a task, and what a command, does: the stages, composed once.

A batch goes pull → screen → check → settle → report. Each function does one stage of one batch, can be
killed at any moment and run again, and returns ids and counts only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from creditgate.domain.batch import Batch, BatchStatus, batch_id_of
from creditgate.domain.clock import business_today
from creditgate.domain.feed import CHUNK_ROWS, Chunk, ColumnMap, FeedLayout, SealedChunk
from creditgate.domain.findings import FILE_ROW, Findings, Slot
from creditgate.domain.keys import KeyedHash
from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract, load_contract
from creditgate.policy.gate_rules import gate_rule, load_gate_rules
from creditgate.policy.paths import home
from creditgate.policy.prohibited import load_prohibited
from creditgate.policy.providers import FeedSource, Provider, find_provider
from creditgate.pull.folder import Landed, acknowledge, land, waiting_files
from creditgate.pull.manifest import ManifestProblem, compare_manifest, read_manifest
from creditgate.screen.decoding import UnreadableFeedError
from creditgate.screen.feed import blocked_midway, open_feed
from creditgate.settle.transaction import Settled, settle_rows, settle_without_rows, tally_of
from creditgate.spool import Spool
from creditgate.warehouse.connect import connect
from creditgate.warehouse.lookups import ExpiredRecords, RegisterLookup
from creditgate.warehouse.passwords import hash_key

log = structlog.get_logger(__name__)
Counts = dict[str, Any]


def source_folder(provider: Provider, feed: FeedSource) -> Path:
    """The mailbox of a provider's feed: absolute, or below the state folder's `sources/`."""
    return home() / "sources" / feed.location


def waiting(provider_code: str, item: str) -> list[str]:
    """The names of the feed files that wait in the provider's source."""
    provider, feed = _feed(provider_code, item)
    return [path.name for path in waiting_files(source_folder(provider, feed), feed.pattern)]


def pull(provider_code: str, item: str, as_of: date) -> list[str]:
    """Copy every waiting feed into the spool; the ids of the batches to go on with.

    A file whose manifest is not in order is refused: the outcome is recorded, the file stays (S14).
    A file that was settled before is acknowledged again and left alone.
    """
    provider, feed = _feed(provider_code, item)
    batches: list[str] = []
    for path in waiting_files(source_folder(provider, feed), feed.pattern):
        spool = Spool(_spool_root(), f".landing-{provider_code}-{item}")
        landed = land(path, spool.folder / f"feed{path.suffix.lower()}")
        batch_id = batch_id_of(provider_code, item, landed.sha256)
        manifest = read_manifest(path)
        problems = manifest if isinstance(manifest, tuple) else ()
        if not isinstance(manifest, tuple):
            problems = compare_manifest(manifest, provider=provider_code, item=item, sha256=landed.sha256)
        batch = Batch(
            batch_id=batch_id,
            provider_code=provider_code,
            item=item,
            file_name=path.name,
            file_sha256=landed.sha256,
            file_bytes=landed.size,
            received_at=landed.received_at,
            as_of_on=as_of,
            manifest=None if isinstance(manifest, tuple) else manifest,
        )
        if _take(batch, provider, feed, path, landed, problems):
            batches.append(batch_id)
        spool.clear()
    log.info("pull.finished", provider=provider_code, item=item, batches=len(batches))
    return batches


def screen(batch_id: str) -> Counts:
    """Decode the feed, map its columns, find what is prohibited. A blocked feed leaves no row behind."""
    spool = Spool(_spool_root(), batch_id)
    batch = spool.read_batch()
    contract = load_contract(batch.item)
    if spool.has("screen.json") or spool.has("check.json"):
        return {"batch_id": batch_id, "was_done": True}
    feed = open_feed(spool.feed_path(), contract, load_prohibited(), file_name=batch.file_name)
    parts: list[Findings] = [feed.layout.findings]
    layout, rows = feed.layout, 0
    try:
        if not layout.is_blocked:
            rows = spool.write_table("screened", _noting(feed.chunks(), parts))
            parts.append(_about_rows(batch, rows))
    except UnreadableFeedError as error:
        layout, parts = blocked_midway(error, layout), [layout.findings, error.findings()]
    findings = Findings.concat(parts)
    if findings.is_blocking():
        spool.drop("screened.arrow", "feed.*")
        findings, rows = _about_file(findings), 0
    spool.write_outcome("screen", layout, findings, rows=rows, is_blocked=findings.is_blocking())
    spool.drop("feed.*")
    log.info("screen.finished", batch_id=batch_id, rows=rows, is_blocked=findings.is_blocking())
    return {"batch_id": batch_id, "rows": rows, "is_blocked": findings.is_blocking()}


def check(batch_id: str) -> Counts:
    """Apply the contract's rules to the screened rows; from here on no identity number is in clear."""
    from creditgate.check.checker import Checker  # noqa: PLC0415 - Great Expectations takes seconds to import

    spool = Spool(_spool_root(), batch_id)
    batch = spool.read_batch()
    contract = load_contract(batch.item)
    layout, findings, facts = spool.read_outcome("screen", rule_finder(contract))
    if facts["is_blocked"] or spool.has("check.json"):
        return {"batch_id": batch_id, "is_blocked": facts["is_blocked"], "was_done": spool.has("check.json")}
    parts = [_about_file(findings)]
    by_row = _RowFindings(findings)
    with connect() as connection:
        checker = Checker(
            contract,
            layout.columns,
            batch.as_of_on,
            KeyedHash(hash_key()),
            register=RegisterLookup(connection),
            tombstones=ExpiredRecords(connection),
        )
        sealed = (
            checker.check(Chunk(first_row, table, by_row.of(first_row, len(table)), by_row.unreadable(first_row, len(table))))
            for first_row, table in spool.read_table("screened")
        )
        spool.write_table("sealed", _noting(sealed, parts))
    parts.append(checker.finish())
    found = Findings.concat(parts)
    spool.write_outcome("check", layout, found, rows=facts["rows"])
    spool.drop("screened.arrow")
    log.info("check.finished", batch_id=batch_id, rows=facts["rows"], findings=len(found))
    return {"batch_id": batch_id, "rows": facts["rows"], "findings": len(found)}


def settle(batch_id: str) -> Counts:
    """Give every row its fate in one transaction. Settling a batch again does nothing."""
    spool = Spool(_spool_root(), batch_id)
    batch = spool.read_batch()
    provider = find_provider(batch.provider_code)
    contract = load_contract(batch.item)
    rule_of = rule_finder(contract)
    with connect() as connection:
        if spool.has("check.json"):
            layout, findings, facts = spool.read_outcome("check", rule_of)
            settled = settle_rows(
                connection,
                batch,
                contract,
                layout,
                lambda: sealed_chunks(spool),
                findings,
                rows_total=facts["rows"],
                provider_is_complete=provider.is_complete,
            )
        else:
            layout, findings, facts = spool.read_outcome("screen", rule_of)
            settled = settle_without_rows(
                connection,
                batch,
                contract.version,
                layout,
                findings,
                _status_without_rows(findings),
                provider_is_complete=provider.is_complete,
            )
    log.info("settle.finished", batch_id=batch_id, status=settled.status.value, is_new=settled.is_new)
    return _counts(settled)


def sealed_chunks(spool: Spool) -> Iterator[SealedChunk]:
    """The sealed rows of a batch, from the first."""
    for first_row, table in spool.read_table("sealed"):
        yield SealedChunk(first_row, table, Findings.none())


def rule_finder(contract: Contract) -> Callable[[str], Rule]:
    """Finds any rule that can be broken by a feed of the contract's item, by its id."""
    rules = {rule.id: rule for rule in (*contract.rules, *load_gate_rules().values())}
    for category in load_prohibited().categories:
        rules[category.header_rule.id] = category.header_rule
        rules[category.value_rule.id] = category.value_rule
    return rules.__getitem__


REFUSING_KINDS = ("manifest_missing", "manifest_invalid", "manifest_hash_mismatch", "review_after_sending", "row_count_mismatch")
"""File rules about the manifest: the batch is refused, and can be mended and sent as it is (S14)."""


def _status_without_rows(findings: Findings) -> BatchStatus:
    refusing = {gate_rule(kind).id for kind in REFUSING_KINDS}
    blocking = {s.rule.id for s in findings.table if s.rule.severity == "block"}
    return BatchStatus.REFUSED if blocking and blocking <= refusing else BatchStatus.BLOCKED


def _feed(provider_code: str, item: str) -> tuple[Provider, FeedSource]:
    provider = find_provider(provider_code)
    return provider, provider.feed(item)


def _spool_root() -> Path:
    return home() / "spool"


def _counts(settled: Settled) -> Counts:
    tally = settled.tally
    return {
        "batch_id": settled.batch_id,
        "status": settled.status.value,
        "is_new": settled.is_new,
        "rows_total": tally.total,
        "accepted": tally.accepted,
        "rejected": tally.rejected,
        "warned": tally.warned,
        "late": settled.late,
    }


def _noting(chunks: Iterator[Any], parts: list[Findings]) -> Iterator[Any]:
    """Pass chunks on and keep their findings."""
    for chunk in chunks:
        parts.append(chunk.findings)
        yield chunk


def _about_rows(batch: Batch, rows: int) -> Findings:
    slots = []
    if rows == 0:
        slots.append(Slot(gate_rule("empty_file"), None))
    elif batch.manifest is not None and batch.manifest.rows != rows:
        slots.append(Slot(gate_rule("row_count_mismatch"), None))
    return Findings.about_file(slots)


def _about_file(findings: Findings) -> Findings:
    keep = findings.rows == FILE_ROW
    return Findings(findings.table, findings.rows[keep], findings.slots[keep])


class _RowFindings:
    """The screen's findings by chunk: findings are ordered by row, so a chunk's are a slice."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        width = gate_rule("row_width_mismatch").id
        self._width_slots = [i for i, s in enumerate(findings.table) if s.rule.id == width]

    def of(self, first_row: int, rows: int) -> Findings:
        """The findings of the chunk's rows."""
        import numpy as np  # noqa: PLC0415

        low, high = np.searchsorted(self._findings.rows, [first_row, first_row + rows])
        return Findings(self._findings.table, self._findings.rows[low:high], self._findings.slots[low:high])

    def unreadable(self, first_row: int, rows: int) -> Any:
        """Mask of the chunk's unreadable rows, None where there is none."""
        import numpy as np  # noqa: PLC0415

        part = self.of(first_row, rows)
        hit = part.rows[np.isin(part.slots, self._width_slots)]
        if not len(hit):
            return None
        mask = np.zeros(rows, bool)
        mask[hit - first_row] = True
        return mask
