"""Dirt: what is wrong in feeds, each kind a function that makes a clean row break one stated rule.

Beside the named kinds, `rule:<id>` applies the failing example of any rule that a row can break, so that
every reject and warn rule of a contract has its dirt. An example's dates follow the as-of date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract, load_contract
from creditgate.samples.calendar import certainly_late, moved
from creditgate.samples.draws import Draws, Numbers
from creditgate.samples.layouts import PENALTY
from creditgate.samples.penalties import Columns
from creditgate.samples.rows import Row

Mutation = Callable[[Row, date], Row]
RULE_KIND = "rule:"


@dataclass(frozen=True)
class Dirt:
    """A kind of dirt: the rule that a row breaks by it, and what it does to a clean row.

    `mutate` takes the row and the as-of date and gives another row.
    """

    kind: str
    rule_id: str
    mutate: Mutation


def _set(**cells: str) -> Mutation:
    """Put these texts into the row."""
    return lambda row, as_of: row | cells


def _drop(*fields: str) -> Mutation:
    """Take these fields out of the row."""
    return lambda row, as_of: {name: value for name, value in row.items() if name not in fields}


def with_another_check_digit(row: Row, as_of: date) -> Row:
    """The credit code with another last character."""
    code = row["uscc"]
    return row | {"uscc": code[:-1] + ("1" if code[-1] != "1" else "2")}


def with_masked_code(row: Row, as_of: date) -> Row:
    """The credit code with stars in it, one character too long: the mask hides less than it covers."""
    return row | {"uscc": row["uscc"][:8] + "*" * 7 + row["uscc"][-4:]}


def with_code_cut_short(row: Row, as_of: date) -> Row:
    """A credit code of 17 characters."""
    return row | {"uscc": row["uscc"][:17]}


def with_code_in_organisation_column(row: Row, as_of: date) -> Row:
    """The credit code typed into the column of the organisation code."""
    return row | {"organisation_code": row["uscc"]}


def with_decision_in_the_future(row: Row, as_of: date) -> Row:
    """Decided ten days after the as-of date."""
    day = moved(as_of, 10)
    return row | {"decided_on": day.isoformat(), "effective_until": moved(day, 365).isoformat()}


def with_late_report(row: Row, as_of: date) -> Row:
    """Formed, and decided or listed, more than seven working days ago whatever the holidays."""
    day = certainly_late(as_of).isoformat()
    started = "listed_on" if "listed_on" in row else "decided_on"
    return row | {"formed_on": day, started: day, "conduct_ended_on": moved(as_of, -90).isoformat()}


def without_day_of_forming(row: Row, as_of: date) -> Row:
    """No day of forming, beside a decision of yesterday, so that the report is in time all the same."""
    decided = {"decided_on": moved(as_of, -1).isoformat(), "effective_until": moved(as_of, 364).isoformat()}
    kept = {name: cell for name, cell in row.items() if name != "formed_on"}
    return kept | decided


def with_conduct_ended_and_going_on(row: Row, as_of: date) -> Row:
    """An end of the conduct, and the statement that it goes on."""
    return row | {"conduct_ongoing": "是", "conduct_ended_on": moved(as_of, -60).isoformat()}


def with_fine_in_yuan(row: Row, as_of: date) -> Row:
    """A fine in yuan where 10,000 yuan are the unit."""
    return row | {"fine_10k_yuan": "20000", "content": "罚款人民币20000元", "categories": "罚款"}


_PENALTY_DIRT = (
    Dirt("name_missing", "AP-001", _set(subject_name="无")),
    Dirt("category_unknown", "AP-002", _set(subject_category="企业法人单位")),
    Dirt("no_code", "AP-003", _drop("uscc", "registration_number", "organisation_code")),
    Dirt("code_with_another_check_digit", "AP-004", with_another_check_digit),
    Dirt("code_masked", "AP-004", with_masked_code),
    Dirt("code_cut_short", "AP-004", with_code_cut_short),
    Dirt("registration_number_as_code", "AP-004", _set(uscc="370199000000011")),
    Dirt("code_in_organisation_column", "AP-010", with_code_in_organisation_column),
    Dirt("decision_number_implausible", "AP-024", _set(decision_number="2026-3")),
    Dirt("facts_missing", "AP-027", _set(facts="暂无")),
    Dirt("category_of_penalty_unknown", "AP-030", _set(categories="罚款;批评教育")),
    Dirt("fine_in_words", "AP-032", _set(fine_10k_yuan="人民币壹仟叁佰捌拾元整")),
    Dirt("fine_missing", "AP-034", _drop("fine_10k_yuan")),
    Dirt("fine_in_yuan", "AP-035", with_fine_in_yuan),
    Dirt("decided_on_no_date", "AP-042", _set(decided_on="2016年4月13曰")),
    Dirt("case_number_as_date", "AP-042", _set(decided_on="（2014）西民一初字第751号")),
    Dirt("decided_in_the_future", "AP-043", with_decision_in_the_future),
    Dirt("authority_missing", "AP-048", _drop("authority_name")),
    Dirt("severity_missing", "AP-054", _drop("severity")),
    Dirt("severity_not_listed", "AP-055", _set(severity="轻微")),
    Dirt("severity_standard_missing", "AP-056", _set(severity_standard_ref="/")),
    Dirt("conduct_end_missing", "AP-059", _drop("conduct_ended_on")),
    Dirt("conduct_ended_and_going_on", "AP-063", with_conduct_ended_and_going_on),
    Dirt("formed_on_missing", "AP-065", without_day_of_forming),
    Dirt("late_report", "AP-067", with_late_report),
)
_NAMED: Mapping[str, tuple[Dirt, ...]] = {PENALTY: _PENALTY_DIRT}


def rule_dirt(contract: Contract, rule: Rule) -> Dirt:
    """The dirt that a rule's own failing example makes; LookupError where the rule has none."""
    if rule.failing is None:
        raise LookupError(f"{rule.id} has no failing example: it needs more than a row to break it")
    failing = rule.failing

    def mutate(row: Row, as_of: date) -> Row:
        shift = (as_of - contract.example_as_of).days
        merged = {**row, **{name: _shifted(cell, shift) for name, cell in failing.items()}}
        return {name: cell for name, cell in merged.items() if cell is not None}

    return Dirt(RULE_KIND + rule.id, rule.id, mutate)


