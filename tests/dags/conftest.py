"""Airflow for the DAG tests: a state folder and a metadata database (SQLite) of their own, and no examples."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from creditgate.policy.paths import dags_dir

_AIRFLOW_HOME = tempfile.mkdtemp(prefix="creditgate-airflow-")
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)
_BUNDLE = {
    "name": "creditgate",
    "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
    "kwargs": {"path": str(dags_dir())},
}
os.environ.update(  # before anything imports airflow: it reads its settings once
    AIRFLOW_HOME=_AIRFLOW_HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_AIRFLOW_HOME}/airflow.db",
    AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=json.dumps([_BUNDLE]),
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS="False",
)

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


def load_bag() -> DagBag:
    """The DAG files of the project, read anew."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(dags_dir()), bundle_path=dags_dir(), bundle_name="creditgate")


@pytest.fixture(scope="session")
def bag() -> DagBag:
    """The DAG files as a service reads them."""
    os.environ.pop("CREDITGATE_ONE_SHOT", None)
    return load_bag()


@pytest.fixture
def one_shot_bag(monkeypatch: pytest.MonkeyPatch) -> DagBag:
    """The DAG files as `creditgate run` reads them."""
    monkeypatch.setenv("CREDITGATE_ONE_SHOT", "1")
    return load_bag()


@pytest.fixture(scope="session")
def airflow_database() -> Path:
    """Airflow's tables, for runs in the test's own process."""
    from airflow.utils.db import initdb

    initdb()
    return Path(_AIRFLOW_HOME) / "airflow.db"
