"""Devices: enrolled by a code that works once, rolled, revoked, seen."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import Statements
from tests.factories.calls import V1, body_of, get, post, problem
from tests.factories.devices import OnDevice, a_device, a_screen
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, seen
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity import passwords, service
from timebank.identity.device_models import Device, DeviceCode
from timebank.identity.device_rules import CODE_LIFE, SEEN_EVERY
from timebank.identity.models import FailedSignIn, SignedInSession
from timebank.identity.rules import Actor
from timebank.organisations.models import Site

TILL = {"kind": "till", "name": "前台平板"}


@pytest.fixture
def shop(client: FlaskClient) -> Site:
    """A shop."""
    return a_shop()


@pytest.fixture
def coordinator(shop: Site) -> Actor:
    """Who answers for it."""
    return a_coordinator(shop.organisation_id)


def code_for(client: FlaskClient, site: Site, who: Actor, asked: dict[str, Any] | None = None) -> str:
    """Have a code made."""
    made = body_of(client.post(f"{V1}/sites/{site.id}/device-codes", headers=signed_in(who), json=asked or TILL), 201)
    return str(made["code"])


def enrol(client: FlaskClient, code: Any, address: str = "10.0.0.1") -> Any:
    """Enrol with a code, from an address."""
    return client.post(f"{V1}/devices", json={"code": code}, environ_base={"REMOTE_ADDR": address})


def test_a_code_enrols_one_device_once(client: FlaskClient, shop: Site, coordinator: Actor) -> None:
    """The device gets a token with nobody signed in; the same code, however it is typed, gives no second one."""
    code = code_for(client, shop, coordinator)
    assert len(code) == 8
    dressed = f" {code[:4].lower()}－{code[4:]}\r\n"
    enrolled = body_of(enrol(client, dressed), 201)
    assert (enrolled["device"]["site_id"], enrolled["device"]["kind"]) == (str(shop.id), "till")
    assert problem(enrol(client, code)) == (422, "DEVICE_CODE_INVALID")

    shown = body_of(client.get(f"{V1}/device", headers={"X-Device-Token": enrolled["token"]}), 200)
    assert shown == enrolled["device"]


def test_neither_codes_nor_tokens_are_kept(client: FlaskClient, shop: Site, coordinator: Actor) -> None:
    """The tables hold hashes; nothing in them is what was typed or told."""
    code = code_for(client, shop, coordinator)
    token = body_of(enrol(client, code), 201)["token"]
    kept = seen(lambda: [*session.scalars(select(DeviceCode.code_hash)), *session.scalars(select(Device.token_hash))])
    assert len(kept) == 2
    assert all(code.encode() not in (one or b"") and token.encode() not in (one or b"") for one in kept)


def test_a_code_is_too_old_after_a_quarter_of_an_hour(client: FlaskClient, shop: Site, coordinator: Actor) -> None:
    """It works to the last second and not after it."""
    code = code_for(client, shop, coordinator)
    with time_machine.travel(clock.wall() + CODE_LIFE + timedelta(seconds=1)):
        assert problem(enrol(client, code)) == (422, "DEVICE_CODE_INVALID")
    assert enrol(client, code).status_code == 201


def test_ten_wrong_codes_lock_one_address_out(client: FlaskClient, shop: Site, coordinator: Actor) -> None:
    """Guessing ends after ten, even the right code is refused then; another address goes on."""
    code = code_for(client, shop, coordinator)
    for wrong in ("0000000", "时间银行", "\x00" * 8, "ZZZZZZZZ", "a" * 64, "00000000", "1", "2", "3", "4"):
        answer = enrol(client, wrong)
        assert answer.status_code == 422, answer.text
    locked = enrol(client, code)
    assert problem(locked) == (429, "DEVICE_ENROLMENT_LOCKED")
    assert locked.json["context"]["until"] > clock.wall().isoformat()
    assert seen(lambda: session.query(FailedSignIn).count()) == 10
    assert enrol(client, code, "10.0.0.2").status_code == 201


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "till"},
        {"kind": "tablet", "name": "平板"},
        {"kind": "till", "name": ""},
        {"kind": "till", "name": "平\x00板"},
        {"kind": "till", "name": "板" * 61},
        {"kind": "till", "name": "平板", "site_id": "elsewhere"},
    ],
)
def test_what_is_wrong_with_a_device_is_named(
    client: FlaskClient, shop: Site, coordinator: Actor, asked: dict[str, Any]
) -> None:
    """An unknown kind, no name, a name that cannot be kept, a field too many: 422."""
    made = client.post(f"{V1}/sites/{shop.id}/device-codes", headers=signed_in(coordinator), json=asked)
    assert problem(made) == (422, "INVALID")


def test_a_till_stands_where_there_is_a_counter(client: FlaskClient) -> None:
    """A venue may have a screen and no till."""
    venue = a_site()
    coordinator = a_coordinator(venue.organisation_id)
    refused = client.post(f"{V1}/sites/{venue.id}/device-codes", headers=signed_in(coordinator), json=TILL)
    assert problem(refused) == (422, "INVALID")
    assert code_for(client, venue, coordinator, {"kind": "screen", "name": "门口😀"})


def test_devices_of_another_organisation_do_not_exist(client: FlaskClient, shop: Site) -> None:
    """Making a code, listing, rolling and revoking are 404 for a stranger and 403 for a clerk."""
    on = a_device(shop)
    stranger, clerk = a_coordinator(a_shop().organisation_id), a_clerk(shop)
    for path in (f"/devices/{on.device.id}/roll", f"/devices/{on.device.id}/revoke"):
        assert problem(post(client, path, stranger)) == (404, "NOT_FOUND")
        assert problem(post(client, path, clerk)) == (403, "FORBIDDEN")
        assert problem(post(client, path.replace(str(on.device.id), str(new_id())), stranger)) == (404, "NOT_FOUND")
    assert problem(post(client, f"/sites/{shop.id}/device-codes", stranger, TILL)) == (404, "NOT_FOUND")
    assert problem(get(client, f"/sites/{shop.id}/devices", stranger)) == (404, "NOT_FOUND")
    assert get(client, "/device", None, on=on).status_code == 200


def test_rolling_ends_the_old_token_at_once(client: FlaskClient, shop: Site, coordinator: Actor) -> None:
    """Between the roll and the new enrolment the device can do nothing; then it is the same device with a new token."""
    on = a_device(shop)
    code = body_of(post(client, f"/devices/{on.device.id}/roll", coordinator), 201)["code"]
    assert problem(get(client, "/device", None, on=on)) == (401, "DEVICE_REVOKED")
    again = body_of(enrol(client, code), 201)
    assert again["device"]["id"] == str(on.device.id)
    assert again["device"]["rolled_at"] is not None
    assert problem(get(client, "/device", None, on=on)) == (401, "DEVICE_REVOKED")
    assert client.get(f"{V1}/device", headers={"X-Device-Token": again["token"]}).status_code == 200


def test_a_revoked_device_stays_revoked(client: FlaskClient, shop: Site, coordinator: Actor) -> None:
    """It is refused everywhere, a code that was made to roll it is worth nothing, and it stays on the list."""
    on = a_device(shop)
    code = body_of(post(client, f"/devices/{on.device.id}/roll", coordinator), 201)["code"]
    for _ in range(2):
        assert body_of(post(client, f"/devices/{on.device.id}/revoke", coordinator), 200)["has_token"] is False
    assert problem(enrol(client, code)) == (409, "DEVICE_GONE")
    assert problem(post(client, f"/devices/{on.device.id}/roll", coordinator)) == (409, "DEVICE_GONE")
    look = post(client, "/counter/lookup", a_clerk(shop), {"code": "12345678"}, on=on)
    assert problem(look) == (401, "DEVICE_REVOKED")
    [listed] = body_of(get(client, f"/sites/{shop.id}/devices", coordinator), 200)["items"]
    assert (listed["id"], listed["has_token"]) == (str(on.device.id), False)
    assert listed["revoked_at"] is not None


@pytest.mark.parametrize("token", ["", "x", "x" * 5_000, "é" * 40])
def test_a_token_that_nobody_gave_out_is_refused(client: FlaskClient, token: str) -> None:
    """Whatever is in the header: 401 with the device's own code, and without the header the general one."""
    assert problem(client.get(f"{V1}/device", headers={"X-Device-Token": token})) == (401, "DEVICE_REVOKED")
    assert problem(client.get(f"{V1}/device")) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("verb", "status"), [("roll", 201), ("revoke", 200)])
