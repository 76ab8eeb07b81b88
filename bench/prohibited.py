"""How well the screen tells prohibited data from what only looks like it, on labelled texts.

    python -m bench.prohibited PATH [--format json|table] [--errors]

PATH is a CSV of text, kind (header|value), category_or_none, context (whose datum it is, or which field the
text stands in), also_accept (further categories that count as right) and scored (no: left out).
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.bars import Bar
from creditgate.policy.prohibited import ProhibitedCatalogue, load_prohibited
from creditgate.screen.prohibited import Subject, ValueScreen, prohibited_headers

NONE = "none"

_TEXTS = Path(__file__).parents[1] / "tests" / "unit" / "data"


@dataclass(frozen=True)
class Labelled:
    """A text with what it is; `accepted` is empty where it is not prohibited."""

    text: str
    kind: str
    accepted: frozenset[str]
    subject: Subject | None


@dataclass(frozen=True)
class Score:
    """How the texts of one kind were judged."""

    found: int
    prohibited: int
    right: int
    right_category: int

    def as_dict(self) -> dict[str, float]:
        """Precision, recall, and the share of right categories among what was rightly found."""
        return {
            "precision": _share(self.right, self.found),
            "recall": _share(self.right, self.prohibited),
            "category_accuracy": _share(self.right_category, self.right),
        }


def read_labelled(path: Path) -> list[Labelled]:
    """The scored texts of a file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if (row.get("scored") or "yes").strip().casefold() != "no"
        ]
    return [
        Labelled(row["text"], row["kind"], _accepted(row), subject_of(row.get("context") or ""))
        for row in rows
    ]


def subject_of(context: str) -> Subject | None:
    """Whose record a text stands in, as its context tells: `subject = legal person`, `about a natural person`."""
    if re.search(r"\blegal person\b|\borganisation\b|laboratory animal", context):
        return "legal"
    return "natural" if "natural person" in context else None


def judge(texts: list[Labelled], catalogue: ProhibitedCatalogue) -> list[frozenset[str]]:
    """The categories found in each text."""
    found: list[frozenset[str]] = [frozenset()] * len(texts)
    for i, labelled in enumerate(texts):
        if labelled.kind == "header":
            hits = prohibited_headers([labelled.text], catalogue, labelled.subject)
            found[i] = frozenset(category.code for _, category in hits)
    values = [i for i, labelled in enumerate(texts) if labelled.kind != "header"]
    masks = ValueScreen(catalogue).scan(
        pa.array([texts[i].text for i in values], pa.string()),
        np.array([texts[i].subject != "legal" for i in values], np.bool_),
    )
    for row, i in enumerate(values):
        found[i] = frozenset(code for code, mask in masks.items() if mask[row])
    return found


def score(texts: list[Labelled], found: list[frozenset[str]], kind: str) -> Score:
    """The score of one kind of text."""
    pairs = [(text, hits) for text, hits in zip(texts, found, strict=True) if text.kind == kind]
    rightly = [(text, hits) for text, hits in pairs if text.accepted and hits]
    return Score(
        found=sum(bool(hits) for _, hits in pairs),
        prohibited=sum(bool(text.accepted) for text, _ in pairs),
        right=len(rightly),
        right_category=sum(bool(hits & text.accepted) for text, hits in rightly),
    )


def bars() -> list[Bar]:
    """Precision and recall on all labelled texts of the project, as shares missed against shares that may be missed.

    The catalogue was mended by these texts: for texts that it has not seen, give them to this command.
    """
    texts = [text for path in sorted(_TEXTS.glob("prohibited_texts*.csv")) for text in read_labelled(path)]
    found = judge(texts, load_prohibited())
    made = []
    for kind, least in (("header", 0.95), ("value", 0.92)):
        reached = score(texts, found, kind).as_dict()
        count = sum(text.kind == kind for text in texts)
        made += [
            Bar(
                f"prohibited {kind}s: share missed in {measure}, against what may be missed",
                100 * (1 - reached[measure]),
                100 * (1 - least),
                "%",
                1.0,
                f"{measure} {reached[measure]:.3f}, at least {least}; {count:,} labelled texts, by which the catalogue was mended",
            )
            for measure in ("precision", "recall")
        ]
    return made


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.prohibited", description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--format", choices=("json", "table"), default="table")
    parser.add_argument("--errors", action="store_true", help="also list the texts that were judged wrongly")
    options = parser.parse_args(arguments)
    texts = read_labelled(options.path)
    found = judge(texts, load_prohibited())
    scores = {kind: score(texts, found, kind).as_dict() for kind in ("header", "value")}
    if options.format == "json":
        print(json.dumps(scores))
    else:
        for kind, figures in scores.items():
            print(f"{kind:8}" + "  ".join(f"{name} {figure:.3f}" for name, figure in figures.items()))
    if options.errors:
        for text, hits in zip(texts, found, strict=True):
            if bool(hits) != bool(text.accepted) or (hits and not hits & text.accepted):
                print(
                    f"{text.kind} {sorted(text.accepted)} found {sorted(hits)}: {text.text} ({text.subject})"
                )


def _accepted(row: dict[str, str]) -> frozenset[str]:
    label = row["category_or_none"].strip()
    more = re.split(r"[;,|\s]+", (row.get("also_accept") or "").strip())
    return frozenset() if label == NONE else frozenset({label, *filter(None, more)})


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


if __name__ == "__main__":
    main()
