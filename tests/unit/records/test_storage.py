"""The storage cap: what happens to the minutes of a credit that a balance has no room for."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Statements
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import earned, state_of
from tests.factories.notifications import messages_of
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_record, a_service, recorded
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.giving import surplus
from timebank.giving.models import Donation
from timebank.identity.models import Person
from timebank.ledger import proof
from timebank.ledger.queries import pool_balance
from timebank.notifications.rules import facts_from_text
from timebank.organisations.models import Organisation
from timebank.policies import service as policies
from timebank.policies.rules import BUILT_IN, Policy
from timebank.records import service
from timebank.records.account import account_of
from timebank.records.explanation import in_chinese
from timebank.records.models import Revision
from timebank.records.rules import Flag
from timebank.records.service import Recorded

pytestmark = pytest.mark.rule("R19")

CAP = 6_000


@pytest.fixture
def organisation(app: Flask) -> Organisation:
    """An organisation of a bank whose balances hold 6,000 minutes."""
    organisation = an_organisation()
    with clock.at(NINE_O_CLOCK):
        a_policy("storage_cap_minutes", CAP)
    return organisation


@pytest.fixture
def policy(organisation: Organisation) -> Policy:
    """The policy of that bank."""
    return in_unit_of_work(
        lambda: policies.resolve(organisation_id=organisation.id, area_path="", at=NINE_O_CLOCK), write=False
    )


def somebody_with(minutes: int) -> Person:
    """Enrol somebody who has earned so many minutes."""
    person = a_person()
    earned(person.id, minutes)
    return person


def serve(person: Person, organisation: Organisation, policy: Policy, minutes: int = 120) -> Recorded:
    """Record a service."""
    return recorded(a_service(volunteer_id=person.id, organisation=organisation, minutes=minutes), policy)


def agreed(person: Person, surplus_to_pool: bool = True) -> None:
    """Decide about one's surplus."""
    in_unit_of_work(lambda: surplus.decide(person_id=person.id, surplus_to_pool=surplus_to_pool))


def revisions_of(record_id: UUID) -> list[Revision]:
    """Return what a record has said, in order."""
    found = select(Revision).where(Revision.record_id == record_id).order_by(Revision.number)
    return in_unit_of_work(lambda: list(session.scalars(found)), write=False)


def donations_of(person: Person) -> list[int]:
    """Return what somebody gave to the pool."""
    found = select(Donation.minutes).where(Donation.owner_id == person.id)
    return in_unit_of_work(lambda: list(session.scalars(found)), write=False)


def test_without_consent_the_surplus_is_not_credited(organisation: Organisation, policy: Policy) -> None:
    """The balance ends at the cap, the record stays whole, and what it says was credited is what was earned."""
    person = somebody_with(CAP - 70)
    made = serve(person, organisation, policy)

    assert (made.revision.service_minutes, made.revision.credited_minutes) == (120, 70)
    assert (made.revision.expected_minutes, made.revision.state) == (120, "final")
    assert made.account is not None
    assert made.account.balance_minutes == state_of(person.id).balance_minutes == CAP
    assert [one.credited_minutes for one in revisions_of(made.revision.record_id)] == [120, 70]
    account = in_unit_of_work(lambda: account_of(person.id), write=False)
    assert account["service_minutes"] == 120
    assert donations_of(person) == []
    assert proof.verify().ok


def test_at_the_cap_nothing_is_credited(organisation: Organisation, policy: Policy) -> None:
    """Honour goes on growing, the balance does not."""
    person = somebody_with(CAP)
    made = serve(person, organisation, policy)

    assert (made.revision.service_minutes, made.revision.credited_minutes) == (120, 0)
    assert state_of(person.id).balance_minutes == CAP
    assert "余额已到上限，另 120 分钟不计入" in in_chinese(made.revision)
    assert proof.verify().ok


