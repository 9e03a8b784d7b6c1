"""The second factor of staff: a phone's codes, and recovery codes on paper."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_person, an_admin
from tests.factories.staff import SignedInStaff, a_staff_account, by_password
from timebank import clock
from timebank.database import session
from timebank.identity.models import Password, Person, RecoveryCode
from timebank.identity.rules import LOCK_OUT_AFTER, Grant, Role

NEXT = timedelta(seconds=30)


@pytest.fixture
def zhou(app: Flask) -> Person:
    """A clerk with a password."""
    return a_staff_account("zhou", Grant(Role.COUNTER, area_path=""))


class Phone:
    """An authenticator that has scanned the picture; each code is of a step of its own."""

    def __init__(self, secret: str) -> None:
        self._codes = pyotp.TOTP(secret)

    def code(self) -> str:
        """Return the code of this moment."""
        return self._codes.at(clock.wall())


def switched_on(client: FlaskClient) -> tuple[SignedInStaff, Phone, list[str]]:
    """Switch it on; return the session, the phone and the recovery codes."""
    me = SignedInStaff(client, "zhou")
    phone = Phone(body_of(me.post("/me/second-factor"), 201)["secret"])
    return me, phone, body_of(me.post("/me/second-factor/confirm", {"code": phone.code()}))["recovery_codes"]


def test_a_code_of_the_phone_is_asked_for_and_good_once(client: FlaskClient, zhou: Person) -> None:
    """Without it the right password opens nothing; a code that was used, also to confirm, is too late."""
    with time_machine.travel(clock.wall(), tick=False) as now:
        _, phone, _ = switched_on(client)

        assert problem(by_password(client, "zhou")) == (401, "SECOND_FACTOR_REQUIRED")
        assert problem(by_password(client, "zhou", "wrong", code=phone.code())) == (401, "WRONG_PASSWORD")
        assert problem(by_password(client, "zhou", code=phone.code())) == (401, "SECOND_FACTOR_WRONG")
        now.shift(NEXT)
        code = phone.code()
        assert by_password(client, "zhou", code=code).status_code == 200
        assert problem(by_password(client, "zhou", code=code)) == (401, "SECOND_FACTOR_WRONG")
        now.shift(3 * NEXT)
        assert problem(by_password(client, "zhou", code=code)) == (401, "SECOND_FACTOR_WRONG")


def test_it_counts_once_it_is_confirmed(client: FlaskClient, zhou: Person) -> None:
    """A picture that nobody has scanned locks nobody out; it may be drawn again, and not once it is on."""
    me = SignedInStaff(client, "zhou")
    begun = body_of(me.post("/me/second-factor"), 201)
    assert begun["uri"].startswith("otpauth://totp/timebank:zhou?secret=")
    assert begun["qr_svg"].startswith("<?xml")
    assert by_password(client, "zhou").status_code == 200
    assert problem(me.post("/me/second-factor/confirm", {"code": "000"})) == (401, "SECOND_FACTOR_WRONG")
    _, _, _ = switched_on(client)

    assert problem(me.post("/me/second-factor")) == (409, "SECOND_FACTOR_STANDS")
    assert problem(me.post("/me/second-factor/confirm", {"code": "123456"})) == (409, "SECOND_FACTOR_STANDS")
    assert problem(Caller(client, a_person()).post("/me/second-factor")) == (404, "NOT_FOUND")


def test_a_recovery_code_stands_in_once(client: FlaskClient, zhou: Person) -> None:
    """However it is typed; ten of them, none of which is kept, nor the secret as it is."""
    _, _, codes = switched_on(client)
    typed = f"{codes[0][:5].lower()}-{codes[0][5:]}"

    assert by_password(client, "zhou", code=typed).status_code == 200
    assert problem(by_password(client, "zhou", code=typed)) == (401, "SECOND_FACTOR_WRONG")
    assert len(set(codes)) == 10
    kept = session.scalars(select(RecoveryCode)).all()
    assert {len(one.code_hash) for one in kept} == {32}
    account: Any = session.get(Password, zhou.id)
    assert account.totp_secret.startswith(b"gAAAA")


def test_wrong_codes_lock_as_wrong_passwords_do(client: FlaskClient, zhou: Person) -> None:
    """Whoever has the password does not get a million tries at six digits."""
    with time_machine.travel(clock.wall(), tick=False) as now:
        _, phone, _ = switched_on(client)
        for _ in range(LOCK_OUT_AFTER):
            assert problem(by_password(client, "zhou", code="no code")) == (401, "SECOND_FACTOR_WRONG")
        now.shift(NEXT)
        assert problem(by_password(client, "zhou", code=phone.code())) == (429, "SIGN_IN_LOCKED")


def test_it_is_ended_by_a_code_or_by_an_administrator(client: FlaskClient, zhou: Person) -> None:
    """Oneself proves it once more; without phone and paper an administrator ends it, and both is noted."""
    admin = Caller(client, an_admin())
    me, _, codes = switched_on(client)
    assert problem(me.post("/me/second-factor/end", {"code": "nonsense"})) == (401, "SECOND_FACTOR_WRONG")
    assert me.post("/me/second-factor/end", {"code": codes[3]}).status_code == 204
    assert by_password(client, "zhou").status_code == 200
    switched_on(client)
    assert admin.post(f"/staff/{zhou.id}/second-factor/end", {"reason": "手机丢失，已核对本人"}).status_code == 204
    assert by_password(client, "zhou").status_code == 200
    assert problem(admin.post(f"/staff/{zhou.id}/second-factor/end", {"reason": "再次"})) == (
        409,
        "SECOND_FACTOR_STANDS",
    )

    noted = body_of(admin.get(f"/audit?target={zhou.id}"))["items"]
    assert [(one["verb"], one["target_kind"]) for one in noted] == [
        ("end", "second_factor"), ("enrol", "second_factor"), ("end", "second_factor"), ("enrol", "second_factor"),
    ]  # fmt: skip
