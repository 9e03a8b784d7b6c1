"""The demo street: seeded once through the services, so that the ledger verifies, and topped up at each start."""

import flask

from timebank.database import in_unit_of_work, session
from timebank.demo import settlers, year
from timebank.demo.names import named
from timebank.identity.models import Person
from timebank.settings import Settings


def settle() -> None:
    """Seed the street if nobody lives here yet; then see to it that a shift is open now and the shop has fresh goods."""
    settings: Settings = flask.current_app.extensions["timebank-settings"]
    in_unit_of_work(lambda: _seed(settings.wechat_app_id))
    in_unit_of_work(year.top_up)


def _seed(app_id: str) -> None:
    if session.get(Person, named("staff/admin")) is not None:
        return
    places = settlers.place_everything()
    settlers.enrol_staff()
    volunteers = settlers.enrol_volunteers(app_id)
    year.live_through(places, volunteers)
