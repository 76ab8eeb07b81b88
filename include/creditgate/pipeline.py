"""What a task, and what a command, does: the stages, composed once.

A batch goes pull → screen → check → settle → report. Each function does one stage of one batch, can be
killed at any moment and run again, and returns ids and counts only.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from creditgate.domain.batch import Batch, BatchStatus, HoldDecision, Manifest, Tally
from creditgate.domain.feed import FeedLayout, SealedChunk
from creditgate.domain.findings import FILE_ROW, Findings, Slot
from creditgate.domain.in_order import in_order
from creditgate.domain.keys import KeyedHash
from creditgate.domain.originals import Counts as OriginalCounts
from creditgate.domain.report import BatchReport, RejectedRows
from creditgate.domain.verdict import status_without_rows, tally_of
from creditgate.holding import (
    decide,
    held,
    kept_profile,
    look_at_whole_file,
    status_without_settling,
    with_refusal,
)
from creditgate.originals_file import ChunkNotes, OriginalsFile
from creditgate.policy.checklist import may_provide
from creditgate.policy.contracts import Contract, load_contract
from creditgate.policy.deadlines import known_workdays, load_clock_terms
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.offline import not_applied
from creditgate.policy.paths import home
from creditgate.policy.prohibited import load_prohibited
from creditgate.policy.providers import find_provider, load_providers
from creditgate.policy.rule_finder import refusing_rules, rule_finder
from creditgate.pull.connection import Connections, environment_connection
from creditgate.pull.manifest import file_sha256
from creditgate.pulling import acknowledge, may_wait, pull, refuse_strays, submit
from creditgate.report.rejected import rejected_rows
from creditgate.reporting import batch_report, make_missing_reports, write_report
from creditgate.screen.decoding import TextShape, UnreadableFeedError
from creditgate.screen.feed import OpenFeed, open_feed
from creditgate.settle.transaction import Settled, settle_rows, settle_without_rows
from creditgate.spool import Spool, spool_root
from creditgate.warehouse.batches import mark_returned
from creditgate.warehouse.connect import connect
from creditgate.warehouse.held_records import IntakeRecords
from creditgate.warehouse.holds import save_profile
from creditgate.warehouse.lookups import ExpiredRecords, RegisterLookup, SettledRecords
from creditgate.warehouse.passwords import hash_key
from creditgate.warehouse.workdays import read_workdays, refresh_workdays
from creditgate.watch.starts import WaitingBatch

__all__ = [
    "build",
    "check",
    "check_file",
    "decide_held",
    "expire",
    "held",
    "may_wait",
    "pull",
    "refuse_strays",
    "report",
    "screen",
    "settle",
    "submit",
    "watch",
]

if TYPE_CHECKING:
    from creditgate.check.checker import Checker

log = structlog.get_logger(__name__)
Counts = dict[str, Any]


def screen(batch_id: str) -> Counts:
    """Look at the feed as a file: what it is, its columns, prohibited headers. Nothing of a blocked feed is left.

    Its rows are screened on their way into the check, so that none rests in clear outside the feed (ADR 0012).
    """
    spool = Spool(spool_root(), batch_id)
    batch = spool.read_batch()
    if spool.has("screen.json"):
        return {"batch_id": batch_id, "was_done": True}
    feed = open_feed(
        spool.feed_path(), load_contract(batch.item), load_prohibited(), file_name=batch.file_name
    )
    findings = feed.layout.findings
    is_blocked = findings.is_blocking()
    if not is_blocked and not find_provider(batch.provider_code).is_complete:
        slot = Slot(gate_rule("provider_incomplete"), None)
        findings = Findings.concat([findings, Findings.about_file([slot])])
    _write_screened(spool, feed.layout, findings, is_blocked=is_blocked, shape=feed.shape)
    log.info("screen.finished", batch_id=batch_id, is_blocked=is_blocked)
    return {"batch_id": batch_id, "is_blocked": is_blocked}


def _write_screened(
    spool: Spool, layout: FeedLayout, findings: Findings, *, is_blocked: bool, shape: TextShape | None = None
) -> None:
    """Put down what is told of the file; of a blocked one nothing else stays."""
    described = asdict(shape) if shape else None
    spool.write_outcome("screen", layout, _about_file(findings), is_blocked=is_blocked, shape=described)
    if is_blocked:
        spool.drop("feed.*", "sealed*.arrow")


def check(batch_id: str) -> Counts:
    """Screen the rows and apply the contract's rules to them; what is kept of them holds no identity number in clear."""
    from creditgate.check.checker import Checker
    from creditgate.check.near_duplicates import near_duplicates

    spool = Spool(spool_root(), batch_id)
    batch = spool.read_batch()
    contract = load_contract(batch.item)
    layout, about_file, facts = spool.read_outcome("screen", rule_finder(contract))
    if facts["is_blocked"] or spool.has("check.json"):
        spool.drop("feed.*", *(["sealed*.arrow"] if facts["is_blocked"] else []))
        return {"batch_id": batch_id, "is_blocked": facts["is_blocked"]}
    shape = TextShape(**facts["shape"]) if facts["shape"] else None
    feed = open_feed(spool.feed_path(), contract, load_prohibited(), file_name=batch.file_name, shape=shape)
    with connect() as connection:
        checker = Checker(
            contract,
            layout.columns,
            batch.as_of_on,
            KeyedHash(hash_key()),
            register=RegisterLookup(connection),
            tombstones=ExpiredRecords(connection),
            targets=SettledRecords(connection),
        )
        passed = _pass_rows(feed, checker, spool, batch.manifest)
        layout = replace(layout, cleaned=passed.cleaned)
        parts = [about_file, passed.findings]
        found = Findings.concat(parts)
        if found.is_blocking():
            _write_screened(spool, layout, found, is_blocked=True)
            log.info("check.finished", batch_id=batch_id, rows=passed.rows, is_blocked=True)
            return {"batch_id": batch_id, "rows": passed.rows, "is_blocked": True}
        parts.append(near_duplicates(contract, spool.read_table("sealed"), IntakeRecords(connection)))
        found = Findings.concat(parts)
        sealed = spool.read_table("sealed")
        look = look_at_whole_file(connection, batch, contract, layout, sealed, found)
    found = Findings.concat([found, look.findings])
    spool.write_outcome("check", layout, found, rows=passed.rows, is_held=look.is_held, profile=look.profile)
    spool.drop("feed.*")
    log.info("check.finished", batch_id=batch_id, rows=passed.rows, findings=len(found))
    return {"batch_id": batch_id, "rows": passed.rows, "findings": len(found)}


