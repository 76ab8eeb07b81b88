"""What a citation in the law-as-data files stands for (expectations/legal_sources.yaml).

A citation is a clause of the notice (`S35`), an article of a law (`行政处罚法第59条`), or a document or
standard by its number (`GB 32100-2015`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from creditgate.policy.documents import Node, PolicyFileError, read_document
from creditgate.policy.paths import expectations_dir

RANKS = ("law", "administrative_regulation", "local_regulation", "rule", "document", "standard")
_ARTICLE = re.compile(r"^《?(?P<law>\D+?)》?\s*第?(?P<article>\d+)条?$")


class LegalSourceError(PolicyFileError):
    """legal_sources.yaml is not in order."""


class UnknownCitationError(LookupError):
    """A rule cites what legal_sources.yaml does not hold."""


@dataclass(frozen=True)
class LegalSource:
    """What a citation stands for: the document's title, its rank, and the words or gist of the place."""

    citation: str
    title: str
    rank: str
    text: str


@dataclass(frozen=True)
class LegalSources:
    """All that may be cited: the notice's clauses, laws by short title, documents by number."""

    notice: str
    clauses: Mapping[str, str]
    articles: Mapping[tuple[str, int], LegalSource]
    documents: Mapping[str, str]

    def resolve(self, citation: str) -> LegalSource:
        """The source of a citation; UnknownCitationError says how to add it."""
        if citation in self.clauses:
            return LegalSource(citation, self.notice, "document", self.clauses[citation])
        if citation in self.documents:
            rank = "standard" if citation.startswith("GB") else "document"
            return LegalSource(citation, self.documents[citation], rank, self.documents[citation])
        if (found := _ARTICLE.match(citation)) and (
            key := (found["law"], int(found["article"]))
        ) in self.articles:
            return self.articles[key]
        raise UnknownCitationError(
            f"nothing is known of {citation!r}; add it to expectations/legal_sources.yaml"
        )


def resolve(citation: str) -> LegalSource:
    """The source of a citation in the project's own legal_sources.yaml."""
    return load_legal_sources().resolve(citation)


@cache
def load_legal_sources() -> LegalSources:
    """The project's legal sources."""
    return read_legal_sources(expectations_dir() / "legal_sources.yaml")


def read_legal_sources(path: Path) -> LegalSources:
    """Read a file of legal sources; LegalSourceError says what to mend."""
    top = read_document(path, LegalSourceError).mapping(("version", "notice", "clauses", "laws", "documents"))
    notice = top["notice"].mapping(("title", "number", "issuer", "issued_on"))
    clauses = {}
    for clause, node in top["clauses"].any_mapping().items():
        clauses[clause] = node.mapping(("section", "quote"))["quote"].text()
    documents = {}
    for node in top["documents"].sequence():
        parts = node.mapping(("number", "title"))
        documents[parts["number"].text()] = parts["title"].text()
    return LegalSources(
        f"{notice['title'].text()}（{notice['number'].text()}）", clauses, _read_laws(top["laws"]), documents
    )


def _read_laws(laws: Node) -> dict[tuple[str, int], LegalSource]:
    articles: dict[tuple[str, int], LegalSource] = {}
    for node in laws.sequence():
        parts = node.mapping(("title", "short_title", "rank", "in_force_on", "articles"))
        title, short_title = parts["title"].text(), parts["short_title"].text()
        rank = parts["rank"].one_of(RANKS)
        parts["in_force_on"].day()
        if not isinstance(parts["articles"].value, dict):
            raise parts["articles"].fault("is not a mapping", "write `number: gist`")
        for number, gist in parts["articles"].value.items():
            place = parts["articles"].at(str(number), gist)
            if type(number) is not int:
                raise place.fault("is not an article number", "write digits")
            source = LegalSource(f"{short_title}第{number}条", title, rank, place.text())
            articles[short_title, number] = articles[title, number] = source
    return articles
