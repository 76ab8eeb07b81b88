"""The checklist: one contract per information item, read once and kept."""

from __future__ import annotations

from functools import cache

from creditgate.policy.contract_model import (
    Contract,
    ContractError,
    Field,
    PastVersion,
    UnknownFieldError,
    UnknownItemError,
)
from creditgate.policy.contract_reader import SUFFIX, read_contract
from creditgate.policy.headers import normalise_header
from creditgate.policy.paths import checklist_dir

__all__ = [
    "Contract",
    "ContractError",
    "Field",
    "PastVersion",
    "UnknownFieldError",
    "UnknownItemError",
    "known_items",
    "load_contract",
    "normalise_header",
    "read_contract",
]


@cache
def known_items() -> tuple[str, ...]:
    """The items of the checklist, by name: those with a contract file."""
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in checklist_dir().glob("*" + SUFFIX)))


@cache
def load_contract(item: str) -> Contract:
    """The contract of an item; UnknownItemError lists the items there are."""
    if item not in known_items():
        raise UnknownItemError(
            f"the checklist has no item {item!r}; it has {', '.join(known_items()) or 'none'}"
        )
    return read_contract(checklist_dir() / (item + SUFFIX))