@dataclass(frozen=True)
class _Passed:
    """What was found out about rows on their way through screen and check."""

    rows: int
    findings: Findings
    cleaned: OriginalCounts


def _pass_rows(
    feed: OpenFeed, checker: Checker, spool: Spool, manifest: Manifest | None, *, keep: bool = True
) -> _Passed:
    """Let a feed's rows through screen and check in one stream; `keep` puts them into the spool, sealed.

    Their number is held against the manifest. A feed that turns out to be unreadable further on ends with the finding that says so.
    """
    parts: list[Findings] = []
    screened, rows = ChunkNotes([]), 0
    try:
        chunks = screened.of(feed.chunks())
        if keep:
            notes = ChunkNotes(parts, spool.folder / "sealed_originals.arrow")
            rows = spool.write_table("sealed", notes.of(in_order(checker.check, chunks)))
        else:
            rows = sum(map(len, ChunkNotes(parts).of(in_order(checker.judge, chunks))))
        parts += [checker.finish(), Findings.about_file(_slots_about_rows(manifest, rows))]
    except UnreadableFeedError as error:
        parts.append(error.findings())
    return _Passed(rows, Findings.concat(parts), screened.cleaned)


def _slots_about_rows(manifest: Manifest | None, rows: int) -> list[Slot]:
    if rows == 0:
        return [Slot(gate_rule("empty_file"), None)]
    if manifest is not None and manifest.rows != rows:
        return [Slot(gate_rule("row_count_mismatch"), None)]
    return []


