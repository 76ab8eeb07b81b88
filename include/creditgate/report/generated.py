"""Files that are made from the contracts, and the one command that makes them anew.

    python -m creditgate.report.generated     (`make generate`)

On a conflict in one of them: take either side and make them anew. A test compares them.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path

from creditgate.domain.rules import Rule
from creditgate.policy.catalogue import as_markdown, rule_catalogue
from creditgate.policy.cleaning import load_cleaning
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.gate_rules import load_gate_rules
from creditgate.policy.paths import PROJECT_ROOT
from creditgate.report.cleaning_page import cleaning_page
from creditgate.report.item_page import item_page, items_index

RULES = Path("docs/reference/rules.md")
ITEMS = Path("docs/reference/items")
CLEANING = Path("docs/reference/files_and_cleaning.md")
LABELS = Path("dbt_project/seeds/field_labels.csv")

_WORDS_OF_EVERY_ITEM = (
    ("全部", "*"),
    ("国家秘密", "*"),
    ("整条", "*"),
    ("涉密", "*"),
    ("否", "-"),
    ("无", "-"),
    ("不涉及", "-"),
)
"""What may stand in secret_fields beside the names of fields: the whole record (`*`), nothing (`-`)."""


def generated_files() -> Mapping[Path, str]:
    """What each generated file has to hold, by its path in the checkout."""
    contracts = [load_contract(item) for item in known_items()]
    pages = {ITEMS / f"{contract.item}.md": item_page(contract) for contract in contracts}
    return {
        RULES: as_markdown(rule_catalogue()),
        ITEMS / "index.md": items_index(contracts),
        CLEANING: cleaning_page(load_cleaning(), _rules_about_files()),
        LABELS: _field_labels(),
        **pages,
    }


def write_generated() -> list[Path]:
    """Write the files that are not as they should be; those that were written."""
    written = []
    for path, text in generated_files().items():
        target = PROJECT_ROOT / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _rules_about_files() -> list[Rule]:
    return [rule for rule in load_gate_rules().values() if rule.id.startswith("FILE-")]


def _field_labels() -> str:
    """The seed of the words that name a field in secret_fields (S04)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("item", "label", "field_name"))
    writer.writerows(("", word, meaning) for word, meaning in _WORDS_OF_EVERY_ITEM)
    for item in known_items():
        contract = load_contract(item)
        if any(field.name == "secret_fields" for field in contract.fields):
            writer.writerows((item, label, name) for label, name in sorted(contract.headers.items()))
    return out.getvalue()


if __name__ == "__main__":
    for path in write_generated():
        sys.stdout.write(f"written: {path}\n")
