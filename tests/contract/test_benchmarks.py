"""The benchmarks keep running: with tiny numbers, and without looking at what they measure."""

import subprocess
import sys

from benchmarks.day import NAMES, RATIOS
from timebank.serving import ROOT

TINY = ("--rounds", "1", "--seconds", "0.1", "--requests", "16", "--clients", "4", "--sqlite")


def test_every_measurement_of_the_day_gets_the_answers_it_expects() -> None:
    """One tiny round on both engines ends well and prints every measurement and every ratio."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.day", *TINY], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    on_postgresql, on_sqlite = done.stdout.split("SQLite, one worker")
    for letter, name in NAMES.items():
        assert f"({letter}) {name}" in on_postgresql
    for ratio in RATIOS:
        assert f"({ratio.of}) / ({ratio.to})" in on_postgresql
    for letter in "abcdef":
        assert f"({letter}) {NAMES[letter]}" in on_sqlite
