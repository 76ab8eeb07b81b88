"""The reports of a batch hold rows of its file: they go when a record or a rejected row of it goes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class BatchReports:
    """Whose reports must go: they lie in `reports/<provider_code>/<batch_id>/` of the state folder."""

    provider_code: str
    batch_id: str

    def folder(self, home: Path) -> Path:
        """The folder of this batch's reports."""
        return home / "reports" / self.provider_code / self.batch_id


def purge_reports(home: Path, batches: Iterable[BatchReports]) -> int:
    """Remove the report folders of these batches; give how many there were. Safe to repeat.

    A folder that can't be removed raises OSError, so that no deletion is taken for done that is not.
    """
    removed = 0
    for batch in batches:
        folder = batch.folder(home)
        if folder.is_dir():
            shutil.rmtree(folder)
            removed += 1
    return removed
