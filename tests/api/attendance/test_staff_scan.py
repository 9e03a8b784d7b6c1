"""A leader or coordinator scans the code of somebody who cannot scan: it counts, and it shows."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.factories.activities import an_activity
from tests.factories.attendance import (
    a_morning_shift,
    kept_from_screen,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    send_batch,
    the_book,
)
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.activities.models import Shift
from timebank.codes.alphabet import random_reference
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import GrantedRole, Person
from timebank.identity.rules import Actor, Kinship
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
    """Somebody without a smartphone of their own."""
    return a_person("王秀英")


def _of(member: Person, shift: Shift, at: float) -> dict[str, str]:
    with minutes_past_nine(at):
        return {"token": member_code_of(member), "shift_id": str(shift.id)}


def test_a_leader_scans_a_member_in_and_out(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """The service is the volunteer's, its provenance is a staff scan, and it is credited without a review."""
    began = scan_in(client, leader, shift, at=0, **_of(volunteer, shift, 0))
    assert (began.status_code, began.json["volunteer_name"]) == (201, "王**")
    ended = scan_out(client, leader, shift, at=60, **_of(volunteer, shift, 60))
    assert ended.status_code == 201
    record = ended.json["record"]
    assert (record["volunteer_id"], record["state"], record["provenance"]) == (str(volunteer.id), "final", "staff_scan")
    assert ended.json["account"]["by_provenance"]["staff_scan"] == 60
    assert ended.json["account"]["balance_minutes"] == 60


@pytest.mark.rule("R09")
@pytest.mark.parametrize("staff_end", ["in", "out"])
def test_a_mixed_pair_is_as_strong_as_its_weaker_end(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person, staff_end: str
) -> None:
    """One end by staff makes the pair a staff scan, whichever it is."""
    if staff_end == "in":
        scan_in(client, leader, shift, at=0, **_of(volunteer, shift, 0))
        ended = scan_out(client, volunteer, shift, at=60)
    else:
        scan_in(client, volunteer, shift, at=0)
        ended = scan_out(client, leader, shift, at=60, **_of(volunteer, shift, 60))
    assert ended.json["record"]["provenance"] == "staff_scan"
    assert ended.json["account"]["by_provenance"]["staff_scan"] == 60


def test_a_coordinator_may_scan_for_their_own_organisation_only(
    client: FlaskClient, shift: Shift, organisation: Organisation, volunteer: Person
) -> None:
    """In scope it works; another organisation's coordinator and a fellow volunteer find no such shift."""
    outsiders: list[Actor | Person] = [a_coordinator(an_organisation().id), a_person()]
    for who in outsiders:
        assert refusal_of(scan_in(client, who, shift, at=0, **_of(volunteer, shift, 0))) == (404, "NOT_FOUND")
    coordinator = a_coordinator(organisation.id)
    assert scan_in(client, coordinator, shift, at=0, **_of(volunteer, shift, 0)).status_code == 201
    for who in outsiders:
        assert refusal_of(scan_out(client, who, shift, at=60, **_of(volunteer, shift, 60))) == (404, "NOT_FOUND")
    assert scan_out(client, coordinator, shift, at=60, **_of(volunteer, shift, 60)).status_code == 201


