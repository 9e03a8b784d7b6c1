"""Stars under many hands: one proposal, one decision, one second look."""

from flask import Flask
from sqlalchemy import func, select

from tests.concurrency.crowds import all_at_once
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from tests.factories.stars import NOTICE_OVER, PROPOSED, a_bank_with_stars, a_star_proposed, decided, served, shortened
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import Actor
from timebank.stars import service
from timebank.stars.models import StarProposal
from timebank.stars.rules import Decision, Review

CROWD = 12


def test_a_volunteer_and_the_rule_propose_one_star(app: Flask) -> None:
    """Half of them apply, half are the nightly command: one proposal."""
    a_bank_with_stars()
    person = a_person()
    served(person.id, 60)

    def apply() -> None:
        with clock.at(PROPOSED):
            service.propose(volunteer_id=person.id, by=person.id)

    def sweep() -> None:
        with clock.at(PROPOSED):
            service.sweep(limit=10)

    outcome = all_at_once(app, [apply, sweep] * (CROWD // 2))
    assert outcome["done"] + outcome["STAR_PROPOSED"] == CROWD
    count = in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(StarProposal)), write=False)
    assert count == 1


def test_a_star_is_decided_once(app: Flask) -> None:
    """Half of the office awards, half declines: one decision stands, the others are told."""
    a_bank_with_stars()
    organisation, person = an_organisation(), a_person()
    served(person.id, 60, organisation=organisation)
    star = a_star_proposed(person.id)
    staff = [a_coordinator(organisation.id) for _ in range(CROWD)]

    def deciding(one: Actor, decision: Decision) -> None:
        with clock.at(NOTICE_OVER):
            service.decide(actor=one, proposal_id=star, decision=decision, reason="集体讨论")

    works = [
        lambda one=one, index=index: deciding(one, Decision.AWARDED if index % 2 else Decision.DECLINED)
        for index, one in enumerate(staff)
    ]
    assert all_at_once(app, works) == {"done": 1, "STAR_DECIDED": CROWD - 1}


def test_a_star_is_looked_at_again_once(app: Flask) -> None:
    """Half of the office lets it stand, half withdraws it: one of them decides."""
    a_bank_with_stars()
    organisation, person = an_organisation(), a_person()
    record = served(person.id, 60, organisation=organisation)
    star = a_star_proposed(person.id)
    decided(a_coordinator(organisation.id), star)
    shortened(record, 0)
    staff = [a_coordinator(organisation.id) for _ in range(CROWD)]

    def look(one: Actor, outcome: Review) -> None:
        with clock.at(NOTICE_OVER):
            service.look_again(actor=one, proposal_id=star, outcome=outcome, reason="复核")

    works = [
        lambda one=one, index=index: look(one, Review.KEPT if index % 2 else Review.WITHDRAWN)
        for index, one in enumerate(staff)
    ]
    assert all_at_once(app, works) == {"done": 1, "STAR_REVIEW_NOT_DUE": CROWD - 1}
