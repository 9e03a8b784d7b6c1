"""Signing in by password."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests.factories.calls import problem
from tests.factories.devices import a_device
from tests.factories.organisations import a_shop
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity import passwords, service
from timebank.identity.models import FailedSignIn, Person, PersonState
from timebank.identity.rules import LOCK_OUT_AFTER, Grant, Role
from timebank.identity.signing_in import guess_of
from timebank.identity.staff_rules import ACCOUNT_GUARDED_AFTER

WORD = " 长 pass word "
HASH = passwords.hash_password(WORD)


@pytest.fixture
def clerk(app: Any) -> Person:
    """A clerk at the counter of the whole bank, user name ``clerk``."""

    def work() -> Person:
        person = service.enrol(display_name="柜台")
        service.set_password(person_id=person.id, username="clerk", password_hash=HASH)
        service.grant(person_id=person.id, granted=Grant(Role.COUNTER, area_path=""))
        return person

    return in_unit_of_work(work)


def sign_in(client: FlaskClient, password: str = WORD, username: str = "clerk", address: str = "10.0.0.1") -> Any:
    """Sign in from an address."""
    return client.post(
        "/api/v1/auth/password",
        data=json.dumps({"username": username, "password": password}),
        content_type="application/json",
        environ_base={"REMOTE_ADDR": address},
    )


def test_the_right_password_signs_in_with_the_roles(client: FlaskClient, clerk: Person) -> None:
    """Blanks in a password count, blanks around a user name do not."""
    answer = sign_in(client, username=" clerk ")

    assert answer.status_code == 200
    assert answer.json["person"] == {
        "id": str(clerk.id), "volunteer_no": clerk.volunteer_no, "display_name": "柜台", "roles": ["volunteer", "counter"],
    }  # fmt: skip
    assert sign_in(client, WORD.strip()).status_code == 401


def test_wrong_user_and_wrong_password_look_the_same(client: FlaskClient, clerk: Person) -> None:
    """Nobody learns which user names exist."""
    wrong, unknown = sign_in(client, "wrong"), sign_in(client, "wrong", username="nobody")
    apart = {"request_id"}

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json["code"] == "WRONG_PASSWORD"
    assert {k: v for k, v in wrong.json.items() if k not in apart} == {
        k: v for k, v in unknown.json.items() if k not in apart
    }


@pytest.mark.parametrize("password", ["", "x" * 201, "\ud800", "a\x00b", 5, None, {}])
def test_a_password_that_cannot_be_one_is_refused_as_a_value(client: FlaskClient, password: Any) -> None:
    """What no hash can be made of is no fault."""
    assert sign_in(client, password).status_code == 422


def test_the_lock_out_is_of_this_user_at_this_address(client: FlaskClient, clerk: Person) -> None:
    """After ten wrong guesses even the right password waits there; elsewhere and for others nothing changes."""
    assert [sign_in(client, "wrong").status_code for _ in range(LOCK_OUT_AFTER)] == [401] * LOCK_OUT_AFTER
    locked = sign_in(client)

    assert (locked.status_code, locked.json["code"]) == (429, "SIGN_IN_LOCKED")
    assert 540 < int(locked.headers["Retry-After"]) <= 600
    assert locked.json["context"]["wait_minutes"] == 10
    assert sign_in(client, address="10.0.0.2").status_code == 200
    assert sign_in(client, "wrong", username="other").status_code == 401


def test_nine_wrong_guesses_do_not_lock(client: FlaskClient, clerk: Person) -> None:
    """The tenth guess may still be the right one."""
    for _ in range(LOCK_OUT_AFTER - 1):
        sign_in(client, "wrong")

    assert sign_in(client).status_code == 200


def test_the_lock_opens_when_the_guesses_are_ten_minutes_old(client: FlaskClient, clerk: Person) -> None:
    """Guesses that no longer count are forgotten after an hour, so that they cannot fill the disk."""
    start = clock.wall()
    for _ in range(LOCK_OUT_AFTER):
        sign_in(client, "wrong")
    with time_machine.travel(start + timedelta(minutes=11), tick=False):
        assert sign_in(client).status_code == 200
    with time_machine.travel(start + timedelta(minutes=61), tick=False):
        assert sign_in(client, "wrong").status_code == 401

    assert session.scalar(select(func.count()).select_from(FailedSignIn)) == 1


def test_whoever_goes_on_guessing_waits_longer(client: FlaskClient, clerk: Person) -> None:
    """Ten more wrong guesses after a lock-out, and the place waits until they are an hour old."""
    start = clock.wall()
    for minutes in (0, 11):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            for _ in range(LOCK_OUT_AFTER):
                assert sign_in(client, "wrong").status_code == 401
    with time_machine.travel(start + timedelta(minutes=22), tick=False):
        locked = sign_in(client)
    with time_machine.travel(start + timedelta(minutes=72), tick=False):
        assert sign_in(client).status_code == 200

    assert (locked.json["code"], locked.json["context"]["wait_minutes"]) == ("SIGN_IN_LOCKED", 38)


def test_a_device_is_a_place_of_its_own(client: FlaskClient, clerk: Person) -> None:
    """Whoever guesses beside the till locks nobody out who signs in on it: an address may be a whole street's."""
    till = a_device(a_shop())
    for _ in range(LOCK_OUT_AFTER):
        sign_in(client, "wrong")

    assert problem(sign_in(client)) == (429, "SIGN_IN_LOCKED")
    body = {"username": "clerk", "password": WORD}
    at_the_till = client.post("/api/v1/auth/password", json=body, headers=till.headers)
    assert at_the_till.status_code == 200, at_the_till.text


