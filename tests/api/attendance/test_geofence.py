"""Where a phone is when it checks in: looked at if the policy says so and the volunteer agrees, never kept (rule R37)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from tests.factories.activities import an_activity
from tests.factories.attendance import (
    a_morning_shift,
    kept_from_screen,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    send_batch,
)
from tests.factories.identity import a_person, signed_in
from tests.factories.organisations import a_site
from tests.factories.policies import a_policy
from tests.factories.protection import a_consent
from timebank.activities.models import Shift
from timebank.attendance.models import Attendance
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import Purpose
from timebank.organisations.rules import Place

pytestmark = pytest.mark.rule("R37")

SITE = Place(30_535_432, 120_692_346)
HERE = {"latitude": 30.5354321, "longitude": 120.6923456, "accuracy_m": 12.5}
NEAR = HERE | {"latitude": 30.5374321}
FAR = HERE | {"latitude": 30.5464321}
VAGUE = FAR | {"accuracy_m": 500.0}


def _a_shift(mode: str | None, *, place: Place | None = SITE, leader: Any = None) -> Shift:
    site = a_site(place=place)
    if mode:
        with minutes_past_nine(-60):
            a_policy("geofence", mode, organisation_id=site.organisation_id)
    activity = an_activity(organisation_id=site.organisation_id, leader_id=leader.id if leader else None)
    return a_morning_shift(activity_id=activity.id, site_id=site.id)


@pytest.fixture
def volunteer(app: Flask) -> Person:
    """Somebody who has agreed that their place is looked at."""
    person = a_person()
    a_consent(person.id, Purpose.LOCATION)
    return person


def _come(client: FlaskClient, who: Any, shift: Shift, location: Any = None, **more: Any) -> Any:
    with minutes_past_nine(0):
        body = {"token": screen_of(shift), **more} | ({"location": location} if location else {})
    return scan_in(client, who, shift, at=0, **body)


def _kept() -> tuple[bool | None, int | None]:
    newest = select(Attendance.was_inside, Attendance.distance_m).order_by(Attendance.id.desc()).limit(1)
    inside, distance_m = in_unit_of_work(lambda: session.execute(newest).one(), write=False)
    return inside, distance_m


@pytest.mark.parametrize(
    ("location", "flags", "kept"),
    [
        (HERE, [], (True, 0)),
        (NEAR, [], (True, 200)),
        (FAR, ["FAR"], (False, 1_200)),
        (VAGUE, ["NO_LOCATION"], (None, None)),
        (None, ["NO_LOCATION"], (None, None)),
    ],
)
def test_a_doubtful_place_is_flagged(
    client: FlaskClient, volunteer: Person, location: Any, flags: list[str], kept: Any
) -> None:
    """With ``flag`` everybody gets in; far away, too vague or nowhere waits for a coordinator."""
    shift = _a_shift("flag")
    assert _come(client, volunteer, shift, location).json["flags"] == flags
    assert _kept() == kept
    record = scan_out(client, volunteer, shift, at=60).json["record"]
    assert record["state"] == ("pending" if flags else "final")


def test_without_consent_nobody_looks(client: FlaskClient) -> None:
    """What was sent anyway counts as missing; nothing of it is kept, consent withdrawn or never given."""
    assert _come(client, a_person(), _a_shift("flag"), HERE).json["flags"] == ["NO_LOCATION"]
    assert _kept() == (None, None)
    withdrawn = a_person()
    a_consent(withdrawn.id, Purpose.LOCATION)
    a_consent(withdrawn.id, Purpose.LOCATION, given=False)
    assert _come(client, withdrawn, _a_shift("flag"), HERE).json["flags"] == ["NO_LOCATION"]


def test_where_the_place_is_a_condition_one_has_to_be_there(client: FlaskClient, volunteer: Person) -> None:
    """With ``enforce`` far away is refused with the rounded distance; missing is refused, too vague is a doubt."""
    shift = _a_shift("enforce")
    refused = _come(client, volunteer, shift, FAR)
    assert refusal_of(refused) == (422, "OUT_OF_RANGE")
    assert refused.json["context"] == {"distance_m": 1_200, "allowed_m": 300}
    assert "1200 米" in refused.json["detail"]
    assert refusal_of(_come(client, volunteer, shift)) == (422, "LOCATION_REQUIRED")
    assert refusal_of(_come(client, a_person(), shift, HERE)) == (422, "LOCATION_REQUIRED")
    assert _come(client, volunteer, shift, VAGUE).json["flags"] == ["NO_LOCATION"]


def test_a_scan_warns_whoever_is_far_away(client: FlaskClient, volunteer: Person) -> None:
    """Before the check-in is refused."""
    shift = _a_shift("enforce")
    with minutes_past_nine(0):
        body = {"token": screen_of(shift), "location": FAR}
        seen = client.post("/api/v1/scans", json=body, headers=signed_in(volunteer))
    assert [warning["code"] for warning in seen.json["warnings"]] == ["OUT_OF_RANGE"]


def test_the_fence_is_as_wide_as_the_policy_says(client: FlaskClient, volunteer: Person) -> None:
    """Two hundred metres are outside of a hundred."""
    shift = _a_shift("enforce")
    with minutes_past_nine(-60):
        a_policy("geofence_metres", 100)
    assert refusal_of(_come(client, volunteer, shift, NEAR)) == (422, "OUT_OF_RANGE")
    assert _come(client, volunteer, shift, HERE).status_code == 201


@pytest.mark.parametrize(("mode", "place"), [(None, SITE), ("enforce", None)])
def test_without_a_fence_nothing_is_asked_or_kept(
    client: FlaskClient, volunteer: Person, mode: str | None, place: Place | None
) -> None:
    """Off by default; and a site whose place nobody has said has no fence."""
    assert _come(client, volunteer, _a_shift(mode, place=place), FAR).json["flags"] == []
    assert _kept() == (None, None)


def test_whom_a_leader_scans_they_see(client: FlaskClient) -> None:
    """Without a phone one has no place; the leader's word is enough, and the leader's own phone is nobody's place."""
    leader, elder = a_person(), a_person()
    shift = _a_shift("enforce", leader=leader)
    with minutes_past_nine(0):
        card = {"token": member_code_of(elder), "shift_id": str(shift.id), "location": FAR}
    assert scan_in(client, leader, shift, at=0, **card).json["flags"] == []
    assert _kept() == (None, None)


