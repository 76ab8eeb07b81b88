"""pull, composed: what waits in a provider's source becomes a batch in the spool, or is refused.

And the other end of it: the receipt that is left in the source when a batch has been settled.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from creditgate.domain.batch import Batch, BatchStatus, Manifest, Tally, Waiting, batch_id_of
from creditgate.domain.clock import business_today
from creditgate.domain.faults import OperationFault
from creditgate.domain.feed import FeedLayout
from creditgate.domain.findings import Findings, Slot
from creditgate.expire.notices import RECEIPTS
from creditgate.policy.checklist import may_provide
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.gate_rules import gate_rule
from creditgate.policy.paths import home
from creditgate.policy.prohibited import load_prohibited
from creditgate.policy.providers import FeedSource, Provider, find_provider, load_providers
from creditgate.pull.connection import Connections, environment_connection
from creditgate.pull.folder import waiting_files
from creditgate.pull.kinds import open_source
from creditgate.pull.manifest import ManifestProblem, compare_manifest, file_sha256, write_manifest
from creditgate.pull.source import Landed, Source, StillWritingError, TooLargeError
from creditgate.reporting import report_folder, write_report
from creditgate.screen.feed import count_rows
from creditgate.settle.transaction import settle_without_rows
from creditgate.spool import Spool, spool_root
from creditgate.warehouse.batches import find_outcome
from creditgate.warehouse.connect import connect
from creditgate.warehouse.holds import find_decision
from creditgate.warehouse.pulled import Pulled, find_pulled, remember_pulled, watermark

log = structlog.get_logger(__name__)


class SubmitError(OperationFault):
    """A feed can't be put into a source from here."""


def may_wait(provider_code: str, item: str) -> bool:
    """Whether a feed may have files waiting. Only folders are looked into; other sources are asked by their task."""
    feed = find_provider(provider_code).feed(item)
    return feed.kind != "folder" or bool(waiting_files(source_folder(feed), feed.pattern))


def source_folder(feed: FeedSource) -> Path:
    """The mailbox of a provider's feed: absolute, or below the state folder's `sources/`."""
    return _folders() / feed.location


def submit(path: Path, provider_code: str, item: str, reviewer: str, reviewed_on: date) -> Path:
    """Put a copy of a file with its manifest into the provider's folder; the path of the copy.

    The manifest lies there first, and the file appears whole, so that no run finds half a feed. Raises SubmitError
    where the feed comes from elsewhere.
    """
    feed = find_provider(provider_code).feed(item)
    if feed.kind != "folder":
        raise SubmitError(
            f"{provider_code} reports {item} through {feed.kind} ({feed.location}): put the file in there; "
            "`creditgate submit` fills folders only"
        )
    folder = source_folder(feed)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / path.name
    draft = folder / f".{path.name}.part"
    shutil.copyfile(path, draft)
    rows = count_rows(path, load_contract(item), load_prohibited())
    write_manifest(
        target, provider_code, item, rows, reviewer, reviewed_on, business_today(), content_of=draft
    )
    draft.replace(target)
    return target


def pull(
    provider_code: str, item: str, as_of: date, connections: Connections = environment_connection
) -> list[str]:
    """Copy every waiting feed into the spool; the ids of the batches to go on with.

    A file whose manifest is not in order is refused: the outcome is recorded, the file stays (S14).
    A file that was settled before is acknowledged again and left alone; one that is still being written waits for
    the next run. Raises SourceError: what was taken in before it stays taken in, and a further try goes on there.
    """
    provider = find_provider(provider_code)
    feed = provider.feed(item)
    refuse_strays(as_of)
    batches: list[str] = []
    with _open(provider, feed, connections) as source:
        for file in source.waiting():
            taken = _PullOfOne(source, provider, feed, file, as_of).take_in()
            batches += [taken] if taken else []
    _landing(provider, feed).clear()
    log.info("pull.finished", provider=provider_code, item=item, batches=len(batches))
    return list(dict.fromkeys(batches))