def test_whoever_signed_in_on_a_device_is_signed_out_with_it(
    client: FlaskClient, shop: Site, coordinator: Actor, verb: str, status: int
) -> None:
    """Rolling and revoking end the sessions that were opened on a tablet and no other; then it signs nobody in."""
    person = a_person()
    word = passwords.hash_password("word")
    in_unit_of_work(lambda: service.set_password(person_id=person.id, username="clerk", password_hash=word))
    on = a_device(shop)

    def sign_in(device: OnDevice | None) -> Any:
        headers = device.headers if device else {}
        return client.post(f"{V1}/auth/password", headers=headers, json={"username": "clerk", "password": "word"})

    on_tablet, elsewhere = body_of(sign_in(on), 200), body_of(sign_in(None), 200)
    body_of(post(client, f"/devices/{on.device.id}/{verb}", coordinator), status)

    def refresh(signed: Any) -> Any:
        return client.post(f"{V1}/auth/refresh", json={"refresh_token": signed["refresh_token"]})

    assert problem(refresh(on_tablet)) == (401, "REFRESH_TOKEN_INVALID")
    assert refresh(elsewhere).status_code == 200
    assert problem(sign_in(on)) == (401, "DEVICE_REVOKED")
    assert seen(lambda: session.query(SignedInSession).count()) == 2


