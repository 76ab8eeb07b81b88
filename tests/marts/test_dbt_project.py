"""The dbt project itself: its unit tests, its schemas, and what must agree with the contracts."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from typing import Any

import pytest

from creditgate.build import dbt_runner
from creditgate.build.dbt_runner import DbtOutcome
from creditgate.build.law import public_items
from creditgate.policy.contracts import load_contract, normalise_header
from creditgate.policy.paths import dbt_dir
from tests.marts.conftest import LISTING, PENALTY, Marts

AS_OF = date(2026, 11, 23)


@pytest.fixture(scope="module")
def whole(marts: Marts) -> DbtOutcome:
    """One build of everything, with the tests of the project and of the data."""
    return marts.dbt(["build"], AS_OF)


def test_every_unit_test_of_the_project_passes(whole: DbtOutcome) -> None:
    assert whole.failed == ()
    assert whole.is_success
    assert whole.counts["pass"] > 90


@pytest.mark.usefixtures("marts")
def test_what_dbt_parses_is_the_same_on_every_day_and_for_every_kind_of_build() -> None:
    """The tests here parse once for all builds (`dbt_at_its_own_speed`)."""

    def parsed(day: date, *, by_touch: bool) -> Any:
        folder = dbt_runner.state_folder()
        assert dbt_runner._run(["parse"], day, {"by_touch": by_touch}, folder).is_success
        text = (folder / "target" / "manifest.json").read_text(encoding="utf-8")
        told = json.loads(re.sub(r'"created_at": [0-9.]+', '"created_at": 0', text))
        return {part: told[part] for part in ("nodes", "sources", "macros", "unit_tests")}

    assert parsed(AS_OF, by_touch=False) == parsed(date(2027, 1, 1), by_touch=True)


@pytest.mark.usefixtures("whole")
def test_models_lie_in_the_schemas_of_the_interface_and_nowhere_else(marts: Marts) -> None:
    schemas = {
        row["schema"]
        for row in marts.rows(
            "select distinct n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'v') and n.nspname !~ '^(pg_|information_schema)'"
        )
    }
    assert schemas == {
        "intake", "reference", "audit", "staging", "intermediate", "marts", "disclosure", "sharing", "rights", "quality",
    }  # fmt: skip


def test_the_unit_tests_vars_are_the_contracts(marts: Marts) -> None:
    assert {PENALTY, LISTING} <= set(public_items())


@pytest.mark.parametrize("item", [PENALTY, LISTING])
def test_the_words_for_secret_fields_are_the_contracts_spellings(item: str) -> None:
    with (dbt_dir() / "seeds" / "field_labels.csv").open(encoding="utf-8", newline="") as file:
        seeded = {row["label"]: row["field_name"] for row in csv.DictReader(file) if row["item"] == item}
    assert seeded == dict(load_contract(item).headers)


@pytest.mark.parametrize(
    "word",
    [
        "CF_WSH",
        "cf-wsh ",
        "行政处罚决定书文号：",
        "罚款金额（万元）",
        "罚款金额(万元)",
        "subject name",
        "〔全部〕",
    ],
)
def test_sql_reads_a_field_word_as_the_gate_does(marts: Marts, word: str) -> None:
    macro = (dbt_dir() / "macros" / "normalised_label.sql").read_text(encoding="utf-8")
    body = macro[macro.index("-%}\n    btrim") + 3 : macro.index("{%- endmacro")]
    expression = body.replace("{{ text }}", f"'{word}'")
    assert marts.rows(f"select {expression} as label") == [{"label": normalise_header(word)}]


def test_every_public_model_has_a_contract_an_owner_and_described_columns() -> None:
    import yaml

    for folder in ("disclosure", "sanctions", "quality", "authorised_query"):
        for path in (dbt_dir() / "models" / "marts" / folder).glob("*.yml"):
            (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
            assert model["config"]["contract"] == {"enforced": True}, path.name
            assert model["config"]["meta"]["owner"], path.name
            assert model["description"], path.name
            assert all(column["description"] for column in model["columns"]), path.name
