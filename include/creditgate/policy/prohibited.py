"""What may never be collected of a natural person (expectations/prohibited.yaml; S16–S18).

The only reader of that file. Everything about a category is data: its rules, how its columns are named, how
its facts are told, and what looks like one of them but is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.rules import Rule, Severity
from creditgate.policy.documents import Node, PolicyFileError, read_document
from creditgate.policy.paths import expectations_dir

PersonPlace = Literal["before", "anywhere"]

_TERM = re.compile(r"<([a-z_]+)>")
_LONG_CODE = 6
"""Letters of a pinyin code that also counts inside a word: `shouru`, `gerenshouruqingkuang`."""
_NOTHING = re.compile(r"(?!)")
_CAPITAL = re.compile(r"(?<!\\)[A-Z]")
_HEADER_KEYS = (
    "rule",
    "passing",
    "failing",
    "chinese",
    "person_chinese",
    "words",
    "person_words",
    "codes",
    "except_chinese",
    "except_words",
)
_VALUE_KEYS = ("rule", "passing", "failing", "person", "stems", "facts", "certain", "except")


class ProhibitedCatalogueError(PolicyFileError):
    """prohibited.yaml is not in order."""


@dataclass(frozen=True)
class HeaderPatterns:
    """How the columns of a category are named; Python patterns, see the file's head.

    `any_*` hold whoever the subjects are, `person_*` unless they are organisations. `long_codes` also count
    inside a word, unless `no_codes` finds another matter in it: an institution, a firm's revenue.
    """

    any_chinese: re.Pattern[str]
    any_words: re.Pattern[str]
    person_chinese: re.Pattern[str]
    person_words: re.Pattern[str]
    codes: frozenset[str]
    long_codes: tuple[str, ...]
    no_codes: re.Pattern[str]
    except_chinese: re.Pattern[str]
    except_words: re.Pattern[str]

    def is_code(self, word: str) -> bool:
        """Whether a word is one of the codes, or holds one that is too long to be there by chance."""
        if word in self.codes:
            return True
        return any(code in word for code in self.long_codes) and not self.no_codes.search(word)


@dataclass(frozen=True)
class ValuePatterns:
    """How the facts of a category are told; RE2 patterns, None where there is none.

    Each of `stand_ins` is a character and the pattern of the words that it takes the place of, before
    anything else is compared: long lists would make the other patterns slow. `person` is where an organisation's record must name the person whom the fact is about.
    """

    stems: tuple[str, ...]
    stand_ins: tuple[tuple[str, str], ...]
    facts: str
    certain: str | None
    exceptions: str | None
    person: PersonPlace

    @property
    def either(self) -> str:
        """What may be a person's datum: `facts` or `certain`."""
        return self.facts if self.certain is None else f"{self.facts}|{self.certain}"


@dataclass(frozen=True)
class Category:
    """One category of prohibited data. Class A has no override, class B yields to a contract's field."""

    code: str
    legal_class: Literal["A", "B"]
    label: str
    header_rule: Rule
    value_rule: Rule
    headers: HeaderPatterns
    values: ValuePatterns


@dataclass(frozen=True)
class ProhibitedCatalogue:
    """All categories; `person` is the RE2 pattern of a certain person, `exceptions` what is neutral in any category.

    `spellings` reads characters that stand for the same as one: traditional as simplified, Cyrillic as Latin.
    """

    version: str
    categories: tuple[Category, ...]
    person: str
    exceptions: str
    spellings: Mapping[str, str]

    def category(self, code: str) -> Category:
        """The category of a code; KeyError where there is none."""
        return {category.code: category for category in self.categories}[code]

    def rules(self) -> tuple[Rule, ...]:
        """The rules about headers, then those about values."""
        return (
            *(category.header_rule for category in self.categories),
            *(category.value_rule for category in self.categories),
        )


@cache
def load_prohibited() -> ProhibitedCatalogue:
    """The project's catalogue."""
    return read_prohibited(expectations_dir() / "prohibited.yaml")