def test_a_kept_scan_is_flagged_where_a_new_one_is_refused(client: FlaskClient, volunteer: Person) -> None:
    """Nobody can step closer and scan again afterwards: a coordinator decides."""
    shift = _a_shift("enforce")
    far: Any = kept_from_screen("check_in", shift, at=0) | {"location": FAR}
    nowhere = kept_from_screen("check_in", shift, at=0)
    results = [
        send_batch(client, who, [item], at=0.1).json["results"][0]
        for who, item in ((volunteer, far), (a_person(), nowhere))
    ]
    assert [item["attendance"]["flags"] for item in results] == [["FAR"], ["NO_LOCATION"]]


def test_leaving_asks_for_no_place(client: FlaskClient, volunteer: Person) -> None:
    """Nobody is locked in."""
    shift = _a_shift("enforce")
    assert _come(client, volunteer, shift, HERE).status_code == 201
    assert scan_out(client, volunteer, shift, at=60).json["record"]["state"] == "final"


def test_no_coordinate_of_anybody_is_anywhere(
    client: FlaskClient, volunteer: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither in the logs nor in any table, whatever became of the scan."""
    shift = _a_shift("enforce")
    far = FAR | {"latitude": 30.5464987}
    for location in (far, HERE):
        _come(client, volunteer, shift, location)
    logged = capfd.readouterr()
    assert "30.54649" not in logged.out + logged.err
    assert "30.5354321" not in logged.out + logged.err

    def everything() -> str:
        tables = session.get_bind().dialect.get_table_names(session.connection())
        return "".join(str(row) for table in tables for row in session.execute(text(f'SELECT * FROM "{table}"')))

    stored = in_unit_of_work(everything, write=False)
    for trace in ("30.546", "30546", "30.5354321", "120.6923456", "120692345"):
        assert trace not in stored
