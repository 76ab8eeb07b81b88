"""From findings to fates: which rows are taken, which go back, and how the batch ends."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from creditgate.domain.batch import BatchStatus, Tally
from creditgate.domain.findings import FILE_ROW, Findings
from creditgate.domain.rules import Severity


def tally_of(total: int, findings: Findings) -> Tally:
    """Rows by fate: rejected with a reject finding, warned where accepted with a warning."""
    rejected = findings.of_severity(Severity.REJECT)
    rejected = rejected[rejected != FILE_ROW]
    warned = np.setdiff1d(findings.of_severity(Severity.WARN), rejected)
    warned = warned[warned != FILE_ROW]
    return Tally(total, total - len(rejected), len(rejected), len(warned))


def status_without_rows(findings: Findings, refusing: Collection[str]) -> BatchStatus:
    """How a batch ends of which no row is taken.

    refusing: ids of the rules about the manifest. Where nothing else blocks, the batch is refused: the
    provider mends the manifest and sends the same file.
    """
    blocking = {slot.rule.id for slot in findings.table if slot.rule.severity is Severity.BLOCK}
    return BatchStatus.REFUSED if blocking and blocking <= set(refusing) else BatchStatus.BLOCKED