class _PullOfOne:
    """One waiting file on its way into the spool."""

    def __init__(
        self, source: Source, provider: Provider, feed: FeedSource, file: Waiting, as_of: date
    ) -> None:
        self._source, self._provider, self._feed, self._file = source, provider, feed, file
        self._as_of = as_of

    def take_in(self) -> str | None:
        """The id of the batch to go on with; None where there is nothing to do."""
        unchanged = self._unchanged_since_it_was_pulled()
        if unchanged is not None:
            return unchanged or None
        try:
            landed, manifest = self._fetched()
        except StillWritingError:
            log.info("pull.still_writing", provider=self._provider.code, item=self._feed.item)
            return None
        except TooLargeError:
            self._refuse_too_large()
            return None
        problems = (
            manifest
            if isinstance(manifest, tuple)
            else compare_manifest(
                manifest, provider=self._provider.code, item=self._feed.item, sha256=landed.sha256
            )
        )
        if not may_provide(load_contract(self._feed.item), self._provider):
            problems = (*problems, ManifestProblem("provider_not_on_checklist"))
        batch = self._batch(landed, None if isinstance(manifest, tuple) else manifest)
        return batch.batch_id if self._take_in(batch, landed, problems) else None

    def _unchanged_since_it_was_pulled(self) -> str | None:
        """A file of this version was fetched before: its batch where that is under way, else empty. None: fetch it."""
        if not self._file.version:
            return None
        with connect() as connection:
            pulled = find_pulled(connection, self._provider.code, self._feed.item, self._file.key)
            if pulled is None or pulled.version != self._file.version:
                return None
            known = find_outcome(connection, pulled.batch_id)
        in_spool = Spool(spool_root(), pulled.batch_id).exists()
        if known is not None and known.status is BatchStatus.HELD and in_spool:
            return pulled.batch_id if self._is_decided(pulled.batch_id) else ""
        if known is None or not known.status.is_final or in_spool:
            return None
        self._acknowledge(pulled.batch_id, pulled.sha256, known.status)
        return ""

    def _fetched(self) -> tuple[Landed, Manifest | tuple[ManifestProblem, ...]]:
        """The landed file and its manifest. One that went on where an earlier try ended must have the declared hash."""
        target = self._target()
        was_begun = target.exists() and target.stat().st_size > 0
        landed = self._source.fetch(self._file, target, self._feed.max_bytes)
        manifest = self._source.manifest(self._file, landed.sha256)
        if was_begun and isinstance(manifest, Manifest) and manifest.sha256 != landed.sha256:
            target.unlink()
            landed = self._source.fetch(self._file, target, self._feed.max_bytes)
        return landed, manifest

    def _target(self) -> Path:
        """Where the file lands: a name of its own for each version, so that only the same is ever gone on with."""
        mark = hashlib.sha256(f"{self._file.key}\x1f{self._file.version}".encode()).hexdigest()[:16]
        folder = _landing(self._provider, self._feed).folder / mark
        return folder / f"feed{Path(self._file.name).suffix.lower()}"

    def _batch(self, landed: Landed, manifest: Manifest | None) -> Batch:
        return Batch(
            batch_id=batch_id_of(self._provider.code, self._feed.item, landed.sha256),
            provider_code=self._provider.code,
            item=self._feed.item,
            file_name=self._file.name,
            file_sha256=landed.sha256,
            file_bytes=landed.size,
            received_at=self._file.received_at,
            as_of_on=self._as_of,
            manifest=manifest,
        )

    def _take_in(self, batch: Batch, landed: Landed, problems: tuple[ManifestProblem, ...]) -> bool:
        """Put a landed file into the spool as a batch; False where there is nothing to go on with."""
        spool = Spool(spool_root(), batch.batch_id)
        with connect() as connection:
            known = find_outcome(connection, batch.batch_id)
        if known is not None and known.status.is_final and not spool.exists():
            self._remember(batch)
            self._acknowledge(batch.batch_id, batch.file_sha256, known.status)
            log.info("pull.known", batch_id=batch.batch_id, status=known.status.value)
            return False
        if known is not None and known.status is BatchStatus.HELD and spool.exists():
            self._remember(batch)
            return self._is_decided(batch.batch_id)
        if problems:
            self._refuse(batch, [Slot(gate_rule(problem.kind), problem.key) for problem in problems])
            return False
        if not spool.exists():
            spool.adopt(landed.path)
            spool.write_origin(self._file)
            spool.write_batch(batch)
        self._remember(batch)
        return True

    def _is_decided(self, batch_id: str) -> bool:
        """Whether a held batch can go on: a person has decided, and whoever carried it out did not get to the end."""
        with connect() as connection:
            return find_decision(connection, batch_id) is not None

    def _remember(self, batch: Batch) -> None:
        pulled = Pulled(self._file.version, batch.batch_id, batch.file_sha256)
        with connect() as connection:
            remember_pulled(connection, batch.provider_code, batch.item, self._file.key, pulled)

    def _refuse_too_large(self) -> None:
        """Refuse a file that was not fetched: its manifest's hash stands for it, else that of name and version."""
        manifest = self._source.manifest(self._file, "")
        declared = manifest if isinstance(manifest, Manifest) else None
        unread = hashlib.sha256(f"{self._file.key}\x1f{self._file.version}".encode()).hexdigest()
        sha256 = declared.sha256 if declared and declared.sha256 else unread
        size = self._file.size or self._feed.max_bytes
        landed = Landed(self._target(), self._file.name, sha256, size, self._file.received_at)
        self._refuse(self._batch(landed, declared), [Slot(gate_rule("file_too_large"), None)])

    def _refuse(self, batch: Batch, slots: list[Slot]) -> None:
        with connect() as connection:
            known = find_outcome(connection, batch.batch_id)
        if known is None or known.rules != {slot.rule.id for slot in slots}:
            refuse(batch, self._provider, Findings.about_file(slots))

    def _acknowledge(self, batch_id: str, sha256: str, status: BatchStatus) -> None:
        receipt = _receipt(self._provider.code, batch_id, sha256, status)
        self._source.acknowledge(self._file, sha256, receipt, remove=self._feed.after_settle == "remove")


