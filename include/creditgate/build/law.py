"""The law that a build rests on: models, seeds, and which rows of the seeds are in force on a day."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.paths import dbt_dir

PUBLIC_MODE: Final = "公开公示"
_PERIODS: Final = (("effective_from", "effective_until"), ("active_from", "active_until"))
_PROJECT_FILES: Final = frozenset({".sql", ".yml", ".csv"})


def law_in_force(as_of: date) -> str:
    """A digest that changes when a build must compute every record anew.

    That is: another file of the dbt project, another set of public items or basis of disclosure, or a dated row of a seed (a term, a
    regime, a list, a measure) that begins or ends.
    """
    digest = hashlib.sha256(json.dumps([public_items(), disclosure_bases()]).encode())
    for path in sorted(dbt_dir().rglob("*")):
        if path.suffix in _PROJECT_FILES and "target" not in path.parts:
            digest.update(path.name.encode() + path.read_bytes())
    for path in sorted((dbt_dir() / "seeds").glob("*.csv")):
        for number in _rows_in_force(path, as_of):
            digest.update(f"{path.name}:{number};".encode())
    return digest.hexdigest()


def public_items() -> tuple[str, ...]:
    """The items whose contract says that they are disclosed publicly (S20, S22)."""
    return tuple(item for item in known_items() if load_contract(item).disclosure_mode == PUBLIC_MODE)


def disclosure_bases() -> dict[str, str]:
    """What each item's contract cites for its disclosure (S20)."""
    return {item: load_contract(item).disclosure_basis for item in known_items()}


def _rows_in_force(path: Path, as_of: date) -> Iterator[int]:
    """The numbers of a seed's rows that are in force; none for a seed without dates."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = set(reader.fieldnames or ())
        period = next((pair for pair in _PERIODS if set(pair) <= names), None)
        if period is None:
            return
        day = as_of.isoformat()
        for number, row in enumerate(reader):
            if (row[period[0]] or "") <= day <= (row[period[1]] or "9999-12-31"):
                yield number