def test_an_unknown_shift_or_member_is_not_found(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """A genuine code of nobody here, or a shift that is none."""
    with minutes_past_nine(0):
        nobody = the_book().member(member=random_reference(8), at=clock.now())
    bodies = [{"token": nobody, "shift_id": str(shift.id)}, _of(volunteer, shift, 0) | {"shift_id": str(new_id())}]
    for body in bodies:
        assert refusal_of(scan_in(client, leader, shift, at=0, **body)) == (404, "NOT_FOUND")
        assert refusal_of(scan_out(client, leader, shift, at=0, **body)) == (404, "NOT_FOUND")


def test_staff_are_told_what_is_wrong_but_not_where_somebody_is(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """Already in, not in, already out; and inside another shift, without its name."""
    assert refusal_of(scan_out(client, leader, shift, at=0, **_of(volunteer, shift, 0))) == (409, "NOT_CHECKED_IN")
    scan_in(client, leader, shift, at=0, **_of(volunteer, shift, 0))
    assert refusal_of(scan_in(client, leader, shift, at=1, **_of(volunteer, shift, 1))) == (409, "ALREADY_CHECKED_IN")
    assert refusal_of(scan_out(client, leader, shift, at=1, **_of(volunteer, shift, 1))) == (409, "TOO_SOON")
    scan_out(client, leader, shift, at=30, **_of(volunteer, shift, 30))
    assert refusal_of(scan_out(client, leader, shift, at=31, **_of(volunteer, shift, 31))) == (
        409,
        "ALREADY_CHECKED_OUT",
    )
    scan_in(client, volunteer, a_morning_shift(), at=40)
    for scan in (scan_in, scan_out):
        answer = scan(client, leader, shift, at=50, **_of(volunteer, shift, 50))
        assert refusal_of(answer) == (409, "OPEN_ELSEWHERE")
        assert answer.json["context"]["where"] == "—"


def test_an_old_member_code_is_worth_nothing(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """A screenshot in a leader's phone checks nobody in."""
    answer = scan_in(client, leader, shift, at=2, **_of(volunteer, shift, 0))
    assert refusal_of(answer) == (410, "TOKEN_EXPIRED")


def test_a_check_out_without_its_shift_is_told_so(client: FlaskClient, shift: Shift, volunteer: Person) -> None:
    """A member's code alone does not say where."""
    body = _of(volunteer, shift, 0)
    answer = scan_out(client, volunteer, shift, at=0, token=body["token"])
    assert refusal_of(answer) == (422, "INVALID")
    assert answer.json["errors"][0]["pointer"] == "/shift_id"


def test_a_leader_who_scans_their_own_screen_is_looked_at(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """Who can fetch the code at home earns nothing by it until somebody else has approved it."""
    began = scan_in(client, leader, shift, at=0)
    assert (began.status_code, began.json["flags"]) == (201, ["MANUAL"])
    record = scan_out(client, leader, shift, at=60).json["record"]
    assert (record["state"], record["provenance"], record["credited_minutes"]) == ("pending", "self_scan", 0)


def test_a_leader_whom_a_coordinator_scans_is_credited(
    client: FlaskClient, shift: Shift, leader: Person, organisation: Organisation
) -> None:
    """Somebody else has seen them at both ends."""
    coordinator = a_coordinator(organisation.id)
    scan_in(client, coordinator, shift, at=0, **_of(leader, shift, 0))
    record = scan_out(client, coordinator, shift, at=60, **_of(leader, shift, 60)).json["record"]
    assert (record["state"], record["flags"], record["credited_minutes"]) == ("final", [], 60)


@pytest.mark.rule("R08")
def test_staff_who_scan_their_relatives_are_looked_at(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """One end scanned by a relative is enough: somebody else must approve the record, as when a relative closes."""
    son, daughter = a_person(), a_person()
    for child in (son, daughter):
        a_relation(leader.id, child.id, kinship=Kinship.CHILD)
    scan_in(client, leader, shift, at=0, **_of(son, shift, 0))
    scan_in(client, daughter, shift, at=0)
    for child in (son, daughter):
        record = scan_out(client, leader, shift, at=60, **_of(child, shift, 60)).json["record"]
        assert (record["state"], record["flags"], record["credited_minutes"]) == ("pending", ["MANUAL"], 0)


def test_what_was_scanned_before_tells_nothing_to_whoever_leads_no_more(
    client: FlaskClient, shift: Shift, organisation: Organisation, volunteer: Person
) -> None:
    """A repeated scan is answered with how things stand now, so that only who may scan somebody today gets it."""
    coordinator = a_coordinator(organisation.id)
    began = _of(volunteer, shift, 0) | {"client_ref": "in"}
    ended = _of(volunteer, shift, 60) | {"client_ref": "out"}
    scan_in(client, coordinator, shift, at=0, **began)
    scan_out(client, coordinator, shift, at=60, **ended)
    assert scan_out(client, coordinator, shift, at=61, **ended).json["account"]["balance_minutes"] == 60

    in_unit_of_work(lambda: session.execute(delete(GrantedRole).where(GrantedRole.person_id == coordinator.person_id)))

    assert refusal_of(scan_in(client, coordinator, shift, at=62, **began)) == (404, "NOT_FOUND")
    assert refusal_of(scan_out(client, coordinator, shift, at=62, **ended)) == (404, "NOT_FOUND")


def test_a_batch_says_nothing_of_whom_staff_have_scanned(
    client: FlaskClient, organisation: Organisation, volunteer: Person, shift: Shift
) -> None:
    """A name by which staff scanned a member is none of their own scans, and tells nothing of the member."""
    coordinator = a_coordinator(organisation.id)
    with minutes_past_nine(0):
        code = member_code_of(volunteer)
    scan_in(client, coordinator, shift, at=0, token=code, shift_id=str(shift.id), client_ref="1")

    answer = send_batch(client, coordinator, [kept_from_screen("check_in", shift, at=0, ref="1")], at=30)

    (result,) = answer.json["results"]
    assert (result["status"], result["code"]) == ("rejected", "IDEMPOTENCY_CONFLICT")


def test_staff_who_scan_themselves_are_looked_at(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """It works, and somebody else must approve it."""
    began = scan_in(client, leader, shift, at=0, **_of(leader, shift, 0))
    assert began.json["flags"] == ["MANUAL"]
    record = scan_out(client, leader, shift, at=60, **_of(leader, shift, 60)).json["record"]
    assert (record["state"], record["flags"], record["credited_minutes"]) == ("pending", ["MANUAL"], 0)
