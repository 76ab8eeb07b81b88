r"""The scan for prohibited values in polars (for the yardstick alone): the catalogue's own patterns.

As the screen does: one cheap search for stems over all rows; texts that have one are cut into clauses, and what
each category says is looked for in the distinct clauses alone. The patterns are RE2's; where Rust's engine reads
an escape wider (`\b` and `\s` of all of Unicode), it is told to read it as RE2 does.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from creditgate.policy.prohibited import Category, ProhibitedCatalogue

_TAKEN_OUT = "※"
_CHINESE = "[一-龥：；，、。]"
_BLANK = r"[\t\n\f\r \x{200b}-\x{200f}\x{3000}\x{feff}]"
_WIDE = r"[\x{FF10}-\x{FF19}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}]"
_ODD = f"{_WIDE}|[一-龥]{_BLANK}+[一-龥]"
"""Texts whose stems can be hidden: full-width letters, blanks between Chinese characters."""
_CLAUSE_END = r"[，,。；;！!？?\n]+"


def prohibited_rows(
    frame: pl.DataFrame, columns: Sequence[str], is_natural: pl.Expr, catalogue: ProhibitedCatalogue
) -> dict[tuple[str, str], pl.Series]:
    """Rows (from 0) that tell a prohibited fact, by column and the rule that they break there."""
    stems = dict.fromkeys(stem for category in catalogue.categories for stem in category.values.stems)
    suspects = pl.collect_all(
        frame.lazy()
        .select(text=name, natural=is_natural)
        .with_row_index("row")
        .filter(pl.col("text").str.contains(_any_of([*stems, _ODD])))
        for name in columns
    )
    texts = pl.concat(rows.select("text") for rows in suspects).unique()
    clauses = _clauses(texts.lazy(), list(stems)).collect()
    distinct = clauses.select(pl.col("clause").unique()).lazy()
    told = pl.collect_all([_told(distinct, category, catalogue) for category in catalogue.categories])
    hits: dict[tuple[str, str], pl.Series] = {}
    for category, found in zip(catalogue.categories, told, strict=True):
        if found.is_empty():
            continue
        by_text = _by_text(clauses, found, category, catalogue)
        for column, rows in zip(columns, suspects, strict=True):
            telling = rows.join(by_text, on="text").filter(pl.col("natural") | pl.col("of_anyone"))
            if len(telling):
                hits[column, category.value_rule.id] = telling["row"]
    return hits


def _clauses(texts: pl.LazyFrame, stems: Sequence[str]) -> pl.LazyFrame:
    """The clauses of the texts that have a stem."""
    ungrouped = _normalised(pl.col("text")).str.replace_all("([0-9]),([0-9]{3})", "$1$2")
    return (
        texts.select("text", clause=ungrouped.str.replace_all(_CLAUSE_END, "\n").str.split("\n"))
        .explode("clause")
        .filter(pl.col("clause").str.contains(_any_of(stems)))
    )


def _told(clauses: pl.LazyFrame, category: Category, catalogue: ProhibitedCatalogue) -> pl.LazyFrame:
    """Clauses that tell a fact of the category, and whether they do so in anyone's record."""
    told, rest = category.values, pl.col("rest")
    spoken = pl.col("clause")
    for mark, words in told.stand_ins:
        spoken = spoken.str.replace_all(rust_pattern(words), mark)
    neutral = pl.col("spoken").str.replace_all(rust_pattern(catalogue.exceptions), _TAKEN_OUT)
    if told.exceptions is not None:
        neutral = neutral.str.replace_all(rust_pattern(told.exceptions), _TAKEN_OUT)
    certain = pl.lit(False) if told.certain is None else rest.str.contains(rust_pattern(told.certain))
    if told.person == "before":
        certain = certain | rest.str.contains(
            rust_pattern(f"(?i)(?:{catalogue.person})[^{_TAKEN_OUT}]*{told.facts}")
        )
    return (
        clauses.filter(pl.col("clause").str.contains(_any_of(told.stems)))
        .with_columns(spoken=spoken)
        .filter(pl.col("spoken").str.contains(rust_pattern(told.either)))
        .with_columns(rest=neutral)
        .filter(rest.str.contains(rust_pattern(told.either)))
        .select("clause", of_anyone=certain)
    )


def _by_text(
    clauses: pl.DataFrame, found: pl.DataFrame, category: Category, catalogue: ProhibitedCatalogue
) -> pl.DataFrame:
    """Texts with such a clause, and whether they tell the fact in anyone's record."""
    texts = clauses.join(found, on="clause").group_by("text").agg(pl.col("of_anyone").any())
    if category.values.person == "before":
        return texts
    of_person = _normalised(pl.col("text")).str.contains(rust_pattern(catalogue.person))
    return texts.with_columns(pl.col("of_anyone") | of_person)


def _normalised(text: pl.Expr) -> pl.Expr:
    """Half width, and no blanks beside Chinese characters."""
    wide = pl.when(text.str.contains(_WIDE)).then(text.str.normalize("NFKC")).otherwise(text)
    before = wide.str.replace_all(f"{_BLANK}+({_CHINESE})", "$1")
    return before.str.replace_all(f"({_CHINESE}){_BLANK}+", "$1")


def _any_of(stems: Sequence[str]) -> str:
    return rust_pattern("(?i)" + "|".join(stems))


def rust_pattern(pattern: str) -> str:
    """An RE2 pattern for Rust's engine: word boundaries and blanks of ASCII."""
    return pattern.replace(r"\b", r"(?-u:\b)").replace(r"\s", r"[\t\n\f\r ]")
