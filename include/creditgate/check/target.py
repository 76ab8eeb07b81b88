"""Which record an event is about: an objection, a repair, a revocation names it by the original decision.

The id is the keyed hash that the record has itself, so an event finds its record without anybody's number in
clear, and an event that comes first waits under the right id.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.record_key import LIST_CODE, canonical, key_parts
from creditgate.check.view import BoolMask, ChunkView, true_where
from creditgate.domain.clock import add_workdays
from creditgate.domain.keys import RECORD_ID_BYTES, KeyedHash
from creditgate.domain.lookups import EventTargets, Tombstones
from creditgate.policy.contracts import Contract, load_contract

WAITING_WORKDAYS = 7
"""A record has 7 working days to come (S10): so long may an event wait for it."""


def spellings_of(item: str) -> tuple[str, ...]:
    """How a provider may name an item: 行政处罚信息, 行政处罚, administrative_penalty."""
    title = load_contract(item).title
    return (item, title, title.removesuffix("信息"))


def target_ids(view: ChunkView, contract: Contract, keys: KeyedHash) -> pa.Array | None:
    """The id of the record that each row is about, fixed_size_binary(16); null where it can't be formed.

    None for an item whose rows are about themselves.
    """
    if not contract.target_items:
        return None
    fields = {field.name for field in contract.fields}
    ids = pa.nulls(len(view), pa.binary(RECORD_ID_BYTES))
    for item in contract.target_items:
        named = pc.is_in(view.strings("target_item"), value_set=pa.array(spellings_of(item)))
        if not true_where(named).any():
            continue
        parts = [_part(view, name, fields) for name in load_contract(item).record_key]
        ids = pc.if_else(named, keys.record_ids(item, parts), ids)
    return ids


def _part(view: ChunkView, name: str, fields: set[str]) -> pa.Array:
    """A part of the record's key, from the event's own field or the one that stands for it.

    名单代码 takes the name of a list that has no code; any other number is the original decision's.
    """
    if name == "list_name":
        return canonical(view.strings(LIST_CODE))
    return key_parts(view, (name if name in fields else "decision_number",))[0]


def target_due_on(view: ChunkView) -> pa.Array:
    """The last day on which the record may still come, as ISO dates: 7 working days after the as-of date."""
    return pa.repeat(pa.scalar(waits_until(view.as_of).isoformat()), len(view))


def waits_until(received_on: date) -> date:
    """The last day of waiting for a record."""
    return add_workdays(received_on, WAITING_WORKDAYS).due_on


def match_targets(
    contract: Contract,
    ids: pa.Array,
    held: EventTargets | None,
    tombstones: Tombstones | None,
    found: dict[str, BoolMask],
) -> None:
    """Add to `found` which rows are about a record that is not here yet, or has been deleted."""
    if held is None or tombstones is None:
        return
    known = pc.is_valid(ids).to_numpy(zero_copy_only=False)
    deleted = tombstones.expired(ids)
    missing = known & ~deleted & ~held.held(ids, contract.target_items)
    found[contract.rule_of_kind("gate.target_deleted").id] = np.asarray(deleted, bool)
    found[contract.rule_of_kind("gate.target_unknown").id] = np.asarray(missing, bool)
