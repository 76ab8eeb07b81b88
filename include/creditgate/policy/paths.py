"""Where the project's folders and its state lie.

The package is installed editable, so the checkout is found from this file. `CREDITGATE_PROJECT_ROOT`
overrides it for an image that installs the package elsewhere; `CREDITGATE_HOME` moves the state.
"""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_ROOT = Path(os.environ.get("CREDITGATE_PROJECT_ROOT") or Path(__file__).parents[3]).resolve()
"""The checkout: the folder that holds expectations/, include/, dags/ and dbt_project/."""


def expectations_dir() -> Path:
    """The law as data: checklist/, prohibited.yaml, gate_rules.yaml, legal_sources.yaml."""
    return PROJECT_ROOT / "expectations"


def checklist_dir() -> Path:
    """One `<item>.odcs.yaml` per information item."""
    return expectations_dir() / "checklist"


def providers_dir() -> Path:
    """The provider registry: one `<code>.yaml` per provider unit."""
    return PROJECT_ROOT / "include" / "providers"


def dbt_dir() -> Path:
    """The dbt project."""
    return PROJECT_ROOT / "dbt_project"


def dags_dir() -> Path:
    """The DAG files."""
    return PROJECT_ROOT / "dags"


def home() -> Path:
    """The state folder: `CREDITGATE_HOME`, else `.creditgate/` in the checkout. Read anew at each call."""
    return Path(os.environ.get("CREDITGATE_HOME") or PROJECT_ROOT / ".creditgate").resolve()
