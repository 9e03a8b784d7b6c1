"""A ledger with something of everything in it."""

import pytest
from flask import Flask

from tests.factories.ledger import captured, earned, held, redeemed, released
from tests.unit.ledger.tampering import ME, SOMEBODY
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