def settle(batch_id: str) -> Counts:
    """Give every row its fate in one transaction. Settling a batch again does nothing."""
    spool = Spool(spool_root(), batch_id)
    batch = spool.read_batch()
    contract = load_contract(batch.item)
    is_complete = find_provider(batch.provider_code).is_complete
    layout, findings, facts = _outcome(spool, contract)
    ending = status_without_settling(batch_id, facts)
    with connect() as connection:
        if ending is not None:
            settled = settle_without_rows(
                connection,
                batch,
                contract.version,
                layout,
                _told_of_file(findings, ending),
                ending,
                provider_is_complete=is_complete,
            )
        elif spool.has("check.json"):
            settled = settle_rows(
                connection,
                batch,
                contract,
                layout,
                lambda: _sealed_chunks(spool),
                findings,
                rows_total=facts["rows"],
                provider_is_complete=is_complete,
            )
        else:
            status = status_without_rows(findings, refusing_rules())
            settled = settle_without_rows(
                connection,
                batch,
                contract.version,
                layout,
                findings,
                status,
                provider_is_complete=is_complete,
            )
        profile = kept_profile(facts)
        if settled.is_new and profile is not None:
            save_profile(connection, batch_id, profile)
    log.info("settle.finished", batch_id=batch_id, status=settled.status.value, is_new=settled.is_new)
    return _counts(settled)


def report(batch_id: str, connections: Connections = environment_connection) -> Counts:
    """Write what the provider unit reads, leave the receipt in its source, and empty the spool."""
    spool = Spool(spool_root(), batch_id)
    if not spool.exists():
        return {"batch_id": batch_id, "was_done": True}
    batch = spool.read_batch()
    contract = load_contract(batch.item)
    layout, findings, facts = _outcome(spool, contract)
    ending = status_without_settling(batch_id, facts)
    if ending is not None:
        findings, tally = _told_of_file(findings, ending), Tally(0, 0, 0, 0)
        status, rejected = ending, RejectedRows.none()
    elif spool.has("check.json"):
        tally = tally_of(facts["rows"], findings)
        status = tally.status()
        rejected = rejected_rows(_sealed_chunks(spool), layout.columns, findings, batch.as_of_on)
    else:
        tally, rejected = Tally(0, 0, 0, 0), RejectedRows.none()
        status = status_without_rows(findings, refusing_rules())
    write_report(batch, contract, layout, findings, status, tally, rejected)
    with connect() as connection:
        mark_returned(connection, batch_id)
    if status.is_final:
        acknowledge(batch, status, connections)
    if status is not BatchStatus.HELD:
        spool.clear()
    log.info("report.finished", batch_id=batch_id, status=status.value, rejected=tally.rejected)
    return {"batch_id": batch_id, "status": status.value, "rejected": tally.rejected}


def decide_held(
    batch_id: str,
    decision: HoldDecision,
    *,
    by: str,
    reason: str,
    connections: Connections = environment_connection,
) -> Counts:
    """Record a person's decision about a held batch, then settle and report it accordingly.

    Killed in between, it is simply done again. Raises HoldError where nothing waits, or was decided otherwise.
    """
    decide(batch_id, decision, by, reason)
    counts = settle(batch_id)
    report(batch_id, connections)
    return counts


def build(as_of: date, select: str | None = None) -> Counts:
    """Build staging, intermediate and marts with their tests (dbt), for one as-of date.

    A whole build of what has been built already does nothing. `select` builds a part, always.
    Raises BuildFailedError, which names the failed models and tests; the last good publication stays.
    """
    from creditgate.build import state
    from creditgate.build.dbt_runner import run_dbt
    from creditgate.build.rehearsal import drop_leftovers

    with connect() as connection:
        fingerprint = state.fingerprint(connection, as_of)
        is_built = select is None and state.is_built(connection, fingerprint)
    if is_built:
        log.info("build.unchanged", as_of=as_of.isoformat())
        return {"is_new": False}
    with connect() as connection:
        drop_leftovers(connection)
    counts = run_dbt(select, as_of)
    if select is None:
        state.remember(fingerprint)
    return {"is_new": True, **counts}


def expire(as_of: date, *, dry_run: bool = False) -> Counts:
    """Remove what is past its last day on the as-of date, everywhere, and leave tombstones (S29–S31).

    Needs the terms as of that day (`build(as_of, "+int_record_terms")`). A second run changes nothing.
    """
    from creditgate.expire import exchange_notices
    from creditgate.expire import expire as remove

    with connect() as connection:
        result = remove(connection, as_of, dry_run=dry_run, home=home())
    counts = {
        "records": result.records,
        "rejections": result.rejections,
        "reports": len(result.report_batches),
    }
    if not dry_run:
        make_missing_reports()
        with connect() as connection:
            exchanged = exchange_notices(connection, home(), as_of)
        counts |= {
            "notices": exchanged.delivered,
            "receipts": exchanged.confirmed,
            "overdue": exchanged.overdue,
        }
    log.info("expire.finished", as_of=as_of.isoformat(), is_dry_run=dry_run, **counts)
    return counts


