"""What a data contract of the checklist says, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from creditgate.domain.rules import Rule
from creditgate.domain.whole_file import WholeFileRules
from creditgate.policy.documents import PolicyFileError


class ContractError(PolicyFileError):
    """A contract can't be used; the message names file, path, fault and next step."""


class UnknownItemError(LookupError):
    """No contract of this name is in the checklist (S08)."""


class UnknownFieldError(LookupError):
    """The contract has no field of this name."""


@dataclass(frozen=True)
class Field:
    """A column of an item: what it is called, what it holds, and how it may be kept.

    `kind` is one of code, name, text, number, date, flag, free_text, identity, list; free_text is scanned
    for prohibited values. `storage` identity: kept as keyed hash and masked form only. `person` says whose
    datum it may be (subject, legal_representative, principal, actual_controller). `lawful_basis` cites what
    allows a class B datum of a natural person in this field (S16). `sorted_into` names the fields among
    which the values of a mixed column are sorted by their shape: persons and organisations in one column.
    `value_synonyms` are other words for a value: 撤回 → 是.
    """

    name: str
    header: str
    code: str | None
    synonyms: tuple[str, ...]
    kind: str
    pg_type: str
    is_required: bool
    storage: str
    max_length: int | None
    example: str | None
    person: str | None = None
    lawful_basis: tuple[str, ...] = ()
    sorted_into: tuple[str, ...] = ()
    description: str = ""
    value_synonyms: tuple[tuple[str, str], ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every header that means this field: name, national code, Chinese name, synonyms."""
        return (self.name, *((self.code,) if self.code else ()), self.header, *self.synonyms)


@dataclass(frozen=True)
class PastVersion:
    """A version of a contract that held for decisions up to and including a day (S08)."""

    version: str
    effective_until: date


@dataclass(frozen=True)
class Contract:
    """The contract of one information item of the checklist.

    `headers` maps a normalised spelling to a field name. `stages` names, by rule id, the stage that applies
    the rule. `example_as_of` is the as-of date on which the row of all field examples breaks no rule.
    `target_items`: the items one of whose records a row is about (an objection, a revocation); empty for a
    record of its own.

    An entry of the checklist has seven elements (山东省社会信用条例第10条): title, information_nature,
    unified_code_field (where the credit code stands), data_standard, disclosure_mode, validity, provider_units.
    `decision_day` is the field whose day decides which version a row is held against; `past_versions` are
    the earlier ones in order of time.
    """

    item: str
    version: str
    title: str
    prefix: str
    clauses: tuple[str, ...]
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    record_key: tuple[str, ...]
    checklist_item_code: str
    information_nature: str
    disclosure_mode: str
    disclosure_basis: str
    effective_from: date
    effective_until: date | None
    example_as_of: date
    target_items: tuple[str, ...]
    unified_code_field: str
    data_standard: str
    validity: str
    provider_units: tuple[str, ...]
    decision_day: str | None
    past_versions: tuple[PastVersion, ...]
    whole_file: WholeFileRules | None
    headers: Mapping[str, str] = dataclasses.field(repr=False, compare=False)
    stages: Mapping[str, str] = dataclasses.field(repr=False, compare=False)

    @cached_property
    def _fields_by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def field(self, name: str) -> Field:
        """The field of this name; UnknownFieldError where there is none."""
        try:
            return self._fields_by_name[name]
        except KeyError:
            raise UnknownFieldError(f"{self.item} {self.version} has no field {name!r}") from None

    def rule(self, rule_id: str) -> Rule:
        """The rule with this id; LookupError where there is none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise LookupError(f"{self.item} {self.version} has no rule {rule_id!r}")

    def version_on(self, day: date) -> str | None:
        """The version that holds for a decision of this day; None where the item was not on the checklist (S08)."""
        if day < self.effective_from or (self.effective_until is not None and day > self.effective_until):
            return None
        return next(
            (past.version for past in self.past_versions if day <= past.effective_until), self.version
        )

    def rules_on(self, day: date) -> tuple[Rule, ...]:
        """The rules that a decision of this day is held against."""
        return tuple(rule for rule in self.rules if rule.holds_on(day))

    def rule_of_kind(self, kind: str) -> Rule:
        """The rule that another stage applies, by kind: `gate.already_expired`."""
        for rule in self.rules:
            if rule.expectation == kind:
                return rule
        raise LookupError(f"{self.item} {self.version} has no rule of kind {kind!r}")

    def has_rule_of_kind(self, kind: str) -> bool:
        """Whether this item has such a rule (the register, say, is not matched against itself)."""
        return any(rule.expectation == kind for rule in self.rules)

    def check_rules(self) -> tuple[Rule, ...]:
        """The rules that Great Expectations runs."""
        return tuple(rule for rule in self.rules if rule.expectation.startswith("expect_"))

    def values_of(self, field_name: str) -> tuple[str, ...]:
        """The code list of a field in the contract's order (for drop-downs); empty where there is none."""
        for rule in self.rules:
            is_list = rule.expectation == "expect_column_values_to_be_listed"
            if is_list and rule.field == field_name and "when" not in rule.kwargs:
                return tuple(rule.kwargs["value_set"])
        return ()

    def example_row(self) -> dict[str, str | None]:
        """A full row that breaks no rule on `example_as_of`, by field name."""
        return {field.name: field.example for field in self.fields}
