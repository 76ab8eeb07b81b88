"""JSON as records: a list of objects, an object that holds one, or an object a line (JSON Lines). Read twice.

The first pass (ijson's events) finds the list and every key that its objects have; the second one hands out records.
A value keeps its own spelling: 0.20 stays 0.20.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson
import numpy as np

from creditgate.domain.findings import Findings, Slot
from creditgate.policy.contracts import Contract, normalise_header
from creditgate.policy.gate_rules import gate_rule
from creditgate.screen.decoding import MAX_LINE, TextShape, UnreadableFeedError, text_blocks
from creditgate.screen.header_rows import MAX_COLUMNS, Cells
from creditgate.screen.records import RecordSource

MAX_DEPTH = 12
Path_ = tuple[str, ...]


def read_json(path: Path, shape: TextShape, contract: Contract) -> RecordSource:
    """The records of a JSON text. Raises UnreadableFeedError where it is none, or holds no list of objects."""
    _bound_strings(path, shape)
    is_lines = _is_lines(path, shape)
    lists = _Lists()
    try:
        lists.survey(ijson.basic_parse(_Stream(path, shape), multiple_values=is_lines))
    except UnreadableFeedError:
        raise
    except Exception:  # ijson's errors, a number of a million digits, half a character…
        if not is_lines:
            raise UnreadableFeedError("unreadable_json") from None
        lists = _surveyed_lines(path, shape)
    where, keys = lists.best(contract)
    headers = tuple(keys)
    records = (
        _lines(path, shape, headers) if is_lines and not where else _objects(path, shape, where, headers)
    )
    slots = [Slot(gate_rule("duplicate_column"), None, key) for key in sorted(lists.doubled)[:20]]
    name = "jsonl" if is_lines else "json"
    return RecordSource(name, shape.published_name, headers, records, Findings.about_file(slots))


class _Lists:
    """The places of a text where objects stand in a row, with the keys of those objects."""

    def __init__(self) -> None:
        self.keys: dict[Path_, dict[str, None]] = {}
        self.counts: dict[Path_, int] = {}
        self.doubled: set[str] = set()

    def survey(self, events: Iterator[tuple[str, Any]]) -> None:
        """Note the keys of every object that is outermost, or stands in a list or object of the outermost."""
        stack: list[tuple[str, Path_]] = []
        seen: list[set[str]] = []
        key = ""
        for event, value in events:
            if event == "map_key":
                key = value
                if seen and stack and stack[-1][0] == "map":
                    if value in seen[-1]:
                        self.doubled.add(value)
                    seen[-1].add(value)
                    self.note(stack[-1][1], value)
            elif event in ("start_map", "start_array"):
                if len(stack) >= MAX_DEPTH:
                    raise UnreadableFeedError("nested_too_deep")
                kind = "map" if event == "start_map" else "array"
                place = self._place(stack, key)
                stack.append((kind, place))
                if kind == "map":
                    seen.append(set())
                    self.counts[place] = self.counts.get(place, 0) + 1
            elif event in ("end_map", "end_array"):
                kind, _ = stack.pop()
                if kind == "map":
                    seen.pop()

    def note(self, place: Path_, key: str) -> None:
        """An object at this place has this key."""
        known = self.keys.setdefault(place, {})
        known[key] = None
        if len(known) > MAX_COLUMNS or len(self.keys) > MAX_COLUMNS:
            raise UnreadableFeedError("too_many_columns")

    @staticmethod
    def _place(stack: list[tuple[str, Path_]], key: str) -> Path_:
        if not stack:
            return ()
        kind, place = stack[-1]
        return (*place, "item") if kind == "array" else (*place, key)

    def best(self, contract: Contract) -> tuple[Path_, dict[str, None]]:
        """The place of which most keys are known headers; of equal ones the outermost, then the longest."""
        if not self.keys:
            raise UnreadableFeedError("no_record_list")

        def weight(place: Path_) -> tuple[int, int, int]:
            fields = {contract.headers.get(normalise_header(key)) for key in self.keys[place]} - {None}
            return len(fields), -len(place), self.counts.get(place, 0)

        where = max(self.keys, key=weight)
        return where, self.keys[where]


def _surveyed_lines(path: Path, shape: TextShape) -> _Lists:
    """The keys of the lines that can be read: the others are faulty rows."""
    lists = _Lists()
    for line in _text_lines(path, shape):
        record = _object_of(line)
        for key in record or ():
            lists.note((), key)
    return lists


def _objects(path: Path, shape: TextShape, where: Path_, headers: tuple[str, ...]) -> Iterator[Cells | None]:
    prefix = ".".join(where)
    try:
        for record in ijson.items(_Stream(path, shape), prefix):
            if isinstance(record, dict):
                yield _cells(record, headers)
            else:
                yield None
    except UnreadableFeedError:
        raise
    except Exception:
        raise UnreadableFeedError("unreadable_json") from None


def _lines(path: Path, shape: TextShape, headers: tuple[str, ...]) -> Iterator[Cells | None]:
    for line in _text_lines(path, shape):
        record = _object_of(line)
        yield None if record is None else _cells(record, headers)


def _object_of(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _cells(record: dict[str, Any], headers: tuple[str, ...]) -> Cells:
    return [_text(record.get(header)) for header in headers]


def _text(value: Any) -> str | None:
    """A value as a cell: a list of plain values is one text, parts joined by ;."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "是" if value else "否"
        case list() if all(isinstance(part, (str, int, float)) for part in value):
            return ";".join(_text(part) or "" for part in value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def _text_lines(path: Path, shape: TextShape) -> Iterator[str]:
    """The lines that hold anything; `_bound_strings` has seen that none is endless."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    for block in text_blocks(path, shape):
        *lines, rest = (rest + decoder.decode(block)).split("\n")
        yield from (line for line in lines if line.strip())
        if len(rest) > MAX_LINE:
            raise UnreadableFeedError("line_too_long")
    if rest.strip():
        yield rest


class _Stream:
    """The text as a binary file that ijson reads from."""

    def __init__(self, path: Path, shape: TextShape) -> None:
        self._blocks = text_blocks(path, shape)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, no more than asked for."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        data, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return data


def _is_lines(path: Path, shape: TextShape) -> bool:
    """Whether the first line is a whole object and something follows it."""
    lines = _text_lines(path, shape)
    try:
        first = next(lines, "")
        return (
            first.lstrip().startswith("{") and _object_of(first) is not None and next(lines, None) is not None
        )
    except UnreadableFeedError:
        return False


def _bound_strings(path: Path, shape: TextShape) -> None:
    """Refuse a text in which a string, or what stands between two of them, is longer than any honest record."""
    run = 0
    before = 0
    for block in text_blocks(path, shape):
        data = np.frombuffer(block, np.uint8)
        quotes = np.flatnonzero(data == ord('"'))
        if len(quotes):
            earlier = np.where(quotes > 0, data[quotes - 1], before)
            quotes = quotes[earlier != ord("\\")]
        if not len(quotes):
            run += len(data)
        else:
            longest = max(run + int(quotes[0]), int(np.diff(quotes).max(initial=0)))
            if longest > MAX_LINE:
                raise UnreadableFeedError("line_too_long")
            run = len(data) - int(quotes[-1])
        if run > MAX_LINE:
            raise UnreadableFeedError("line_too_long")
        before = int(data[-1]) if len(data) else before
