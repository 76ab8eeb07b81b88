"""Finds columns and texts that hold what may never be collected of a natural person (S16–S18).

Facts about an organisation are not prohibited; a person's illness told in a firm's record is (settled
reading 5). A finding names the category and the row, never the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.policy.prohibited import Category, ProhibitedCatalogue

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Subject = Literal["natural", "legal"]

_NOT_TEXT = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\u3000\ufeff_\-‐–—·•・.*~|]+")
_INVISIBLE_IN_HEADER = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_LETTER_BY_LETTER = re.compile(r"(?:[A-Za-z][\s_.\-·•*]+){3,}[A-Za-z]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD_BREAK = re.compile(r"[^a-z0-9]+")
_TAKEN_OUT = "※"

# RE2
_BLANK = r"[\s\x{200b}-\x{200f}\x{3000}\x{feff}]"
_CHINESE = "[一-龥：；，、。]"
_INVISIBLE = r"\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}"
_WIDE = (
    r"\x{FF10}-\x{FF19}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}"  # full width
    r"\x{2F00}-\x{2FD5}\x{F900}-\x{FAFF}\x{24B6}-\x{24E9}\x{1D400}-\x{1D7FF}"  # radicals, circled, styled
)
_JOINER = r"[\s\x{3000}·•・.*~|_\-]"
_SPELLED_OUT = f"[一-龥]{_JOINER}+[一-龥]{_JOINER}+[一-龥]"
_KEY = "[\"“”'] ?[:：]|[A-Za-z_] ?[:：=]"
_KEY_OF_TEXT = re.compile(
    r"""(?:\\?["“”'](?P<quoted>[^"“”'\\{}\[\]]{1,40})\\?["“”']|(?<![A-Za-z0-9])(?P<bare>[A-Za-z][A-Za-z_ .]{1,30}[A-Za-z]))
    \s*[:：=](?!\s*(?:null|none|\\?["“”']\\?["“”']|[,，;；}\]]|$))""",
    re.IGNORECASE | re.VERBOSE,
)
"""The name before a value: `"monthlyIncome": 6500`, `salary=6500`. What has no value has no key here."""
_GROUPED_DIGITS = "([0-9]),([0-9]{3})"
_REMEMBERED = 4_000_000
"""Characters of clauses that a scan remembers, about: bounds its memory, and a feed's clauses fit."""
_CLAUSE_END = r"[，,。；;！!？?\n]+"


def prohibited_headers(
    headers: Sequence[str], catalogue: ProhibitedCatalogue, subject: Subject | None
) -> list[tuple[str, Category]]:
    """The headers that name a prohibited datum, each with its category, in the file's order.

    subject: whom the feed is about; None where that is not known, and then it may be persons.
    """
    found = ((header, category_of_header(header, catalogue, subject)) for header in headers)
    return [(header, category) for header, category in found if category is not None]


def category_of_header(
    header: str, catalogue: ProhibitedCatalogue, subject: Subject | None
) -> Category | None:
    """The category whose pattern covers most of the header; None where it is not prohibited."""
    spelled = _plain(header, catalogue.spellings)
    best, best_length = None, 0
    for category in catalogue.categories:
        length = max(_covered(category, spelled, subject), default=0)
        if length > best_length:
            best, best_length = category, length
    return best


def _covered(category: Category, header: str, subject: Subject | None) -> Iterable[int]:
    """Lengths of what the category's patterns find in a header."""
    patterns, text = category.headers, header_text(header)
    rest = patterns.except_chinese.sub(_TAKEN_OUT, text)
    words = header_words(_blanked(header, patterns.except_chinese))
    other_words = patterns.except_words.sub(f"_{_TAKEN_OUT}_", words)
    spans = [patterns.any_chinese.search(rest), patterns.any_words.search(other_words)]
    if subject != "legal":
        spans += [patterns.person_chinese.search(rest), patterns.person_words.search(other_words)]
    yield from (len(span[0]) for span in spans if span)
    if subject != "legal" or category.legal_class == "A":
        yield from (
            len(word)
            for word in (other_words.replace("_", ""), *other_words.split("_"))
            if patterns.is_code(word)
        )


def _blanked(header: str, pattern: re.Pattern[str]) -> str:
    """The header with blanks for what the pattern finds in small letters; the humps of the rest stay."""
    small = header.casefold()
    if len(small) != len(header):
        return pattern.sub(" ", header)
    ends = [0, *(end for match in pattern.finditer(small) for end in match.span()), len(header)]
    return " ".join(header[begin:end] for begin, end in zip(ends[::2], ends[1::2], strict=True))


def _plain(header: str, spellings: Mapping[str, str]) -> str:
    """A header in simplified Chinese and Latin letters, nothing invisible, and no word spelled letter by letter."""
    plain = unicodedata.normalize("NFKC", header).translate(_table(spellings))
    plain = _INVISIBLE_IN_HEADER.sub("", plain)
    return _LETTER_BY_LETTER.sub(lambda spelled: "".join(filter(str.isalpha, spelled[0])), plain)


def _table(spellings: Mapping[str, str]) -> dict[int, int]:
    return str.maketrans("".join(spellings), "".join(spellings.values()))


def header_text(header: str) -> str:
    """A header without width, case, blanks and joiners: `月 收入（元）` is `月收入(元)`."""
    return _NOT_TEXT.sub("", unicodedata.normalize("NFKC", header).casefold())


def header_words(header: str) -> str:
    """The Latin words of a header between underlines: `monthlyIncome` is `_monthly_income_`."""
    split = _HUMP.sub("_", unicodedata.normalize("NFKC", header))
    return "_" + _WORD_BREAK.sub("_", split.casefold()).strip("_") + "_"


class ValueScreen:
    """Scans columns of free text for prohibited facts.

    One cheap pass over all rows looks for stems. Rows that have one are normalised and cut into clauses, and
    each distinct clause with a stem is compared with what each category says: once as it is, and once more,
    where it matched, without what is neutral.
    """

    def __init__(self, catalogue: ProhibitedCatalogue) -> None:
        self._catalogue = catalogue
        stems = dict.fromkeys(stem for category in catalogue.categories for stem in category.values.stems)
        self._stems = _any_of(tuple(stems))
        self._respelled = f"[{''.join(catalogue.spellings)}]"
        odd = f"[{_WIDE}{_INVISIBLE}{''.join(catalogue.spellings)}]"
        self._suspect = f"{self._stems}|{odd}|{_SPELLED_OUT}|{_KEY}"
        self._category_of_key = lru_cache(maxsize=4096)(partial(_category_of_key, catalogue))
        self._known: dict[str, Mask] = {}
        self._room = _REMEMBERED

    def scan(self, values: pa.Array | pa.ChunkedArray, is_natural: Mask | None) -> dict[str, Mask]:
        """Masks, shape (n,), of the rows that tell a prohibited fact, by code of the category found.

        values: strings, null where empty. is_natural: whether each row's subject is a natural person; None
        where that is not known, and then each may be. Categories that are not found are left out.
        """
        whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        rows = np.flatnonzero(_matches(whole, self._suspect))
        if not len(rows):
            return {}
        natural = np.ones(len(rows), np.bool_) if is_natural is None else is_natural[rows]
        text = _Clauses(self._normalised(whole.take(pa.array(rows))), self._stems)
        verdicts = self._verdicts(text.distinct)
        keyed = self._keyed(text.texts, natural)
        found: dict[str, Mask] = {}
        for category, (is_fact, is_certain) in zip(self._catalogue.categories, verdicts, strict=True):
            hits = self._telling_rows(category, text, natural, is_fact, is_certain)
            hits[keyed.get(category.code, [])] = True
            if hits.any():
                found[category.code] = np.zeros(len(whole), np.bool_)
                found[category.code][rows[hits]] = True
        return found

    def _keyed(self, texts: pa.Array, natural: Mask) -> dict[str, list[int]]:
        """The places of texts that hold a key which, as a header, would be prohibited; by category."""
        found: dict[str, list[int]] = {}
        for place in _places(texts, _KEY):
            for key in _KEY_OF_TEXT.finditer(texts[place].as_py()):
                code = self._category_of_key(key["quoted"] or key["bare"], bool(natural[place]))
                if code is not None:
                    found.setdefault(code, []).append(int(place))
        return found

    def _normalised(self, texts: pa.Array) -> pa.Array:
        """Texts in half width and simplified Chinese, nothing invisible, and no blanks beside Chinese characters."""
        texts = _changed(texts, f"[{_WIDE}]", partial(pc.utf8_normalize, form="NFKC"))
        texts = _changed(texts, f"[{_INVISIBLE}]", _without_invisible)
        texts = _changed(texts, self._respelled, self._in_plain_letters)
        texts = _changed(texts, _SPELLED_OUT, _without_joiners)
        return _changed(texts, f"{_CHINESE}{_BLANK}|{_BLANK}{_CHINESE}", _without_blanks)

    def _in_plain_letters(self, texts: pa.Array) -> pa.Array:
        table = _table(self._catalogue.spellings)
        return pa.array([text.translate(table) for text in texts.to_pylist()], pa.string())

    def _telling_rows(
        self, category: Category, text: _Clauses, natural: Mask, is_fact: Mask, is_certain: Mask
    ) -> Mask:
        """The rows of the text that tell a fact of the category that is a person's datum."""
        hits = text.rows_with(np.flatnonzero(is_fact))
        if natural.all() or not hits.any():
            return hits
        of_anyone = text.rows_with(np.flatnonzero(is_certain))
        if category.values.person == "anywhere":
            undecided = np.flatnonzero(hits & ~natural & ~of_anyone)
            of_anyone[undecided] = _matches(text.texts.take(pa.array(undecided)), self._catalogue.person)
        return np.where(natural, hits, of_anyone)

    def _verdicts(self, clauses: pa.Array) -> list[tuple[Mask, Mask]]:
        """For each category which clauses tell a fact of it, and which do so in anyone's record.

        A feed says the same again and again: what was found out about a clause is kept for the next chunk.
        """
        if self._room < 0:
            self._known, self._room = {}, _REMEMBERED
        known = self._known  # another thread may begin a new one; this one stays whole
        texts = clauses.to_pylist()
        new = [place for place, text in enumerate(texts) if text not in known]
        if new:
            unseen = clauses.take(pa.array(new))
            told = [mask for category in self._catalogue.categories for mask in self._told(category, unseen)]
            known |= zip(unseen.to_pylist(), np.stack(told, axis=1), strict=True)
            self._room -= int(pc.sum(pc.utf8_length(unseen)).as_py())
        table = np.array([known[text] for text in texts], np.bool_).reshape(
            len(texts), 2 * len(self._catalogue.categories)
        )
        return [(table[:, i], table[:, i + 1]) for i in range(0, table.shape[1], 2)]

    def _told(self, category: Category, clauses: pa.Array) -> tuple[Mask, Mask]:
        """Which clauses tell a fact of the category: at all, and as that of a certain person."""
        told = category.values
        is_fact, is_certain = np.zeros(len(clauses), np.bool_), np.zeros(len(clauses), np.bool_)
        near = _places(clauses, _any_of(told.stems))
        found = _with_stand_ins(clauses.take(pa.array(near)), told.stand_ins)
        matching = _places(found, told.either)
        if len(matching):
            suspects = near[matching]
            rest = _without(found.take(pa.array(matching)), self._catalogue.exceptions, told.exceptions)
            is_fact[suspects] = _matches(rest, told.either)
            is_certain[suspects] = _matches(rest, told.certain)
            if told.person == "before":
                pattern = f"(?i)(?:{self._catalogue.person})[^{_TAKEN_OUT}]*{told.facts}"
                is_certain[suspects] |= _matches(rest, pattern)
        return is_fact, is_certain


class _Clauses:
    """Texts cut into clauses; only distinct clauses that match `stems` are kept."""

    def __init__(self, texts: pa.Array, stems: str) -> None:
        self.texts = texts
        ungrouped = partial(pc.replace_substring_regex, pattern=_GROUPED_DIGITS, replacement=r"\1\2")
        cut = pc.split_pattern_regex(_changed(texts, _GROUPED_DIGITS, ungrouped), _CLAUSE_END)
        clauses = cut.flatten()
        kept = np.flatnonzero(_matches(clauses, stems))
        coded = clauses.take(pa.array(kept)).dictionary_encode()
        self.distinct: pa.Array = coded.dictionary
        self._place = coded.indices.to_numpy()
        self._row = pc.list_parent_indices(cut).to_numpy()[kept]

    def rows_with(self, places: Places) -> Mask:
        """Which texts have one of these distinct clauses."""
        wanted = np.zeros(len(self.distinct), np.bool_)
        wanted[places] = True
        rows = np.zeros(len(self.texts), np.bool_)
        rows[self._row[wanted[self._place]]] = True
        return rows


@cache
def _any_of(stems: tuple[str, ...]) -> str:
    return "(?i)" + "|".join(_with_blanks(stem) for stem in stems)


def _with_blanks(stem: str) -> str:
    """A stem that is found with blanks between its Chinese characters too."""
    is_chinese = all("一" <= character <= "龥" for character in stem)
    return f"{_BLANK}*".join(stem) if is_chinese else stem


def _matches(texts: pa.Array, pattern: str | None) -> Mask:
    if pattern is None:
        return np.zeros(len(texts), np.bool_)
    found = pc.match_substring_regex(texts, pattern=pattern)
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), np.bool_)


