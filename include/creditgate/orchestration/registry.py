"""The provider registry as the DAGs see it: one feed, one DAG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.providers import load_providers

REGISTER_ITEM: Final = "credit_subject"
"""The register that records are matched against (S12): where it waits with other feeds, it comes first."""


@dataclass(frozen=True)
class Feed:
    """An entry of the registry: who sends what, and when it is fetched (cron, Asia/Shanghai)."""

    provider: str
    item: str
    schedule: str
    unit_name: str

    @property
    def dag_id(self) -> str:
        """The id of the DAG that fetches this feed."""
        return f"ingest__{self.provider}__{self.item}"

    @property
    def wave(self) -> int:
        """When it goes, where several feeds wait: 0 the register, 1 records, 2 events, which look for a record."""
        if self.item == REGISTER_ITEM:
            return 0
        return 2 if self.item in known_items() and load_contract(self.item).target_items else 1


def registered_feeds() -> tuple[Feed, ...]:
    """All feeds of the registry, ordered by provider and item."""
    return tuple(
        Feed(provider.code, source.item, source.schedule, provider.unit_name)
        for _, provider in sorted(load_providers().items())
        for source in sorted(provider.feeds, key=lambda source: source.item)
    )


def feeds_to_parse() -> tuple[Feed, ...]:
    """The feeds whose DAG is wanted now: all of them, or inside a task that task's own (it saves parsing)."""
    from airflow.sdk import get_parsing_context

    wanted = get_parsing_context().dag_id
    return tuple(feed for feed in registered_feeds() if wanted in (None, feed.dag_id))
