"""What the documents say is so: paths, links, statuses, rules, commands and settings follow the code."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from creditgate.cli import app
from creditgate.domain.batch import BatchStatus
from creditgate.domain.rules import Severity
from creditgate.policy.catalogue import as_markdown, rule_catalogue
from creditgate.policy.paths import PROJECT_ROOT
from creditgate.report.summary import SEVERITY_LABELS

DOCS = PROJECT_ROOT / "docs"
PAGES = [PROJECT_ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted(DOCS.rglob("*.md"))
RUNBOOKS = sorted((DOCS / "runbooks").glob("*.md"))
DECISIONS = sorted((DOCS / "adr").glob("*.md"))
CODE_FOLDERS = ("dags", "dbt_project", "expectations", "include", "bench")
FOLDERS = (*CODE_FOLDERS, "docs", "tests")

REPO_PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./\[\]-]*(?:::\w+)?")
TO_BE_FILLED_IN = re.compile(r"[<>*…{}]")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
RUNBOOK = re.compile(r"docs/runbooks/(\w+\.md)?")
ENVIRONMENT = re.compile(r'environ(?:\.get\(|\[)f?"((?:CREDITGATE|DATABASE)_[A-Z_]+)')


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT_ROOT).as_posix()


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def quoted(page: Path) -> Iterator[str]:
    """What stands between backticks."""
    yield from re.findall(r"`([^`\n]+)`", prose(page))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def table_under(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its header row."""
    _, _, rest = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert rest, f"{name_of(page)} has no heading {heading!r}"
    section = re.split(r"\n## ", rest)[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_resolves(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.is_file(), f"{name_of(page)} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{name_of(page)} links to {target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_is_named_exists(page: Path) -> None:
    for text in quoted(page):
        if not REPO_PATH.fullmatch(text) or TO_BE_FILLED_IN.search(text):
            continue
        path, _, claim = text.partition("::")
        assert (PROJECT_ROOT / path).exists(), f"{name_of(page)} names `{text}`"
        if claim:
            source = (PROJECT_ROOT / path).read_text(encoding="utf-8")
            assert f"def {claim}(" in source, f"{name_of(page)} names `{text}`: no such test"


def test_every_runbook_that_the_code_names_exists() -> None:
    named = {
        (path, match[1])
        for folder in CODE_FOLDERS
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".yaml", ".sql") and "target" not in path.parts
        for match in RUNBOOK.finditer(path.read_text(encoding="utf-8"))
        if match[1]
    }
    assert named
    for path, runbook in named:
        assert (DOCS / "runbooks" / runbook).is_file(), f"{name_of(path)} names {runbook}"


@pytest.mark.parametrize("dag", sorted((PROJECT_ROOT / "dags").glob("*.py")), ids=name_of)
def test_every_dag_names_its_runbook(dag: Path) -> None:
    text = dag.read_text(encoding="utf-8")
    assert "doc_md=__doc__" in text
    assert any(match[1] for match in RUNBOOK.finditer(text)), "name a page of docs/runbooks/ in the docstring"


@pytest.mark.parametrize("page", RUNBOOKS, ids=name_of)
def test_a_runbook_says_what_to_do_and_whom_to_tell(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", prose(page), re.MULTILINE)
    assert "Who to tell" in headings
    if page.stem != "production":
        assert {"What to look at", "What to do"} <= set(headings)


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_four_parts_and_is_listed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(rf"# {page.stem[:4]} ", text)
    assert "\nStatus: " in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"(adr/{page.name})" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_the_rule_catalogue_is_that_of_the_contracts() -> None:
    published = (DOCS / "reference" / "rules.md").read_text(encoding="utf-8")
    assert published.strip() == as_markdown(rule_catalogue()).strip(), (
        "write it anew: .venv/bin/creditgate rules --format markdown > docs/reference/rules.md"
    )


STATUSES = DOCS / "reference" / "statuses.md"


def test_batch_statuses_are_published_with_their_chinese() -> None:
    published = [(row[0].strip("`"), row[1]) for row in table_under(STATUSES, "Batches")]
    assert published == [(status.value, status.label) for status in BatchStatus]


def test_the_final_statuses_are_those_whose_file_is_taken_out() -> None:
    taken_out = {row[0].strip("`") for row in table_under(STATUSES, "Batches") if row[-1] == "taken out"}
    assert taken_out == {status.value for status in BatchStatus if status.is_final}


def test_severities_are_published_with_their_chinese() -> None:
    published = [(row[0].strip("`"), row[1]) for row in table_under(STATUSES, "Findings")]
    assert published == [(severity.value, SEVERITY_LABELS[severity]) for severity in Severity]


@pytest.mark.parametrize(("heading", "column"), [("Rejected rows", "status"), ("Tombstones", "reason")])
def test_closed_sets_of_the_warehouse_are_published(heading: str, column: str) -> None:
    versions = PROJECT_ROOT / "include/creditgate/warehouse/migrations/versions"
    tables = (versions / "0001_schemas_and_tables.py").read_text(encoding="utf-8")
    table = {"Rejected rows": "intake.rejected_rows", "Tombstones": "audit.tombstones"}[heading]
    definition = tables.partition(f"create table {table} (")[2]
    closed = re.search(rf"check \({column} in \(([^)]+)\)\)", definition)
    assert closed is not None
    assert [row[0].strip("`") for row in table_under(STATUSES, heading)] == re.findall(r"'(\w+)'", closed[1])


def test_every_clause_of_the_notice_is_traced_once() -> None:
    page = DOCS / "reference" / "rules_traceability.md"
    traced: list[str] = []
    for first, last in re.findall(r"^\| (S\d\d)(?:–(S\d\d))? \|", prose(page), re.MULTILINE):
        traced += [f"S{number:02}" for number in range(int(first[1:]), int((last or first)[1:]) + 1)]
    assert traced == [f"S{number:02}" for number in range(1, 71)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_rule_that_is_named_is_in_the_catalogue(page: Path) -> None:
    known = {rule.id for rule in rule_catalogue()}
    named = set(re.findall(r"\b(?:AP|SL|CS|FILE|PD)-\d{3}\b", prose(page)))
    assert named <= known


def test_readme_lists_every_command() -> None:
    listed = {row[0].strip("`").split()[0] for row in table_under(PROJECT_ROOT / "README.md", "Commands")}
    assert listed == set(get_command(app).commands)  # type: ignore[attr-defined] # a group has commands


def test_readme_lists_every_setting_that_the_code_reads() -> None:
    told = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    read = {
        name
        for path in (PROJECT_ROOT / "include").rglob("*.py")
        for name in ENVIRONMENT.findall(path.read_text(encoding="utf-8"))
    }
    assert {"CREDITGATE_HOME", "DATABASE_URL", "CREDITGATE_HASH_KEY"} <= read
    assert [name for name in sorted(read) if f"`{name}" not in told] == []


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").is_file()
