"""The rules of the house that no linter knows: names, sizes, who reads the time, what may stand in a file."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Index, UniqueConstraint

import timebank
import timebank.application
from timebank.database import Base

ROOT = Path(__file__).parent.parent.parent
MAX_LINES = 350
MAX_NAME = 59
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


@cache
def files_of_the_project() -> tuple[Path, ...]:
    """Return every file that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for name in sorted(set(listed.stdout.split("\0")) - {""}) if (path := ROOT / name).is_file())


def sources(*folders: str) -> Iterator[Path]:
    """Yield the Python files in these folders."""
    for path in files_of_the_project():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders:
            yield path


def named(path: Path) -> str:
    """Return a path as a message should show it."""
    return path.relative_to(ROOT).as_posix()


def test_there_are_files_to_look_at() -> None:
    """The rules below look at the product and at the tests, and not at nothing."""
    assert len(list(sources("timebank"))) > 30
    assert Path(__file__) in set(sources("tests"))


def test_imports_run_one_way() -> None:
    """The layers of pyproject.toml hold: nothing imports what stands above it."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_has_a_name_that_says_nothing() -> None:
    """A file is named for what is in it."""
    assert [
        named(path) for path in files_of_the_project() if path.stem in NAMELESS or path.parent.name in NAMELESS
    ] == []


def test_files_can_be_read_at_one_sitting() -> None:
    """No file of ours is longer than 350 lines."""
    lengths = {
        named(path): len(path.read_text().splitlines())
        for path in sources("timebank", "tests", "benchmarks", "migrations")
    }
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


READS_TIME = re.compile(
    r"\b(?:datetime|dt)\.(?:now|utcnow|today)\(|\bdate\.today\(|\btime\.(?:time|time_ns|localtime|gmtime)\("
    r"|\bfunc\.(?:now|current_timestamp|clock_timestamp)\(|\bCURRENT_(?:TIMESTAMP|DATE)\b|\bfrom time import time\b"
)


def test_only_the_clock_reads_the_time() -> None:
    """Neither code nor SQL asks for the time but ``timebank.clock``; measuring how long something takes is no asking."""
    readers = {named(path) for path in sources("timebank", "migrations") if READS_TIME.search(path.read_text())}
    assert readers == {"timebank/clock.py"}


def test_every_test_says_what_it_holds() -> None:
    """Every test has a docstring of one sentence or more."""
    silent = [
        f"{named(path)}::{node.name}"
        for path in sources("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_test_looks_away() -> None:
    """No test is skipped and none is expected to fail."""
    looks_away = re.compile(r"\bpytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b|unittest\.skip")
    assert [
        named(path) for path in sources("tests") if path != Path(__file__) and looks_away.search(path.read_text())
    ] == []


def test_the_list_of_packages_is_true() -> None:
    """The docstring of ``timebank`` names every package there is and no other."""
    told = set(re.findall(r"``(\w+)``", timebank.__doc__ or "")) - {"timebank"}
    there = {
        path.parent.name
        for path in sources("timebank")
        if path.name == "__init__.py" and path.parent.parent.name == "timebank"
    }
    assert told == there


def test_every_package_says_what_it_is_for() -> None:
    """Every module of the product has a docstring; an empty file needs none."""
    silent = [
        named(path)
        for path in sources("timebank")
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


# Written in pieces, so that this file does not hold what it forbids.
OF_ONE_MACHINE = {
    "a path of one machine": re.compile(r"(?<![\w.}/-])/(?:work|root|home|Users)/\w"),
    "a package index": re.compile(
        "--(?:extra-)?" + "index-url|PIP_INDEX" + "_URL|--find" + "-links|/simp" + "le/?['\"\\s]"
    ),
}


@pytest.mark.parametrize("what", OF_ONE_MACHINE)
def test_nothing_belongs_to_one_machine(what: str) -> None:
    """No file names a folder of somebody's machine or a package index: a clone works anywhere."""
    found = []
    for path in files_of_the_project():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{named(path)}: {match.group()}" for match in OF_ONE_MACHINE[what].finditer(text)]
    assert found == []


# --- the tables: what both engines, and a sharded one, need -----------------------------------------------------------


def test_names_in_the_database_are_short() -> None:
    """No name is cut off by PostgreSQL (63 bytes), and a trigger's suffix or a shard's number still fits."""
    names = {str(table.name) for table in Base.metadata.tables.values()}
    for table in Base.metadata.tables.values():
        names |= {str(key.name) for key in (*table.constraints, *table.indexes) if key.name}
    assert {name for name in names if len(name) > MAX_NAME} == set()


def test_a_unique_key_is_known_by_its_columns() -> None:
    """No two unique keys of a table have the same columns: SQLite tells a violated one by nothing else."""
    alike = []
    for table in Base.metadata.tables.values():
        keys = [table.primary_key, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
        columns = [frozenset(column.name for column in key.columns) for key in keys]
        indexes = [one for one in table.indexes if isinstance(one, Index) and one.unique]
        columns += [frozenset(column.name for column in index.columns) for index in indexes]
        alike += [f"{table.name}: {sorted(one)}" for one in set(columns) if columns.count(one) > 1]
    assert alike == []


def test_nothing_is_checked_only_at_the_end_of_a_transaction() -> None:
    """No constraint is deferred: a sharded PostgreSQL told the client OK and stored nothing."""
    deferred = [
        f"{table.name}.{one.name}"
        for table in Base.metadata.tables.values()
        for one in table.constraints
        if one.deferrable or one.initially
    ]
    assert deferred == []
