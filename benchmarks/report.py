"""Prints what was measured: medians over the rounds with their spread, and ratios as medians of per-round ratios."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Run

Rounds = Mapping[str, Sequence[Run]]
"""Runs by what was measured, in the order of the rounds."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Answers per second of one thing against another's in the same round, and what we aim at."""

    of: str
    to: str
    aim: float | None = None

    def values(self, rounds: Rounds) -> list[float]:
        """Return the ratio of each round."""
        pairs = zip(rounds[self.of], rounds[self.to], strict=True)
        return [of.per_second / to.per_second for of, to in pairs]


def table(rounds: Rounds, names: Mapping[str, str]) -> str:
    """Return a table of requests per second, median and spread, and of p50 and p99 in ms (medians over the rounds)."""
    lines = [f"{'':56}{'per second':>11}{'min':>8}{'max':>8}{'p50 ms':>9}{'p99 ms':>9}{'answers':>9}"]
    for key, runs in rounds.items():
        speeds = [run.per_second for run in runs]
        p50, p99 = (median(run.quantile(share) for run in runs) for share in (0.5, 0.99))
        answers = sum(len(run.latencies) for run in runs)
        lines.append(
            f"({key}) {names[key]:52}{median(speeds):11,.0f}{min(speeds):8,.0f}{max(speeds):8,.0f}"
            f"{p50:9.2f}{p99:9.2f}{answers:9,}"
        )
    return "\n".join(lines)


def ratios(rounds: Rounds, wanted: Sequence[Ratio]) -> str:
    """Return one line for each ratio whose two sides were measured: median, least, greatest, aim."""
    lines = [f"{'ratio':12}{'median':>8}{'min':>8}{'max':>8}   aim"]
    for ratio in wanted:
        if ratio.of not in rounds or ratio.to not in rounds:
            continue
        values = ratio.values(rounds)
        middle = median(values)
        aim = "" if ratio.aim is None else f"≥ {ratio.aim}  {'met' if middle >= ratio.aim else 'MISSED'}"
        lines.append(
            f"({ratio.of}) / ({ratio.to})   {middle:8.2f}{min(values):8.2f}{max(values):8.2f}   {aim}".rstrip()
        )
    return "\n".join(lines)
