"""All reports of a batch, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog

from creditgate.domain.report import BatchReport
from creditgate.policy.contracts import Contract, known_items, load_contract
from creditgate.report.page import write_page
from creditgate.report.result import write_check_json
from creditgate.report.workbook import write_workbooks

log = structlog.get_logger()

_PAGE, _RESULT = "report.html", "report.json"
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class ReportFiles:
    """Where a batch's reports lie. `workbooks` is empty where no row goes back."""

    folder: Path
    page: Path
    result: Path
    workbooks: tuple[Path, ...]


def write_reports(report: BatchReport, folder: Path, contract: Contract | None = None) -> ReportFiles:
    """Write `report.html`, `report.json` and, where rows were rejected, `report-01.xlsx`… to `folder`.

    They are written beside it and moved into place together; what a killed run leaves is cleared by the
    next. The same report gives the same bytes. Folder 0700, files 0600. `contract`: the checklist's
    for the item, unless another is given. OSError where the disk is full or not writable: run again.
    """
    contract = contract or (load_contract(report.item) if report.item in known_items() else None)
    _make_private(folder.parent)
    draft = folder.parent / f".{folder.name}.draft"
    _discard(draft)
    draft.mkdir(mode=_PRIVATE_FOLDER)
    try:
        names = _write_all(report, contract, draft)
        _move_into_place(draft, folder)
    finally:
        _discard(draft)
    log.info("report.written", batch_id=report.batch_id, workbooks=len(names))
    return ReportFiles(folder, folder / _PAGE, folder / _RESULT, tuple(folder / name for name in names))


def _write_all(report: BatchReport, contract: Contract | None, draft: Path) -> list[str]:
    """Write every report into the draft; returns the names of the workbooks."""
    page, result = write_page(report, contract, draft / _PAGE), draft / _RESULT
    with result.open("w", encoding="utf-8", newline="\n") as stream:
        write_check_json(report, stream)
    workbooks = write_workbooks(report, contract, draft) if len(report.rejected) else ()
    for path in (page, result, *workbooks):
        path.chmod(_PRIVATE_FILE)
    return [path.name for path in workbooks]


def _make_private(folder: Path) -> None:
    """Make a folder and its missing parents, 0700 each, whatever the umask."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)


def _move_into_place(draft: Path, folder: Path) -> None:
    """Swap the draft in; a folder can't replace another, so the former one steps aside for a moment."""
    former = folder.parent / f".{folder.name}.former"
    if folder.exists():
        _discard(former)
        os.replace(folder, former)
    os.replace(draft, folder)
    _discard(former)


def _discard(folder: Path) -> None:
    """Remove what an earlier, killed run left."""
    if folder.exists():
        shutil.rmtree(folder)
