"""One spelling for one value: blanks, widths, sentinels, dates, numbers and flags, by field kind.

Every step first asks whether the column needs it, so a clean column costs a scan.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.policy.contracts import Contract, Field

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
DATE_SENTINELS = pa.array(
    ["1900-01-01", "1899-12-30", "1899-12-31", "9999-12-31", "9999-09-09", "2099-12-31", "0001-01-01"]
)
YES = pa.array(["是", "Y", "y", "YES", "yes", "1", "true", "TRUE", "True", "有"])
NO = pa.array(["否", "N", "n", "NO", "no", "0", "false", "FALSE", "False"])
BLANKS = " \t\r\n\x0b\x0c\u00a0\u3000\u200b\ufeff"


def normalise(table: pa.Table, contract: Contract) -> pa.Table:
    """The chunk with every column in its canonical spelling; what can't be read is left as it is."""
    columns = {
        name: normalise_column(_one_array(table.column(name)), contract.field(name))
        for name in table.column_names
    }
    return pa.table(columns)


def normalise_column(values: pa.Array, field: Field) -> pa.Array:
    """One column (string, null where empty) in canonical spelling."""
    values = _without_fillers(_trimmed(values))
    return _BY_KIND.get(field.kind, _as_is)(values)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _trimmed(values: pa.Array) -> pa.Array:
    if values.null_count == len(values):
        return values
    edge = pc.match_substring_regex(values, rf"^[{BLANKS}]|[{BLANKS}]$")
    if not pc.any(edge).as_py():
        return values
    return pc.utf8_trim(values, characters=BLANKS)


def _without_fillers(values: pa.Array) -> pa.Array:
    if values.null_count == len(values):
        return values
    short = pc.less(pc.binary_length(values), 16)
    if not pc.any(short).as_py():
        return values
    empty = pc.or_(pc.is_in(values, value_set=FILLERS), pc.fill_null(pc.equal(values, ""), False))
    return pc.if_else(empty, None, values) if pc.any(empty).as_py() else values


def _as_is(values: pa.Array) -> pa.Array:
    return values


def _narrowed(values: pa.Array) -> pa.Array:
    """Full-width letters, digits and marks as half-width (NFKC), where there are any."""
    if _is_ascii(values):
        return values
    wide = pc.match_substring_regex(values, "[\uff01-\uff5e\u3000]")
    if not pc.any(wide).as_py():
        return values
    return pc.if_else(wide, pc.utf8_normalize(values, form="NFKC"), values)


def _is_ascii(values: pa.Array) -> bool:
    data = values.buffers()[2]
    if data is None or len(values) == 0:
        return True
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    used = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return not (used & 0x80).any()


def _code(values: pa.Array) -> pa.Array:
    values = _narrowed(values)
    blank = pc.match_substring_regex(values, r"\s")
    if pc.any(blank).as_py():
        values = pc.replace_substring_regex(values, r"\s+", "")
    lower = pc.match_substring_regex(values, "[a-z]")
    return pc.ascii_upper(values) if pc.any(lower).as_py() else values


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
