"""The codes that a screen and a phone show, and what a first scan of one says."""

import io
from datetime import datetime, timedelta

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from tests.conftest import Statements
from tests.factories.activities import an_activity
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    the_book,
)
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance.models import Attendance, Scan
from timebank.codes.layouts import Kind, Member
from timebank.database import new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation()


@pytest.fixture
def leader(organisation: Organisation) -> Person:
    """Who leads it."""
    return a_person("李队长")


@pytest.fixture
def shift(organisation: Organisation, leader: Person) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift(activity_id=an_activity(organisation_id=organisation.id, leader_id=leader.id).id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who serves."""
    return a_person()


def test_the_screen_gets_the_code_of_now_and_of_the_next_minute(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """Each of the five codes is taken in its own time; the later ones are refused before it."""
    with minutes_past_nine(0):
        shown = client.get(f"/api/v1/shifts/{shift.id}/code", headers=signed_in(leader)).json
        assert shown["step_seconds"] == 15
        assert (shown["server_time"], shown["expires_at"]) == ("2026-11-02T01:00:00Z", "2026-11-02T01:00:30Z")
        assert [code["valid_from"][-4:-1] for code in shown["next"]] == [":15", ":30", ":45", ":00"]
        early = client.post("/api/v1/scans", json={"token": shown["next"][0]["token"]}, headers=signed_in(volunteer))
        assert refusal_of(early) == (422, "TOKEN_FROM_FUTURE")
    for code in [{"token": shown["token"], "valid_from": shown["server_time"]}, *shown["next"]]:
        with clock.at(datetime.fromisoformat(code["valid_from"])):
            answer = client.post("/api/v1/scans", json={"token": code["token"]}, headers=signed_in(volunteer))
        assert answer.status_code == 200
    with clock.at(datetime.fromisoformat(shown["expires_at"])):
        over = client.post("/api/v1/scans", json={"token": shown["token"]}, headers=signed_in(volunteer))
    assert refusal_of(over) == (410, "TOKEN_EXPIRED")


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_picture_says_what_the_token_says(client: FlaskClient, shift: Shift, leader: Person, form: str) -> None:
    """A picture to put on a screen; nobody may cache it."""
    with minutes_past_nine(0):
        answer = client.get(f"/api/v1/shifts/{shift.id}/code?format={form}", headers=signed_in(leader))
        token = screen_of(shift)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    if form == "svg":
        assert answer.mimetype == "image/svg+xml"
        assert answer.data.startswith(b"<?xml")
    else:
        assert answer.mimetype == "image/png"
        with Image.open(io.BytesIO(answer.data)) as image:
            assert zxingcpp.read_barcode(image.convert("L")).text == token


@pytest.mark.parametrize("what", ["code", "presence"])
def test_only_who_answers_for_a_shift_sees_its_code_and_who_is_there(
    client: FlaskClient, shift: Shift, leader: Person, organisation: Organisation, what: str
) -> None:
    """Leader, coordinator, administrator; for everybody else there is no such shift."""
    insiders = [leader, a_coordinator(organisation.id), an_admin()]
    outsiders: list[Person | Actor] = [
        a_person(),
        a_coordinator(an_organisation().id),
        a_staff_member(Role.COUNTER, organisation_id=organisation.id),
    ]
    address = f"/api/v1/shifts/{shift.id}/{what}"
    assert [client.get(address, headers=signed_in(who)).status_code for who in insiders] == [200, 200, 200]
    assert [client.get(address, headers=signed_in(who)).status_code for who in outsiders] == [404, 404, 404]
    assert client.get(f"/api/v1/shifts/{new_id()}/{what}", headers=signed_in(leader)).status_code == 404


def test_the_screen_knows_no_other_format(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """JSON, SVG or PNG."""
    answer = client.get(f"/api/v1/shifts/{shift.id}/code?format=gif", headers=signed_in(leader))
    assert refusal_of(answer) == (422, "INVALID")


def test_presence_counts_people_and_masks_names(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """Who is inside, who has left; one who came back is counted once."""
    for start in (0, 30):
        scan_in(client, volunteer, shift, at=start)
        scan_out(client, volunteer, shift, at=start + 15)
    scan_in(client, a_person("欧阳修"), shift, at=50)
    with minutes_past_nine(51):
        found = client.get(f"/api/v1/shifts/{shift.id}/presence", headers=signed_in(leader)).json
    assert (found["inside"], found["left"], found["signed_up"], found["capacity"]) == (1, 1, 2, 20)
    assert (found["absent"], found["next"]) == (0, None)
    assert [(item["name"], item["state"], item["checked_out_at"] is None) for item in found["items"]] == [
        ("欧**", "open", True),
        ("王**", "closed", False),
        ("王**", "closed", False),
    ]


def test_a_member_code_names_its_member_for_half_a_minute(client: FlaskClient, volunteer: Person) -> None:
    """It is theirs, changes every 30 seconds, and says when it is over."""
    with minutes_past_nine(0):
        shown = client.get("/api/v1/me/member-code", headers=signed_in(volunteer)).json
        code = the_book().read(shown["token"], now=clock.now(), kinds=(Kind.MEMBER,))
    assert isinstance(code, Member)
    assert code.reference == volunteer.member_ref
    assert shown["expires_at"] == "2026-11-02T01:01:00Z"


def test_somebody_who_is_nobody_has_no_code(client: FlaskClient) -> None:
    """A token of a person that does not exist here finds nothing."""
    assert client.get("/api/v1/me/member-code", headers=signed_in(new_id())).status_code == 404


def test_a_scan_says_what_it_is_good_for_and_changes_nothing(
    client: FlaskClient, shift: Shift, volunteer: Person, statements: Statements
) -> None:
    """Activity, shift, a ticket of five minutes, what to do next; one statement after the session's, no row."""
    with minutes_past_nine(0), statements() as sent:
        answer = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(volunteer))
    assert answer.status_code == 200
    assert answer.json["activity"]["name"] == "助老理发"
    assert answer.json["shift"]["id"] == str(shift.id)
    assert (answer.json["suggested_action"], answer.json["warnings"]) == ("check_in", [])
    assert answer.json["expires_at"] == "2026-11-02T01:05:00Z"
    assert len([text for text in sent if "demo_clock" not in text]) == 2
    assert session.scalar(select(func.count()).select_from(Attendance)) == 0
    assert session.scalar(select(func.count()).select_from(Scan)) == 0


