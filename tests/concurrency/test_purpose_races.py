"""The last piece that was given for a purpose, and a purpose that changes meanwhile: one winner, and no wrong hands."""

import pytest
from flask import Flask

from tests.concurrency.crowds import all_at_once, meanwhile
from tests.factories.identity import a_coordinator, a_person
from tests.factories.purposes import giving, rice_for_old_people
from tests.factories.shop import findings, level_of
from timebank.shop.stock import purposes
from timebank.shop.stock.lot_tables import Basis

pytestmark = pytest.mark.rule("R32")

CROWD = 20


def test_two_tills_hand_out_the_last_piece_once(app: Flask) -> None:
    """Twenty people at two tills: one gets it, the others are told that there is nothing for this purpose."""
    site, rice, lot = rice_for_old_people(1)
    tills = [a_coordinator(site.organisation_id) for _ in range(2)]
    outcome = all_at_once(app, [giving(site, tills[number % 2], a_person(), rice.id) for number in range(CROWD)])
    assert outcome == {"done": 1, "NOTHING_FOR_PURPOSE": CROWD - 1}
    assert level_of(lot).on_hand == 0
    assert findings() == []


def test_whoever_waits_for_a_change_of_purpose_sees_it(app: Flask) -> None:
    """The lot is looked at again once it is locked: it is for others by then, and stays."""
    site, rice, lot = rice_for_old_people(3)
    chief = a_coordinator(site.organisation_id)
    outcome = meanwhile(
        app,
        lambda: purposes.change_purpose(
            actor=chief, lot_id=lot.id, purpose="只给残疾人", basis=Basis.CONSENT, note="来电"
        ),
        giving(site, chief, a_person(), rice.id),
    )
    assert outcome == "NOTHING_FOR_PURPOSE"
    assert level_of(lot).on_hand == 3
    assert findings() == []
