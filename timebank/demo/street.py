"""The demo street: seeded once through the services, so that the ledger verifies, and topped up at each start."""

from flask import current_app

from timebank.attendance.reading import Reader
from timebank.database import in_unit_of_work, session
from timebank.demo import settlers, year
from timebank.demo.names import named
from timebank.demo.scanning import Scanner
from timebank.identity.models import Person
from timebank.settings import Settings


def settle() -> None:
    """Seed the street if nobody lives here yet; then see to it that a shift is open now and the shop has fresh goods."""
    settings: Settings = current_app.extensions["timebank-settings"]
    reader = Reader(current_app.extensions["timebank-codes"], settings.keys("codes"))
    in_unit_of_work(lambda: _seed(settings.wechat_app_id, Scanner(reader)))
    in_unit_of_work(year.top_up)


def _seed(app_id: str, scanner: Scanner) -> None:
    if session.get(Person, named("staff/admin")) is not None:
        return
    settlers.place_everything()
    settlers.enrol_staff()
    year.live_through(settlers.enrol_volunteers(app_id), scanner)
