"""An application with the sample endpoints, on the same fresh database as ``app``."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Client
from tests.unit.web import sample
from timebank.application import create_app
from timebank.database import db, session
from timebank.settings import Settings
from timebank.web.api import PREFIX


@pytest.fixture
def sampled(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The product with the sample endpoints; faults are answered as they are in the street, not raised."""
    found = create_app(settings)
    found.extensions["timebank-api"].register_blueprint(sample.blueprint, url_prefix=PREFIX)
    found.test_client_class = Client
    with found.app_context():
        yield found
        session.remove()
        db.engine.dispose()
    sample.meanwhile.clear()


@pytest.fixture
def web(sampled: Flask) -> FlaskClient:
    """A client of the sample endpoints."""
    return sampled.test_client()