def read_prohibited(path: Path) -> ProhibitedCatalogue:
    """Read a catalogue; ProhibitedCatalogueError says what to mend."""
    root = read_document(path, ProhibitedCatalogueError)
    top = root.mapping(
        (
            "version",
            "severity",
            "messages",
            "spellings",
            "code_endings",
            "no_codes",
            "terms",
            "except",
            "categories",
        )
    )
    reader = _Reader(_terms(top["terms"]), top)
    categories = tuple(reader.category(node) for node in top["categories"].sequence())
    person = reader.terms.get("person")
    if person is None:
        raise top["terms"].fault("lacks 'person'", "add the pattern of a certain person")
    exceptions = reader.re2(top["except"])
    if exceptions is None:
        raise top["except"].fault("is empty", "list at least the statutes")
    spellings = _spellings(top["spellings"])
    return ProhibitedCatalogue(top["version"].text(), categories, person, exceptions, spellings)


def _spellings(node: Node) -> Mapping[str, str]:
    """The characters of `from`, each with the one of `to` that stands in its place."""
    parts = node.mapping(("from", "to"))
    other, plain = parts["from"].text(), parts["to"].text()
    if len(other) != len(plain) or len(set(other)) != len(other) or set(other) & set(plain):
        raise node.fault(
            "does not pair its characters",
            "give `from` and `to` as many, each of `from` once and none in `to`",
        )
    return MappingProxyType(dict(zip(other, plain, strict=True)))


def _terms(node: Node) -> dict[str, str]:
    """The terms with the terms inside them written out."""
    raw = {name: part.text() for name, part in node.any_mapping().items()}
    return {name: _expand(node, text, raw) for name, text in raw.items()}


def _expand(node: Node, pattern: str, terms: dict[str, str], depth: int = 0) -> str:
    if depth > 8:
        raise node.fault(f"terms go round in {pattern!r}", "let no term use itself")

    def term(match: re.Match[str]) -> str:
        if match[1] not in terms:
            raise node.fault(f"unknown term <{match[1]}>", f"known: {', '.join(sorted(terms))}")
        return _expand(node, terms[match[1]], terms, depth + 1)

    return _TERM.sub(term, pattern)


