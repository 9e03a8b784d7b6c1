"""Staff accounts, many hands at once."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pyotp
import pytest
from flask import Flask

from tests.concurrency.crowds import all_at_once, meanwhile
from tests.factories.devices import a_device
from tests.factories.identity import a_person
from tests.factories.mergers import a_guest
from tests.factories.organisations import a_shop
from tests.factories.staff import WORD, a_staff_account
from timebank.database import NIL, in_unit_of_work, session
from timebank.identity import devices, second_factor, service, sessions, signing_in, staff, states
from timebank.identity.models import Password
from timebank.identity.rules import Grant, PersonState, Role
from timebank.identity.signing_in import Checked, Guess
from timebank.identity.wechat import OpenId

KEYS = (b"k" * 32,)


def test_administrators_do_not_end_each_other(app: Flask) -> None:
    """Each of three disables the next one at the same moment: two are disabled at most, and one is left."""
    people = [a_staff_account(name, Grant(Role.ADMIN, area_path="")) for name in ("one", "two", "three")]
    ring = zip(people, [*people[1:], people[0]], strict=True)
    outcomes = all_at_once(app, [partial(staff.disable, person_id=whom.id, by=who.id) for who, whom in ring])

    assert outcomes == {"done": 2, "LAST_ADMIN": 1}


def test_administrators_do_not_end_each_other_by_different_ways(app: Flask) -> None:
    """Frozen, closed, disabled and stripped of their role in the same moment: whoever comes last is refused."""
    people = [a_staff_account(name, Grant(Role.ADMIN, area_path="")) for name in ("one", "two", "three", "four")]
    frozen, closed, disabled, stripped = (person.id for person in people)
    [held] = in_unit_of_work(lambda: staff.grants_of(stripped), write=False)
    change = partial(states.change, by=NIL, reason="离任")
    ways = [
        partial(change, person_id=frozen, to=PersonState.FROZEN),
        partial(change, person_id=closed, to=PersonState.CLOSED),
        partial(staff.disable, person_id=disabled, by=NIL),
        partial(staff.end_grant, person_id=stripped, grant_id=held.id),
    ]

    assert all_at_once(app, ways) == {"done": 3, "LAST_ADMIN": 1}


def frozen(person_id: UUID) -> None:
    """Freeze somebody."""
    states.change(person_id=person_id, to=PersonState.FROZEN, by=NIL, reason="挂失")


def disabled(person_id: UUID) -> None:
    """Disable a staff account."""
    staff.disable(person_id=person_id, by=NIL)


def given_another_password(person_id: UUID) -> None:
    """Reset a staff account."""
    staff.reset(person_id=person_id, password_hash="another")


def given_a_second_factor(person_id: UUID) -> None:
    """Confirm a second factor of a staff account."""
    secret = second_factor.begin(person_id=person_id, keys=KEYS).secret
    second_factor.confirm(person_id=person_id, code=pyotp.TOTP(secret).now(), keys=KEYS)


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        (frozen, "PERSON_NOT_ACTIVE"),
        (disabled, "PERSON_NOT_ACTIVE"),
        (given_another_password, "WRONG_PASSWORD"),
        (given_a_second_factor, "SECOND_FACTOR_REQUIRED"),
    ],
)
def test_nobody_signs_in_while_their_sessions_are_ended(app: Flask, ends: Callable[[UUID], None], told: str) -> None:
    """The password was right when it was checked; before the session is opened the account is another one: no session."""
    clerk = a_staff_account("zhou", Grant(Role.COUNTER, area_path=""))
    guess = Guess(place=b"place", account=b"account")
    checked = in_unit_of_work(lambda: signing_in.check_password(username="zhou", password=WORD, guess=guess))

    def sign_in() -> None:
        signing_in.complete(checked, code=None, keys=())
        service.sign_in(person_id=checked.person_id, place=guess.place)

    assert meanwhile(app, partial(ends, clerk.id), sign_in) == told
    assert open_sessions(clerk.id) == []


def test_nobody_chooses_a_password_over_a_reset(app: Flask) -> None:
    """The old password was right when it was checked; it is reset before the new one is written: the reset stands."""
    clerk = a_staff_account("zhou", Grant(Role.COUNTER, area_path=""))
    guess = Guess(place=b"place", account=b"account")

    def check() -> Checked:
        return signing_in.check_own(account_of(clerk.id), password=WORD, new="a thief's new words", guess=guess)

    checked = in_unit_of_work(check, write=False)
    change = partial(signing_in.change_own, checked)
    assert meanwhile(app, partial(given_another_password, clerk.id), change) == "WRONG_PASSWORD"
    account = in_unit_of_work(partial(account_of, clerk.id), write=False)
    assert (account.password_hash, account.must_change) == ("another", True)


def test_wechat_signs_nobody_in_who_is_being_frozen(app: Flask) -> None:
    """Found active, and frozen before the session is opened: no session."""
    guest = a_guest("zhang")
    who = OpenId(app.extensions["timebank-settings"].wechat_app_id, "openid-zhang")
    sign_in = partial(service.sign_in_from_wechat, who=who)
    assert meanwhile(app, partial(frozen, guest.id), sign_in) == "PERSON_NOT_ACTIVE"
    assert open_sessions(guest.id) == []


@pytest.mark.parametrize("end", [devices.revoke, partial(devices.roll, key=b"key")])
def test_nobody_signs_in_on_a_device_that_is_being_ended(app: Flask, end: Callable[..., Any]) -> None:
    """Recognised, and revoked or rolled before the session is opened: whoever has taken it away is not signed in."""
    clerk, device = a_person(), a_device(a_shop()).device

    def sign_in() -> None:
        signed = service.sign_in(person_id=clerk.id)
        devices.remember_session(device_id=device.id, session_id=signed.session_id)

    assert meanwhile(app, partial(end, device_id=device.id, by=NIL), sign_in) == "DEVICE_REVOKED"
    assert open_sessions(clerk.id) == []


def account_of(person_id: UUID) -> Password:
    """Return a staff account."""
    return session.get_one(Password, person_id, populate_existing=True)


def open_sessions(person_id: UUID) -> list[Any]:
    """Return where somebody is signed in."""
    return list(in_unit_of_work(partial(sessions.open_sessions, person_id), write=False))
