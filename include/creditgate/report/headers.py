"""Column headers as a report may show them.

A header is the one text of a file that a report quotes. In a file without a header row the first record
stands in its place, so what doesn't look like a header is not quoted.
"""

from __future__ import annotations

import re
import unicodedata

from creditgate.domain.report import BatchReport
from creditgate.policy.contracts import Contract

LONGEST_HEADER = 40
_DIGIT_RUN = re.compile(r"\d{7,}[\dXx]*")
_PERSONAL_NUMBER = re.compile(r"\d{11,}[\dXx]*")
"""As long as a mobile number or more; the eight digits of a date are none."""


def shown_header(text: str, number: re.Pattern[str] = _DIGIT_RUN) -> str:
    """A header in one line, long numbers blotted out, cut at 40 characters."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    line = number.sub("********", " ".join(visible.split()))
    return line if len(line) <= LONGEST_HEADER else line[: LONGEST_HEADER - 1] + "…"


def has_header_row(report: BatchReport) -> bool:
    """Whether the file's first row was understood as headers: at least one is known."""
    return bool(report.columns.mapped)


def shown_dropped(report: BatchReport) -> list[str]:
    """The dropped columns by name; by place alone (第1列) where no header of the file is known."""
    if has_header_row(report):
        return [shown_header(header) for header in report.columns.dropped]
    return [f"第{place}列" for place in range(1, len(report.columns.dropped) + 1)]


def quoted_header(report: BatchReport, header: str | None) -> str | None:
    """The header of a finding as a report quotes it: as it is where it is a known spelling.

    Where no header is known, only a short text without digits passes for the name of a column.
    """
    if header is None or header in report.columns.mapped:
        return header
    shown = shown_header(header)
    if has_header_row(report) or (len(shown) <= 16 and not any(c.isdigit() for c in shown)):
        return shown
    return None


def shown_file_name(report: BatchReport) -> str:
    """The file's name, numbers as long as a person's blotted out: a name can quote one."""
    stem, dot, ending = report.file_name.rpartition(".")
    return shown_header(stem or ending, _PERSONAL_NUMBER) + (dot + ending if stem else "")


def field_header(contract: Contract | None, field: str) -> str:
    """The Chinese name of a contract field, for a column that the file doesn't have."""
    if contract is None:
        return field
    return next((f.header for f in contract.fields if f.name == field), field)
