"""A batch: one file of one item from one provider, and the outcomes it can have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class BatchStatus(StrEnum):
    """How a batch ended. A closed set, published in docs/reference/statuses.md.

    accepted 全部接收 · partly_rejected 部分退回 · rejected 全部退回 · blocked 整批阻断 ·
    refused 拒收 (the manifest, provider or item is not in order; the file stays with the provider) ·
    held 待人工核定 (unlike the provider's usual; nothing of it is taken in until a person has decided).
    """

    ACCEPTED = "accepted"
    PARTLY_REJECTED = "partly_rejected"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    REFUSED = "refused"
    HELD = "held"

    @property
    def label(self) -> str:
        """The status in Chinese, for reports."""
        return {
            "accepted": "全部接收",
            "partly_rejected": "部分退回",
            "rejected": "全部退回",
            "blocked": "整批阻断",
            "refused": "拒收",
            "held": "待人工核定",
        }[self.value]

    @property
    def is_final(self) -> bool:
        """Whether the same bytes, sent again, are known and left alone (a refusal can be mended, a hold ends)."""
        return self not in (BatchStatus.REFUSED, BatchStatus.HELD)


class HoldDecision(StrEnum):
    """What a person decides about a held batch: its rows are taken in, or the file goes back."""

    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True)
class Manifest:
    """What the provider declares beside a feed file (S14)."""

    provider: str
    item: str
    sha256: str
    rows: int
    reviewer: str
    reviewed_on: date
    sent_on: date


@dataclass(frozen=True)
class Waiting:
    """A file that waits in a source.

    name: what the file is called in reports. key: where it lies in the source. version: changes whenever the
    content does; empty where the source can't tell. size: bytes, None where unknown. received_at: when it lay
    complete in the source (zoned).
    """

    name: str
    key: str
    version: str
    size: int | None
    received_at: datetime


@dataclass(frozen=True)
class Batch:
    """A pulled file. `received_at` is zoned; `as_of_on` is the run's business date."""

    batch_id: str
    provider_code: str
    item: str
    file_name: str
    file_sha256: str
    file_bytes: int
    received_at: datetime
    as_of_on: date
    manifest: Manifest | None


@dataclass(frozen=True)
class Tally:
    """Rows of a batch by fate; `warned` counts accepted rows that carry a warning."""

    total: int
    accepted: int
    rejected: int
    warned: int

    def status(self) -> BatchStatus:
        """The status of a batch that was not blocked or refused."""
        if self.rejected == 0:
            return BatchStatus.ACCEPTED
        return BatchStatus.PARTLY_REJECTED if self.accepted else BatchStatus.REJECTED


def batch_id_of(provider_code: str, item: str, file_sha256: str) -> str:
    """The id of a batch: the same file from the same provider is the same batch (32 hex digits)."""
    text = f"{provider_code}\x1f{item}\x1f{file_sha256}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
