"""The subject against the register (S12): duplicate, mismatch and unlinked are three different codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.check.record_key import canonical
from creditgate.check.view import BoolMask, ChunkView, true_where
from creditgate.domain.feed import SUBJECT_KIND
from creditgate.domain.keys import KeyedHash
from creditgate.domain.lookups import SubjectRegister
from creditgate.policy.contracts import Contract


def match_register(
    contract: Contract,
    view: ChunkView,
    register: SubjectRegister | None,
    keys: KeyedHash,
    found: dict[str, BoolMask],
) -> pa.Array:
    """Add the register's findings to `found` and take back what it settles; how each row matched.

    A code with a wrong check character that the register holds was issued so: the rejection becomes a
    warning. Returns strings: matched, unlinked, name_mismatch or not_checked.
    """
    if register is None or not contract.has_rule_of_kind("gate.unlinked_subject") or register.is_empty():
        return pa.repeat("not_checked", len(view))
    natural = true_where(pc.equal(view.strings(SUBJECT_KIND), "natural"))
    names = register.names(view.strings("uscc"))
    if natural.any():
        people = register.person_names(keys.person_keys(view.strings("identity_number")))
        names = pc.if_else(pa.array(natural), people, names)
    known = pc.is_valid(names).to_numpy(zero_copy_only=False)
    _take_back_check_digit(contract, known, found)
    same = true_where(pc.equal(canonical(names), canonical(view.strings("subject_name"))))
    differs = known & ~same & view.present("subject_name")
    has_code = view.present("uscc") | (natural & view.present("identity_number"))
    found[contract.rule_of_kind("gate.unlinked_subject").id] = has_code & ~known
    found[contract.rule_of_kind("gate.subject_name_mismatch").id] = differs
    outcome = np.where(differs, 2, known)
    return pa.array(["unlinked", "matched", "name_mismatch"]).take(pa.array(outcome))


def _take_back_check_digit(contract: Contract, known: BoolMask, found: dict[str, BoolMask]) -> None:
    for rule in contract.check_rules():
        is_code_rule = rule.expectation == "expect_column_values_to_be_credit_code" and rule.field == "uscc"
        if is_code_rule and rule.id in found:
            issued = found[rule.id] & known
            found[rule.id] = found[rule.id] & ~known
            found[contract.rule_of_kind("gate.registered_code_fails_check").id] = issued
