"""What the tests of mergers begin with."""

import pytest
from flask import Flask

from tests.factories.mergers import Office


@pytest.fixture
def office(app: Flask) -> Office:
    """Where mergers are made."""
    return Office()
