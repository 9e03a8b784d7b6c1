"""Consents and guardians, several hands at once."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.concurrency.crowds import all_at_once
from tests.factories.activities import a_coming_shift, an_activity
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK
from tests.factories.people import a_resident_number, the_keys
from tests.factories.protection import a_guardian_of, a_minor
from timebank.activities import service as activities
from timebank.activities.models import RiskAcceptance
from timebank.database import in_unit_of_work, session
from timebank.identity import consents, documents, guardians
from timebank.identity.document_rules import DocumentKind
from timebank.identity.models import Consent
from timebank.identity.rules import Purpose
from timebank.organisations import papers

RACERS = 8


def race(app: Flask, work: Callable[[int], object]) -> Counter[str]:
    """Let eight threads do ``work`` at once; return how often each outcome came."""
    return all_at_once(app, [partial(work, index) for index in range(RACERS)])


def _facts(person_id: UUID) -> list[tuple[int, bool]]:
    found = select(Consent.number, Consent.given).where(Consent.person_id == person_id).order_by(Consent.number)
    return in_unit_of_work(lambda: [(row.number, row.given) for row in session.execute(found)], write=False)


@pytest.mark.rule("R39")
def test_an_impatient_finger_gives_one_consent(app: Flask) -> None:
    """Eight clicks are one fact, and each is answered with it."""
    me = a_person().id

    def click(_: int) -> object:
        return consents.decide_oneself(person_id=me, purpose=Purpose.LOCATION, version="1", given=True)

    assert race(app, click) == {"done": RACERS}
    assert _facts(me) == [(1, True)]


@pytest.mark.rule("R38")
@pytest.mark.parametrize("round_", range(3))
def test_no_consent_outlives_its_guardian(app: Flask, round_: int) -> None:
    """A guardian agrees while staff end the guardianship: whichever comes first, nothing given is left."""
    child, mother = a_minor(date(2012 + round_, 5, 1)), a_person()
    link = a_guardian_of(child, mother)

    def hand(index: int) -> object:
        if index % 2:
            return papers.end_guardian(actor=THE_BANK, person_id=child.id, guardian_id=link.id)
        return guardians.decide_for_ward(
            guardian_id=mother.id, ward_id=child.id, purpose=Purpose.MINOR_SERVICE, version="1", given=True
        )

    outcome = race(app, hand)
    assert set(outcome) <= {"done", "NOT_FOUND"}
    assert all(not given for _, given in _facts(child.id)[-1:])


@pytest.mark.rule("R14")
def test_the_risks_are_accepted_once(app: Flask) -> None:
    """Eight taps on the button: one place, one acceptance."""
    shift, me = a_coming_shift(activity_id=an_activity(risky=True).id), a_person().id
    outcome = race(app, lambda _: activities.sign_up(shift_id=shift.id, volunteer_id=me, accepts_risk=True))
    assert outcome == {"done": 1, "ALREADY_SIGNED_UP": RACERS - 1}
    assert in_unit_of_work(lambda: session.query(RiskAcceptance).count(), write=False) == 1


@pytest.mark.rule("R18")
def test_one_number_finds_one_of_eight_people(app: Flask) -> None:
    """Eight people give one document number at once: one has it, and seven are told so."""
    number, people = a_resident_number(), [a_person().id for _ in range(RACERS)]
    spelt = documents.number_of(DocumentKind.RESIDENT_ID, number)
    keys = the_keys()

    def give(index: int) -> object:
        me = people[index]
        return documents.enter(person_id=me, document=spelt, by=me, keys=keys)

    assert race(app, give) == {"done": 1, "DOCUMENT_TAKEN": RACERS - 1}
    holder = in_unit_of_work(lambda: documents.holder_of(spelt, keys=keys), write=False)
    assert holder in people
