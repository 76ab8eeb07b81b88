"""One spelling for one value, by the named rules of expectations/cleaning.yaml; what was changed is counted and kept.

Every step first asks whether the column needs it, so a clean column costs a scan. A step gives back the very array
that it got where it changes nothing, and only then is nothing compared or counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.codebook import Codebook, Codebooks, NumberedColumn
from creditgate.domain.originals import originals_table
from creditgate.domain.text_bytes import (
    begins_or_ends_with,
    first_bytes,
    holds,
    is_ascii,
    lengths,
    rows_with,
    used_bytes,
)
from creditgate.policy.cleaning import CleaningRule, cleaning_rule, load_cleaning
from creditgate.policy.contracts import Contract, Field
from creditgate.screen.days import days_read
from creditgate.screen.mixed_identifiers import sort_identifiers

Mask = npt.NDArray[np.bool_]
Rules = npt.NDArray[np.int32]
Part = tuple[str, npt.NDArray[np.int32], pa.Array]
Step = Callable[[pa.Array, CleaningRule, Field], pa.Array]

_NO_RULES: Rules = np.zeros(0, np.int32)

FILLERS = pa.array(cleaning_rule("words_for_nothing").words[""])
"""What providers write for "nothing" (reference list of dirty values, 18)."""
_NOTHING = pa.array([*FILLERS.to_pylist(), ""])
_LONGEST_FILLER = max(len(filler.encode()) for filler in FILLERS.to_pylist())
BLANKS = " \t\r\n\x0b\x0c\u00a0\u3000\u200b\ufeff"
_INVISIBLE = "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"
_OTHER_BRACKET = r"[\[(（【〈<﹝［]\s*(?:19|20)"
_YEAR_BRACKETS = r"[\[(（【〈<﹝［〔]\s*((?:19|20)[0-9]{2})\s*[\])）】〉>﹞］〕]"


@dataclass
class Cleaned:
    """A chunk in canonical spelling. counts: cells changed by rule id and field; originals: see `domain.originals`.

    numbered: the columns that repeat themselves, as they now are.
    """

    table: pa.Table
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    originals: pa.Table | None = None
    numbered: dict[str, NumberedColumn] = field(default_factory=dict)


def normalise(table: pa.Table, contract: Contract) -> pa.Table:
    """The chunk with every column in its canonical spelling; what can't be read is left as it is."""
    return cleaned(table, contract, 1).table


def cleaned(table: pa.Table, contract: Contract, first_row: int, books: Codebooks | None = None) -> Cleaned:
    """The chunk in canonical spelling, with what was changed. first_row: the number of its first row.

    books: what the chunks of a feed share, the distinct values of its columns that repeat themselves.
    """
    shared = books or Codebooks()
    result = Cleaned(table)
    columns: dict[str, pa.Array] = {}
    parts: list[Part] = []
    numbered: dict[str, NumberedColumn] = {}
    for name in table.column_names:
        before, own = _one_array(table.column(name)), contract.field(name)
        book = shared.of(name, before)
        if book is None:
            after, rules = _spelled(before, own)
        else:
            after, rules, numbered[name] = _by_distinct_values(before, own, book)
        columns[name] = after
        if after is before:
            continue
        for place, rule in enumerate(load_cleaning()):
            if count := int(np.count_nonzero(rules & (1 << place))):
                result.counts.setdefault(rule.id, {})[name] = count
        changed_rows = np.flatnonzero(rules)
        if own.storage != "identity" and len(changed_rows):
            numbers = (changed_rows + first_row).astype(np.int32)
            parts.append((name, numbers, before.take(pa.array(changed_rows))))
    spelled = pa.table(columns)
    result.table = sort_identifiers(spelled, contract)
    moved = {name for own in contract.fields for name in own.sorted_into}
    result.numbered = {name: column for name, column in numbered.items() if name not in moved}
    result.originals = originals_table(_in_their_places(parts, spelled, result.table, first_row))
    return result


