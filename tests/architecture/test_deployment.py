"""The compose file and the image name only what is there."""

from __future__ import annotations

import re
from typing import Any

import yaml

from creditgate.orchestration.names import MARTS_POOL
from creditgate.policy.paths import PROJECT_ROOT
from creditgate.warehouse.roles import AIRFLOW

COMPOSE = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
TEXT = (PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def _services() -> dict[str, Any]:
    services: dict[str, Any] = COMPOSE["services"]
    return services


def test_the_production_shape_has_its_components() -> None:
    assert set(_services()) == {
        "postgres",
        "prepare",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
    }


def test_every_service_that_is_needed_is_there() -> None:
    for service in _services().values():
        assert set(service.get("depends_on", {})) <= set(_services())


def test_every_named_volume_is_declared() -> None:
    for service in _services().values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if re.fullmatch(r"[a-z]+", source):
                assert source in COMPOSE["volumes"]


def test_no_secret_has_a_default() -> None:
    for name in set(re.findall(r"\$\{([A-Z_]*(?:PASSWORD|KEY|SECRET)[A-Z_]*)[^}]*\}", TEXT)):
        assert f"${{{name}:-" not in TEXT, f"{name} has a default value"


def test_airflow_finds_its_own_role_by_the_password_that_the_warehouse_sets() -> None:
    environment = _services()["scheduler"]["environment"]
    assert f"CREDITGATE_PASSWORD_{AIRFLOW.upper()}" in environment
    assert f"//{AIRFLOW}:" in environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def test_the_pool_that_the_dags_ask_for_is_made_before_they_run() -> None:
    assert f"airflow pools set {MARTS_POOL} 1 " in _services()["prepare"]["command"][0]


def test_the_image_copies_folders_that_exist() -> None:
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (PROJECT_ROOT / source).exists(), source


def test_the_image_and_the_makefile_install_the_same_uv() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    (version,) = re.findall(r"^UV_VERSION := (\S+)$", makefile, re.MULTILINE)
    assert f'"uv=={version}"' in (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