def acknowledge(batch: Batch, status: BatchStatus, connections: Connections = environment_connection) -> None:
    """Leave the receipt of a settled batch in its source, and take the file out where the registry says so."""
    provider = find_provider(batch.provider_code)
    feed = provider.feed(batch.item)
    file = Spool(spool_root(), batch.batch_id).read_origin(batch)
    receipt = _receipt(provider.code, batch.batch_id, batch.file_sha256, status)
    with _open(provider, feed, connections) as source:
        source.acknowledge(file, batch.file_sha256, receipt, remove=feed.after_settle == "remove")


def refuse_strays(as_of: date) -> int:
    """Refuse what lies in the mailbox of a unit or an item that the registry does not list (S01, S08).

    The outcome is recorded and reported once; the files stay. Returns how many were newly refused.
    """
    refused = 0
    for path, provider_code, item in _strays():
        kind = _stray_kind(provider_code, item)
        sha256 = file_sha256(path)
        batch = Batch(
            batch_id=batch_id_of(provider_code, item, sha256),
            provider_code=provider_code,
            item=item,
            file_name=path.name,
            file_sha256=sha256,
            file_bytes=path.stat().st_size,
            received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            as_of_on=as_of,
            manifest=None,
        )
        findings = Findings.about_file([Slot(gate_rule(kind), None)])
        with connect() as connection:
            known = find_outcome(connection, batch.batch_id)
        if known is None or known.rules != set(findings.count_by_rule()):
            refuse(batch, None, findings)
            refused += 1
    return refused


def refuse(batch: Batch, provider: Provider | None, findings: Findings) -> None:
    """Record that a batch is refused, and tell the provider."""
    contract = load_contract(batch.item) if batch.item in known_items() else None
    layout = FeedLayout.unseen()
    with connect() as connection:
        settle_without_rows(
            connection,
            batch,
            contract.version if contract else "",
            layout,
            findings,
            BatchStatus.REFUSED,
            provider_is_complete=provider is not None and provider.is_complete,
        )
    write_report(batch, contract, layout, findings, BatchStatus.REFUSED, Tally(0, 0, 0, 0))
    log.warning("pull.refused", batch_id=batch.batch_id, rules=sorted(findings.count_by_rule()))


def _open(provider: Provider, feed: FeedSource, connections: Connections) -> Source:
    def settled_up_to() -> int | None:
        with connect() as connection:
            return watermark(connection, provider.code, feed.item)

    return open_source(
        feed,
        provider=provider.code,
        folders=_folders(),
        connections=connections,
        watermark=settled_up_to,
    )


def _receipt(provider_code: str, batch_id: str, sha256: str, status: BatchStatus) -> dict[str, str]:
    return {
        "batch_id": batch_id,
        "file_sha256": sha256,
        "status": status.value,
        "status_label": status.label,
        "report": str(report_folder(provider_code, batch_id).relative_to(home())),
    }


def _folders() -> Path:
    return home() / "sources"


def _landing(provider: Provider, feed: FeedSource) -> Spool:
    """Where files land that are not a batch yet. What an interrupted pull left there, the next one goes on with."""
    return Spool(spool_root(), f".landing-{provider.code}-{feed.item}")


def _strays() -> Iterator[tuple[Path, str, str]]:
    folders = (feed for unit in load_providers().values() for feed in unit.feeds if feed.kind == "folder")
    listed = {source_folder(feed) for feed in folders}
    for folder in sorted(_folders().glob("*/*")):
        if folder.is_dir() and folder not in listed and folder.name != RECEIPTS:
            for path in waiting_files(folder):
                yield path, folder.parent.name, folder.name


def _stray_kind(provider_code: str, item: str) -> str:
    if provider_code not in load_providers():
        return "unregistered_provider"
    return "item_not_listed" if item in known_items() else "unknown_item"
