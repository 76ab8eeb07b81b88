"""Days out of the ways they are written: one function per cleaning rule, real days only.

What is ambiguous (03/04/2018), impossible (2018-02-30) or not a day (202011) stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.text_bytes import lengths, used_bytes

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_ISO_LENGTH, _HYPHEN = 10, ord("-")
_ISO = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SPELLED = re.compile(r"([0-9]{4})\s*([年/.\-])\s*([0-9]{1,2})\s*[月/.\-]\s*([0-9]{1,2})\s*[日号]?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CHINESE = re.compile(
    r"([〇○零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号]"
)
_CLOCK = r"(?:[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?|[0-9]{1,2}时(?:[0-9]{1,2}分)?(?:[0-9]{1,2}秒)?)"
_WITH_TIME = re.compile(rf"(.*?[0-9日号])(?:\s+|T){_CLOCK}(?:\s*\+08:?00)?")
_LOST_BLANK = re.compile(rf"(.*[年月/.\-][0-9]{{2}}|.*[日号])(?=[0-9]{{2}}:)({_CLOCK})")
_COMPACT_TIME = re.compile(r"([0-9]{8})\s?(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]")
_SERIAL = re.compile(r"[2-7][0-9]{4}(?:\.[0-9]+)?")
_EPOCH = re.compile(r"([0-9]{9,10})(000)?")
_DIGITS = {digit: str(place) for place, digit in enumerate("〇一二三四五六七八九")} | {"○": "0", "零": "0"}


def days_read(values: pa.Array, kind: str) -> pa.Array:
    """The column with the days that this rule reads as YYYY-MM-DD; the very column where there are none."""
    if are_written_so(values):
        return values
    iso = pc.match_substring_regex(values, _ISO)
    other = pc.fill_null(pc.invert(iso), False)
    if not pc.any(other).as_py():
        return values
    read = _READERS[kind]
    before = values.filter(other).to_pylist()
    after = [read(text) or text for text in before]
    if before == after:
        return values
    return pc.replace_with_mask(values, other, pa.array(after, pa.string()))


def are_written_so(values: pa.Array) -> bool:
    """Whether every value has ten bytes with hyphens in the fifth and eighth place."""
    size = lengths(values)
    size = size[size > 0]
    if not len(size) or (size != _ISO_LENGTH).any():
        return False
    data = used_bytes(values)
    return bool((data[4::_ISO_LENGTH] == _HYPHEN).all() and (data[7::_ISO_LENGTH] == _HYPHEN).all())


def spelled_out(text: str) -> str | None:
    """2018年04月08日, 2018/4/8, 20180408, 二〇一八年四月八日."""
    if found := _SPELLED.fullmatch(text):
        return _day(found[1], found[3], found[4])
    if found := _COMPACT.fullmatch(text):
        return _day(*found.groups())
    if found := _CHINESE.fullmatch(text):
        year = "".join(_DIGITS[digit] for digit in found[1])
        return _day(year, _number(found[2]), _number(found[3]))
    return None


def without_time(text: str) -> str | None:
    """A day of any spelling before a time of day: the day."""
    for pattern in (_WITH_TIME, _LOST_BLANK, _COMPACT_TIME):
        if found := pattern.fullmatch(text):
            return spelled_out(found[1].strip())
    return None


def from_epoch(text: str) -> str | None:
    """Seconds or milliseconds since 1970 that are a midnight in Asia/Shanghai."""
    found = _EPOCH.fullmatch(text)
    if not found or len(text) not in (9, 10, 12, 13):
        return None
    moment = datetime.fromtimestamp(int(found[1]), UTC).astimezone(_SHANGHAI)
    is_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return moment.date().isoformat() if is_midnight and moment.year <= 2100 else None


def from_serial(text: str) -> str | None:
    """A spreadsheet's day number, counted from 1900."""
    if not _SERIAL.fullmatch(text):
        return None
    return (date(1899, 12, 30) + timedelta(days=int(float(text)))).isoformat()


def _day(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _number(text: str) -> str:
    """二十一 is 21."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return "".join(_DIGITS[digit] for digit in text)
    return str(int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0")))


_READERS: dict[str, Callable[[str], str | None]] = {
    "day_spelled_out": spelled_out,
    "time_of_day": without_time,
    "epoch_seconds": from_epoch,
    "spreadsheet_day_number": from_serial,
}
