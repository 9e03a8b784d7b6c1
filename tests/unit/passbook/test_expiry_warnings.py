"""Whose minutes are about to expire is told so: once for each day on which some do."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.identity import a_person
from tests.factories.ledger import earned, merged, redeemed
from tests.factories.notifications import messages_of
from tests.factories.policies import a_policy
from timebank import clock
from timebank.commands import cli
from timebank.database import in_unit_of_work, new_id
from timebank.identity import former
from timebank.notifications.rules import Topic, facts_from_text
from timebank.passbook import expiry_warnings

EARLY = datetime(2026, 1, 10, 4, tzinfo=UTC)
LATER = datetime(2026, 1, 15, 4, tzinfo=UTC)
WARNED = datetime(2026, 12, 12, 4, tzinfo=UTC)
"""Thirty days before the first of a year-old minutes are gone."""


@pytest.fixture
def yearly(app: Flask) -> None:
    """A bank whose minutes live twelve months, since long ago."""
    with clock.at(EARLY - timedelta(days=60)):
        a_policy("balance_expiry", {"rolling_months": 12})


def somebody() -> UUID:
    """Enrol somebody with 100 minutes, and 40 that are five days younger."""
    person = a_person()
    for instant, minutes in ((EARLY, 100), (LATER, 40)):
        with clock.at(instant):
            earned(person.id, minutes)
    return person.id


def warned_on(day: int) -> int:
    """Let the daily command run, so many days after the first warning is due."""
    with clock.at(WARNED + timedelta(days=day)):
        return expiry_warnings.warn()


def heard(person_id: UUID) -> list[dict[str, object]]:
    """Return what somebody was told, oldest first."""
    messages = reversed(messages_of(person_id))
    return [facts_from_text(message.facts) for message in messages if message.topic == Topic.MINUTES_EXPIRING]


@pytest.mark.rule("R25")
def test_each_day_of_expiry_is_told_once(yearly: None) -> None:
    """A month ahead of the first minutes, and again a month ahead of the younger ones; not every day in between."""
    zhang = somebody()
    assert [warned_on(day) for day in (-1, 0, 0, 1, 4, 5, 6, 20)] == [0, 1, 0, 0, 0, 1, 0, 0]
    assert heard(zhang) == [
        {"minutes": 100, "expires_on": "2027-01-11"},
        {"minutes": 140, "expires_on": "2027-01-16"},
    ]


def test_spending_some_of_it_repeats_nothing(yearly: None) -> None:
    """Fewer minutes on the list are no news; whoever has spent them all hears nothing more."""
    zhang, li = somebody(), somebody()
    assert warned_on(0) == 2
    with clock.at(WARNED + timedelta(days=1)):
        redeemed(zhang, 70)
        redeemed(li, 140)
    assert [warned_on(day) for day in (2, 6)] == [0, 1]
    assert (heard(zhang)[-1]["minutes"], len(heard(li))) == (70, 1)


def test_everybody_is_told_page_by_page(yearly: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More people than fit on a page are told once each; a wallet that is no person's stops nobody."""
    monkeypatch.setattr(expiry_warnings, "AT_ONCE", 2)
    people = [somebody() for _ in range(5)]
    with clock.at(EARLY):
        earned(new_id(), 10)
    assert warned_on(0) == 5
    assert [len(heard(person_id)) for person_id in people] == [1] * 5


def test_two_runs_at_once_tell_once(app: Flask, yearly: None) -> None:
    """Two operators, one message each."""
    people = [somebody() for _ in range(3)]
    told: list[int] = []

    def run() -> None:
        with app.app_context():
            told.append(warned_on(0))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == 3
    assert [len(heard(person_id)) for person_id in people] == [1] * 3


def test_where_nothing_expires_nobody_is_warned(app: Flask) -> None:
    """No rule, no message; the command says so."""
    somebody()
    result = app.test_cli_runner().invoke(cli, ["notifications", "warn"])
    assert (result.exit_code, result.output.strip()) == (0, "told=0")


def test_merged_minutes_are_warned_of_as_well(yearly: None) -> None:
    """Whoever goes on is told of what the other account had, though that came to theirs only now."""
    new, old = a_person(), a_person()
    with clock.at(EARLY):
        earned(new.id, 10)
    with clock.at(LATER):
        earned(old.id, 40)
    assert warned_on(0) == 1
    with clock.at(WARNED + timedelta(days=1)):
        merged(old.id, new.id)
        in_unit_of_work(lambda: former.becomes(old_id=old.id, person_id=new.id, at=clock.now()))
    assert [warned_on(day) for day in (5, 6)] == [1, 0]
    assert heard(new.id)[-1] == {"minutes": 50, "expires_on": "2027-01-16"}