def _in_their_places(parts: list[Part], before: pa.Table, after: pa.Table, first_row: int) -> list[Part]:
    """The originals of cells that were not moved to another column: of a moved one its own column shows nothing."""
    kept = []
    for name, rows, texts in parts:
        own, other = before.column(name), after.column(name) if name in after.column_names else None
        if other is None or own is other:
            kept.append((name, rows, texts) if other is not None else (name, rows[:0], texts[:0]))
            continue
        moved = _differs(_one_array(own), _one_array(other))[rows - first_row]
        kept.append((name, rows[~moved], texts.filter(pa.array(~moved))))
    return kept


def normalise_column(values: pa.Array, own: Field) -> pa.Array:
    """One column (string, null where empty) in canonical spelling."""
    return _spelled(values, own)[0]


def _by_distinct_values(
    values: pa.Array, own: Field, book: Codebook
) -> tuple[pa.Array, Rules, NumberedColumn]:
    """The values in canonical spelling, each distinct value of the feed worked on once."""

    def change(texts: pa.Array) -> pa.Array:
        return _spelled(texts, own)[0]

    numbers = book.numbers(values)
    numbered = NumberedColumn(book.respelled("spelling", change), numbers)
    spelled, differs = book.changed("spelling", change)
    if not differs.any() or not differs[numbers].any():
        return values, _NO_RULES, numbered
    rules = book.verdicts("rules", lambda texts: _spelled(texts, own)[1])
    return spelled.take(pa.array(numbers)), rules[numbers], numbered


def _spelled(values: pa.Array, own: Field) -> tuple[pa.Array, Rules]:
    """The values in canonical spelling, and the rules that changed each: int32, a bit for each of the catalogue."""
    rules = np.zeros(len(values), np.int32)
    for place, rule in enumerate(load_cleaning()):
        if not rule.applies_to(own) or values.null_count == len(values):
            continue
        after = _STEPS[rule.kind](values, rule, own)
        if after is not values:
            rules |= np.int32(1 << place) * _differs(values, after)
            values = after
    return values, rules


