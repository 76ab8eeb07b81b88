"""Trying again below Airflow's own retries: short breaks of a line are bridged, longer ones end the task."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from creditgate.pull.source import SourceAccessError, SourceError, SourceSettingsError

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

TRIES = 4
FIRST_PAUSE_SECONDS = 0.5


def patiently(step: Callable[[], Result], what: str) -> Result:
    """Do a step that can be repeated; after a SourceError wait (0.5 s, 1 s, 2 s) and do it again.

    Refused access and wrong settings are not tried again. Raises the last SourceError.
    """
    for attempt in range(1, TRIES):
        try:
            return step()
        except (SourceAccessError, SourceSettingsError):
            raise
        except SourceError as error:
            log.warning("pull.trying_again", what=what, attempt=attempt, error=str(error))
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return step()
