"""The expectation types and gate kinds that a contract may name, with their arguments.

A contract that misspells one fails to load, not at the first batch. The check stage implements the
expectations; a test there holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """Arguments of an expectation: `columns` name one field each, `lists` several, `values` anything else."""

    required: frozenset[str]
    columns: frozenset[str]
    lists: frozenset[str]
    values: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        """Every argument name."""
        return self.columns | self.lists | self.values | {"when"}


def _signature(
    required: str = "column", *, columns: str = "column", lists: str = "", values: str = ""
) -> Signature:
    return Signature(*(frozenset(names.split()) for names in (required, columns, lists, values)))


EXPECTATIONS: dict[str, Signature] = {
    "expect_column_values_to_be_present": _signature(),
    "expect_column_values_to_match": _signature("column regex", values="regex"),
    "expect_column_values_not_to_contain": _signature("column texts", values="texts"),
    "expect_column_values_not_to_match": _signature(
        "column regex", values="regex holding beginning ending at_most"
    ),
    "expect_column_values_not_to_be_doubled": _signature(),
    "expect_column_values_to_be_listed": _signature("column value_set", values="value_set separator"),
    "expect_column_values_to_fit": _signature("column max_length", values="max_length"),
    "expect_column_values_to_be_date": _signature(),
    "expect_column_dates_to_be_within": _signature(values="earliest latest"),
    "expect_column_dates_to_follow": _signature("column other", columns="column other"),
    "expect_column_values_to_be_decimal": _signature(values="minimum maximum places"),
    "expect_column_values_to_be_credit_code": _signature(),
    "expect_column_values_to_be_identity_number": _signature(columns="column type_column"),
    "expect_column_values_not_to_be_identity_number": _signature(),
    "expect_column_values_not_to_be_masked": _signature(),
    "expect_one_of_columns_to_be_present": _signature("column columns", lists="columns"),
    "expect_subject_to_be_of_age": _signature("column on flag", columns="column flag", lists="on"),
    "expect_term_not_to_have_ended": _signature(
        "column fallback years", columns="column fallback", values="years"
    ),
    "expect_report_within_workdays": _signature("column days", columns="column fallback", values="days"),
}

GATE_KINDS: dict[str, Signature] = {
    "gate.duplicate_record": _signature("", columns=""),
    "gate.already_expired": _signature("", columns=""),
    "gate.unlinked_subject": _signature("", columns=""),
    "gate.subject_name_mismatch": _signature("", columns=""),
    "gate.registered_code_fails_check": _signature("column"),
    "gate.near_duplicate": _signature("day kind", columns="day amount", lists="kind", values="tolerance"),
    "gate.target_unknown": _signature("", columns=""),
    "gate.target_deleted": _signature("", columns=""),
    "build.target_never_came": _signature("", columns=""),
    "build.subject_differs": _signature("", columns=""),
    "build.precedes_record": _signature("", columns=""),
    "build.not_the_original_unit": _signature("", columns=""),
    "build.repair_not_repairable": _signature("", columns=""),
    "build.repair_minimum_term": _signature("", columns=""),
    "build.repair_rectification_missing": _signature("", columns=""),
    "build.repair_training_missing": _signature("", columns=""),
    "build.repair_credit_report_missing": _signature("", columns=""),
    "build.repair_severity_unlabelled": _signature("", columns=""),
    "build.repair_after_revocation": _signature("", columns=""),
    "build.talk_not_by_designating_unit": _signature("", columns=""),
    "build.talk_outside_the_term": _signature("", columns=""),
    "build.talk_of_another_kind": _signature("", columns=""),
    "build.talk_not_a_listing": _signature("", columns=""),
    "build.talk_not_the_first": _signature("", columns=""),
}
"""What needs more than the row: the rest of the file, the register, the warehouse (gate), other records (build)."""

DERIVED_COLUMNS = frozenset({"subject_kind"})
"""Columns that the check stage derives; usable in `when`."""

STAGES = ("check", "gate", "settle", "build")
"""Who applies a rule: the check stage, the gate before it (pull, screen), settle, or the build of the marts."""
