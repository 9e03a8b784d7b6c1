"""Where branch coverage is measured: once for each line, for measuring makes a test half as slow again.

A test that runs on both engines is measured on SQLite; so is what its processes do. Races are measured on either
engine, for they go other ways on each, and so is what is about PostgreSQL alone. What only chance reaches is not
measured: a line that nothing but a random request or a random day has been through is a line without a test.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import coverage
import pytest

BY_CHANCE = ("tests/properties/", "tests/contract/test_fuzzing.py")
RACES = ("tests/concurrency/",)
_HANDED_DOWN = "COVERAGE_PROCESS_"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Stop measuring during a test whose lines are measured elsewhere, or count for nothing."""
    if is_measured(item):
        return (yield)
    with _unmeasured():
        return (yield)


def is_measured(item: pytest.Item) -> bool:
    """Return whether the lines that a test goes through count."""
    where = Path(item.path).relative_to(item.config.rootpath).as_posix()
    if where.startswith(BY_CHANCE):
        return False
    given = getattr(item, "callspec", None)
    on_postgresql = given is not None and given.params.get("engine_name") == "postgresql"
    alone = any(mark.args[0] == "engine_name" for mark in item.iter_markers("parametrize"))
    return not on_postgresql or alone or where.startswith(RACES)


@contextmanager
def _unmeasured() -> Iterator[None]:
    """Stop measuring here and in processes that are started meanwhile."""
    handed_down = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith(_HANDED_DOWN)}
    stopped: list[coverage.Coverage] = []
    # A worker of pytest-xdist has two: its own, and one because it is a process of a measured process.
    while (measuring := coverage.Coverage.current()) is not None:
        measuring.stop()
        stopped.append(measuring)
    try:
        yield
    finally:
        for measuring in reversed(stopped):
            measuring.start()
        os.environ.update(handed_down)
