"""The registry of provider units (include/providers/<code>.yaml): S01, S05–S07, S24, S49.

An entry that lacks an officer or a guide is used and flagged; an entry that names an unknown key, kind or
item is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from creditgate.policy.contracts import known_items
from creditgate.policy.documents import Node, PolicyFileError, read_document
from creditgate.policy.paths import providers_dir

UNIT_KINDS = ("国家机关", "法律法规授权组织", "人民团体")
AFTER_SETTLE = ("remove", "keep")
REQUIRED_OF_COMPLETE = (
    "dedicated_section",
    "officer",
    "responsible_head",
    "competent_authority",
    "query_policy_ref",
    "repair_guide_url",
)
"""What the notice wants known of a unit (S05–S07, S24, S49); what is absent is listed in `missing`."""

_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_CRON = re.compile(r"(?:[0-9*/,-]+ ){4}[0-9A-Za-z*/,-]+")


class ProviderError(PolicyFileError):
    """An entry of the registry can't be used."""


class UnregisteredProviderError(LookupError):
    """No entry of this code: its batches are refused whole (S01)."""


@dataclass(frozen=True)
class FeedSource:
    """Where a unit's feeds of one item wait.

    `location` is a folder, relative to the sources folder of the state unless absolute; `schedule` is cron
    in Asia/Shanghai; `pattern` is a glob of file names.
    """

    item: str
    kind: str
    location: str
    schedule: str
    pattern: str
    after_settle: str


@dataclass(frozen=True)
class Provider:
    """A unit that reports credit information; empty text where the entry says nothing."""

    code: str
    unit_name: str
    unit_kind: str
    dedicated_section: str
    officer: str
    responsible_head: str
    competent_authority: str
    query_policy_ref: str
    repair_guide_url: str
    feeds: tuple[FeedSource, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What the notice wants known and the entry lacks."""
        return tuple(name for name in REQUIRED_OF_COMPLETE if not getattr(self, name))

    @property
    def is_complete(self) -> bool:
        """Whether the entry says all that the notice wants known (S06)."""
        return not self.missing

    @property
    def items(self) -> tuple[str, ...]:
        """The items that this unit may report (S08)."""
        return tuple(feed.item for feed in self.feeds)

    def feed(self, item: str) -> FeedSource:
        """The unit's feed of an item; LookupError where the registry lists none."""
        for feed in self.feeds:
            if feed.item == item:
                return feed
        raise LookupError(f"{self.code} is not registered for {item!r}; it reports {', '.join(self.items)}")


@cache
def load_providers() -> dict[str, Provider]:
    """All registered units by code, in order of code."""
    return {path.stem: read_provider(path) for path in sorted(providers_dir().glob("*.yaml"))}


def find_provider(code: str) -> Provider:
    """The unit of this code; UnregisteredProviderError lists those there are."""
    try:
        return load_providers()[code]
    except KeyError:
        known = ", ".join(load_providers())
        raise UnregisteredProviderError(
            f"no provider {code!r} is registered; registered are {known}"
        ) from None


def read_provider(path: Path) -> Provider:
    """The entry in a file `<code>.yaml`; ProviderError says what to mend."""
    parts = read_document(path, ProviderError).mapping(
        ("code", "unit_name", "unit_kind", "feeds"), REQUIRED_OF_COMPLETE
    )
    code = parts["code"].text()
    if code != path.stem or not _CODE.fullmatch(code):
        raise parts["code"].fault(
            f"{code!r} is not the file's name", "use a-z, 0-9 and _, as in the file name"
        )
    feeds = tuple(_read_feed(node) for node in parts["feeds"].sequence())
    items = [feed.item for feed in feeds]
    for item in items:
        if items.count(item) > 1:
            raise parts["feeds"].fault(f"the item {item!r} stands twice", "keep one feed for each item")
    known = {name: _text_or_empty(parts.get(name)) for name in REQUIRED_OF_COMPLETE}
    return Provider(
        code=code,
        unit_name=parts["unit_name"].text(),
        unit_kind=parts["unit_kind"].one_of(UNIT_KINDS),
        feeds=feeds,
        **known,
    )


def _text_or_empty(node: Node | None) -> str:
    return node.text().strip() if node is not None and node.value != "" else ""


def _read_feed(node: Node) -> FeedSource:
    parts = node.mapping(("item", "source", "location", "schedule"), ("pattern", "after_settle"))
    schedule, location = parts["schedule"].text(), parts["location"].text()
    if not _CRON.fullmatch(schedule):
        raise parts["schedule"].fault(
            f"{schedule!r} is not a cron expression", "write five fields: 0 1 * * *"
        )
    if ".." in PurePosixPath(location).parts:
        raise parts["location"].fault("leaves the sources folder", "leave out ..")
    return FeedSource(
        item=parts["item"].one_of(known_items()),
        kind=parts["source"].one_of(("folder",)),
        location=location,
        schedule=schedule,
        pattern=parts["pattern"].text() if "pattern" in parts else "*",
        after_settle=parts["after_settle"].one_of(AFTER_SETTLE) if "after_settle" in parts else "remove",
    )