def test_guesses_from_everywhere_stop_no_place_that_is_known(client: FlaskClient, clerk: Person) -> None:
    """One name guessed at from many addresses is guarded: new ones wait, and where it was signed in before it still is."""
    assert sign_in(client, address="10.0.0.9").status_code == 200
    key = client.application.extensions["timebank-settings"].keys("failed-sign-in")[0]

    def guesses() -> None:
        for number in range(ACCOUNT_GUARDED_AFTER):
            guess = guess_of(username="clerk", address=f"10.1.0.{number}", device_id=None, key=key)
            row = FailedSignIn(id=new_id(), guess=guess.place, account=guess.account, failed_at=clock.wall())
            session.add(row)

    in_unit_of_work(guesses)

    assert problem(sign_in(client, address="10.2.0.1")) == (429, "SIGN_IN_LOCKED")
    assert sign_in(client, address="10.0.0.9").status_code == 200
    assert sign_in(client, "wrong", username="other", address="10.2.0.1").status_code == 401


def test_a_guess_keeps_neither_name_nor_address(client: FlaskClient, clerk: Person) -> None:
    """Only a keyed hash of both together is stored."""
    sign_in(client, "wrong")
    kept = session.scalars(select(FailedSignIn)).one()

    assert len(kept.guess) == 32


def test_a_frozen_clerk_is_not_signed_in_and_holds_no_role(client: FlaskClient, clerk: Person) -> None:
    """Freezing ends the roles at once, also of a token that is still good."""
    headers = {"Authorization": f"Bearer {sign_in(client).json['access_token']}"}

    def freeze() -> None:
        found = session.get(Person, clerk.id)
        assert found is not None
        found.state = PersonState.FROZEN

    in_unit_of_work(freeze)

    assert sign_in(client).json["code"] == "PERSON_NOT_ACTIVE"
    assert client.post("/api/v1/sites", json={}, headers=headers).json["code"] == "FORBIDDEN"


def test_a_user_name_belongs_to_one_person(client: FlaskClient, clerk: Person) -> None:
    """The database has the last word."""

    def again() -> None:
        person = service.enrol()
        service.set_password(person_id=person.id, username="clerk", password_hash=HASH)

    with pytest.raises(IntegrityError):
        in_unit_of_work(again)
