"""Citations: clauses of the notice, articles of laws, documents and standards by number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from creditgate.policy.legal import (
    LegalSourceError,
    UnknownCitationError,
    load_legal_sources,
    read_legal_sources,
    resolve,
)
from creditgate.policy.paths import PROJECT_ROOT, expectations_dir


def test_a_clause_of_the_notice_resolves_to_its_words() -> None:
    assert resolve("S26").text == "失信信息披露期限最长不得超过五年"
    assert "济信用办〔2020〕12号" in resolve("S26").title


@pytest.mark.parametrize(
    "citation", ["行政处罚法第59条", "行政处罚法 59", "《中华人民共和国行政处罚法》第59条"]
)
def test_an_article_of_a_law_resolves_however_it_is_cited(citation: str) -> None:
    assert resolve(citation).rank == "law"
    assert resolve(citation).citation == "行政处罚法第59条"


def test_a_standard_resolves_by_its_number() -> None:
    assert resolve("GB 32100-2015").rank == "standard"


@pytest.mark.parametrize("citation", ["S71", "行政处罚法第999条", "某某办法第1条", "", "GB 1"])
def test_what_is_not_on_file_can_not_be_cited(citation: str) -> None:
    with pytest.raises(UnknownCitationError, match="add it to expectations/legal_sources"):
        resolve(citation)


def test_all_seventy_rules_of_the_notice_are_on_file() -> None:
    assert list(load_legal_sources().clauses) == [f"S{number:02d}" for number in range(1, 71)]


def test_every_quote_stands_in_the_notice() -> None:
    papers = list((PROJECT_ROOT.parent / "shared" / "mission").glob("*.txt"))
    if not papers:
        pytest.skip("the notice is not beside this checkout")
    notice = re.sub(r"\s", "", papers[0].read_text(encoding="utf-8"))
    wrong = [
        (clause, part)
        for clause, quote in load_legal_sources().clauses.items()
        for part in re.sub(r"\s", "", quote).split("…")
        if part not in notice
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rank: law", "rank: opinion", "'opinion' is not known here"),
        ("      9: ", "      nine: ", "is not an article number"),
        ("issued_on", "issued", "unknown key 'issued'"),
    ],
)
def test_a_slip_in_the_legal_sources_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (expectations_dir() / "legal_sources.yaml").read_text(encoding="utf-8")
    path = tmp_path / "legal_sources.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LegalSourceError, match=says):
        read_legal_sources(path)
