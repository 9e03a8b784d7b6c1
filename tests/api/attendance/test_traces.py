"""Every scan is kept, what was refused too, without the code, and never so many that they fill the disk."""

import hashlib
import hmac
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.factories.attendance import (
    a_morning_shift,
    member_code_of,
    minutes_past_nine,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
)
from tests.factories.identity import a_person, signed_in
from timebank.activities.models import Shift
from timebank.attendance import scans
from timebank.attendance.models import Scan
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody who scans."""
    return a_person()


@pytest.fixture
def shift(client: FlaskClient) -> Shift:
    """A shift from nine to twelve."""
    return a_morning_shift()


def _kept() -> list[Scan]:
    return list(session.scalars(select(Scan).order_by(Scan.received_at)))


def test_accepted_scans_are_kept_with_what_they_did(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Who, where, for what, which kind of code: the code itself only as a hash."""
    with minutes_past_nine(0):
        token = screen_of(shift)
    scan_in(client, volunteer, shift, at=0)
    scan_out(client, volunteer, shift, at=60)
    arrived, left = _kept()
    assert (arrived.action, left.action, arrived.kind, arrived.refusal) == ("check_in", "check_out", "C", None)
    assert {arrived.actor_id, arrived.volunteer_id, left.volunteer_id} == {volunteer.id}
    assert {arrived.shift_id, left.shift_id} == {shift.id}
    assert arrived.token_hash == hashlib.sha256(token.encode()).digest()


def test_refused_scans_are_kept_with_their_reason(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """After the roll-back the trace remains, as much of it as was known."""
    scan_in(client, volunteer, shift, at=0, token="hello")
    scan_in(client, volunteer, shift, at=-60)
    scan_out(client, volunteer, shift, at=0)
    client.post("/api/v1/scans", json={"token": "A" * 32}, headers=signed_in(volunteer))
    kept = [(scan.action, scan.refusal, scan.kind, scan.shift_id) for scan in _kept()]
    assert kept == [
        ("check_in", "TOKEN_MALFORMED", None, None),
        ("check_in", "NOT_OPEN_YET", "C", shift.id),
        ("check_out", "NOT_CHECKED_IN", "C", shift.id),
        ("scan", "TOKEN_INVALID", None, None),
    ]


def test_a_refused_staff_scan_names_scanner_and_member(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """Who tried it stands in the trace; whom it was tried on, as soon as that is known."""
    stranger = a_person()
    with minutes_past_nine(0):
        body = {"token": member_code_of(volunteer), "shift_id": str(shift.id)}
    scan_in(client, stranger, shift, at=0, **body)
    (kept,) = _kept()
    assert (kept.actor_id, kept.kind, kept.refusal) == (stranger.id, "M", "NOT_FOUND")


def test_a_ticket_is_kept_as_a_ticket(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """The check-in by ticket says so, and counts from the instant of the scan."""
    with minutes_past_nine(0):
        ticket = client.post("/api/v1/scans", json={"token": screen_of(shift)}, headers=signed_in(volunteer)).json
    scan_in(client, volunteer, shift, at=3, ticket=ticket["ticket"])
    (kept,) = _kept()
    assert (kept.kind, kept.at.isoformat()) == ("T", "2026-11-02T01:00:00+00:00")


def test_a_device_is_kept_as_a_keyed_hash(client: FlaskClient, app: Flask, volunteer: Person, shift: Shift) -> None:
    """The same phone gives the same hash; what the phone calls itself is nowhere. Nonsense is no device."""
    for device in ("phone-1", "x" * 201):
        headers = {**signed_in(volunteer), "Idempotency-Key": str(new_id()), "X-Device-Id": device}
        client.post("/api/v1/check-ins", json={"token": "hello"}, headers=headers)
    first, second = _kept()
    key = app.extensions["timebank-settings"].keys("device")[0]
    assert first.device_hash == hmac.digest(key, b"phone-1", "sha256")
    assert second.device_hash is None


def test_forged_codes_cannot_fill_the_disk(
    client: FlaskClient, volunteer: Person, shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many refusals of one person are kept in an hour; others, and what is accepted, are kept all the same."""
    monkeypatch.setattr(scans, "MAX_TRACES_AN_HOUR", 3)
    scan_in(client, volunteer, shift, at=0)
    for _ in range(5):
        scan_in(client, volunteer, shift, at=0, token="hello")
    scan_in(client, a_person(), shift, at=0, token="hello")
    assert scan_out(client, volunteer, shift, at=60).status_code == 201
    refusals = [(scan.actor_id == volunteer.id, scan.refusal) for scan in _kept()]
    assert refusals.count((True, "TOKEN_MALFORMED")) == 3
    assert refusals.count((False, "TOKEN_MALFORMED")) == 1
    assert refusals.count((True, None)) == 2


def test_five_hundred_bad_codes_of_one_person_are_stopped(client: FlaskClient, volunteer: Person, shift: Shift) -> None:
    """A hundred and twenty a minute are read and kept; the rest is 429, says when to come back, and leaves no trace."""
    with time_machine.travel(datetime(2026, 11, 2, 1, tzinfo=UTC), tick=False):
        codes = Counter(scan_in(client, volunteer, shift, at=0, token="A" * 32).json["code"] for _ in range(500))
        over = scan_in(client, volunteer, shift, at=0, token="A" * 32)
        somebody_else = scan_in(client, a_person(), shift, at=0, token="A" * 32)
    assert (refusal_of(over), over.headers["Retry-After"]) == ((429, "RATE_LIMITED"), "60")
    assert codes == {"TOKEN_INVALID": 120, "RATE_LIMITED": 380}
    assert len([scan for scan in _kept() if scan.actor_id == volunteer.id]) == 120
    assert refusal_of(somebody_else) == (422, "TOKEN_INVALID")


def test_an_hour_later_traces_are_kept_again(
    client: FlaskClient, volunteer: Person, shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is one of an hour on the wall, not for good."""
    monkeypatch.setattr(scans, "MAX_TRACES_AN_HOUR", 1)
    for moment in (timedelta(0), timedelta(minutes=59), timedelta(minutes=61)):
        with time_machine.travel(datetime(2026, 11, 2, 1, tzinfo=UTC) + moment, tick=False):
            scan_in(client, volunteer, shift, at=0, token="hello")
    assert [scan.received_at.minute for scan in _kept()] == [0, 1]


@pytest.mark.parametrize("change", ["UPDATE scan SET refusal = NULL", "DELETE FROM scan"])
def test_no_statement_changes_a_scan(client: FlaskClient, volunteer: Person, shift: Shift, change: str) -> None:
    """The database itself keeps the book of scans as it was written."""
    scan_in(client, volunteer, shift, at=0)
    with pytest.raises(DBAPIError, match=r"append-only|not authorized"):
        in_unit_of_work(lambda: session.execute(text(change)))
