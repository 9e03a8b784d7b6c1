"""The benchmarks keep running: with tiny numbers, and without looking at what they measure."""

import json
import subprocess
import sys

from benchmarks import ledger, report, shop
from benchmarks.day import NAMES, RATIOS
from benchmarks.load import Run
from benchmarks.peers import has_hordak
from benchmarks.report import Ratio
from timebank.serving import ROOT

TINY = ("--rounds", "1", "--seconds", "0.1", "--requests", "16", "--clients", "4")

TINY_LEDGER = ("--rounds", "1", "--seconds", "0.05", "--clients", "4", "--entries", "2000")


def test_every_measurement_of_the_day_gets_the_answers_it_expects() -> None:
    """One tiny round on both engines ends well and prints every measurement and every ratio."""
    on_postgresql, on_sqlite = _printed("benchmarks.day", *TINY, "--sqlite").split("SQLite, one worker")
    for letter, name in NAMES.items():
        assert f"({letter}) {name}" in on_postgresql
    for ratio in RATIOS:
        assert f"({ratio.of}) / ({ratio.to})" in on_postgresql
    for letter in "abcdef":
        assert f"({letter}) {NAMES[letter]}" in on_sqlite


def test_every_row_of_the_ledger_s_table_is_measured() -> None:
    """One tiny round on both engines: each ratio that can be had here has a number, and what was measured verifies."""
    found = json.loads(_printed("benchmarks.ledger", *TINY_LEDGER, "--json"))

    elsewhere = {"pgledger", *(() if has_hordak() else ("hordak", "hordak-balance"))}
    raced = {ratio.name for ratio in ledger.RATIOS if ratio.to not in elsewhere}
    postgres_only = {ratio.name for ratio in ledger.RATIOS if ratio.to in {"sql", "hordak", "hordak-balance"}}
    assert set(found["PostgreSQL"]["ratios"]) == raced - {"(earn) / (bare)"}
    assert set(found["SQLite"]["ratios"]) == raced - postgres_only
    for engine in found.values():
        assert all(ratio["median"] > 0 for ratio in engine["ratios"].values())
        assert [one["entries"] for one in engine["memory_of_verify"]] == [1_200, 3_000]


def test_a_ratio_is_printed_with_its_goal_and_whether_it_was_met() -> None:
    """More is better for speeds, less for times; a goal that is missed is called so."""
    fast, slow = (Run(seconds=seconds, latencies=[seconds * 1000], each=10) for seconds in (1, 2))
    rounds = {"fast": [fast, fast], "slow": [slow, slow]}
    wanted = [
        Ratio(of="fast", to="slow", aim=2),
        Ratio(of="slow", to="fast", aim=0.6),
        Ratio(of="slow", to="fast", at_most=1.2),
        Ratio(of="fast", to="not measured", aim=1),
    ]

    lines = report.ratios(rounds, wanted).splitlines()[1:]

    assert [line.split()[3:] for line in lines] == [
        ["2.00", "2.00", "2.00", "≥", "2", "met"],
        ["0.50", "0.50", "0.50", "≥", "0.6", "MISSED"],
        ["2.00", "2.00", "2.00", "≤", "1.2", "MISSED"],
    ]
    assert "(slow) half as fast" in report.table(rounds, {"fast": "as fast as that", "slow": "half as fast"})


def _printed(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_closing_a_shift_is_measured_against_as_many_check_outs() -> None:
    """One tiny round on both engines credits everybody, verifies, and has a ratio."""
    found = json.loads(_printed("benchmarks.attendance", "--rounds", "1", "--people", "3", "--json"))

    assert found.keys() == {"PostgreSQL", "SQLite"}
    assert all(one["ratios"]["(close) / (singles)"]["median"] > 0 for one in found.values())


def test_the_shop_is_measured_against_a_bare_update_of_two_rows() -> None:
    """One tiny round on both engines: each verb, hot and spread, has a ratio, and ledger and stock add up after it."""
    found = json.loads(_printed("benchmarks.shop", "--rounds", "1", "--times", "16", "--clerks", "4", "--json"))

    assert found.keys() == {"PostgreSQL", "SQLite"}
    for engine in found.values():
        assert engine["measured"].keys() == shop.NAMES.keys()
        assert engine["ratios"].keys() == {ratio.name for ratio in shop.RATIOS}
        assert all(ratio["median"] > 0 for ratio in engine["ratios"].values())


def test_reports_are_measured_beside_what_could_do_no_less() -> None:
    """One tiny round: exports, tables, memory, and the two tables by month agree."""
    size = ("--rounds", "1", "--records", "60", "--all-records", "120", "--json")
    found = json.loads(_printed("benchmarks.reports", *size))

    assert {"(csv) / (copy)", "(xlsx) / (xlsxwriter)", "(summary) / (plain)"} <= found["ratios"].keys()
    assert found["peak_megabytes"].keys() == {"csv", "xlsx"}
