"""Several people at one merchant's statement at once: one statement a month, one confirmation."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask

from tests.concurrency.crowds import all_at_once
from tests.factories.identity import a_coordinator
from tests.factories.merchants import a_merchant
from tests.factories.organisations import a_shop
from tests.factories.shop import findings
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.shop.merchant import settlements
from timebank.shop.months import Month

CROWD = 12
SEPTEMBER = Month(2030, 9)


def _in_october(work: Callable[[], Any]) -> Callable[[], Any]:
    """Have the work done in October, in whichever thread."""

    def later() -> Any:
        with clock.at(SEPTEMBER.ends_at + timedelta(days=1)):
            return work()

    return later


def test_one_of_many_makes_the_statement_and_one_confirms_it(app: Flask) -> None:
    """The others are told that there is one, and that it is confirmed."""
    site = a_shop()
    with clock.at(SEPTEMBER.starts_at):
        merchant = a_merchant(site.organisation_id)
    staff = [a_coordinator(site.organisation_id) for _ in range(CROWD)]
    makers = [
        _in_october(lambda actor=one: settlements.make(actor=actor, merchant_id=merchant.id, month=SEPTEMBER))  # type: ignore[misc]
        for one in staff
    ]
    assert all_at_once(app, makers) == {"done": 1, "SETTLEMENT_EXISTS": CROWD - 1}

    admin = a_coordinator(site.organisation_id)
    [row] = in_unit_of_work(lambda: list(session.execute(settlements.of(actor=admin, merchant_id=merchant.id))))
    made = row[0]
    confirmers = [
        _in_october(
            lambda actor=one: settlements.confirm(actor=actor, merchant_id=merchant.id, settlement_id=made.id)  # type: ignore[misc]
        )
        for one in staff
    ]
    assert all_at_once(app, confirmers) == {"done": 1, "SETTLEMENT_CONFIRMED": CROWD - 2, "SECOND_PERSON_NEEDED": 1}
    assert findings() == []
