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

PROVIDER_KINDS = ("国家机关", "法律法规授权组织", "人民团体")
"""公共信用信息提供单位 (S01)."""

MARKET_COLLECTOR = "市场信用信息采集单位"
"""Collects credit information in the market; sends us revocations and alterations alone (S70)."""

ITEMS_OF_MARKET_COLLECTORS = ("revocation",)

UNIT_KINDS = (*PROVIDER_KINDS, MARKET_COLLECTOR)
SOURCE_KINDS = ("folder", "sftp", "http", "exchange_database", "object_store")
AFTER_SETTLE = ("remove", "keep")
MAX_MEBIBYTES = 2_048
"""A feed file may be as large as this, unless its entry says otherwise."""

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
_CONNECTION = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
_CRON = re.compile(r"(?:[0-9*/,-]+ ){4}[0-9A-Za-z*/,-]+")


class ProviderError(PolicyFileError):
    """An entry of the registry can't be used."""


class UnregisteredProviderError(LookupError):
    """No entry of this code: its batches are refused whole (S01)."""


@dataclass(frozen=True)
class FeedSource:
    """Where a unit's feeds of one item wait.

    `location`: of a folder its path, relative to the sources folder of the state unless absolute; of `sftp` the folder
    on the server; of `http` the path of the list; of `exchange_database` schema.table; of `object_store` s3://bucket/prefix.
    `schedule` is cron in Asia/Shanghai; `pattern` is a glob of file names. `connection` is the id of an Airflow
    connection, empty for a folder. A file of more than `max_bytes` is not fetched.
    """

    item: str
    kind: str
    location: str
    schedule: str
    pattern: str
    after_settle: str
    connection: str = ""
    max_bytes: int = MAX_MEBIBYTES << 20


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
    unit_kind = parts["unit_kind"].one_of(UNIT_KINDS)
    if unit_kind == MARKET_COLLECTOR and (more := set(items) - set(ITEMS_OF_MARKET_COLLECTORS)):
        raise parts["feeds"].fault(
            f"a {MARKET_COLLECTOR} does not report {', '.join(sorted(more))} (S01, S70)",
            f"leave it {', '.join(ITEMS_OF_MARKET_COLLECTORS)}",
        )
    known = {name: _text_or_empty(parts.get(name)) for name in REQUIRED_OF_COMPLETE}
    return Provider(
        code=code,
        unit_name=parts["unit_name"].text(),
        unit_kind=unit_kind,
        feeds=feeds,
        **known,
    )


def _text_or_empty(node: Node | None) -> str:
    return node.text().strip() if node is not None and node.value != "" else ""


def _read_feed(node: Node) -> FeedSource:
    parts = node.mapping(
        ("item", "source", "location", "schedule"), ("pattern", "after_settle", "connection", "max_mebibytes")
    )
    schedule, kind = parts["schedule"].text(), parts["source"].one_of(SOURCE_KINDS)
    if not _CRON.fullmatch(schedule):
        raise parts["schedule"].fault(
            f"{schedule!r} is not a cron expression", "write five fields: 0 1 * * *"
        )
    return FeedSource(
        item=parts["item"].one_of(known_items()),
        kind=kind,
        location=_read_location(parts["location"], kind),
        schedule=schedule,
        pattern=parts["pattern"].text() if "pattern" in parts else "*",
        after_settle=parts["after_settle"].one_of(AFTER_SETTLE) if "after_settle" in parts else "remove",
        connection=_read_connection(node, parts.get("connection"), kind),
        max_bytes=(parts["max_mebibytes"].count() if "max_mebibytes" in parts else MAX_MEBIBYTES) << 20,
    )


_LOCATIONS = {
    "sftp": (re.compile(r"[^\s\x00]+"), "is not a folder of the server", "write it as /outbox/penalties"),
    "http": (re.compile(r"/[^\s#]*"), "is not the path of a list", "write it as /api/penalties?state=ready"),
    "exchange_database": (
        re.compile(r"(?:[A-Za-z_]\w{0,62}\.)?[A-Za-z_]\w{0,57}", re.ASCII),
        "is not a table",
        "write it as schema.table",
    ),
    "object_store": (
        re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,62}(?:/[^\s]*)?"),
        "is not a prefix of an object store",
        "write it as s3://bucket/prefix",
    ),
}


def _read_location(node: Node, kind: str) -> str:
    location = node.text()
    if ".." in PurePosixPath(location).parts:
        raise node.fault("leaves the sources folder", "leave out ..")
    if kind in _LOCATIONS:
        form, fault, next_step = _LOCATIONS[kind]
        if not form.fullmatch(location):
            raise node.fault(f"{location!r} {fault}", next_step)
    return location


def _read_connection(feed: Node, node: Node | None, kind: str) -> str:
    """The connection's id: wanted for all kinds but a folder, which has none."""
    if kind == "folder":
        if node is not None:
            raise node.fault("a folder has no connection", "leave it out")
        return ""
    if node is None:
        raise feed.fault(f"a source of kind {kind} lacks 'connection'", "add the id of an Airflow connection")
    if not _CONNECTION.fullmatch(node.text()):
        raise node.fault(
            "is not the id of a connection",
            "use letters, digits and _; its settings stand in Airflow, never here",
        )
    return node.text()
