"""Where branch coverage is measured, seen by tests that ask it about themselves."""

import os

import coverage
import pytest

from tests import measuring
from tests.engines import ON_POSTGRESQL


def test_what_runs_on_both_engines_is_measured_once(engine_name: str, request: pytest.FixtureRequest) -> None:
    """On SQLite the lines count; on PostgreSQL nothing is measured, neither here nor in processes that are started."""
    assert measuring.is_measured(request.node) is (engine_name == "sqlite")
    if engine_name == "postgresql":
        assert coverage.Coverage.current() is None
        assert [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")] == []


@ON_POSTGRESQL
def test_what_is_about_postgresql_alone_is_measured(engine_name: str, request: pytest.FixtureRequest) -> None:
    """A test that has no twin on SQLite counts."""
    assert measuring.is_measured(request.node)


def test_what_knows_no_database_is_measured(request: pytest.FixtureRequest) -> None:
    """A test that runs once counts."""
    assert measuring.is_measured(request.node)
