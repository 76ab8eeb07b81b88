"""The bars that the gate has to clear, each from the figures of one run of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.measure import Figures

MEMORY_BAR = 1.5 * 1024**3


@dataclass(frozen=True)
class Bar:
    """A figure beside its yardstick. `ratio` is figure / yardstick and may be at most `most`.

    `most` None: reported only.
    """

    title: str
    figure: float
    yardstick: float
    unit: str
    most: float | None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Figure by yardstick."""
        return self.figure / self.yardstick

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is cleared; None where it is reported only."""
        return None if self.most is None else self.ratio <= self.most


def bars_of(figures: Mapping[str, Figures]) -> list[Bar]:
    """The bars for which there are figures."""
    bars: list[Bar] = []
    if {"gate", "yardstick"} <= figures.keys():
        ours, theirs = figures["gate"], figures["yardstick"]
        bars.append(
            Bar(
                "screen + check, clean file, against pandera on polars",
                ours.seconds,
                theirs.seconds,
                "s",
                1.0,
                f"CPU {ours.cpu_seconds:.1f} s against {theirs.cpu_seconds:.1f} s",
            )
        )
        peak = max(ours.peak_bytes, figures["gate_wrong"].peak_bytes if "gate_wrong" in figures else 0)
        bars.append(
            Bar(
                "peak memory of screen + check, against 1.5 GiB",
                peak / 2**20,
                MEMORY_BAR / 2**20,
                "MiB",
                1.0,
                f"the yardstick took {theirs.peak_bytes / 2**20:.0f} MiB",
            )
        )
    if {"gate", "gate_wrong"} <= figures.keys():
        bars.append(
            Bar(
                "every row wrong in five fields, against the clean file",
                figures["gate_wrong"].seconds,
                figures["gate"].seconds,
                "s",
                1.5,
                f"CPU {figures['gate_wrong'].cpu_seconds:.1f} s against {figures['gate'].cpu_seconds:.1f} s",
            )
        )
    if {"whole_way", "copy"} <= figures.keys():
        way = figures["whole_way"]
        bars.append(
            Bar(
                "file to settled, against a bare \\copy into text columns",
                way.seconds,
                figures["copy"].seconds,
                "s",
                3.0,
                f"with the interpreter's start and imports {way.process_seconds:.1f} s; goal 1.3",
            )
        )
    for name in ("few", "many"):
        if {f"expiry_{name}", f"deletes_{name}", f"intake_delete_{name}"} <= figures.keys():
            bars.append(_expiry(figures[f"expiry_{name}"], figures, name))
    return bars


def _expiry(ours: Figures, figures: Mapping[str, Figures], name: str) -> Bar:
    intake = figures[f"intake_delete_{name}"].seconds
    return Bar(
        f"expiry of {'a tenth of the expiring' if name == 'few' else 'all expiring'} records, against plain DELETEs",
        ours.seconds,
        figures[f"deletes_{name}"].seconds,
        "s",
        3.0,
        f"yardstick: the same records by id from every table that holds rows of them; from the intake table alone "
        f"{intake:.2f} s, {ours.seconds / intake:.1f} times",
    )
