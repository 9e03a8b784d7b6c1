"""Mergers and bindings under many hands: one winner, and no minute lost or made."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from tests.concurrency.crowds import all_at_once, meanwhile, outcome_of, until_somebody_waits
from tests.factories import kept
from tests.factories.activities import a_coming_shift, a_full_shift, an_open_shift
from tests.factories.attendance import screen_of, the_reader
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import earned, state_of
from tests.factories.mergers import Office, a_guest, a_phone, left_with, phone_keys, seen
from tests.factories.organisations import an_organisation
from tests.factories.shop import a_member, a_stocked_shop, wishes
from timebank import database
from timebank.activities import sign_ups, waiting
from timebank.attendance import service as attendance
from timebank.attendance.reading import Presented
from timebank.database import in_unit_of_work, is_sqlite, session
from timebank.identity import invites
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState
from timebank.ledger import proof
from timebank.mergers import binding, service
from timebank.mergers.models import MergeRequest
from timebank.mergers.moving import Merging
from timebank.shop.redemption import reservations

CROWD = 6


def test_a_merger_is_approved_once(app: Flask) -> None:
    """Half of the office approves, half rejects, both ways round at once: one decision a request, minutes stay."""
    organisation = an_organisation()
    asking = a_coordinator(organisation.id)
    staff = [a_coordinator(organisation.id) for _ in range(CROWD)]
    old, person = a_person(), a_person()
    for one, minutes in ((old, 30), (person, 12)):
        earned(one.id, minutes)

    def asked(a: Person, b: Person) -> MergeRequest:
        return kept(
            lambda: service.request(
                actor=asking, old_id=a.id, person_id=b.id, organisation_id=organisation.id, reason="同一证件"
            )
        )

    there, back = asked(old, person), asked(person, old)
    works = [
        *(
            lambda one=one: service.approve(actor=one, request_id=there.id, phone_keys=phone_keys())
            for one in staff[:3]
        ),
        *(
            lambda one=one: service.approve(actor=one, request_id=back.id, phone_keys=phone_keys())
            for one in staff[3:5]
        ),
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
    code, _ = in_unit_of_work(
        lambda: invites.make(person=granny, organisation_id=organisation.id, by=clerk.person_id, key=key[0])
    )
    guests = [a_guest(f"g{number}") for number in range(CROWD)]
    known = phone_keys()
    works = [
        lambda guest=guest: binding.bind_by_invite(person_id=guest.id, code=code, keys=key, phone_keys=known)
        for guest in guests
    ]
    outcome = all_at_once(app, works)
    assert outcome == {"done": 1, "INVITE_INVALID": CROWD - 1}


def test_what_the_old_account_begins_during_a_merger_is_refused_or_moved(app: Flask) -> None:
    """Whichever comes first: nothing is left with an account that is closed, and the books agree."""
    office, (shop, goods) = Office(), a_stocked_shop(100)
    verbs: dict[str, Callable[[UUID], Any]] = {
        "reserve": lambda who: reservations.reserve(person_id=who, site_id=shop.id, lines=wishes((goods.id, 1))),
        "wait": lambda who: waiting.join(shift_id=full.id, volunteer_id=who),
        "sign up": lambda who: sign_ups.sign_up(shift_id=a_shift_to_come.id, volunteer_id=who),
        "check in": lambda who: attendance.check_in(actor=Actor(who), reader=reader, presented=Presented(token=token)),
    }
    told = {}
    for name, verb in verbs.items():
        for merger_first in (True, False):
            old, person = a_member(120), a_person()
            a_shift_to_come, now, (full, _) = a_coming_shift(), an_open_shift(), a_full_shift()
            token, reader = screen_of(now), the_reader()
            asked = kept(partial(office.ask, old, person))
            approve = partial(service.approve, actor=office.other, phone_keys=phone_keys())
            merge, begin = partial(approve, request_id=asked.id), partial(verb, old.id)
            first, second = (merge, begin) if merger_first else (begin, merge)
            told[name, merger_first] = meanwhile(app, first, second)
            if seen(old.id).state == PersonState.CLOSED:
                assert left_with(old.id) == set(), (name, merger_first)
            else:
                assert told[name, merger_first] == "OPEN_HOLDS"
    assert told.pop(("reserve", True)) in {"PERSON_NOT_ACTIVE", "ACCOUNT_CLOSED"}  # seen before, or by the ledger
    assert told == {
        ("reserve", False): "OPEN_HOLDS",
        ("wait", True): "PERSON_NOT_ACTIVE",
        ("wait", False): "done",
        ("sign up", True): "PERSON_NOT_ACTIVE",
        ("sign up", False): "done",
        ("check in", True): "VOLUNTEER_SUSPENDED",
        ("check in", False): "done",
    }
    assert proof.verify().ok


def test_a_merger_and_an_invite_wait_for_each_other_in_one_order(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of the account that is just being merged: neither holds what the other wants, none begins anew."""
    office, guest = Office(), a_guest()
    keys, known = current_app.extensions["timebank-settings"].keys("invite"), phone_keys()
    invite = partial(invites.make, organisation_id=office.organisation.id, by=office.one.person_id, key=keys[0])
    code, _ = in_unit_of_work(lambda: invite(person=session.get_one(Person, office.old.id)))
    asked = kept(lambda: office.ask(office.old, office.person))
    begun_anew: list[DBAPIError] = []
    worth_retrying, lock_both = database.worth_retrying, service.lock_both

    def watched(error: DBAPIError) -> bool:
        begun_anew.append(error)
        return worth_retrying(error)

    def bind() -> None:
        with app.app_context():
            outcomes.append(
                outcome_of(lambda: binding.bind_by_invite(person_id=guest.id, code=code, keys=keys, phone_keys=known))
            )
            session.remove()

    outcomes: list[str] = []
    coming = threading.Thread(target=bind)

    def locked(merging: Merging) -> tuple[Person, Person]:
        people = lock_both(merging)
        if not coming.ident:
            coming.start()
            if not is_sqlite():  # there whoever binds waits for the turn to write
                until_somebody_waits(lambda: not coming.is_alive())
        return people

    monkeypatch.setattr(database, "worth_retrying", watched)
    monkeypatch.setattr(service, "lock_both", locked)
    in_unit_of_work(lambda: service.approve(actor=office.other, request_id=asked.id, phone_keys=known))
    coming.join()
    assert outcomes == ["INVITE_INVALID"]
    assert begun_anew == []
