"""A poster stands in for a screen: it is printed, it can be revoked, and what it brings waits for a coordinator."""

import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
    the_book,
)
from tests.factories.documents import pdf_codes, pdf_lowest, pdf_texts, png_code
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import a_site, an_organisation
from timebank.activities.models import Shift
from timebank.attendance.models import Scan
from timebank.database import new_id, session
from timebank.demo.wechat import FakeWechat
from timebank.demo.wechat_messages import CODE_PATH
from timebank.identity.models import Person
from timebank.organisations.models import Organisation


@pytest.fixture
def organisation(client: FlaskClient) -> Organisation:
    """Whose shift it is."""
    return an_organisation("三色堇志愿服务队")


@pytest.fixture
def leader(organisation: Organisation) -> Person:
    """Who leads it."""
    return a_person("李队长")


@pytest.fixture
def shift(organisation: Organisation, leader: Person) -> Shift:
    """A shift from nine to twelve."""
    activity = an_activity("助老理发 <春>", organisation_id=organisation.id, leader_id=leader.id)
    return a_morning_shift(activity_id=activity.id)


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who serves."""
    return a_person()


def rolled(client: FlaskClient, who: Any, shift: Shift) -> int:
    """Issue a poster; return its serial."""
    answer = post_once(client, f"/shifts/{shift.id}/poster", who, {})
    assert answer.status_code == 201, answer.text
    serial: int = answer.json["serial"]
    return serial


def shown(client: FlaskClient, who: Any, shift: Shift, form: str = "json") -> TestResponse:
    """Ask for the poster."""
    return client.get(f"/api/v1/shifts/{shift.id}/poster?format={form}", headers=signed_in(who))


def test_a_poster_checks_in_and_out_and_a_coordinator_looks_at_it(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """The same code all day, so nothing proves the hour: flagged, held, never silently credited."""
    rolled(client, leader, shift)
    token = shown(client, leader, shift).json["token"]
    arrived = scan_in(client, volunteer, shift, at=0, token=token)
    left = scan_out(client, volunteer, shift, at=60, token=token)

    assert (arrived.status_code, arrived.json["flags"]) == (201, ["STATIC_CODE"])
    record = left.json["record"]
    assert (record["state"], record["flags"], record["provenance"]) == ("pending", ["STATIC_CODE"], "self_scan")
    assert (record["service_minutes"], record["credited_minutes"]) == (60, 0)
    assert [scan.kind for scan in session.scalars(select(Scan))] == ["S", "S"]


def test_a_ticket_of_a_poster_is_as_doubtful_as_the_poster(
    client: FlaskClient, shift: Shift, leader: Person, volunteer: Person
) -> None:
    """Scanning first and checking in afterwards washes nothing clean."""
    rolled(client, leader, shift)
    token = shown(client, leader, shift).json["token"]
    with minutes_past_nine(0):
        scanned = client.post("/api/v1/scans", json={"token": token}, headers=signed_in(volunteer))
    arrived = scan_in(client, volunteer, shift, at=1, ticket=scanned.json["ticket"])

    assert scanned.json["suggested_action"] == "check_in"
    assert (arrived.status_code, arrived.json["flags"]) == (201, ["STATIC_CODE"])


def test_a_new_poster_revokes_the_old_one(client: FlaskClient, shift: Shift, leader: Person, volunteer: Person) -> None:
    """Scans of the old one are 410 wherever they come; the new one is good, and one never issued is not."""
    assert rolled(client, leader, shift) == 1
    old = shown(client, leader, shift).json["token"]
    assert rolled(client, leader, shift) == 2
    new = shown(client, leader, shift).json["token"]
    never = the_book().poster(point=shift.point_ref, serial=3)

    for token in (old, never):
        with minutes_past_nine(0):
            scanned = client.post("/api/v1/scans", json={"token": token}, headers=signed_in(volunteer))
        assert refusal_of(scanned) == (410, "TOKEN_REVOKED")
        assert refusal_of(scan_in(client, volunteer, shift, at=0, token=token)) == (410, "TOKEN_REVOKED")
        assert refusal_of(scan_out(client, volunteer, shift, at=0, token=token)) == (410, "TOKEN_REVOKED")
    assert scan_in(client, volunteer, shift, at=0, token=new).status_code == 201
    refused = [scan.refusal for scan in session.scalars(select(Scan).where(Scan.kind == "S"))]
    assert refused.count("TOKEN_REVOKED") == 6


def test_the_printed_sheet_says_where_when_and_what_to_do(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """One page of A4; its text can be copied, its code scans, and printing twice gives the same bytes."""
    rolled(client, leader, shift)
    token = shown(client, leader, shift).json["token"]
    answer = shown(client, leader, shift, "pdf")
    (text,) = pdf_texts(answer.data)

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    for said in (
        "签到 · 签退",
        "助老理发 <春>",
        "三色堇志愿服务队",
        "2026 年 11 月 2 日 09:00–12:00",
        "地点：硖石街道",
    ):
        assert said in text
    assert "到达时打开小程序扫一扫签到，\n离开前再扫一次签退。" in text
    assert "第 1 版" in text
    assert pdf_codes(answer.data) == [token]
    assert shown(client, leader, shift, "pdf").data == answer.data


def test_the_poster_as_svg_holds_no_markup_of_others_and_the_whole_code(
    client: FlaskClient, shift: Shift, leader: Person
) -> None:
    """A well-formed picture without scripts or outside addresses; a name with a bracket in it stays text."""
    rolled(client, leader, shift)
    answer = shown(client, leader, shift, "svg")
    picture = ET.fromstring(answer.data)  # noqa: S314 - our own answer
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]

    assert answer.mimetype == "image/svg+xml"
    assert "助老理发 <春>" in texts
    assert {element.tag.rpartition("}")[2] for element in picture.iter()} == {"svg", "rect", "g", "text", "path"}
    assert re.findall(rb"https?://[^\"]+", answer.data) == [b"http://www.w3.org/2000/svg"]
    dark = answer.data.count(b"h1v1h-1z")
    assert 250 < dark < 450


def test_the_poster_as_png_is_its_code(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """To put on a page of one's own."""
    rolled(client, leader, shift)
    answer = shown(client, leader, shift, "png")

    assert answer.mimetype == "image/png"
    assert png_code(answer.data) == shown(client, leader, shift).json["token"]


