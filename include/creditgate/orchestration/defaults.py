"""What every DAG of the project has in common: default arguments, retries, schedules, parameters."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
)

from creditgate.domain.clock import BUSINESS_ZONE
from creditgate.orchestration.names import ONE_SHOT_VARIABLE
from creditgate.orchestration.outcomes import StatementFaultError
from creditgate.pull.source import SourceAccessError, SourceSettingsError
from creditgate.warehouse.errors import ServerStartError, WarehouseError, WarehouseUnavailableError

FAULTS_THAT_STAY: Final = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[WarehouseUnavailableError, ServerStartError],
            action=RetryAction.RETRY,
            reason="The warehouse is away: it may come back.",
        ),
        RetryRule(
            exception=[
                WarehouseError,
                SourceAccessError,
                SourceSettingsError,
                StatementFaultError,
                ValueError,
                TypeError,
                LookupError,
                AttributeError,
                NameError,
                ImportError,
                AssertionError,
            ],
            action=RetryAction.FAIL,
            reason="A fault in code, contract, registry, settings or access: a retry would end in the same way.",
        ),
    ]
)
"""What a retry can't mend fails at once; everything else (disk, network, a refused statement) is tried again."""


def is_one_shot() -> bool:
    """Whether this process serves `creditgate run`, which brings its own as-of date, not a clock."""
    return os.environ.get(ONE_SHOT_VARIABLE) == "1"


def default_args() -> dict[str, Any]:
    """The default arguments of every DAG.

    A task is tried four times with exponential delay (30 s, 1 min, 2 min); in a one-shot run somebody waits at
    the terminal, so three times within seconds.
    """
    patience = (
        {"retries": 2, "retry_delay": timedelta(seconds=2)}
        if is_one_shot()
        else {
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
        }
    )
    return {
        "owner": "creditgate",
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "retry_policy": FAULTS_THAT_STAY,
        "execution_timeout": timedelta(hours=1),
        **patience,
    }


def at(cron: str) -> CronTriggerTimetable | None:
    """The cron expression (five fields, Shanghai time) as a timetable; None in a one-shot run.

    The most recent slot is run at once on the first start, as later on the latest one that was missed.
    """
    if is_one_shot():
        return None
    return CronTriggerTimetable(cron, timezone=BUSINESS_ZONE.key, run_immediately=True)


def asset_or_time(cron: str, asset: Asset) -> AssetOrTimeSchedule | list[Asset]:
    """Start on the asset and by cron (Asia/Shanghai); in a one-shot run on the asset alone."""
    timetable = at(cron)
    return AssetOrTimeSchedule(timetable=timetable, assets=[asset]) if timetable else [asset]


def on_asset(asset: Asset) -> list[Asset] | None:
    """Start on the asset; in a one-shot run not at all: nobody is there to answer."""
    return None if is_one_shot() else [asset]


def as_of_param() -> Param:
    """The run parameter `as_of`: an ISO date, or null for the business date of the run."""
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="As-of date",
        description="Business date (Asia/Shanghai) all steps of this run work for; empty: the run's own date.",
    )
