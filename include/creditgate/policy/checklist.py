"""What an entry of the checklist says of its providers (S08; 山东省社会信用条例第10条)."""

from __future__ import annotations

from creditgate.policy.contracts import Contract
from creditgate.policy.providers import Provider


def may_provide(contract: Contract, provider: Provider) -> bool:
    """Whether the item's entry names this unit, by its code, or units of its kind."""
    return bool({provider.code, provider.unit_kind} & set(contract.provider_units))
