"""The purposes for which credit information may leave the platform (S19, S23)."""

from __future__ import annotations

from functools import cache

from creditgate.policy.documents import PolicyFileError, read_document
from creditgate.policy.paths import expectations_dir


class PurposesError(PolicyFileError):
    """The file of purposes can't be used; the message names the fault and the next step."""


@cache
def purposes() -> dict[str, str]:
    """Code → meaning, in the order of the law."""
    top = read_document(expectations_dir() / "purposes.yaml", PurposesError).mapping(("version", "purposes"))
    entries = [entry.mapping(("code", "meaning")) for entry in top["purposes"].sequence()]
    return {entry["code"].text(): entry["meaning"].text() for entry in entries}
