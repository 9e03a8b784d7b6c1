"""A ledger with something of everything in it, and a database that is set up as in production."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import _postgres_of, _settings
from tests.factories.ledger import a_volunteer_with, captured, earned, held, redeemed, released
from tests.production import Bank, bank
from tests.unit.ledger.tampering import ME, SOMEBODY
from timebank.database import db, session
from timebank.ledger import proof


@pytest.fixture
def ledger(app: Flask) -> None:
    """Two wallets with every phase in them, an open hold in each."""
    for owner_id in (ME, SOMEBODY):
        earned(owner_id, 500)
        captured(held(owner_id, 60).transfer_id, 25)
        released(held(owner_id, 70).transfer_id)
        redeemed(owner_id, 80)
        held(owner_id, 90)
    assert proof.verify().ok


@pytest.fixture(scope="module")
def production(pytestconfig: pytest.Config, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A database set up as in production, with a day's postings made by the application's role."""
    settings = _settings(tmp_path_factory.mktemp("home"), "postgresql+psycopg:///nowhere", "http://127.0.0.1:9")
    with bank(_postgres_of(pytestconfig), worker_id, settings) as made:
        with made.app.app_context():
            owner_id = a_volunteer_with(200)
            captured(held(owner_id, 60).transfer_id, 25)
            released(held(owner_id, 10).transfer_id)
            redeemed(owner_id, 5)
            session.remove()
            db.engine.dispose()
        yield made
