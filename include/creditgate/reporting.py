"""Reports of batches, composed: what a provider unit is told, from what the stages have found.

A report is made when its batch is settled, and again from the warehouse when rows of it were cleared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from creditgate.domain.batch import Batch, BatchStatus, Tally
from creditgate.domain.feed import FeedLayout
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.report import BatchReport, RejectedRows
from creditgate.policy.contracts import Contract, load_contract
from creditgate.policy.paths import home
from creditgate.policy.providers import load_providers
from creditgate.policy.rule_finder import rule_finder
from creditgate.report import write_reports
from creditgate.warehouse.batches import (
    batches_without_report,
    find_outcome,
    load_batch,
    load_findings,
    load_returned_rows,
)
from creditgate.warehouse.connect import connect


def report_folder(provider_code: str, batch_id: str) -> Path:
    """Where a batch's reports lie."""
    return home() / "reports" / provider_code / batch_id


def make_missing_reports() -> None:
    """Make the reports that an expiry has removed anew, without the rows that were cleared."""
    with connect() as connection:
        missing = batches_without_report(
            connection, lambda provider, batch_id: (home() / "reports" / provider / batch_id).is_dir()
        )
        for batch_id in missing:
            kept = load_batch(connection, batch_id)
            if kept is None:
                continue
            contract = load_contract(kept.batch.item)
            rule_of = rule_finder(contract)
            rows, slots = load_findings(connection, batch_id)
            table = list(dict.fromkeys(slots))
            findings = Findings(
                tuple(Slot(rule_of(rule_id), field, header) for rule_id, field, header in table),
                rows,
                np.array([table.index(slot) for slot in slots], np.int16),
            )
            numbers, cells = load_returned_rows(connection, batch_id, list(kept.columns.mapped.values()))
            write_report(
                kept.batch,
                contract,
                FeedLayout(kept.format, kept.encoding, kept.columns, cleaned=kept.cleaned),
                Findings.concat([findings]),
                kept.outcome.status,
                kept.tally,
                RejectedRows(numbers, cells, tuple(kept.columns.mapped)),
            )


def write_report(
    batch: Batch,
    contract: Contract | None,
    layout: FeedLayout,
    findings: Findings,
    status: BatchStatus,
    tally: Tally,
    rejected: RejectedRows | None = None,
) -> None:
    """Write the reports of a settled batch to their folder, whole or not at all."""
    made = batch_report(
        batch, contract, layout, findings, status, tally, rejected or RejectedRows.none(), is_settled=True
    )
    write_reports(made, report_folder(batch.provider_code, batch.batch_id), contract)


def batch_report(
    batch: Batch,
    contract: Contract | None,
    layout: FeedLayout,
    findings: Findings,
    status: BatchStatus,
    tally: Tally,
    rejected: RejectedRows,
    *,
    is_settled: bool,
) -> BatchReport:
    """All that is told of a batch; `is_settled` says whether the warehouse knows when it ended."""
    provider = load_providers().get(batch.provider_code)
    settled_at, unchanged = None, 0
    if is_settled:
        with connect() as connection:
            outcome = find_outcome(connection, batch.batch_id)
        if outcome is not None:
            settled_at, unchanged = outcome.settled_at, outcome.rows_unchanged
    return BatchReport(
        file_name=batch.file_name,
        file_sha256=batch.file_sha256,
        item=batch.item,
        contract_title=contract.title if contract else batch.item,
        contract_version=contract.version if contract else "",
        received_at=batch.received_at,
        as_of_on=batch.as_of_on,
        status=status,
        tally=tally,
        format=layout.format,
        encoding=layout.encoding,
        cleaned=layout.cleaned,
        columns=layout.columns,
        findings=findings,
        rejected=rejected,
        batch_id=batch.batch_id or None,
        provider_code=batch.provider_code or None,
        unit_name=provider.unit_name if provider else None,
        officer=(provider.officer or None) if provider else None,
        responsible_head=(provider.responsible_head or None) if provider else None,
        settled_at=settled_at,
        unchanged=unchanged,
    )