def test_a_session_that_was_opened_on_a_device_acts_on_that_one_only(client: FlaskClient, shop: Site) -> None:
    """Without the tablet's header, or on another tablet, the clerk does nothing; a refresh changes that no more."""
    clerk, on, other = a_clerk(shop), a_device(shop), a_device(shop)
    word = passwords.hash_password("word")
    in_unit_of_work(lambda: service.set_password(person_id=clerk.person_id, username="clerk", password_hash=word))
    known = {"username": "clerk", "password": "word"}

    def look(signed: Any, headers: dict[str, str]) -> tuple[int, str]:
        bearer = {"Authorization": f"Bearer {signed['access_token']}"}
        return problem(client.post(f"{V1}/counter/lookup", headers=bearer | headers, json={"code": "12345678"}))

    signed = body_of(client.post(f"{V1}/auth/password", headers=on.headers, json=known), 200)
    refreshed = client.post(f"{V1}/auth/refresh", json={"refresh_token": signed["refresh_token"]})
    for one in (signed, body_of(refreshed, 200)):
        assert look(one, {}) == look(one, other.headers) == (403, "NOT_ON_ITS_DEVICE")
        assert look(one, on.headers) == (404, "CODE_NOT_FOUND")
    elsewhere = body_of(client.post(f"{V1}/auth/password", json=known), 200)
    assert look(elsewhere, {}) == look(elsewhere, other.headers) == (404, "CODE_NOT_FOUND")


def test_that_a_device_was_seen_is_written_every_few_minutes(
    client: FlaskClient, shop: Site, statements: Statements
) -> None:
    """A request a moment after the last one writes nothing; one five minutes later does."""
    on = a_device(shop)
    with statements() as sent:
        get(client, "/device", None, on=on)
    assert [text for text in sent if text.startswith("UPDATE")] == []
    before = on.device.last_seen_at
    with time_machine.travel(clock.wall() + SEEN_EVERY, tick=False):
        get(client, "/device", None, on=on)
        later = clock.wall()
    assert seen(lambda: session.get_one(Device, on.device.id).last_seen_at) == later > before


def test_a_screen_does_nothing_but_show_codes(client: FlaskClient, shop: Site) -> None:
    """With a clerk signed in it is no till, and a till shows no codes."""
    screen, till, clerk = a_screen(shop), a_device(shop), a_clerk(shop)
    assert problem(post(client, "/counter/lookup", clerk, {"code": "12345678"}, on=screen)) == (
        403,
        "DEVICE_NOT_FOR_THIS",
    )
    assert problem(get(client, "/device/shifts", None, on=till)) == (403, "DEVICE_NOT_FOR_THIS")
    assert problem(get(client, f"/shifts/{new_id()}/code", None, on=till)) == (403, "DEVICE_NOT_FOR_THIS")