def _places(texts: pa.Array, pattern: str) -> Places:
    """The places of the texts that match the pattern."""
    return np.flatnonzero(_matches(texts, pattern))


def _with_stand_ins(texts: pa.Array, stand_ins: tuple[tuple[str, str], ...]) -> pa.Array:
    for mark, words in stand_ins:
        texts = pc.replace_substring_regex(texts, pattern=words, replacement=mark)
    return texts


def _without(texts: pa.Array, *patterns: str | None) -> pa.Array:
    for pattern in patterns:
        if pattern is not None:
            texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=_TAKEN_OUT)
    return texts


def _category_of_key(catalogue: ProhibitedCatalogue, key: str, is_natural: bool) -> str | None:
    category = category_of_header(key, catalogue, "natural" if is_natural else "legal")
    return None if category is None else category.code


def _without_invisible(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, pattern=f"[{_INVISIBLE}]", replacement="")


def _without_joiners(texts: pa.Array) -> pa.Array:
    for _ in range(2):  # a character that ends one match can't begin the next
        texts = pc.replace_substring_regex(
            texts, pattern=f"([一-龥]){_JOINER}+([一-龥])", replacement=r"\1\2"
        )
    return texts


def _without_blanks(texts: pa.Array) -> pa.Array:
    for blank in (f"{_BLANK}+({_CHINESE})", f"({_CHINESE}){_BLANK}+"):
        texts = pc.replace_substring_regex(texts, pattern=blank, replacement=r"\1")
    return texts


def _changed(texts: pa.Array, pattern: str, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, with those that match the pattern changed."""
    found = _matches(texts, pattern)
    if not found.any():
        return texts
    mask = pa.array(found)
    return pc.replace_with_mask(texts, mask, change(texts.filter(mask)))