def dirt_catalogue(item: str) -> dict[str, Dirt]:
    """Every kind of dirt for rows of an item, by name: the named kinds, and one for each rule."""
    contract = load_contract(item)
    named = {dirt.kind: dirt for dirt in _NAMED.get(item, ())}
    examples = (rule_dirt(contract, rule) for rule in contract.rules if rule.failing is not None)
    return named | {dirt.kind: dirt for dirt in examples}


@dataclass(frozen=True)
class DirtMix:
    """Which share of an item's rows gets which kind of dirt, each row at most one.

    shares: kind → share of the rows (0–1, together at most 1).
    """

    item: str
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        unknown = sorted(set(self.shares) - set(dirt_catalogue(self.item)))
        if unknown:
            raise ValueError(f"{self.item} has no dirt named {', '.join(unknown)}; see dirt_catalogue()")
        if sum(self.shares.values()) > 1 + 1e-9:
            raise ValueError("the shares of dirt add up to more than 1")

    def spoil(
        self, columns: Columns, rows: range, *, seed: int, as_of: date
    ) -> tuple[Columns, dict[str, Numbers]]:
        """The columns with dirt in them, and the row numbers (from 0) that got each kind.

        Which row gets what depends on the seed and the row's number alone. The cost is a Python step for
        each dirty row.
        """
        catalogue = dirt_catalogue(self.item)
        bounds = np.cumsum(list(self.shares.values())) * 2**31
        place = np.searchsorted(bounds, Draws.of(seed, rows).below("dirt", 2**31), side="right")
        table = pa.table(columns)
        spoilt: dict[str, Numbers] = {}
        changed: dict[int, Row] = {}
        for number, kind in enumerate(self.shares):
            positions = np.flatnonzero(place == number)
            spoilt[kind] = positions + rows.start
            clean = table.take(pa.array(positions)).to_pylist()
            for position, row in zip(positions.tolist(), clean, strict=True):
                filled = {name: cell for name, cell in row.items() if cell}
                changed[position] = catalogue[kind].mutate(filled, as_of)
        return _replaced(columns, changed), spoilt


def _replaced(columns: Columns, changed: Mapping[int, Row]) -> Columns:
    """The columns with these rows in place of theirs; fields that no column had are added."""
    if not changed:
        return columns
    size = len(next(iter(columns.values())))
    names = [*columns, *sorted({name for row in changed.values() for name in row} - set(columns))]
    mask = np.zeros(size, bool)
    mask[list(changed)] = True
    ordered = [changed[position] for position in sorted(changed)]
    replaced: Columns = {}
    for name in names:
        column = columns.get(name, pa.array([""] * size, pa.string()))
        cells = pa.array([row.get(name, "") for row in ordered], pa.string())
        replaced[name] = pc.replace_with_mask(column, pa.array(mask), cells)
    return replaced


def _shifted(cell: object, days: int) -> str | None:
    """An example's cell as text; a calendar date moves with the as-of date."""
    if cell is None:
        return None
    try:
        return moved(date.fromisoformat(str(cell)), days).isoformat() if len(str(cell)) == 10 else str(cell)
    except (ValueError, OverflowError):
        return str(cell)