def test_inside_the_shift_a_scan_suggests_to_leave(client: FlaskClient, shift: Shift, volunteer: Person) -> None:
    """Before the minimum stay is over it warns; afterwards it does not."""
    scan_in(client, volunteer, shift, at=0)
    early = _scan(client, volunteer, shift, at=5)
    assert early["suggested_action"] == "check_out"
    assert [(warning["code"], warning["context"]["seconds_left"]) for warning in early["warnings"]] == [
        ("TOO_SOON", 300)
    ]
    assert "还要等 5 分钟" in early["warnings"][0]["detail"]
    later = _scan(client, volunteer, shift, at=10)
    assert (later["suggested_action"], later["warnings"]) == ("check_out", [])


def test_a_scan_warns_of_what_a_check_in_would_refuse(client: FlaskClient, shift: Shift, volunteer: Person) -> None:
    """Too early, inside another shift, without the sign-up that is wanted: told before anybody tries."""
    assert _scan(client, volunteer, shift, at=-60)["warnings"][0]["code"] == "NOT_OPEN_YET"
    scan_in(client, volunteer, a_morning_shift(), at=0)
    assert _scan(client, volunteer, shift, at=1)["warnings"][0]["code"] == "OPEN_ELSEWHERE"
    with clock.at(NINE - timedelta(hours=2)):
        a_policy("walk_in", False)
    assert _scan(client, a_person(), shift, at=1)["warnings"][0]["code"] == "NOT_SIGNED_UP"


def _scan(client: FlaskClient, who: Person, shift: Shift, *, at: float) -> dict[str, object]:
    with minutes_past_nine(at):
        answer = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(who))
    assert answer.status_code == 200
    found: dict[str, object] = answer.json
    return found


def test_scanning_a_person_is_no_scan_of_a_place(client: FlaskClient, volunteer: Person) -> None:
    """A member's code goes to the counter or to a leader."""
    with minutes_past_nine(0):
        body = {"token": member_code_of(volunteer)}
        answer = client.post("/api/v1/scans", json=body, headers=signed_in(volunteer))
    assert refusal_of(answer) == (422, "TOKEN_INVALID")


def test_a_link_around_a_code_is_as_good_as_the_code(client: FlaskClient, shift: Shift, volunteer: Person) -> None:
    """What a phone's own scanner delivers, percent-encoded and in lower case, is read all the same."""
    with minutes_past_nine(0):
        link = f"https%3A%2F%2Ftime.example%2Fq%2F{screen_of(shift).lower()}"
        answer = client.post("/api/v1/scans", json={"token": link}, headers=signed_in(volunteer))
    assert answer.status_code == 200
