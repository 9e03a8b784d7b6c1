"""What the stories begin with."""

import pytest
from flask.testing import FlaskClient

from tests.stories.phones import Phone, Team, a_team


@pytest.fixture
def phone(client: FlaskClient) -> Phone:
    """What everybody in the story does with a phone or at a desk."""
    return Phone(client)


@pytest.fixture
def team(client: FlaskClient) -> Team:
    """A street team with a morning in the canteen."""
    return a_team()
