"""Mergers and bindings under many hands: one winner, and no minute lost or made."""

from uuid import UUID

from flask import Flask, current_app

from tests.concurrency.crowds import all_at_once
from tests.factories import kept
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import earned, state_of
from tests.factories.mergers import a_guest, a_phone
from tests.factories.organisations import an_organisation
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.ledger import proof
from timebank.mergers import binding, service
from timebank.mergers.models import MergeRequest

CROWD = 6


def test_a_merger_is_approved_once(app: Flask) -> None:
    """Half of the office approves, half rejects, both ways round at once: one decision a request, minutes stay."""
    organisation = an_organisation()
    asking = a_coordinator(organisation.id)
    staff = [a_coordinator(organisation.id) for _ in range(CROWD)]
    old, person = a_person(), a_person()
    for one, minutes in ((old, 30), (person, 12)):
        earned(one.id, minutes)

    def asked_for(old_id: UUID, person_id: UUID) -> MergeRequest:
        wanted = {"old_id": old_id, "person_id": person_id, "organisation_id": organisation.id}
        return kept(lambda: service.request(actor=asking, reason="同一证件", **wanted))

    there, back = asked_for(old.id, person.id), asked_for(person.id, old.id)
    works = [
        *(lambda one=one: service.approve(actor=one, request_id=there.id) for one in staff[:3]),
        *(lambda one=one: service.approve(actor=one, request_id=back.id) for one in staff[3:5]),
        lambda: service.reject(actor=staff[5], request_id=back.id, reason="先不办"),
    ]
    outcome = all_at_once(app, works)
    assert set(outcome) <= {"done", "MERGE_DECIDED", "ALREADY_MERGED"}
    states = sorted(in_unit_of_work(lambda: [session.get_one(Person, one.id).state for one in (old, person)]))
    assert states == [PersonState.ACTIVE, PersonState.CLOSED]
    assert sorted(state_of(one.id).balance_minutes for one in (old, person)) == [0, 42]
    assert proof.verify().ok


def test_of_two_phones_with_one_number_one_is_bound(app: Flask) -> None:
    """The other is told that somebody has it; so is a second invite."""
    organisation = an_organisation()
    clerk, granny = a_coordinator(organisation.id), a_person("陈阿婆")
    a_phone(granny.id, "13800000001", by=clerk, organisation_id=organisation.id)
    key = current_app.extensions["timebank-settings"].keys("invite")
    from timebank.identity import invites

    code, _ = in_unit_of_work(
        lambda: invites.make(person=granny, organisation_id=organisation.id, by=clerk.person_id, key=key[0])
    )
    guests = [a_guest(f"g{number}") for number in range(CROWD)]
    works = [lambda guest=guest: binding.bind_by_invite(person_id=guest.id, code=code, keys=key) for guest in guests]
    outcome = all_at_once(app, works)
    assert outcome == {"done": 1, "INVITE_INVALID": CROWD - 1}
