"""Administrators who set rules at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.factories.identity import an_admin
from timebank import clock
from timebank.constraints import violated_constraint
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal, refusal_for
from timebank.policies import service
from timebank.policies.errors import PolicyRaced
from timebank.policies.models import PolicyVersion

RACERS = 6


def test_racing_admins_get_their_number_or_a_clean_refusal(app: Flask) -> None:
    """Numbers stay 1, 2, 3… without a gap; who is late three times is told so, and nothing else happens."""
    admin = an_admin()
    start = Barrier(RACERS)

    def set_one(minutes: int) -> int | type[Refusal] | None:
        with app.app_context():
            start.wait()
            try:
                version = in_unit_of_work(
                    lambda: service.set_value(
                        actor=admin, key="min_stay_minutes", value=minutes, effective_on=clock.day_of(clock.now())
                    )
                )
            except IntegrityError as error:
                return refusal_for(violated_constraint(error) or "")
            return version.number

    with ThreadPoolExecutor(RACERS) as pool:
        outcomes = list(pool.map(set_one, range(RACERS)))
    drawn = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert {outcome for outcome in outcomes if not isinstance(outcome, int)} <= {PolicyRaced}
    stored = in_unit_of_work(lambda: list(session.scalars(select(PolicyVersion.number))), write=False)
    assert sorted(drawn) == sorted(stored) == list(range(1, len(stored) + 1))
    assert len(stored) >= 2
