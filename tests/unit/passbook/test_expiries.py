"""The daily run of the bank's expiry, and the warning before it."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.identity import a_person, signed_in
from tests.factories.ledger import earned, held, merged, redeemed, released, state_of
from tests.factories.policies import a_policy
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.ledger import proof
from timebank.ledger.expiry import Expiring
from timebank.passbook import expiries
from timebank.passbook.models import ExpiryRun

EARLY = datetime(2026, 1, 10, 4, tzinfo=UTC)
LATER = datetime(2026, 3, 10, 4, tzinfo=UTC)
DEATH = datetime(2027, 1, 10, 4, tzinfo=UTC)
"""A year after EARLY, at noon in Shanghai: what came in on that day lives until the next morning."""


@pytest.fixture
def yearly(app: Flask) -> None:
    """A bank whose minutes live twelve months, since long ago."""
    with clock.at(EARLY - timedelta(days=60)):
        a_policy("balance_expiry", {"rolling_months": 12})


def _somebody() -> UUID:
    person = a_person()
    for instant, minutes in ((EARLY, 100), (LATER, 40)):
        with clock.at(instant):
            earned(person.id, minutes)
    return person.id


def _balance(owner_id: UUID) -> int:
    return state_of(owner_id).balance_minutes


def _warned() -> tuple[date | None, list[Expiring]]:
    return in_unit_of_work(lambda: expiries.warned(limit=10), write=False)


@pytest.mark.rule("R25")
def test_a_run_takes_what_is_older_than_the_rule_allows(yearly: None) -> None:
    """On the last day nothing is lost, on the next morning the old minutes are; the young ones stay."""
    zhang = _somebody()
    with clock.at(DEATH):
        assert expiries.run() == 0
        assert _balance(zhang) == 140
    with clock.at(DEATH + timedelta(hours=12)):
        assert expiries.run() == 1
        assert _balance(zhang) == 40
    assert proof.verify().findings == {}


def test_a_day_is_run_once(yearly: None) -> None:
    """The second sweep of a day looks no further, the next day's does; what was set aside expires when it is released."""
    zhang = _somebody()
    with clock.at(DEATH + timedelta(hours=12)):
        hold = held(zhang, 120, expires_at=DEATH + timedelta(days=3))
        assert expiries.run() == 1
        assert _balance(zhang) == 120
        released(hold.transfer_id)
        assert expiries.run() == 0
        assert _balance(zhang) == 120
    with clock.at(DEATH + timedelta(hours=36)):
        assert expiries.run() == 1
        assert _balance(zhang) == 40
    days = in_unit_of_work(lambda: session.query(ExpiryRun.run_on).order_by(ExpiryRun.run_on).all(), write=False)
    assert [day for (day,) in days] == [date(2027, 1, 11), date(2027, 1, 12)]


def test_a_run_goes_through_every_page(yearly: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More people than fit on a page all lose theirs, each once."""
    monkeypatch.setattr(expiries, "AT_ONCE", 2)
    people = [_somebody() for _ in range(5)]
    with clock.at(DEATH + timedelta(hours=12)):
        assert expiries.run() == 5
    assert {_balance(one) for one in people} == {40}


def test_two_runs_at_once_take_once(app: Flask, yearly: None) -> None:
    """Two operators, one loss: the postings of a day have one id each."""
    people = [_somebody() for _ in range(3)]
    failed: list[BaseException] = []

    def sweep() -> None:
        try:
            with app.app_context(), clock.at(DEATH + timedelta(hours=12)):
                expiries.run()
        except BaseException as error:  # noqa: BLE001 - a thread's error must reach the test
            failed.append(error)

    threads = [Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert {_balance(one) for one in people} == {40}
    assert proof.verify().findings == {}


def test_without_a_rule_minutes_live_for_good(app: Flask) -> None:
    """No rule, no run, no warning."""
    zhang = _somebody()
    with clock.at(DEATH + timedelta(days=3650)):
        assert expiries.run() == 0
        assert _warned() == (None, [])
    assert _balance(zhang) == 140


@pytest.mark.rule("R25")
def test_everybody_is_warned_thirty_days_before(yearly: None, client: FlaskClient) -> None:
    """A month ahead the account says how much will be gone by when; what is spent meanwhile is spent of that."""
    zhang = _somebody()
    headers = signed_in(zhang)
    url = "/api/v1/me/account/expiring"
    with clock.at(DEATH - timedelta(days=30)):
        assert client.get(url, headers=headers).json == {"by": "2027-01-10", "minutes": 0}
    with clock.at(DEATH - timedelta(days=29)):
        assert client.get(url, headers=headers).json == {"by": "2027-01-11", "minutes": 100}
        by, (one,) = _warned()
        assert (by, one.owner_id, one.minutes) == (date(2027, 1, 11), zhang, 100)
        redeemed(zhang, 70)
        assert client.get(url, headers=headers).json == {"by": "2027-01-11", "minutes": 30}


def _ruled(day: datetime, value: object) -> None:
    with clock.at(day):
        a_policy("balance_expiry", value)


@pytest.mark.rule("R25")
def test_a_new_rule_takes_nothing_in_its_first_month(yearly: None) -> None:
    """From rolling to the end of the year: nothing goes for 30 days, and then what the new rule says."""
    zhang = _somebody()
    change = datetime(2026, 12, 20, 4, tzinfo=UTC)
    _ruled(change, {"on": "12-31"})
    for instant in (datetime(2027, 1, 1, 4, tzinfo=UTC), DEATH + timedelta(days=1), change + timedelta(days=29)):
        with clock.at(instant):
            assert expiries.run() == 0
    assert _balance(zhang) == 140
    with clock.at(datetime(2027, 12, 31, 17, tzinfo=UTC)):
        assert expiries.run() == 1
    assert _balance(zhang) == 0
    assert proof.verify().findings == {}


def test_the_first_sweep_after_months_takes_what_one_a_day_would_have_taken(yearly: None) -> None:
    """Nothing is wrong merely because nobody has swept; the clock set back to before it takes nothing more."""
    zhang = _somebody()
    with clock.at(LATER + timedelta(days=500)):
        assert expiries.run() == 1
        assert _balance(zhang) == 0
    with clock.at(DEATH):
        assert expiries.run() == 0
    assert proof.verify().findings == {}


def test_a_merger_makes_no_minute_live_longer_or_shorter(yearly: None) -> None:
    """Each goes on the day on which it would have gone without: the first hundred at once, the others when theirs comes."""
    old, new = _somebody(), a_person().id
    with clock.at(DEATH):
        merged(old, new)
        assert expiries.run() == 0
    with clock.at(DEATH + timedelta(hours=12)):
        assert expiries.run() == 1
        assert _balance(new) == 40
    with clock.at(DEATH + timedelta(hours=12) + (LATER - EARLY)):
        assert expiries.run() == 1
    assert _balance(new) == 0
    assert proof.verify().findings == {}
