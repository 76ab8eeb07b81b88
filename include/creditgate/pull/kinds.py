"""The kinds of sources by the word that the provider registry uses (`source:`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from creditgate.policy.providers import FeedSource
from creditgate.pull.connection import Connections, ConnectionSettings
from creditgate.pull.folder import FolderSource
from creditgate.pull.source import Source


def open_source(
    feed: FeedSource,
    *,
    provider: str,
    folders: Path,
    connections: Connections,
    watermark: Callable[[], int | None],
) -> Source:
    """The source of a provider's feed, ready to be asked; nothing is connected yet.

    folders: where relative folders lie. connections: finds the settings of the feed's connection. watermark: the
    highest batch number that was settled, for a source that is read by it. Raises SourceSettingsError.
    """
    if feed.kind == "folder":
        return FolderSource(folders / feed.location, feed.pattern)
    settings = connections(feed.connection)
    if feed.kind == "exchange_database":
        from creditgate.pull.exchange_database import ExchangeDatabaseSource

        return ExchangeDatabaseSource(
            settings,
            feed.location,
            feed.pattern,
            provider=provider,
            item=feed.item,
            watermark=watermark(),
        )
    return _opener(feed.kind)(settings, feed.location, feed.pattern)


def _opener(kind: str) -> Callable[[ConnectionSettings, str, str], Source]:
    """Loads one kind's client library only."""
    if kind == "sftp":
        from creditgate.pull.sftp import SftpSource

        return SftpSource
    if kind == "http":
        from creditgate.pull.http_api import HttpSource

        return HttpSource
    if kind == "object_store":
        from creditgate.pull.object_store import ObjectStoreSource

        return ObjectStoreSource
    raise LookupError(f"there is no kind of source {kind!r}")
