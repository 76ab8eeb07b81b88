r"""The scan for prohibited values in polars (for the yardstick alone): the catalogue's own patterns.

As the screen does: one cheap search for stems over all rows, and what each category says only on the distinct
texts that have one. The patterns are RE2's; where Rust's engine reads an escape wider
(`\b` and `\s` of all of Unicode), it is told to read it as RE2 does.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from creditgate.policy.prohibited import Category, ProhibitedCatalogue

_TAKEN_OUT = "※"
_BLANKS = r"[\t\n\f\r \x{200b}-\x{200f}\x{3000}\x{feff}]+"
_CHINESE = "[一-龥：；，、。]"
_ODD = rf"[\x{{FF21}}-\x{{FF5A}}]|{_CHINESE}{_BLANKS}{_CHINESE}"
"""Texts whose stems can be hidden: full-width letters, blanks between Chinese characters."""


def prohibited_rows(
    frame: pl.DataFrame, columns: Sequence[str], is_natural: pl.Expr, catalogue: ProhibitedCatalogue
) -> dict[tuple[str, str], pl.Series]:
    """Rows (from 0) that tell a prohibited fact, by column and the rule that they break there."""
    stems = dict.fromkeys(stem for category in catalogue.categories for stem in category.values.stems)
    has_stem = pl.col("text").str.contains("(?i)" + "|".join([*stems, _ODD]))
    suspects = pl.collect_all(
        frame.lazy().select(text=name, natural=is_natural).with_row_index("row").filter(has_stem)
        for name in columns
    )
    hits: dict[tuple[str, str], pl.Series] = {}
    for column, rows in zip(columns, suspects, strict=True):
        texts = rows.select(pl.col("text").unique()).with_columns(plain=_normalised(pl.col("text")))
        told = pl.collect_all([_told(texts.lazy(), category, catalogue) for category in catalogue.categories])
        for category, found in zip(catalogue.categories, told, strict=True):
            telling = rows.join(found, on="text", maintain_order="left")
            telling = telling.filter(pl.when("natural").then("of_person").otherwise("of_anyone"))
            if len(telling):
                hits[column, category.value_rule.id] = telling["row"]
    return hits


def _told(texts: pl.LazyFrame, category: Category, catalogue: ProhibitedCatalogue) -> pl.LazyFrame:
    """Texts that may tell a fact of the category, and whether they do: in a person's record, and in anyone's."""
    told = category.values
    either = told.facts if told.certain is None else f"{told.facts}|{told.certain}"
    suspects = texts.filter(
        pl.col("plain").str.contains("(?i)" + "|".join(told.stems)),
        pl.col("plain").str.contains(_rust(either)),
    )
    neutral = pl.col("plain").str.replace_all(_rust(catalogue.exceptions), _TAKEN_OUT)
    if told.exceptions is not None:
        neutral = neutral.str.replace_all(_rust(told.exceptions), _TAKEN_OUT)
    rest = pl.col("rest")
    if told.person == "before":
        of_anyone = rest.str.contains(
            _rust(f"(?i)(?:{catalogue.person})[^，,。；;！!？?※]{{0,24}}{told.facts}")
        )
    else:
        of_anyone = rest.str.contains(_rust(told.facts)) & rest.str.contains(_rust(catalogue.person))
    if told.certain is not None:
        of_anyone = of_anyone | rest.str.contains(_rust(told.certain))
    return (
        suspects.with_columns(rest=neutral)
        .filter(rest.str.contains(_rust(either)))
        .select("text", of_person=pl.lit(True), of_anyone=of_anyone)
    )


def _normalised(text: pl.Expr) -> pl.Expr:
    """Half width, and no blanks beside Chinese characters."""
    wide = (
        pl.when(text.str.contains(r"[\x{FF01}-\x{FF5E}\x{3000}]"))
        .then(text.str.normalize("NFKC"))
        .otherwise(text)
    )
    before = wide.str.replace_all(f"{_BLANKS}({_CHINESE})", "$1")
    return before.str.replace_all(f"({_CHINESE}){_BLANKS}", "$1")


def _rust(pattern: str) -> str:
    """An RE2 pattern for Rust's engine: word boundaries and blanks of ASCII."""
    return pattern.replace(r"\b", r"(?-u:\b)").replace(r"\s", r"[\t\n\f\r ]")
