"""The command line as a provider unit and an operator use it: exit codes, objects, clear errors.

`main` is called in the test's own process, which has Great Expectations loaded; the first tests start real ones.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
import structlog

from creditgate.cli import main
from tests.builders import AS_OF, a_feed, a_penalty
from tests.end_to_end.conftest import Installation

ITEM = ("--item", "administrative_penalty", "--as-of", AS_OF.isoformat())
HEAVY = ("numpy", "pandas", "pyarrow", "great_expectations", "dbt", "airflow", "sqlalchemy")


@dataclass(frozen=True)
class Place:
    """A state folder that nothing has been done in; commands run in this process."""

    home: Path
    patch: pytest.MonkeyPatch

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What `creditgate` with these arguments prints, and its exit code."""
        told, warned = io.StringIO(), io.StringIO()
        with self.patch.context() as patch:
            patch.setenv("CREDITGATE_HOME", str(self.home))
            patch.delenv("DATABASE_URL", raising=False)
            patch.setattr(sys, "argv", ["creditgate", *arguments])
            with (
                contextlib.redirect_stdout(told),
                contextlib.redirect_stderr(warned),
                pytest.raises(SystemExit) as ended,
            ):
                main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code or 0, told.getvalue(), warned.getvalue())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Where the commands of a test are run."""
    yield Place(tmp_path / "state", monkeypatch)
    structlog.reset_defaults()  # main sets where logs go


def test_check_of_a_clean_file_exits_0_in_a_process_of_its_own(tmp_path: Path) -> None:
    place = Installation(tmp_path / "state", AS_OF)
    done = place.command("check", str(a_feed([a_penalty()], tmp_path / "p.csv")), *ITEM)
    assert done.returncode == 0, done.stderr
    assert "accepted 1" in done.stdout
    assert "not applied offline" in done.stdout
    assert not place.home.exists(), "check stores nothing"


def test_a_fault_exits_2_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = Installation(tmp_path / "state", AS_OF).command("check", "nowhere.csv", *ITEM)
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (("--help",), ()),
        (("check", "--help"), ()),
        (("check", "nowhere.csv", *ITEM), ()),
        (("url",), ()),
        (("rules", "--item", "administrative_penalty"), ("numpy", "pyarrow")),
        (("deadline", "--start", "2026-01-05", "--days", "3"), ("numpy",)),
    ],
)
def test_a_command_starts_without_what_it_does_not_need(
    tmp_path: Path, arguments: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    """A process of its own: this one has everything loaded."""
    code = (
        "import sys\nfrom creditgate.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    kept = {"CREDITGATE_HOME": str(tmp_path / "state"), "DATABASE_URL": "postgresql://u:p@localhost/none"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=kept, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == str([name for name in HEAVY if name in needed])


def test_check_gives_the_documented_object_and_exits_1(place: Place, tmp_path: Path) -> None:
    rows = [a_penalty(), a_penalty(severity="很重", decision_number="济市监处罚〔2026〕2号")]
    path = a_feed(rows, tmp_path / "p.csv", extra_columns={"内部备注": ["甲", "乙"]})
    done = place.command("check", str(path), *ITEM, "--format", "json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == [
        "item", "contract_version", "file_sha256", "encoding", "format", "verdict", "rows", "accepted",
        "rejected", "warned", "columns", "cleaning", "not_applied", "findings",
    ]  # fmt: skip
    assert told["verdict"] == "partly_rejected"
    assert told["columns"]["dropped"] == ["内部备注"]
    (rejected,) = [f for f in told["findings"] if f["severity"] == "reject"]
    assert list(rejected) == [
        "row", "field", "header", "rule", "severity", "clause", "message", "expected", "category",
    ]  # fmt: skip
    assert (rejected["row"], rejected["field"], rejected["rule"]) == (2, "severity", "AP-055")
    assert "很重" not in done.stdout


def test_check_of_a_prohibited_column_exits_1_and_names_its_category(place: Place, tmp_path: Path) -> None:
    path = a_feed([a_penalty()], tmp_path / "p.csv", extra_columns={"血型": ["AB型阳性"]})
    done = place.command("check", str(path), *ITEM, "--format", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["verdict"] == "blocked"
    assert [f["category"] for f in told["findings"] if f["severity"] == "block"] == ["blood_type"]
    assert "AB型" not in done.stdout + done.stderr


def test_check_of_an_unreadable_file_exits_2_with_its_rule(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    path.write_bytes(b"PK\x03\x04 torn")
    done = place.command("check", str(path), *ITEM, "--format", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["findings"][0]["rule"] == "FILE-011"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", __file__, "--item", "horoscope"), "credit_subject"),
        (("check", __file__, *ITEM, "--provider", "nobody"), "jn_market_regulation"),
        (("rules", "--item", "horoscope"), "administrative_penalty"),
        (("template", "administrative_penalty", "out.docx"), ".xlsx"),
        (
            ("submit", __file__, "--provider", "jn_intermediate_court", "--item", "administrative_penalty",
             "--reviewer", "甲", "--reviewed-on", "2026-11-01"),
            "S08",
        ),
    ],
)  # fmt: skip
def test_unusable_arguments_exit_2_and_say_what_would_do(
    place: Place, arguments: tuple[str, ...], says: str
) -> None:
    done = place.command(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_workbook_of_check_comes_back_clean(place: Place, tmp_path: Path) -> None:
    bad = a_feed([a_penalty(severity=None)], tmp_path / "p.csv")
    book_path = tmp_path / "back.xlsx"
    done = place.command("check", str(bad), *ITEM, "--workbook", str(book_path))
    assert done.returncode == 1, done.stderr
    book = openpyxl.load_workbook(book_path)
    sheet = book["退回记录"]
    headers = [cell.value for cell in sheet[1]]
    sheet.cell(2, headers.index("失信程度") + 1).value = "严重"
    book.save(book_path)
    assert place.command("check", str(book_path), *ITEM).returncode == 0


def test_a_template_filled_in_by_its_headers_is_taken(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    assert place.command("template", "administrative_penalty", str(path)).returncode == 0
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    from creditgate.policy.contracts import load_contract

    contract = load_contract("administrative_penalty")
    row = a_penalty()
    for column, cell in enumerate(list(sheet[1]), start=1):
        field = next(f for f in contract.fields if f.header == cell.value)
        sheet.cell(2, column).value = row.get(field.name)
    book.save(path)
    done = place.command("check", str(path), *ITEM)
    assert done.returncode == 0, done.stdout


def test_deadlines_follow_the_state_councils_calendar(place: Place) -> None:
    assert place.command("deadline", "--start", "2025-09-30", "--days", "3").stdout.strip() == "2025-10-11"
    assert "provisional" in place.command("deadline", "--start", "2026-12-28", "--days", "7").stdout


def test_the_rule_catalogue_is_printed_in_three_forms(place: Place) -> None:
    rules = json.loads(place.command("rules", "--format", "json").stdout)
    assert {"AP-001", "SL-001", "CS-001", "FILE-001", "PD-101"} <= {rule["id"] for rule in rules}
    assert "| AP-004" in place.command("rules", "--format", "markdown").stdout
    assert "AP-004" in place.command("rules").stdout
