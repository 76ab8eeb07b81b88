"""The yardstick of the gate's engine: the same file, the same rules, by pandera on polars.

What a competent team would write: the file read by polars in one go, what several rules need parsed once
(dates, amounts, the kind of subject), every rule a named pandera check made of native polars expressions,
`lazy=True`, and all failure cases gathered by row. No Python step per row, nothing slowed down on purpose.

It takes values as they stand in the file: fillers and blanks count as empty, but it does not bring widths,
dates and codes into one spelling, as the screen does, and it hashes and keeps nothing. So it does less than
the gate does on the same file, and agrees with it on a file whose values are spelled as the contract says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

from bench.yardstick_codes import birth_date, is_credit_code, is_identity_number, is_legacy_identity_number
from bench.yardstick_prohibited import prohibited_rows, rust_pattern
from creditgate.domain.clock import earliest_start_in_time
from creditgate.domain.rules import Rule
from creditgate.domain.subjects import ORGANISATION_CODES
from creditgate.policy.contracts import Contract, load_contract, normalise_header
from creditgate.policy.prohibited import ProhibitedCatalogue, load_prohibited
from creditgate.screen.normalise import FILLERS

DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]+)?$"
MASKED = (
    r"[*＊✱∗⁎﹡●◆■]|#{2,}|[?？]{2,}|[×✕✖]{2,}"
    r"|^[0-9]{3,}(?:[Xx]{3,}|[—–_^~木料林乂×]{2,}|[—–_^~][0-9])"
)
"""Characters hidden behind stars, as `identifiers.looks_masked` tells them."""
KIND = "subject_kind"
Condition = Mapping[str, Any]


@dataclass(frozen=True)
class Yardstick:
    """The rules of a contract as a pandera schema, for files with the columns `present`."""

    contract: Contract
    present: frozenset[str]
    as_of: date
    catalogue: ProhibitedCatalogue

    def findings(self, path: Path) -> pl.DataFrame:
        """Every (row from 1, rule) that the file breaks, in order. Raises RuntimeError where a check fails to run."""
        frame = self.scanned(self.parsed(read(path, self.contract)))
        scanned = [name for name in frame.columns if " without " in name]
        try:
            self.schema(scanned).validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases
            faults = cases.filter(pl.col("index").is_null())
            if len(faults):
                raise RuntimeError(
                    f"checks that could not be computed: {faults['check'].to_list()}"
                ) from None
            return cases.select(row=pl.col("index") + 1, rule="check").unique().sort("row", "rule")
        return pl.DataFrame(schema={"row": pl.Int32, "rule": pl.String})

    def parsed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with what several rules need, parsed once: dates, amounts, the kind of subject.

        Columns that the file lacks but a rule reads become constants.
        """
        absent = {name: pl.lit(None, pl.String) for name in self._named() - self.present - {KIND}}
        dates = {
            _as_date(f.name): pl.col(f.name).str.to_date("%Y-%m-%d", strict=False)
            for f in self.contract.fields
            if f.kind == "date" and f.name in self.present
        }
        amounts = {
            _as_amount(f.name): pl.when(pl.col(f.name).str.contains(DECIMAL))
            .then(pl.col(f.name))
            .cast(pl.Float64)
            for f in self.contract.fields
            if f.kind == "number" and f.name in self.present
        }
        kind = {KIND: subject_kind(self.present)}
        lacking = {
            _as_date(f.name): pl.lit(None, pl.Date)
            for f in self.contract.fields
            if f.kind == "date" and f.name not in self.present
        }
        return frame.with_columns(**absent, **dates, **amounts, **kind, **lacking)

    def _named(self) -> set[str]:
        return {f.name for f in self.contract.fields}

    def schema(self, scanned: Sequence[str] = ()) -> pa.DataFrameSchema:
        """One pandera column per column that a rule is shown at, one named check per rule.

        scanned: the columns that the scan for prohibited values has made.
        """
        checks: dict[str, list[pa.Check]] = {}
        for rule in self.contract.check_rules():
            passes = self.expression(rule)
            if passes is not None:
                checks.setdefault(str(rule.field), []).append(named_check(rule.id, passes))
        for column in scanned:
            name, rule_id = column.split(" without ")
            checks.setdefault(name, []).append(named_check(rule_id, pl.col(column)))
        twice = self.contract.rule_of_kind("gate.duplicate_record")
        key = self.contract.record_key
        checks.setdefault(key[0], []).append(named_check(twice.id, stands_once(key)))
        return pa.DataFrameSchema(
            {
                name: pa.Column(pl.String, nullable=True, checks=of_column)
                for name, of_column in checks.items()
            }
        )

    def expression(self, rule: Rule) -> pl.Expr | None:
        """True (or null) where a row passes; None for a rule that passes whatever a file without its column holds."""
        if rule.field not in self.present and rule.expectation not in _SPEAKS_OF_ABSENT:
            return None
        made = _EXPRESSIONS[rule.expectation]
        kwargs = {k: v for k, v in rule.kwargs.items() if k != "when"}
        passes = made(self, **{"column": rule.field, **kwargs})
        when = rule.kwargs.get("when")
        if not when:
            return passes
        conditions = [when] if isinstance(when, Mapping) else list(when)
        return passes | ~pl.all_horizontal([_holds(condition) for condition in conditions])

    def scanned(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with a column for every (free text, category) in which some row tells a prohibited fact."""
        texts = [f.name for f in self.contract.fields if f.kind == "free_text" and f.name in self.present]
        found = prohibited_rows(frame, texts, pl.col(KIND) == "natural", self.catalogue)
        row = pl.int_range(pl.len())
        return frame.with_columns(
            **{
                _as_scanned(name, rule_id): ~row.is_in(rows.implode())
                for (name, rule_id), rows in found.items()
            }
        )


def read(path: Path, contract: Contract) -> pl.DataFrame:
    """The file as strings under our field names; fillers and empty cells are null."""
    with path.open(encoding="utf-8-sig") as file:
        headers = file.readline().rstrip("\r\n").split(",")
    return pl.read_csv(
        path,
        has_header=False,
        skip_rows=1,
        new_columns=[contract.headers[normalise_header(header)] for header in headers],
        infer_schema=False,
        null_values=FILLERS.to_pylist(),
    )


def named_check(rule_id: str, passes: pl.Expr) -> pa.Check:
    """A pandera check of a whole column; a null passes."""
    return pa.Check(lambda data: data.lazyframe.select(passes), name=rule_id, error=rule_id)


def subject_kind(present: frozenset[str]) -> pl.Expr:
    """Whose record it is (S02), as the gate derives it."""
    category = pl.col("subject_category") if "subject_category" in present else pl.lit(None, pl.String)
    codes = [pl.col(name).is_not_null() for name in ORGANISATION_CODES if name in present] or [pl.lit(False)]
    papers = [pl.col(n).is_not_null() for n in ("identity_number", "identity_type") if n in present]
    stated = (
        pl.when(category.is_in(["法人及非法人组织", "法人", "企业"]))
        .then(pl.lit("legal"))
        .when(category == "非法人组织")
        .then(pl.lit("unincorporated"))
        .when(category.is_in(["个体工商户", "个体"]))
        .then(pl.lit("sole_trader"))
        .when(category == "自然人")
        .then(pl.lit("natural"))
        .when(pl.any_horizontal(papers or [pl.lit(False)]))
        .then(pl.lit("natural"))
        .when(pl.any_horizontal(codes))
        .then(pl.lit("legal"))
        .otherwise(pl.lit("unknown"))
    )
    kind = stated
    if "uscc" in present:
        trader = pl.col("uscc").str.starts_with("92").fill_null(False) & stated.is_in(
            ["legal", "unincorporated"]
        )
        kind = pl.when(trader).then(pl.lit("sole_trader")).otherwise(stated)
    numbers = [_is_person(pl.col(name)) for name in ("uscc", "tax_registration_number") if name in present]
    is_person = pl.any_horizontal(numbers or [pl.lit(False)]) & (kind != "sole_trader")
    return pl.when(is_person).then(pl.lit("natural")).otherwise(kind)


def _is_person(code: pl.Expr) -> pl.Expr:
    return (is_identity_number(code, None) & ~is_credit_code(code)).fill_null(False)


def stands_once(key: Sequence[str]) -> pl.Expr:
    """Records whose key stands in no other row; a row without a whole key passes."""
    brackets = dict.fromkeys("[(【（〈﹝［", "〔") | dict.fromkeys("])】）〉﹞］", "〕")
    parts = [pl.col(name).str.replace_many(brackets).str.replace_all(r"\s+", "") for name in key]
    return pl.struct(parts).is_unique() | pl.any_horizontal([pl.col(name).is_null() for name in key])


def _as_date(column: str) -> str:
    return f"{column} as date"


def _as_scanned(column: str, rule_id: str) -> str:
    return f"{column} without {rule_id}"


def _as_amount(column: str) -> str:
    return f"{column} as amount"


def _holds(condition: Condition) -> pl.Expr:
    if "any_of" in condition:
        return pl.any_horizontal([pl.col(name).is_not_null() for name in condition["any_of"]])
    if "since" in condition or "until" in condition:
        return _within_days(condition)
    column = pl.col(condition["column"])
    if condition.get("is_null"):
        return column.is_null()
    if condition.get("not_null"):
        return column.is_not_null()
    if "in" in condition:
        return column.is_in(condition["in"]).fill_null(False)
    if "not_in" in condition:
        return ~column.is_in(condition["not_in"]).fill_null(False)
    return column.str.contains(condition["matches"]).fill_null(False)


def _within_days(condition: Condition) -> pl.Expr:
    """Days within the bounds; a row without a day is one of today's."""
    day = pl.col(_as_date(condition["column"]))
    bounds = [pl.lit(True)]
    if (since := condition.get("since")) is not None:
        bounds.append((day >= date.fromisoformat(since)).fill_null(True))
    if (until := condition.get("until")) is not None:
        bounds.append((day <= date.fromisoformat(until)).fill_null(False))
    return pl.all_horizontal(bounds)


def _present(yardstick: Yardstick, column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


def _one_present(yardstick: Yardstick, column: str, columns: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal([pl.col(name).is_not_null() for name in columns if name in yardstick.present])


def _match(yardstick: Yardstick, column: str, regex: str) -> pl.Expr:
    return pl.col(column).str.contains(regex)


def _contain_none(yardstick: Yardstick, column: str, texts: Sequence[str]) -> pl.Expr:
    return ~pl.any_horizontal([pl.col(column).str.contains(text, literal=True) for text in texts])


def _not_match(
    yardstick: Yardstick,
    column: str,
    regex: str,
    holding: Sequence[str] | None = None,
    beginning: Sequence[str] | None = None,
    ending: Sequence[str] | None = None,
    at_most: int | None = None,
) -> pl.Expr:
    """The pattern alone: what the gate is told of the values that can match is the regex engine's own business here."""
    return ~pl.col(column).str.contains(rust_pattern(regex))


def _not_doubled(yardstick: Yardstick, column: str) -> pl.Expr:
    text = pl.col(column)
    pairs = [text.str.slice(place, 1) == text.str.slice(place + 1, 1) for place in (0, 2, 4)]
    likely = (text.str.len_chars() >= 6) & (text.str.len_chars() % 2 == 0) & pl.all_horizontal(pairs)
    characters = pl.when(likely).then(text).str.split("")
    doubled = characters.list.gather_every(2, 0) == characters.list.gather_every(2, 1)
    return ~(likely & doubled.fill_null(False))


def _listed(
    yardstick: Yardstick, column: str, value_set: Sequence[str], separator: str | None = None
) -> pl.Expr:
    if separator is None:
        return pl.col(column).is_in(list(value_set))
    part = pl.element().str.strip_chars()
    return pl.col(column).str.split(separator).list.eval(part.is_in([*value_set, ""])).list.all()


def _fit(yardstick: Yardstick, column: str, max_length: int) -> pl.Expr:
    return pl.col(column).str.len_chars() <= max_length


def _date(yardstick: Yardstick, column: str) -> pl.Expr:
    return pl.col(_as_date(column)).is_not_null() | pl.col(column).is_null()


def _within(
    yardstick: Yardstick, column: str, earliest: str | None = None, latest: str | None = None
) -> pl.Expr:
    day = pl.col(_as_date(column))
    bounds = []
    if earliest is not None:
        bounds.append(day >= date.fromisoformat(earliest))
    if latest is not None:
        bounds.append(day <= (yardstick.as_of if latest == "as_of" else date.fromisoformat(latest)))
    return pl.all_horizontal(bounds)


def _follow(yardstick: Yardstick, column: str, other: str) -> pl.Expr:
    return pl.col(_as_date(column)) >= pl.col(_as_date(other))


def _decimal(
    yardstick: Yardstick,
    column: str,
    minimum: float | None = None,
    maximum: float | None = None,
    places: int | None = None,
) -> pl.Expr:
    if minimum is None and maximum is None:
        return pl.col(column).str.contains(
            DECIMAL if places is None else DECIMAL.replace("+)?$", f"{{1,{places}}})?$")
        )
    amount = pl.col(_as_amount(column))
    bounds = [amount >= minimum] if minimum is not None else []
    bounds += [amount <= maximum] if maximum is not None else []
    return pl.all_horizontal(bounds)


def _credit_code(yardstick: Yardstick, column: str) -> pl.Expr:
    return is_credit_code(pl.col(column))


def _identity(yardstick: Yardstick, column: str, type_column: str | None = None) -> pl.Expr:
    holds = is_identity_number(pl.col(column), yardstick.as_of)
    if type_column is None or type_column not in yardstick.present:
        return holds
    paper = pl.col(type_column)
    is_other = ~paper.str.contains("身份证|^1$") | paper.str.contains("外国人|永久居留")
    return holds | is_other.fill_null(False)


def _no_identity(yardstick: Yardstick, column: str) -> pl.Expr:
    code = pl.col(column)
    person = is_identity_number(code, yardstick.as_of) | is_legacy_identity_number(code)
    return ~person | is_credit_code(code)


def _no_mask(yardstick: Yardstick, column: str) -> pl.Expr:
    return ~pl.col(column).str.contains(MASKED)


def _of_age(yardstick: Yardstick, column: str, on: Sequence[str], flag: str) -> pl.Expr:
    born = birth_date(pl.col(column))
    moment = pl.coalesce([pl.col(_as_date(name)) for name in on])
    supports_self = (pl.col(flag) == "是").fill_null(False)
    too_young = (moment < born.dt.offset_by("16y")) | ((moment < born.dt.offset_by("18y")) & ~supports_self)
    return ~too_young


def _term(yardstick: Yardstick, column: str, fallback: str, years: int) -> pl.Expr:
    return _first_date(column, fallback).dt.offset_by(f"{years}y") >= yardstick.as_of


def _in_time(yardstick: Yardstick, column: str, days: int, fallback: str | None = None) -> pl.Expr:
    return _first_date(column, fallback) >= earliest_start_in_time(yardstick.as_of, days)


def _first_date(column: str, fallback: str | None) -> pl.Expr:
    return pl.coalesce([pl.col(_as_date(name)) for name in (column, fallback) if name is not None])


_EXPRESSIONS: dict[str, Callable[..., pl.Expr]] = {
    "expect_column_values_to_be_present": _present,
    "expect_one_of_columns_to_be_present": _one_present,
    "expect_column_values_to_match": _match,
    "expect_column_values_not_to_contain": _contain_none,
    "expect_column_values_not_to_match": _not_match,
    "expect_column_values_not_to_be_doubled": _not_doubled,
    "expect_column_values_to_be_listed": _listed,
    "expect_column_values_to_fit": _fit,
    "expect_column_values_to_be_date": _date,
    "expect_column_dates_to_be_within": _within,
    "expect_column_dates_to_follow": _follow,
    "expect_column_values_to_be_decimal": _decimal,
    "expect_column_values_to_be_credit_code": _credit_code,
    "expect_column_values_to_be_identity_number": _identity,
    "expect_column_values_not_to_be_identity_number": _no_identity,
    "expect_column_values_not_to_be_masked": _no_mask,
    "expect_subject_to_be_of_age": _of_age,
    "expect_term_not_to_have_ended": _term,
    "expect_report_within_workdays": _in_time,
}
_SPEAKS_OF_ABSENT = {
    "expect_column_values_to_be_present",
    "expect_one_of_columns_to_be_present",
    "expect_term_not_to_have_ended",
    "expect_report_within_workdays",
}
"""Rules that a row can break at a column that its file lacks."""


def yardstick_for(path: Path, item: str, as_of: date) -> Yardstick:
    """The yardstick for a file: its header line says which columns there are."""
    contract = load_contract(item)
    with path.open(encoding="utf-8-sig") as file:
        headers = file.readline().rstrip("\r\n").split(",")
    present = frozenset(contract.headers[normalise_header(header)] for header in headers)
    return Yardstick(contract, present, as_of, load_prohibited())
