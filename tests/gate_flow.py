"""A feed through the real stages, as the DAG's tasks take it, without Airflow."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from creditgate import pipeline
from creditgate.policy.paths import home
from tests.builders import AS_OF

PROVIDER = "jn_market_regulation"
ITEM = "administrative_penalty"


def mailbox(provider: str = PROVIDER, item: str = ITEM) -> Path:
    """The provider's source folder, made if need be."""
    folder = home() / "sources" / provider / item
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def take_in(provider: str = PROVIDER, item: str = ITEM, as_of: date = AS_OF) -> list[dict[str, Any]]:
    """Pull what waits and bring each batch to its report; what settle has counted, per batch."""
    return [finish(batch_id) for batch_id in pipeline.pull(provider, item, as_of)]


def finish(batch_id: str) -> dict[str, Any]:
    """The stages after pull."""
    pipeline.screen(batch_id)
    pipeline.check(batch_id)
    counts = pipeline.settle(batch_id)
    pipeline.report(batch_id)
    return counts