def test_with_consent_the_surplus_goes_to_the_pool(organisation: Organisation, policy: Policy) -> None:
    """All is credited, and what the balance has no room for helps people in need where it was earned."""
    person = somebody_with(CAP - 70)
    agreed(person)
    made = serve(person, organisation, policy)

    assert (made.revision.credited_minutes, made.revision.number) == (120, 1)
    assert made.account is not None
    assert made.account.balance_minutes == state_of(person.id).balance_minutes == CAP
    assert donations_of(person) == [50]
    assert in_unit_of_work(lambda: pool_balance(organisation.area_id), write=False) == 50
    assert proof.verify().ok


def test_consent_may_be_withdrawn(organisation: Organisation, policy: Policy) -> None:
    """From then on the surplus is uncredited again; what was given stays given."""
    person = somebody_with(CAP)
    agreed(person)
    serve(person, organisation, policy)
    agreed(person, False)
    made = recorded(
        a_service(volunteer_id=person.id, organisation=organisation, started_at=NINE_O_CLOCK + timedelta(days=1)),
        policy,
    )

    assert made.revision.credited_minutes == 0
    assert donations_of(person) == [120]


def test_a_reviewed_record_meets_the_cap_when_it_is_approved(organisation: Organisation, policy: Policy) -> None:
    """What counts is the balance at the moment of the credit."""
    person = somebody_with(CAP - 10)
    pending = a_record(volunteer_id=person.id, organisation=organisation, flags=frozenset({Flag.LATE}), policy=policy)
    coordinator = a_coordinator(organisation.id)
    made = in_unit_of_work(lambda: service.approve(actor=coordinator, record_id=pending.record_id, reason="现场核实"))

    assert (made.revision.number, made.revision.credited_minutes) == (3, 10)
    assert state_of(person.id).balance_minutes == CAP


def test_below_the_cap_and_without_one_all_is_credited(organisation: Organisation, policy: Policy) -> None:
    """Exactly to the cap is within it; the built-in cap is 1500 hours."""
    within, above = somebody_with(CAP - 120), somebody_with(CAP)
    assert serve(within, organisation, policy).revision.number == 1
    assert serve(above, organisation, BUILT_IN).revision.credited_minutes == 120
    full = somebody_with(90_000)
    assert serve(full, organisation, BUILT_IN).revision.credited_minutes == 0


def test_a_gift_may_lift_a_balance_over_the_cap(organisation: Organisation, policy: Policy) -> None:
    """The cap is on what is credited for service; then not more than the credit itself is surplus."""
    person = somebody_with(CAP + 500)
    made = serve(person, organisation, policy)

    assert made.revision.credited_minutes == 0
    assert state_of(person.id).balance_minutes == CAP + 500


def test_the_cap_costs_no_statement_below_it(
    organisation: Organisation, policy: Policy, statements: Statements
) -> None:
    """Whoever has less than the least cap is never asked about it."""
    poor, rich = somebody_with(10), somebody_with(CAP - 500)
    serve(rich, organisation, policy, minutes=20)
    counts = []
    for person in (poor, rich):
        with statements() as sent:
            serve(person, organisation, policy, minutes=20)
        counts.append(len(sent))

    assert counts[0] == counts[1]


def test_the_volunteer_is_told_once_and_what_is_so(organisation: Organisation, policy: Policy) -> None:
    """A coordinator approves: one message, with the minutes that were really credited; one's own check-out: none."""
    person = somebody_with(CAP - 70)
    served = a_service(volunteer_id=person.id, organisation=organisation, flags=frozenset({Flag.LATE}))
    pending = recorded(served, policy).revision
    coordinator = a_coordinator(organisation.id)
    in_unit_of_work(lambda: service.approve(actor=coordinator, record_id=pending.record_id, reason="核实"))

    (message,) = messages_of(person.id)
    facts = facts_from_text(message.facts)
    assert (message.topic, facts["service_minutes"], facts["credited_minutes"]) == ("record_final", 120, 70)

    other = somebody_with(CAP - 70)
    assert serve(other, organisation, policy).revision.credited_minutes == 70
    assert messages_of(other.id) == []
