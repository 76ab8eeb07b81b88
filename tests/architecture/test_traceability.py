"""The table from the notice to the code names, for each clause that is ours, where it is enforced and tested."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from creditgate.policy.catalogue import rule_catalogue
from creditgate.policy.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "reference" / "rules_traceability.md"
CLAUSES = [f"S{number:02}" for number in (*range(1, 26), 34, 35, 44, 48, 50, 52)]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`((?:dags|dbt_project|expectations|include|docs|bench)/[\w./-]+)`")
RULE = re.compile(r"\b(?:FILE|PD|[A-Z]{2})-\d{3}\b")


@cache
def rows() -> dict[str, list[str]]:
    """The cells of each clause's row: clause, what it asks, where, test."""
    lines = re.findall(r"^\| S\d\d .*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[1:-1]] for line in lines}


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_has_a_row_that_says_where_it_is_enforced_and_tested(clause: str) -> None:
    assert clause in rows(), f"{PAGE.name} has no row of its own for {clause}"
    _, asks, where, tested = rows()[clause]
    assert asks
    assert where
    assert not where.startswith("**later**"), f"{clause} is enforced nowhere"
    assert TEST.search(tested), f"{clause} names no test as `tests/….py::test_…`"


@pytest.mark.parametrize("clause", CLAUSES)
def test_the_files_tests_and_rules_of_a_row_are_there(clause: str) -> None:
    line = " | ".join(rows()[clause])
    for file in FILE.findall(line):
        assert (PROJECT_ROOT / file).exists(), f"{clause} names {file}"
    for file, name in TEST.findall(line):
        path = PROJECT_ROOT / file
        assert path.is_file(), f"{clause} names {file}"
        assert name in functions(path), f"{clause} names {file}::{name}"
    known = {rule.id for rule in rule_catalogue()}
    assert set(RULE.findall(line)) <= known


def test_every_clause_of_a_rule_is_named_by_its_row() -> None:
    cited = {clause.strip() for rule in rule_catalogue() for clause in rule.clause.split(",")}
    assert {clause for clause in CLAUSES if clause in cited} <= set(rows())
