"""Values planted in the sample feeds that must be found nowhere afterwards: no table, report, log or XCom."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from creditgate.samples import people
from creditgate.samples.draws import Draws

_BORN = (date(1971, 1, 1), date(1989, 12, 31))


@dataclass(frozen=True)
class Canaries:
    """What is planted, by where it is planted. The marks are unique texts; the numbers are valid ones.

    disease, income, religion: marks inside a prohibited value of a free-text field (rejected rows);
    blood_type: marks in the cells of a prohibited column (blocked file); dropped: marks in a column that no
    contract knows; subject_number, representative_number: identity numbers of persons in accepted rows;
    rejected_number: of a person in a rejected row; typed_number: typed into the facts.
    """

    disease: str
    income: str
    religion: str
    blood_type: tuple[str, ...]
    dropped: str
    subject_number: str
    representative_number: str
    rejected_number: str
    typed_number: str

    def all(self) -> tuple[str, ...]:
        """Every text to look for."""
        return (
            self.disease,
            self.income,
            self.religion,
            *self.blood_type,
            self.dropped,
            self.subject_number,
            self.representative_number,
            self.rejected_number,
            self.typed_number,
        )


def planted(seed: int) -> Canaries:
    """The canaries of the sample feeds with this seed."""
    numbers = people.identity(Draws.of(seed, range(4)), "canary", _BORN).to_pylist()
    return Canaries(
        disease=_mark(seed, "disease"),
        income=_mark(seed, "income"),
        religion=_mark(seed, "religion"),
        blood_type=tuple(_mark(seed, f"blood type {place}") for place in range(5)),
        dropped=_mark(seed, "dropped"),
        subject_number=numbers[0],
        representative_number=numbers[1],
        rejected_number=numbers[2],
        typed_number=numbers[3],
    )


def canaries(seed: int) -> tuple[str, ...]:
    """All planted texts of the sample feeds with this seed; found anywhere after a run, they are a leak."""
    return planted(seed).all()


def _mark(seed: int, place: str) -> str:
    digest = hashlib.blake2b(f"{seed}\x1f{place}".encode(), digest_size=6).hexdigest()
    return f"金丝雀CANARY-{digest}"
