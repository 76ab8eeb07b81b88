"""The documentation's page about files and cleaning, made from the cleaning rules and the rules about files."""

from __future__ import annotations

from collections.abc import Iterable

from creditgate.domain.rules import Rule
from creditgate.policy.cleaning import CleaningRule

_HEAD = """\
# Files and cleaning

<!-- Made by `make generate`; do not edit. -->

## Files that are taken

What a file is, its content says, never its name; a name that does not go with the content blocks the file (FILE-010).

| format | written as | names |
|---|---|---|
| delimited text | UTF-8 with or without a mark, UTF-16, GB18030; any delimiter, quoting and line end | .csv .txt .tsv .xls |
| workbook | XLSX, XLS; values are read, formulas never evaluated | .xlsx .xlsm .xls .et |
| web page with a table | often exported as .xls | .html .htm .xls |
| JSON | a list of records, an object that holds one, or JSON Lines | .json .jsonl .ndjson .txt |
| XML | a list of flat records; no entities, no document type | .xml |

Encodings are told from every byte; a character that was lost before rejects its row and is never stored. Title rows, two-row headers and
footers are left out, and the report says so. Hidden sheets, hidden columns and comments are screened for prohibited data.
"""

_CLEANING = """
## Cleaning

Each rule changes a value's spelling, never its meaning, in this order. Changes are counted per rule and field with the batch; the unit's
report shows its own text. What is ambiguous or impossible stays as it is and is for a rule of the contract to say.

| rule | what | kinds of fields | from | to |
|---|---|---|---|---|
"""

_RULES = """
## Rules about files

| rule | severity | says | next step |
|---|---|---|---|
"""


def cleaning_page(cleaning: Iterable[CleaningRule], file_rules: Iterable[Rule]) -> str:
    """The page as Markdown: formats, cleaning rules with an example each, rules about files by id."""
    lines = [
        f"| {rule.id} | {_cell(rule.title)}: {_cell(rule.description)} | {', '.join(rule.kinds)} "
        f"| {_shown(rule.before)} | {_shown(rule.after)} |"
        for rule in cleaning
    ]
    about_files = [
        f"| {rule.id} | {rule.severity.value} | {_cell(rule.message)} | {_cell(rule.expected)} |"
        for rule in sorted(file_rules, key=lambda rule: rule.id)
    ]
    return _HEAD + _CLEANING + "\n".join(lines) + "\n" + _RULES + "\n".join(about_files) + "\n"


def _shown(value: str | None) -> str:
    """A value in code marks; what can't be seen is written as its code point."""
    if value is None:
        return "(empty)"
    seen = "".join(c if c.isprintable() or c == " " else f"\\u{ord(c):04x}" for c in value)
    return f"`{_cell(seen)}`"


def _cell(text: str) -> str:
    return " ".join(text.split("\n")).replace("|", "\\|")
