"""Values planted in the sample feeds that must be found nowhere afterwards: no table, report, log or XCom."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from creditgate.samples import people
from creditgate.samples.draws import Draws

_BORN = (date(1971, 1, 1), date(1989, 12, 31))

PROHIBITED_TEXTS = {
    "income": "其月工资收入8300元（{mark}）",
    "deposit": "其名下银行存款余额52300元（{mark}）",
    "securities": "其个人股票账户资产约20万元（{mark}）",
    "commercial_insurance": "其名下商业人寿保险保单现金价值3万元（{mark}）",
    "real_estate": "其名下有房产一套（{mark}）",
    "tax_amount": "其2025年缴纳个人所得税税额1230元（{mark}）",
    "religion": "本人信仰基督教（{mark}）",
    "gene": "其基因检测结果为阳性（{mark}）",
    "fingerprint": "其指纹模板编号为{mark}",
    "blood_type": "其血型为A型（{mark}）",
    "disease": "其确诊肺结核（{mark}）",
    "medical_history": "其既往病史为2018年因脑梗住院（{mark}）",
}
"""A prohibited value of each category about a natural person, with a gap for the mark."""

BLOCKED_CELLS = 5


@dataclass(frozen=True)
class Canaries:
    """What is planted, by where. The marks are unique texts, the numbers valid identity numbers.

    prohibited: category → mark inside a prohibited value of a free-text field (rejected rows);
    blocked: marks in the cells of a prohibited column (blocked file); dropped: mark in a column that no
    contract knows; subject_number, representative_number: identity numbers of persons in accepted rows;
    rejected_number: in a rejected row; typed_number: typed into a free text.
    """

    prohibited: dict[str, str]
    blocked: tuple[str, ...]
    dropped: str
    subject_number: str
    representative_number: str
    rejected_number: str
    typed_number: str

    def prohibited_text(self, category: str) -> str:
        """A prohibited value of this category, with its mark."""
        return PROHIBITED_TEXTS[category].format(mark=self.prohibited[category])

    def all(self) -> tuple[str, ...]:
        """Every text to look for."""
        numbers = (self.subject_number, self.representative_number, self.rejected_number, self.typed_number)
        return (*self.prohibited.values(), *self.blocked, self.dropped, *numbers)


def planted(seed: int) -> Canaries:
    """The canaries of the sample feeds with this seed."""
    numbers = people.identity(Draws.of(seed, range(4)), "canary", _BORN).to_pylist()
    return Canaries(
        prohibited={category: _mark(seed, category) for category in PROHIBITED_TEXTS},
        blocked=tuple(_mark(seed, f"blocked {place}") for place in range(BLOCKED_CELLS)),
        dropped=_mark(seed, "dropped"),
        subject_number=numbers[0],
        representative_number=numbers[1],
        rejected_number=numbers[2],
        typed_number=numbers[3],
    )


def canaries(seed: int) -> tuple[str, ...]:
    """All planted texts of the sample feeds with this seed; found anywhere after a run, they are a leak."""
    return planted(seed).all()


def secrets(seed: int) -> tuple[str, ...]:
    """Texts in fields that their rows mark as secret (S04): settled, but in no mart."""
    return (_mark(seed, "secret field"), _mark(seed, "secret row"))


def _mark(seed: int, place: str) -> str:
    digest = hashlib.blake2b(f"{seed}\x1f{place}".encode(), digest_size=6).hexdigest()
    return f"金丝雀CANARY-{digest}"
