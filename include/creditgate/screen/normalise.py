"""One spelling for one value: blanks, widths, sentinels, dates, numbers and flags, by field kind.

Every step first asks whether the column needs it, so a clean column costs a scan.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.codebook import Codebook
from creditgate.domain.distinct import changed, repeats
from creditgate.domain.text_bytes import begins_or_ends_with, holds, is_ascii, lengths, used_bytes
from creditgate.policy.contracts import Contract, Field
from creditgate.screen.mixed_identifiers import sort_identifiers

FILLERS = pa.array(
    [
        "无",
        "暂无",
        "空",
        "不详",
        "/",
        "-",
        "--",
        "—",
        r"\N",
        "NULL",
        "null",
        "None",
        "N/A",
        "nan",
        "无处罚期限",
    ]
)
"""What providers write for "nothing" (reference list of dirty values, 18)."""
_NOTHING = pa.array([*FILLERS.to_pylist(), ""])
_LONGEST_FILLER = max(len(filler.encode()) for filler in FILLERS.to_pylist())
DATE_SENTINELS = pa.array(
    ["1900-01-01", "1899-12-30", "1899-12-31", "9999-12-31", "9999-09-09", "2099-12-31", "0001-01-01"]
)
YES = pa.array(["是", "Y", "y", "YES", "yes", "1", "true", "TRUE", "True", "有"])
NO = pa.array(["否", "N", "n", "NO", "no", "0", "false", "FALSE", "False"])
BLANKS = " \t\r\n\x0b\x0c\u00a0\u3000\u200b\ufeff"


def normalise(table: pa.Table, contract: Contract, books: dict[str, Codebook] | None = None) -> pa.Table:
    """The chunk with every column in its canonical spelling; what can't be read is left as it is.

    books: what the chunks of a feed share, the distinct values of its columns that repeat themselves.
    """
    shared: dict[str, Codebook] = {} if books is None else books
    columns = {
        name: _by_distinct_values(_one_array(table.column(name)), contract.field(name), shared)
        for name in table.column_names
    }
    return sort_identifiers(pa.table(columns), contract)


def _by_distinct_values(values: pa.Array, field: Field, books: dict[str, Codebook]) -> pa.Array:
    if not repeats(values):
        return normalise_column(values, field)
    book = books.get(field.name)
    if book is None or book.is_full:
        book = books[field.name] = Codebook()
    numbers = book.numbers(values)
    spelled, differs = book.changed("spelling", lambda texts: normalise_column(texts, field))
    return spelled.take(pa.array(numbers)) if differs.any() and differs[numbers].any() else values


def normalise_column(values: pa.Array, field: Field) -> pa.Array:
    """One column (string, null where empty) in canonical spelling."""
    values = _without_fillers(_trimmed(values))
    spell = _BY_KIND.get(field.kind)
    values = values if spell is None else changed(values, spell)
    return _in_the_contracts_words(values, field) if field.value_synonyms else values


def _in_the_contracts_words(values: pa.Array, field: Field) -> pa.Array:
    """Other words for a value, as the contract lists them: 撤回 is 是."""
    words, meanings = (pa.array(side, pa.string()) for side in zip(*field.value_synonyms, strict=True))
    return pc.coalesce(meanings.take(pc.index_in(values, value_set=words)), values)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _trimmed(values: pa.Array) -> pa.Array:
    if values.null_count == len(values) or not begins_or_ends_with(values, BLANKS):
        return values
    return pc.utf8_trim(values, characters=BLANKS)


def _without_fillers(values: pa.Array) -> pa.Array:
    if values.null_count == len(values):
        return values
    short = lengths(values) <= _LONGEST_FILLER
    if not short.any():
        return values
    if short.mean() > 0.5:
        empty = _is_filler(values)
    else:
        places = np.flatnonzero(short)
        empty = np.zeros(len(values), np.bool_)
        empty[places] = _is_filler(values.take(pa.array(places)))
    return pc.if_else(pa.array(empty), None, values) if empty.any() else values


def _is_filler(values: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.is_in(values, value_set=_NOTHING).to_numpy(zero_copy_only=False)
    return found


def _narrowed(values: pa.Array) -> pa.Array:
    """Full-width letters, digits and marks as half-width (NFKC), where there are any."""
    if is_ascii(values) or not (0xEF in used_bytes(values) or holds(values, "\u3000")):
        return values
    wide = pc.fill_null(pc.match_substring_regex(values, "[\uff01-\uff5e\u3000]"), False)
    if not pc.any(wide).as_py():
        return values
    return pc.replace_with_mask(values, wide, pc.utf8_normalize(values.filter(wide), form="NFKC"))


def _code(values: pa.Array) -> pa.Array:
    values = _narrowed(values)
    data = used_bytes(values)
    if (data <= ord(" ")).any():
        values = pc.replace_substring_regex(values, r"\s+", "")
    is_lower = (data - np.uint8(ord("a"))) < 26  # bytes below "a" wrap round and are large
    return pc.ascii_upper(values) if is_lower.any() else values


def _date(values: pa.Array) -> pa.Array:
    values = _narrowed(values)
    iso = pc.match_substring_regex(values, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    if not pc.all(pc.fill_null(iso, True)).as_py():
        spelled = pc.replace_substring_regex(
            values,
            r"^([0-9]{4})\s*[年/.\-]\s*([0-9]{1,2})\s*[月/.\-]\s*([0-9]{1,2})\s*[日号]?"
            r"(?:[ T]?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?$",
            r"\1-0\2-0\3",
        )
        spelled = pc.replace_substring_regex(spelled, r"^([0-9]{4})([0-9]{2})([0-9]{2})$", r"\1-\2-\3")
        spelled = pc.replace_substring_regex(spelled, r"^([0-9]{4}-)0([0-9]{2}-)", r"\1\2")
        values = pc.replace_substring_regex(spelled, r"^([0-9]{4}-[0-9]{2}-)0([0-9]{2})$", r"\1\2")
    sentinel = pc.is_in(values, value_set=DATE_SENTINELS)
    return pc.if_else(sentinel, None, values) if pc.any(sentinel).as_py() else values


def _number(values: pa.Array) -> pa.Array:
    values = _narrowed(values)
    if not (used_bytes(values) == ord(",")).any():
        return values
    grouped = pc.match_substring_regex(values, r"^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")
    if pc.any(grouped).as_py():
        values = pc.if_else(grouped, pc.replace_substring(values, ",", ""), values)
    return values


def _flag(values: pa.Array) -> pa.Array:
    values = _narrowed(values)
    yes, no = pc.is_in(values, value_set=YES), pc.is_in(values, value_set=NO)
    return pc.if_else(yes, "是", pc.if_else(no, "否", values))


def _list(values: pa.Array) -> pa.Array:
    """Parts joined by one mark: 罚款；没收违法所得 is 罚款;没收违法所得."""
    other = pc.match_substring_regex(values, "[；|]")
    return pc.replace_substring_regex(values, "[；|]", ";") if pc.any(other).as_py() else values


_BY_KIND: dict[str, Callable[[pa.Array], pa.Array]] = {
    "code": _code,
    "identity": _code,
    "date": _date,
    "number": _number,
    "flag": _flag,
    "list": _list,
}
