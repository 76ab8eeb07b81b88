"""The private spool: what a batch has become so far, between one task and the next.

    spool/<batch id>/feed.<ext>  batch.json  origin.json   put down by pull
                     screen.json     screen.npz            by screen
                     sealed.arrow    check.json  check.npz by check (feed.* goes: it holds identity numbers in clear)
                     sealed_originals.arrow                what stood in cells that were cleaned

Files appear whole (written aside, renamed), so a task that was killed is simply run again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from creditgate.domain.batch import Batch, Manifest, Waiting
from creditgate.domain.faults import OperationFault
from creditgate.domain.feed import ColumnMap, FeedLayout
from creditgate.domain.findings import Findings, Slot
from creditgate.domain.rules import Rule
from creditgate.policy.paths import home

RuleFinder = Callable[[str], Rule]


class SpoolError(OperationFault):
    """The spool lacks what a stage needs; the message names the file and the next step."""


class TableChunk(Protocol):
    """A chunk of a feed, screened or sealed."""

    @property
    def first_row(self) -> int:
        """The number of its first data row."""
        ...

    @property
    def table(self) -> pa.Table:
        """Its rows."""
        ...


class Spool:
    """One batch's folder in the spool."""

    def __init__(self, root: Path, batch_id: str) -> None:
        self.folder = root / batch_id

    def exists(self) -> bool:
        """Whether the batch lies in the spool."""
        return (self.folder / "batch.json").is_file()

    def feed_path(self) -> Path:
        """The landed file."""
        found = sorted(self.folder.glob("feed.*"))
        if not found:
            raise SpoolError(f"{self.folder} holds no feed; run the pull task of this batch again")
        return found[0]

    def adopt(self, landed: Path) -> None:
        """Take a landed file over as the batch's feed."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.drop("feed.*")
        landed.replace(self.folder / landed.name)

    def drop(self, *names: str) -> None:
        """Remove files of the batch."""
        for name in names:
            for path in self.folder.glob(name):
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all that the spool holds of the batch."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_batch(self, batch: Batch) -> None:
        """Put the batch's own values down: from then on the batch exists."""
        self._write_json("batch.json", asdict(batch))

    def read_batch(self) -> Batch:
        """The batch's own values."""
        raw = self.read_json("batch.json")
        manifest = raw.pop("manifest")
        return Batch(
            **{
                **raw,
                "received_at": datetime.fromisoformat(raw["received_at"]),
                "as_of_on": date.fromisoformat(raw["as_of_on"]),
                "manifest": _manifest(manifest) if manifest else None,
            }
        )

    def write_origin(self, file: Waiting) -> None:
        """Where in its source the feed lay, for the receipt."""
        self._write_json("origin.json", asdict(file))

    def read_origin(self, batch: Batch) -> Waiting:
        """Where in its source the batch's feed lay; by its name alone where nothing was written down."""
        if not self.has("origin.json"):
            return Waiting(batch.file_name, batch.file_name, "", batch.file_bytes, batch.received_at)
        raw = self.read_json("origin.json")
        return Waiting(**{**raw, "received_at": datetime.fromisoformat(raw["received_at"])})

    def write_outcome(self, stage: str, layout: FeedLayout, findings: Findings, **facts: Any) -> None:
        """What a stage has found: layout, findings (numbers and rule ids) and plain facts."""
        with self._whole(f"{stage}.npz") as path, path.open("wb") as file:
            np.savez(file, rows=findings.rows, slots=findings.slots)
        self._write_json(
            f"{stage}.json",
            {
                "format": layout.format,
                "encoding": layout.encoding,
                "columns": asdict(layout.columns),
                "cleaned": layout.cleaned,
                "slots": [[s.rule.id, s.field, s.header] for s in findings.table],
                "facts": facts,
            },
        )

    def read_outcome(self, stage: str, rule_of: RuleFinder) -> tuple[FeedLayout, Findings, dict[str, Any]]:
        """What a stage has found; `rule_of` finds a rule by id."""
        raw = self.read_json(f"{stage}.json")
        with np.load(self.folder / f"{stage}.npz") as arrays:
            rows, slots = arrays["rows"], arrays["slots"]
        table = tuple(Slot(rule_of(rule_id), field, header) for rule_id, field, header in raw["slots"])
        columns = raw["columns"]
        layout = FeedLayout(
            raw["format"],
            raw["encoding"],
            ColumnMap(columns["mapped"], tuple(columns["dropped"]), tuple(columns["missing"])),
            cleaned=raw["cleaned"],
        )
        return layout, Findings(table, rows, slots), raw["facts"]

    def write_table(self, name: str, chunks: Iterable[TableChunk]) -> int:
        """Write chunks to an Arrow file as they come; the number of rows."""
        rows = 0
        with self._whole(f"{name}.arrow") as path, pa.OSFile(str(path), "wb") as sink:
            writer = None
            for chunk in chunks:
                if writer is None:
                    writer = pa.ipc.new_file(sink, chunk.table.schema)
                writer.write_table(chunk.table.combine_chunks())
                rows += chunk.table.num_rows
            if writer is not None:
                writer.close()
        return rows

    def read_table(self, name: str) -> Iterator[tuple[int, pa.Table]]:
        """The chunks of an Arrow file with the number of their first row, mapped, not loaded."""
        path = self.folder / f"{name}.arrow"
        if not path.is_file():
            raise SpoolError(f"{path} is not there; run the batch again from its pull task")
        if path.stat().st_size == 0:
            return
        first_row = 1
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            for index in range(reader.num_record_batches):
                table = pa.Table.from_batches([reader.get_batch(index)])
                yield first_row, table
                first_row += table.num_rows

    def has(self, name: str) -> bool:
        """Whether a file is there, whole."""
        return (self.folder / name).is_file()

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON file of the batch; SpoolError where it is not there."""
        try:
            raw: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SpoolError(
                f"{self.folder / name} is not there; run the batch again from its pull task"
            ) from None
        return raw

    def _write_json(self, name: str, content: dict[str, Any]) -> None:
        with self._whole(name) as path:
            path.write_text(json.dumps(content, ensure_ascii=False, default=_plain), encoding="utf-8")

    @contextmanager
    def _whole(self, name: str) -> Iterator[Path]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            yield draft
            draft.replace(self.folder / name)
        finally:
            draft.unlink(missing_ok=True)


def spool_root() -> Path:
    """The folder of all batches' spools, made if need be, for its owner alone."""
    root = home() / "spool"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root


def _manifest(raw: dict[str, Any]) -> Manifest:
    dates = {key: date.fromisoformat(raw[key]) for key in ("reviewed_on", "sent_on")}
    return Manifest(**{**raw, **dates})


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the spool")