def test_a_name_that_cannot_be_printed_is_refused(client: FlaskClient, organisation: Organisation) -> None:
    """Better no sheet than one with a hole; the picture for the screen is drawn all the same."""
    shift = a_morning_shift(activity_id=an_activity("重阳🎉", organisation_id=organisation.id).id)
    coordinator = a_coordinator(organisation.id)
    rolled(client, coordinator, shift)
    answer = shown(client, coordinator, shift, "pdf")

    assert refusal_of(answer) == (422, "GLYPH_MISSING")
    assert answer.json["context"] == {"characters": "U+1F389"}
    assert shown(client, coordinator, shift, "svg").status_code == 200


def test_the_longest_names_leave_room_for_the_code(client: FlaskClient) -> None:
    """Everything stands on one page, down to its last line, and the code still scans."""
    owner = an_organisation("社" * 120)
    site = a_site("处" * 120, organisation_id=owner.id)
    activity = an_activity("活" * 120, organisation_id=owner.id)
    shift = a_shift(starts_at=NINE, ends_at=NINE + timedelta(hours=20), activity_id=activity.id, site_id=site.id)
    coordinator = a_coordinator(owner.id)
    rolled(client, coordinator, shift)
    file = shown(client, coordinator, shift, "pdf").data
    (text,) = pdf_texts(file)

    assert [text.count(character) for character in "活处"] == [120, 120]
    assert "09:00–11 月 3 日 05:00" in text
    assert pdf_codes(file) == [shown(client, coordinator, shift).json["token"]]
    assert pdf_lowest(file) > 10


def test_only_who_answers_for_a_shift_has_its_poster(
    client: FlaskClient, shift: Shift, leader: Person, organisation: Organisation, volunteer: Person
) -> None:
    """Leader and coordinator; everybody else finds nothing, and neither does anybody before the first was issued."""
    assert refusal_of(shown(client, leader, shift)) == (404, "NOT_FOUND")
    assert rolled(client, a_coordinator(organisation.id), shift) == 1
    for who in (volunteer, a_coordinator(an_organisation().id)):
        assert refusal_of(post_once(client, f"/shifts/{shift.id}/poster", who, {})) == (404, "NOT_FOUND")
        assert refusal_of(shown(client, who, shift)) == (404, "NOT_FOUND")
    assert refusal_of(post_once(client, f"/shifts/{new_id()}/poster", leader, {})) == (404, "NOT_FOUND")
    assert refusal_of(shown(client, leader, shift, "gif")) == (422, "INVALID")


def test_the_same_roll_again_rolls_once(client: FlaskClient, shift: Shift, leader: Person) -> None:
    """A retry does not revoke what the first has issued."""
    answers = [post_once(client, f"/shifts/{shift.id}/poster", leader, {}, key="one") for _ in range(2)]

    assert [answer.json["serial"] for answer in answers] == [1, 1]
    assert rolled(client, leader, shift) == 2


def test_wechat_draws_the_poster_as_a_code_of_the_mini_program(
    client: FlaskClient, shift: Shift, leader: Person, fake_wechat: FakeWechat
) -> None:
    """The picture holds the poster's own token; without a poster it is 404, and for nobody else is WeChat asked at all."""
    path = f"/api/v1/shifts/{shift.id}/poster/mini-program-code"
    assert refusal_of(client.get(path, headers=signed_in(leader))) == (404, "NOT_FOUND")
    rolled(client, leader, shift)
    assert refusal_of(client.get(path, headers=signed_in(a_person()))) == (404, "NOT_FOUND")
    assert fake_wechat.messages.forced == []

    answer = client.get(path, headers=signed_in(leader))
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert png_code(answer.data) == the_book().poster(point=shift.point_ref, serial=1)
    fake_wechat.messages.fail_next(CODE_PATH, 41030)
    assert refusal_of(client.get(path, headers=signed_in(leader))) == (409, "WECHAT_PAGE_MISSING")
