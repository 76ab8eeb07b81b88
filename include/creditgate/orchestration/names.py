"""Names that DAG files and the harness share. Imports nothing: the harness must not import Airflow.

`import airflow` makes a folder in the user's home unless AIRFLOW_HOME is set; only the components import it.
"""

from __future__ import annotations

from typing import Final

BUILD: Final = "build_marts"
EXPIRE: Final = "expire_negative_records"
WATCH: Final = "watch_deadlines"

MARTS_POOL: Final = "marts"
"""The pool of one slot that tasks take which write marts, so that build and expiry never run at once."""

ONE_SHOT_VARIABLE: Final = "CREDITGATE_ONE_SHOT"
"""Set (to `1`) by the one-shot run: cron schedules are off, assets work, retries follow quickly."""
