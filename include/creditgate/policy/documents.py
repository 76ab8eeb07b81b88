"""Strict reading of the YAML files that officials edit: every key known, every error placed.

A `Node` is a value with its place in a file, so that each error names file, path, fault and next step.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml


class PolicyFileError(ValueError):
    """A file of law or registry data can't be used: `<file>: <path>: <fault>; <next step>`."""

    def __init__(self, file: Path, where: str, fault: str, next_step: str) -> None:
        place = f"{file.name}: {where}" if where else file.name
        super().__init__(f"{place}: {fault}; {next_step}")
        self.file = file
        self.where = where


class _StrictLoader(yaml.CSafeLoader):
    """The C loader, refusing a key that stands twice in one mapping (the later would win silently)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Node:
    """A value of a document, with the file and path it stands at."""

    file: Path
    where: str
    value: Any
    error: type[PolicyFileError]

    def fault(self, fault: str, next_step: str) -> PolicyFileError:
        """The error to raise about this place."""
        return self.error(self.file, self.where, fault, next_step)

    def at(self, key: str | int, value: Any) -> Node:
        """A part of this value, one step deeper."""
        step = f"[{key}]" if isinstance(key, int) else (f".{key}" if self.where else key)
        return Node(self.file, self.where + step, value, self.error)

    def mapping(self, required: Collection[str] = (), optional: Collection[str] = ()) -> dict[str, Node]:
        """The parts of a mapping with exactly these keys; a null counts as absent."""
        if not isinstance(self.value, dict):
            raise self.fault("is not a mapping", "write `key: value` pairs")
        known = set(required) | set(optional)
        for key in self.value:
            if key not in known:
                raise self.fault(f"unknown key {key!r}", f"known here: {', '.join(sorted(known))}")
        parts = {key: self.at(key, value) for key, value in self.value.items() if value is not None}
        for key in required:
            if key not in parts:
                raise self.fault(f"lacks {key!r}", "add it")
        return parts

    def any_mapping(self) -> dict[str, Node]:
        """The parts of a mapping whose keys are data; nulls are kept."""
        if not isinstance(self.value, dict):
            raise self.fault("is not a mapping", "write `key: value` pairs")
        for key in self.value:
            if not isinstance(key, str):
                raise self.fault(f"key {key!r} is not text", "put it in quotes")
        return {key: self.at(key, value) for key, value in self.value.items()}

    def sequence(self) -> tuple[Node, ...]:
        """The parts of a list."""
        if not isinstance(self.value, list):
            raise self.fault("is not a list", "write `- value` lines or [a, b]")
        return tuple(self.at(i, value) for i, value in enumerate(self.value))

    def text(self) -> str:
        """A text that is not blank."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fault("is not a text", "write it in quotes, and not blank")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(part.text() for part in self.sequence())

    def one_of(self, values: Collection[str]) -> str:
        """A text out of a closed set."""
        text = self.text()
        if text not in values:
            raise self.fault(f"{text!r} is not known here", f"use one of {', '.join(values)}")
        return text

    def day(self) -> date:
        """A date, YYYY-MM-DD without quotes."""
        if type(self.value) is not date:
            raise self.fault("is not a date", "write it as YYYY-MM-DD without quotes")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.fault("is not true or false", "write true or false")
        return self.value

    def count(self) -> int:
        """A whole number above zero."""
        if type(self.value) is not int or self.value < 1:
            raise self.fault("is not a whole number above zero", "write digits without quotes")
        return self.value


def read_document(path: Path, error: type[PolicyFileError] = PolicyFileError) -> Node:
    """The root of a YAML file; `error` is the kind raised about anything in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise error(path, "", "can't be read", f"restore the file ({fault.strerror})") from fault
    try:
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a safe loader, made stricter
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise error(path, f"line {line}", f"is not valid YAML ({fault.problem})", "mend the line") from fault
    return Node(path, "", value, error)
