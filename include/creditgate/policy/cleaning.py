"""What the screen may change about a value's spelling (expectations/cleaning.yaml). The only reader of that file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from creditgate.policy.contract_model import Field
from creditgate.policy.documents import Node, PolicyFileError, read_document
from creditgate.policy.paths import expectations_dir

_KEYS = ("id", "kind", "title", "description", "reason", "kinds", "before")


class CleaningCatalogueError(PolicyFileError):
    """cleaning.yaml is not in order."""


@dataclass(frozen=True)
class CleaningRule:
    """One change of spelling. `title` and `reason` are Chinese, for reports; `before` and `after` an example.

    words: what it works by, as the text that each becomes ("" for empty) → the texts that become it.
    """

    id: str
    kind: str
    title: str
    description: str
    reason: str
    kinds: tuple[str, ...]
    before: str
    after: str | None
    fields: str | None = None
    words: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def applies_to(self, field: Field) -> bool:
        """Whether values of this field are changed by the rule."""
        return field.kind in self.kinds and (
            self.fields is None or re.search(self.fields, field.name) is not None
        )


@cache
def load_cleaning() -> tuple[CleaningRule, ...]:
    """The rules in the order in which they are applied."""
    return read_cleaning(expectations_dir() / "cleaning.yaml")


@cache
def cleaning_rule(kind: str) -> CleaningRule:
    """The rule of a kind; LookupError where there is none."""
    for rule in load_cleaning():
        if rule.kind == kind:
            return rule
    raise LookupError(f"cleaning.yaml has no rule of kind {kind!r}")


def read_cleaning(path: Path) -> tuple[CleaningRule, ...]:
    """Read a catalogue; CleaningCatalogueError says what to mend."""
    top = read_document(path, CleaningCatalogueError).mapping(("version", "rules"))
    rules: list[CleaningRule] = []
    for node in top["rules"].sequence():
        parts = node.mapping(_KEYS, ("after", "fields", "data"))
        rule_id = parts["id"].text()
        if not re.fullmatch(r"CL-\d{3}", rule_id):
            raise parts["id"].fault(f"{rule_id!r} is not CL-000", "use the prefix and 3 digits")
        if any(rule.id == rule_id or rule.kind == parts["kind"].value for rule in rules):
            raise node.fault(f"{rule_id} stands twice", "take the next free number and another kind")
        rules.append(
            CleaningRule(
                id=rule_id,
                kind=parts["kind"].text(),
                title=parts["title"].text(),
                description=parts["description"].text(),
                reason=parts["reason"].text(),
                kinds=parts["kinds"].texts(),
                before=parts["before"].text(),
                after=parts["after"].text() if "after" in parts else None,
                fields=parts["fields"].text() if "fields" in parts else None,
                words=_words(parts.get("data")),
            )
        )
    return tuple(rules)


def _words(node: Node | None) -> dict[str, tuple[str, ...]]:
    if node is None:
        return {}
    if isinstance(node.value, list):
        return {"": node.texts()}
    return {text: part.texts() for text, part in node.any_mapping().items()}
