"""The lists that a subject can be on, from the seeds that the warehouse uses too: one source for both.

The 17 lists of S50 are one seed, the watch lists (重点关注名单) another.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from creditgate.policy.documents import PolicyFileError
from creditgate.policy.paths import dbt_dir

_HALF_WIDTH_BRACKETS = str.maketrans("（）", "()")
_FULL_WIDTH_BRACKETS = str.maketrans("()", "（）")
_COLUMNS = (
    "list_code",
    "list_number",
    "list_name",
    "list_level",
    "subjects",
    "issuer",
    "is_active",
    "active_from",
    "active_until",
    "basis",
    "national_exception_ref",
    "disclosure",
    "method",
    "confidence",
    "note",
    "is_correctable",
    "correctable_basis",
    "correctable_confidence",
)
_CONFIDENCES = ("certain", "likely", "unsure")


class SanctionListError(PolicyFileError):
    """The seed of the lists can't be used."""


@dataclass(frozen=True)
class SanctionList:
    """A list that a subject can be on. `subjects` is a part of {org, person}.

    `number` is its place in the notice, None for a watch list. `method` names the rules by which subjects are
    listed; `confidence` says how sure it and the days are (certain, likely, unsure), `note` why. `is_correctable`:
    whether the conduct can be put right by performing a duty, so that talks are held about it (S37);
    `correctable_basis` and `correctable_confidence` say where that comes from and how sure it is.
    """

    code: str
    number: int | None
    name: str
    level: str
    subjects: frozenset[str]
    issuer: str
    is_active: bool
    active_from: date | None
    active_until: date | None
    basis: str
    national_exception_ref: str | None
    disclosure: str
    method: str
    confidence: str
    note: str
    is_correctable: bool
    correctable_basis: str
    correctable_confidence: str

    @property
    def names(self) -> tuple[str, ...]:
        """The name as written, and with half- and full-width brackets where that differs."""
        forms = (
            self.name,
            self.name.translate(_HALF_WIDTH_BRACKETS),
            self.name.translate(_FULL_WIDTH_BRACKETS),
        )
        return tuple(dict.fromkeys(forms))


def sanction_lists_file() -> Path:
    """The seed."""
    return dbt_dir() / "seeds" / "sanction_lists.csv"


@cache
def load_sanction_lists() -> tuple[SanctionList, ...]:
    """The lists in the seed's order; SanctionListError where the seed is not in order."""
    return read_sanction_lists(sanction_lists_file())


def watch_lists_file() -> Path:
    """The seed of the watch lists."""
    return dbt_dir() / "seeds" / "watch_lists.csv"


@cache
def load_watch_lists() -> tuple[SanctionList, ...]:
    """The watch lists in the seed's order; SanctionListError where the seed is not in order."""
    return read_sanction_lists(watch_lists_file())


def list_code_of(text: str) -> str | None:
    """The code of a list, given its code or its name in any width; None where there is no such list."""
    wanted = unicodedata.normalize("NFKC", text).strip().upper()
    return _codes_by_spelling().get(wanted)


@cache
def _codes_by_spelling() -> dict[str, str]:
    return {
        unicodedata.normalize("NFKC", spelling).upper(): entry.code
        for entry in (*load_sanction_lists(), *load_watch_lists())
        for spelling in (entry.code, entry.name)
    }


def read_sanction_lists(path: Path) -> tuple[SanctionList, ...]:
    """Read a seed file, whatever its place."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except OSError as fault:
        raise SanctionListError(path, "", "can't be read", f"restore the seed ({fault.strerror})") from fault
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise SanctionListError(path, "line 1", "has other columns", f"write {','.join(_COLUMNS)}")
    lists = tuple(_read_row(path, line, row) for line, row in enumerate(rows, start=2))
    codes = [entry.code for entry in lists]
    for code in codes:
        if codes.count(code) > 1:
            raise SanctionListError(path, code, "stands twice", "keep one row for each list_code")
    return lists


def _read_row(path: Path, line: int, row: dict[str, str]) -> SanctionList:
    def fault(what: str, next_step: str) -> SanctionListError:
        return SanctionListError(path, f"line {line}", what, next_step)

    subjects = frozenset(row["subjects"].split("+"))
    if not subjects <= {"org", "person"}:
        raise fault(f"subjects {row['subjects']!r} is not known", "write org, person or org+person")
    for column in ("is_active", "is_correctable"):
        if row[column] not in ("true", "false"):
            raise fault(f"{column} is not true or false", "write true or false")
    for column in ("confidence", "correctable_confidence"):
        if row[column] not in _CONFIDENCES:
            raise fault(f"{column} {row[column]!r} is not known", "write certain, likely or unsure")
    if not row["correctable_basis"]:
        raise fault(
            "correctable_basis is empty", "say what it rests on that the conduct can be put right (S37)"
        )
    try:
        number = int(row["list_number"]) if row["list_number"] else None
        active_from, active_until = (
            date.fromisoformat(row[column]) if row[column] else None
            for column in ("active_from", "active_until")
        )
    except ValueError as error:
        raise fault(
            f"a number or date can't be read ({error})", "write digits, and dates as YYYY-MM-DD"
        ) from error
    return SanctionList(
        code=row["list_code"],
        number=number,
        name=row["list_name"],
        level=row["list_level"],
        subjects=subjects,
        issuer=row["issuer"],
        is_active=row["is_active"] == "true",
        active_from=active_from,
        active_until=active_until,
        basis=row["basis"],
        national_exception_ref=row["national_exception_ref"] or None,
        disclosure=row["disclosure"],
        method=row["method"],
        confidence=row["confidence"],
        note=row["note"],
        is_correctable=row["is_correctable"] == "true",
        correctable_basis=row["correctable_basis"],
        correctable_confidence=row["correctable_confidence"],
    )