class _Reader:
    """Reads categories with the file's terms and messages; no rule id or code may stand twice."""

    def __init__(self, terms: dict[str, str], top: dict[str, Node]) -> None:
        self.terms = terms
        self._messages = top["messages"].mapping(("A", "B"))
        self._code_endings = top["code_endings"].texts()
        self._no_codes = self._python(top["no_codes"])
        self._severity = top["severity"].mapping(("header", "value"))
        self._seen: set[str] = set()

    def category(self, node: Node) -> Category:
        parts = node.mapping(("code", "class", "clause", "label", "header", "value"))
        code = self._new(parts["code"], r"[a-z][a-z_]+")
        legal_class = parts["class"].one_of(("A", "B"))
        header = parts["header"].mapping(_HEADER_KEYS)
        value = parts["value"].mapping(_VALUE_KEYS, ("stand_ins",))
        return Category(
            code=code,
            legal_class="A" if legal_class == "A" else "B",
            label=parts["label"].text(),
            header_rule=self._rule("header", header, r"PD-1\d\d", parts),
            value_rule=self._rule("value", value, r"PD-2\d\d", parts),
            headers=self._header_patterns(header),
            values=self._value_patterns(value),
        )

    def re2(self, node: Node) -> str | None:
        """A list of RE2 patterns as one, blind to case; None where the list is empty."""
        patterns = self._patterns(node, _check_re2)
        return "(?i)(?:" + "|".join(patterns) + ")" if patterns else None

    def _new(self, node: Node, form: str) -> str:
        text = node.text()
        if not re.fullmatch(form, text):
            raise node.fault(f"{text!r} has not the form {form}", "write it so")
        if text in self._seen:
            raise node.fault(f"{text!r} stands twice", "take one that is free")
        self._seen.add(text)
        return text

    def _rule(self, kind: str, own: dict[str, Node], form: str, parts: dict[str, Node]) -> Rule:
        label = parts["label"].text()
        texts = (
            self._messages[parts["class"].text()]
            .mapping(("header", "value"))[kind]
            .mapping(("message", "expected"))
        )
        return Rule(
            id=self._new(own["rule"], form),
            severity=Severity(self._severity[kind].one_of(tuple(Severity))),
            clauses=parts["clause"].texts(),
            message=texts["message"].text().replace("{label}", label),
            expected=texts["expected"].text().replace("{label}", label),
            category=parts["code"].text(),
            expectation=f"gate.prohibited_{kind}",
            passing={kind: own["passing"].text()},
            failing={kind: own["failing"].text()},
        )

    def _header_patterns(self, parts: dict[str, Node]) -> HeaderPatterns:
        codes = parts["codes"].texts()
        return HeaderPatterns(
            any_chinese=self._python(parts["chinese"]),
            any_words=self._python(parts["words"]),
            person_chinese=self._python(parts["person_chinese"]),
            person_words=self._python(parts["person_words"]),
            codes=frozenset(codes) | {code + ending for code in codes for ending in self._code_endings},
            long_codes=tuple(code for code in codes if len(code) >= _LONG_CODE),
            no_codes=self._no_codes,
            except_chinese=self._python(parts["except_chinese"]),
            except_words=self._python(parts["except_words"]),
        )

    def _value_patterns(self, parts: dict[str, Node]) -> ValuePatterns:
        stems, facts = self._patterns(parts["stems"], _check_re2), self.re2(parts["facts"])
        if not stems or facts is None:
            raise parts["facts"].fault("says no fact, or has no stem to find it by", "add one of each")
        place = parts["person"].one_of(("before", "anywhere"))
        return ValuePatterns(
            stems=stems,
            stand_ins=self._stand_ins(parts.get("stand_ins")),
            facts=facts,
            certain=self.re2(parts["certain"]),
            exceptions=self.re2(parts["except"]),
            person="before" if place == "before" else "anywhere",
        )

    def _stand_ins(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        if node is None:
            return ()
        listed = [
            (mark, self._patterns(part.at("words", [part.value]), _check_re2))
            for mark, part in node.any_mapping().items()
        ]
        return tuple((mark, f"(?i){pattern}") for mark, (pattern,) in listed)

    def _python(self, node: Node) -> re.Pattern[str]:
        """A list of Python patterns as one. Headers are compared in small letters: blindness to case costs a second."""
        patterns = self._patterns(node, _check_python)
        try:
            return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else _NOTHING
        except re.error as fault:
            raise node.fault(
                f"holds a pattern that RE2 takes and Python does not ({fault})", "mend it"
            ) from fault

    def _patterns(self, node: Node, check: Callable[[str], None]) -> tuple[str, ...]:
        """A list of patterns with their terms written out, each checked."""
        patterns = []
        for part in node.sequence():
            pattern = _expand(part, part.text(), self.terms)
            try:
                check(pattern)
            except ValueError as fault:
                raise part.fault(f"is no pattern ({fault})", "mend it") from fault
            patterns.append(pattern)
        return tuple(patterns)


def _check_re2(pattern: str) -> None:
    # nulls: an array made of Python values would import pandas, half a second of each start
    pc.match_substring_regex(pa.nulls(1, pa.string()), pattern=pattern)  # pa.ArrowInvalid is a ValueError


def _check_python(pattern: str) -> None:
    """Check a header pattern: RE2 tells within microseconds whether it is whole by itself, Python within milliseconds.

    Python is asked where RE2 says no: for its words, and for what RE2 has not. It compiles the joined pattern anyway.
    """
    if _CAPITAL.search(pattern):
        raise ValueError("has a capital letter, and headers are compared in small ones")
    try:
        _check_re2(pattern)
    except ValueError:
        try:
            re.compile(pattern)
        except re.error as fault:
            raise ValueError(str(fault)) from fault