def watch(as_of: date) -> Counts:
    """Look at the working-day clocks: what is due, met and missed, and what operators have to see to (S10, S11, S63–S68)."""
    from creditgate.watch import watch as look

    with connect() as connection:
        refresh_workdays(connection, known_workdays())
        result = look(
            connection,
            as_of,
            terms=load_clock_terms(),
            calendar=read_workdays(connection),
            providers=load_providers(),
            waiting=_waiting_batches(),
        )
    counts = {"looked_at": result.looked_at, "alerts": result.alerts, **result.by_status}
    log.info("watch.finished", as_of=as_of.isoformat(), **counts)
    return counts


def _waiting_batches() -> list[WaitingBatch]:
    """The batches in the spool: received, and not yet at their end."""
    spools = (Spool(spool_root(), folder.name) for folder in sorted(spool_root().glob("*/")))
    batches = (spool.read_batch() for spool in spools if spool.exists())
    return [WaitingBatch(one.batch_id, one.provider_code, one.received_at) for one in batches]


def check_file(
    path: Path, item: str, provider_code: str | None, as_of: date, *, with_rows: bool = False
) -> BatchReport:
    """Screen and check a file offline: no database, nothing stored. What a provider unit uses first.

    with_rows: also gather the rejected rows, for the workbook. Rules that need the register, deleted or held records
    (near-duplicates), earlier feeds or the manifest are not applied; the report names them. Raises OSError where
    the file can't be read.
    """
    from creditgate.check.checker import Checker

    contract = load_contract(item)
    provider = find_provider(provider_code) if provider_code else None
    batch = Batch(
        batch_id="",
        provider_code=provider_code or "",
        item=item,
        file_name=path.name,
        file_sha256=file_sha256(path),
        file_bytes=path.stat().st_size,
        received_at=datetime.now(UTC),
        as_of_on=as_of,
        manifest=None,
    )
    slots = []
    if provider is not None and item not in provider.items:
        slots.append(Slot(gate_rule("item_not_listed"), None))
    if provider is not None and not may_provide(contract, provider):
        slots.append(Slot(gate_rule("provider_not_on_checklist"), None))
    feed = open_feed(path, contract, load_prohibited())
    layout, rows, rejected = feed.layout, 0, RejectedRows.none()
    parts = [layout.findings, Findings.about_file(slots)]
    with tempfile.TemporaryDirectory(prefix="creditgate-check-") as folder:
        spool = Spool(Path(folder), "batch")
        if not Findings.concat(parts).is_blocking():
            checker = Checker(contract, layout.columns, as_of, KeyedHash(secrets.token_bytes(32)))
            passed = _pass_rows(feed, checker, spool, None, keep=with_rows)
            rows, layout = passed.rows, replace(layout, cleaned=passed.cleaned)
            parts.append(passed.findings)
        findings = Findings.concat(parts)
        if findings.is_blocking():
            findings, tally, status = _about_file(findings), Tally(rows, 0, 0, 0), BatchStatus.BLOCKED
        else:
            tally = tally_of(rows, findings)
            status = tally.status()
            if with_rows:
                rejected = rejected_rows(_sealed_chunks(spool), layout.columns, findings, batch.as_of_on)
    made = batch_report(batch, contract, layout, findings, status, tally, rejected, is_settled=False)
    return replace(made, not_applied=not_applied(contract))


def _outcome(spool: Spool, contract: Contract) -> tuple[FeedLayout, Findings, dict[str, Any]]:
    return spool.read_outcome("check" if spool.has("check.json") else "screen", rule_finder(contract))


def _sealed_chunks(spool: Spool) -> Iterator[SealedChunk]:
    originals = OriginalsFile(spool.folder / "sealed_originals.arrow")
    for first_row, table in spool.read_table("sealed"):
        yield SealedChunk(first_row, table, Findings.none(), originals.of(first_row, table.num_rows))


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
        "unchanged": settled.unchanged,
    }


def _about_file(findings: Findings) -> Findings:
    keep = findings.rows == FILE_ROW
    return Findings(findings.table, findings.rows[keep], findings.slots[keep])


def _told_of_file(findings: Findings, ending: BatchStatus) -> Findings:
    """What is told of a feed of which no row is told: findings about the file, and a person's refusal."""
    about = _about_file(findings)
    return with_refusal(about) if ending is BatchStatus.BLOCKED else about
