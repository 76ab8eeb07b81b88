"""The benchmark's penalty feed: 22 columns, any number of rows, clean or wrong in five fields of every row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from creditgate.domain.feed import CHUNK_ROWS
from creditgate.policy.contracts import load_contract
from creditgate.samples import text
from creditgate.samples.codes import with_wrong_check_digit
from creditgate.samples.draws import Numbers
from creditgate.samples.penalties import Columns, PenaltyPlan, penalties
from creditgate.samples.subjects import organisations
from creditgate.samples.writing import write_csv

BENCH_AS_OF = date(2026, 11, 23)
"""The business date for which the file is clean: pass it as the as-of date."""

BENCH_FIELDS = (
    "subject_name",
    "subject_category",
    "uscc",
    "legal_representative",
    "decision_number",
    "conduct_type",
    "facts",
    "basis",
    "categories",
    "content",
    "fine_10k_yuan",
    "decided_on",
    "effective_until",
    "authority_name",
    "authority_code",
    "source_unit_name",
    "source_unit_code",
    "severity",
    "severity_standard_ref",
    "conduct_ended_on",
    "formed_on",
    "remarks",
)
_SUBJECT_FIELDS = (
    "subject_name",
    "subject_category",
    "uscc",
    "legal_representative",
    "established_on",
    "registered_address",
    "formed_on",
)
WRONG_FIELDS = ("uscc", "decided_on", "severity", "fine_10k_yuan", "decision_number")
"""The fields that are wrong in every row of the bad file."""


def bench_penalties(
    path: Path,
    rows: int,
    *,
    wrong_fields: Literal[0, 5] = 0,
    seed: int = 1,
    as_of: date = BENCH_AS_OF,
    chunk_rows: int = CHUNK_ROWS,
) -> None:
    """Write a feed of `rows` penalties as UTF-8 CSV under the contract's Chinese headers.

    With wrong_fields=0 every row passes every rule on `as_of`; with 5 each row is wrong in WRONG_FIELDS.
    The bytes depend on rows, wrong_fields, seed and as_of, not on chunk_rows; memory follows chunk_rows.
    """
    contract = load_contract("administrative_penalty")
    headers = [contract.field(name).header for name in BENCH_FIELDS]
    write_csv(path, headers, _chunks(rows, wrong_fields, seed, as_of, chunk_rows))


def bench_subjects(
    path: Path,
    *,
    seed: int = 1,
    as_of: date = BENCH_AS_OF,
    chunk_rows: int = CHUNK_ROWS,
) -> int:
    """Write the register of every subject that `bench_penalties` with this seed is about; its rows."""
    population = PenaltyPlan(as_of).population
    contract = load_contract("credit_subject")
    headers = [contract.field(name).header for name in _SUBJECT_FIELDS]
    write_csv(path, headers, _subject_chunks(population, seed, as_of, chunk_rows))
    return population


def _subject_chunks(population: int, seed: int, as_of: date, chunk_rows: int) -> Iterator[Columns]:
    for first in range(0, population, chunk_rows):
        org = organisations(seed, np.arange(first, min(first + chunk_rows, population)))
        formed = np.full(len(org.numbers), text.day_number(as_of) - 1)
        cells = (
            org.names,
            org.precise_categories(),
            org.codes,
            org.heads,
            org.established(),
            org.addresses(),
            text.dates(formed),
        )
        yield dict(zip(_SUBJECT_FIELDS, cells, strict=True))


def _chunks(rows: int, wrong_fields: int, seed: int, as_of: date, chunk_rows: int) -> Iterator[Columns]:
    plan = PenaltyPlan(as_of, confiscates=False)
    for first in range(0, rows, chunk_rows):
        numbers = range(first, min(first + chunk_rows, rows))
        columns = penalties(seed, numbers, plan)
        if wrong_fields:
            columns |= _five_wrong(columns, np.arange(numbers.start, numbers.stop))
        yield {name: columns[name] for name in BENCH_FIELDS}


def _five_wrong(columns: Columns, numbers: Numbers) -> Columns:
    """WRONG_FIELDS, wrong in ways seen in published data, no two rows alike where the field allows it."""
    wrong_severity = pa.array(("轻微", "较重", "较轻", "A级")).take(pa.array(numbers % 4))
    return {
        "uscc": with_wrong_check_digit(columns["uscc"]),
        "decided_on": text.joined(columns["decided_on"], "前后"),
        "severity": wrong_severity,
        "fine_10k_yuan": text.joined("人民币", columns["fine_10k_yuan"], "万元整"),
        "decision_number": text.joined("2026-", text.digits(numbers + 1)),
    }
