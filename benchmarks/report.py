"""Prints what was measured: medians over the rounds with their spread, and ratios as medians of per-round ratios."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.load import Run

Rounds = Mapping[str, Sequence[Run]]
"""Runs by what was measured, in the order of the rounds."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Speed of one thing against another's in the same round, and what we aim at: at least ``aim``.

    With ``at_most`` it is the time that they take instead, and aimed at from above.
    """

    of: str
    to: str
    aim: float | None = None
    at_most: float | None = None

    def values(self, rounds: Rounds) -> list[float]:
        """Return the ratio of each round."""
        sides = (self.of, self.to) if self.at_most is None else (self.to, self.of)
        pairs = zip(*(rounds[side] for side in sides), strict=True)
        return [over.per_second / under.per_second for over, under in pairs]

    @property
    def name(self) -> str:
        """What is divided by what."""
        return f"({self.of}) / ({self.to})"

    def goal(self) -> str:
        """Return the aim as it is printed."""
        if self.at_most is not None:
            return f"≤ {self.at_most}"
        return "" if self.aim is None else f"≥ {self.aim}"

    def is_met(self, value: float) -> bool:
        """Return whether a value is as aimed at; without an aim every one is."""
        return value <= self.at_most if self.at_most is not None else value >= (self.aim or 0)


def table(rounds: Rounds, names: Mapping[str, str]) -> str:
    """Return a table of what was done per second, median and spread, and of p50 and p99 in ms (medians over the rounds)."""
    labels = {key: f"({key}) {names[key]}" for key in rounds}
    width = _width(labels.values())
    lines = [f"{'':{width}}{'per second':>11}{'min':>10}{'max':>10}{'p50 ms':>10}{'p99 ms':>10}{'answers':>9}"]
    for key, runs in rounds.items():
        speeds = [run.per_second for run in runs]
        p50, p99 = (median(run.quantile(share) for run in runs) for share in (0.5, 0.99))
        answers = sum(len(run.latencies) for run in runs)
        lines.append(
            f"{labels[key]:{width}}{median(speeds):11,.0f}{min(speeds):10,.0f}{max(speeds):10,.0f}"
            f"{p50:10.2f}{p99:10.2f}{answers:9,}"
        )
    return "\n".join(lines)


def ratios(rounds: Rounds, wanted: Sequence[Ratio]) -> str:
    """Return one line for each ratio whose two sides were measured: median, least, greatest, aim."""
    measured = _measured(rounds, wanted)
    width = _width(ratio.name for ratio in measured)
    lines = [f"{'ratio':{width}}{'median':>8}{'min':>8}{'max':>8}   aim"]
    for ratio in measured:
        values = ratio.values(rounds)
        verdict = f"{ratio.goal()}  {'met' if ratio.is_met(median(values)) else 'MISSED'}" if ratio.goal() else ""
        numbers = f"{median(values):8.2f}{min(values):8.2f}{max(values):8.2f}"
        lines.append(f"{ratio.name:{width}}{numbers}   {verdict}".rstrip())
    return "\n".join(lines)


def as_json(rounds: Rounds, names: Mapping[str, str], wanted: Sequence[Ratio]) -> dict[str, Any]:
    """Return the same for a program; every number of every round."""
    return {
        "measured": {
            key: {"what": names[key], "per_second": [round(run.per_second, 1) for run in runs]}
            for key, runs in rounds.items()
        },
        "ratios": {
            ratio.name: {
                "values": [round(value, 3) for value in ratio.values(rounds)],
                "median": round(median(ratio.values(rounds)), 3),
                "aim": ratio.goal(),
                "met": ratio.is_met(median(ratio.values(rounds))),
            }
            for ratio in _measured(rounds, wanted)
        },
    }


def _measured(rounds: Rounds, wanted: Sequence[Ratio]) -> list[Ratio]:
    return [ratio for ratio in wanted if ratio.of in rounds and ratio.to in rounds]


def _width(labels: Any) -> int:
    return max((len(label) for label in labels), default=0) + 2