def _differs(before: pa.Array, after: pa.Array) -> Mask:
    """Where a value is another one, or none any more."""
    same: Mask = pc.fill_null(pc.equal(before, after), False).to_numpy(zero_copy_only=False)
    present: Mask = pc.is_valid(before).to_numpy(zero_copy_only=False)
    return ~same & present


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _without_marks(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    first = first_bytes(values)
    if not ((first == ord("=")) | (first == ord("'"))).any():
        return values
    return pc.replace_substring_regex(values, r"^(?:=\"([^\"]*)\"|'([^']+))$", r"\1\2")


def _trimmed(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    if not begins_or_ends_with(values, BLANKS):
        return values
    return pc.utf8_trim(values, characters=BLANKS)


def _without_invisible(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    data = used_bytes(values)
    if not len(data):
        return values
    is_suspected = data.min() < ord(" ") or (data == 0x7F).any()
    if not is_suspected and not is_ascii(values):
        # all but U+FEFF begin with C2 or E2, which little else in names and codes does
        is_suspected = (data == 0xE2).any() or (data == 0xC2).any() or holds(values, "\ufeff")
    if not is_suspected:
        return values
    return pc.replace_substring_regex(values, _INVISIBLE, "")


def _without_fillers(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    short = lengths(values) <= _LONGEST_FILLER
    if not short.any():
        return values
    if short.mean() > 0.5:
        empty = _is_filler(values)
    else:
        places = np.flatnonzero(short)
        empty = np.zeros(len(values), np.bool_)
        empty[places] = _is_filler(values.take(pa.array(places)))
    empty &= pc.is_valid(values).to_numpy(zero_copy_only=False)
    return pc.if_else(pa.array(empty), None, values) if empty.any() else values


def _is_filler(values: pa.Array) -> Mask:
    found: Mask = pc.is_in(values, value_set=_NOTHING).to_numpy(zero_copy_only=False)
    return found


def _narrowed(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    """Full-width letters, digits and marks as half-width (NFKC), where there are any."""
    if is_ascii(values):
        return values
    wide = rows_with(values, _WIDE_LEADS)
    if not len(wide):
        return values
    mask = np.zeros(len(values), np.bool_)
    mask[wide] = True
    narrow = pc.utf8_normalize(values.take(pa.array(wide)), form="NFKC")
    return pc.replace_with_mask(values, pa.array(mask), narrow)


_WIDE_LEADS = (b"\xef\xbc", b"\xef\xbd", b"\xe3\x80\x80")
"""How U+FF00 to U+FF7F and U+3000 begin in UTF-8."""


def _narrowed_letters(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    """Full-width letters and digits as half-width, the marks of Chinese text left alone."""
    if is_ascii(values):
        return values
    data = used_bytes(values)
    places = np.flatnonzero(data[:-2] == 0xEF)
    second, third = data[places + 1], data[places + 2]
    latin = (second == 0xBC) & (((third >= 0x90) & (third <= 0x99)) | ((third >= 0xA1) & (third <= 0xBA)))
    if not (latin | ((second == 0xBD) & (third >= 0x81) & (third <= 0x9A))).any():
        return values
    texts = [text.translate(_LATIN) if text else text for text in values.to_pylist()]
    return pa.array(texts, pa.string())


_LATIN = {
    code: code - 0xFEE0
    for low, high in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for code in range(low, high + 1)
}


def _joined(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    if not (used_bytes(values) <= ord(" ")).any():
        return values
    return pc.replace_substring_regex(values, r"\s+", "")


def _capitals(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    is_lower = (used_bytes(values) - np.uint8(ord("a"))) < 26  # bytes below "a" wrap round and are large
    return pc.ascii_upper(values) if is_lower.any() else values


def _without_tail(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    if ord(".") not in used_bytes(values):
        return values
    return pc.replace_substring_regex(values, r"^([0-9]+)\.0+$", r"\1")


def _bracketed(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    other = pc.fill_null(pc.match_substring_regex(values, _OTHER_BRACKET), False)
    if not pc.any(other).as_py():
        return values
    made = pc.replace_substring_regex(values.filter(other), _YEAR_BRACKETS, r"〔\1〕")
    return pc.replace_with_mask(values, other, made)


def _without_hyphen(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    if ord("-") not in used_bytes(values):
        return values
    return pc.replace_substring_regex(values, r"^([0-9A-Z]{8})-([0-9X])$", r"\1\2")


def _days(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    return days_read(values, rule.kind)


def _without_sentinels(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    sentinel = pc.is_in(values, value_set=pa.array(rule.words[""]))
    return pc.if_else(sentinel, None, values) if pc.any(sentinel).as_py() else values


def _ungrouped(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    if ord(",") not in used_bytes(values):
        return values
    grouped = pc.match_substring_regex(values, r"^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")
    return pc.if_else(grouped, pc.replace_substring(values, ",", ""), values)


def _flagged(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    for flag, words in rule.words.items():
        said = pc.is_in(values, value_set=pa.array(words))
        if pc.any(said).as_py():
            values = pc.if_else(said, flag, values)
    return values


def _in_the_contracts_words(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    """Other words for a value, as the contract lists them: 撤回 is 是."""
    if not own.value_synonyms:
        return values
    words, meanings = (pa.array(side, pa.string()) for side in zip(*own.value_synonyms, strict=True))
    return pc.coalesce(meanings.take(pc.index_in(values, value_set=words)), values)


def _separated(values: pa.Array, rule: CleaningRule, own: Field) -> pa.Array:
    other = pc.match_substring_regex(values, "[；|]")
    return pc.replace_substring_regex(values, "[；|]", ";") if pc.any(other).as_py() else values


_STEPS: dict[str, Step] = {
    "spreadsheet_marks": _without_marks,
    "blanks_at_ends": _trimmed,
    "invisible_characters": _without_invisible,
    "words_for_nothing": _without_fillers,
    "full_width_to_half_width": _narrowed,
    "full_width_letters_and_digits": _narrowed_letters,
    "blanks_inside": _joined,
    "capital_letters": _capitals,
    "whole_number_tail": _without_tail,
    "brackets_of_document_numbers": _bracketed,
    "hyphen_of_organisation_codes": _without_hyphen,
    "day_spelled_out": _days,
    "time_of_day": _days,
    "epoch_seconds": _days,
    "spreadsheet_day_number": _days,
    "days_that_mean_none": _without_sentinels,
    "thousands_marks": _ungrouped,
    "flags": _flagged,
    "separators": _separated,
    "contract_words": _in_the_contracts_words,
}
"""What each rule of the catalogue does; a test holds the two together."""
