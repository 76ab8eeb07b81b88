"""A feed seen as a whole: how much there is, what is filled, which codes and which faults occur, in shares.

A profile holds counts and shares only, no cell: of a coded field the codes of its own list, all else under `other`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

OTHER = "other"
"""What stands for every value that is not on a field's code list."""


@dataclass(frozen=True)
class Limits:
    """From where on a deviation is told (`warn`) and from where on a person has to decide (`hold`)."""

    warn: float
    hold: float


@dataclass(frozen=True)
class SeriesRules:
    """Fields that state one thing for many rows, so that no count may run through their values.

    least: how many values that differ by one are told. years, numbers: the fields, by what runs through them.
    """

    least: int
    years: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class WholeFileRules:
    """A contract's thresholds for a feed as a whole.

    history: how many settled batches of the provider are looked back on; at_least: with fewer nothing is judged;
    min_rows: feeds and histories of fewer rows are not judged. volume: times more or less rows than usual. empty: how
    far the share of filled cells fell. drift: half the sum of the differences of the codes' shares. spike: how far the
    share of rows with a rule's finding rose. series: needs no history.
    """

    history: int
    at_least: int
    min_rows: int
    limits: Mapping[str, Limits]
    series: SeriesRules | None = None


@dataclass(frozen=True)
class FileProfile:
    """What is remembered of a settled feed. Shares are of all rows, from 0 to 1."""

    rows: int
    filled: Mapping[str, float] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rules: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The profile as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> FileProfile:
        """The profile that `as_json` gave."""
        return cls(raw["rows"], raw["filled"], raw["codes"], raw["rules"])


@dataclass(frozen=True)
class Deviation:
    """A way in which a feed differs from the provider's usual: the kind of its rule, and the field or rule it is about."""

    kind: str
    about: str | None
    measure: float
    is_held: bool
