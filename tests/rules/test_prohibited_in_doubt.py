"""A row that says nothing of its subject is screened as a person's (S16, S17)."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditgate import pipeline
from tests.builders import AS_OF, a_feed, a_penalty


@pytest.mark.parametrize("category", ["自然人", None])
def test_a_persons_income_is_found_where_the_subject_is_a_person_or_unknown(
    tmp_path: Path, category: str | None
) -> None:
    told = a_penalty(
        subject_category=category, uscc=None, remarks="月收入约8000元", legal_representative=None
    )
    report = pipeline.check_file(a_feed([told], tmp_path / "p.csv"), "administrative_penalty", None, AS_OF)
    assert "income" in {slot.rule.category for _, slot in report.findings}
