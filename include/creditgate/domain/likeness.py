"""When two records tell nearly the same: what a contract's rule of near-duplicates compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Likeness:
    """Records of one subject are alike on the same day, of the same kind, with amounts no further apart than this.

    day, kind, amount: fields of the contract. tolerance: in the amount's own unit.
    """

    day: str
    kind: tuple[str, ...]
    amount: str | None
    tolerance: float

    @classmethod
    def of(cls, kwargs: Mapping[str, Any]) -> Likeness:
        """As a rule of kind `gate.near_duplicate` says it."""
        return cls(
            kwargs["day"], tuple(kwargs["kind"]), kwargs.get("amount"), float(kwargs.get("tolerance", 0))
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields that are compared."""
        return (self.day, *self.kind, *((self.amount,) if self.amount else ()))
