"""The design's table of refusals, one after the other: how each comes about at the door, what it answers, what it leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    minutes_past_nine,
    post_once,
    refusal_of,
    scan_in,
    scan_out,
    screen_of,
    the_book,
)
from tests.factories.identity import a_person, signed_in
from tests.factories.policies import a_policy
from timebank import clock, database
from timebank.activities.models import Shift
from timebank.attendance import printed
from timebank.attendance.models import Attendance, Scan
from timebank.codes.alphabet import random_reference
from timebank.codes.book import CodeBook
from timebank.codes.layouts import Kind
from timebank.database import db, in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.web.idempotency import IdempotentReply


class Door:
    """A volunteer at the door of a morning shift."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.volunteer = a_person()
        self.shift = a_morning_shift()

    def arrive(self, at: float, shift: Shift | None = None, **body: str) -> TestResponse:
        """Scan to get in."""
        return scan_in(self.client, self.volunteer, shift or self.shift, at=at, **body)

    def leave(self, at: float, shift: Shift | None = None, **body: str) -> TestResponse:
        """Scan to get out."""
        return scan_out(self.client, self.volunteer, shift or self.shift, at=at, **body)

    def seen(self, at: float, shift: Shift | None = None) -> str:
        """Take a picture of the screen."""
        with minutes_past_nine(at):
            return screen_of(shift or self.shift)

    def ticket(self, at: float, who: Person | None = None, shift: Shift | None = None) -> str:
        """Scan first and decide later."""
        body = {"token": self.seen(at, shift)}
        with minutes_past_nine(at):
            answer = self.client.post("/api/v1/scans", json=body, headers=signed_in(who or self.volunteer))
        ticket: str = answer.json["ticket"]
        return ticket


def _foreign(door: Door) -> TestResponse:
    other_bank = CodeBook((b"another bank's key of thirty-two bytes",))
    with minutes_past_nine(0):
        return door.arrive(0, token=other_bank.rotating(point=door.shift.point_ref, at=clock.now()))


def _revoked(door: Door) -> TestResponse:
    reference, by = door.shift.point_ref, door.volunteer.id
    for _ in range(2):
        in_unit_of_work(lambda: printed.roll(kind=Kind.POSTER, reference=reference, issued_by=by))
    return door.arrive(0, token=the_book().poster(point=reference, serial=1))


def _nowhere(door: Door) -> TestResponse:
    with minutes_past_nine(0):
        return door.arrive(0, token=the_book().rotating(point=random_reference(8), at=clock.now()))


def _not_signed_up(door: Door) -> TestResponse:
    with clock.at(NINE - timedelta(days=1)):
        a_policy("walk_in", False)
    return door.arrive(0)


def _full(door: Door) -> TestResponse:
    small = a_morning_shift(capacity=1)
    scan_in(door.client, a_person(), small, at=0)
    return door.arrive(0, small)


def _suspended(door: Door) -> TestResponse:
    in_unit_of_work(lambda: setattr(session.get_one(Person, door.volunteer.id), "state", PersonState.FROZEN))
    return door.arrive(0)


def _after(first: Callable[[Door], object], then: Callable[[Door], TestResponse]) -> Callable[[Door], TestResponse]:
    def both(door: Door) -> TestResponse:
        first(door)
        return then(door)

    return both


def _within_another_service(door: Door) -> TestResponse:
    other = a_morning_shift()
    door.arrive(0)
    ticket = door.ticket(58, shift=other)
    door.leave(60)
    return door.arrive(61, other, ticket=ticket)


def _in(door: Door) -> TestResponse:
    return door.arrive(0)


SITUATIONS: dict[str, tuple[int, Callable[[Door], TestResponse]]] = {
    "TOKEN_MALFORMED": (400, lambda door: door.arrive(0, token=door.seen(0)[:-1])),
    "TOKEN_INVALID": (422, _foreign),
    "TOKEN_FROM_FUTURE": (422, lambda door: door.arrive(0, token=door.seen(5))),
    "TOKEN_EXPIRED": (410, lambda door: door.arrive(2, token=door.seen(0))),
    "TOKEN_REVOKED": (410, _revoked),
    "TICKET_EXPIRED": (410, lambda door: door.arrive(5, ticket=door.ticket(0))),
    "TICKET_NOT_YOURS": (403, lambda door: door.arrive(1, ticket=door.ticket(0, a_person()))),
    "POINT_NOT_FOUND": (404, _nowhere),
    "NOT_OPEN_YET": (409, lambda door: door.arrive(-31)),
    "ALREADY_CLOSED": (409, lambda door: door.arrive(240)),
    "NOT_SIGNED_UP": (403, _not_signed_up),
    "CAPACITY_FULL": (409, _full),
    "VOLUNTEER_SUSPENDED": (403, _suspended),
    "ALREADY_CHECKED_IN": (409, _after(_in, lambda door: door.arrive(1))),
    "OPEN_ELSEWHERE": (409, _after(_in, lambda door: door.arrive(1, a_morning_shift()))),
    "NOT_CHECKED_IN": (409, lambda door: door.leave(0)),
    "ALREADY_CHECKED_OUT": (409, _after(_after(_in, lambda door: door.leave(60)), lambda door: door.leave(61))),
    "TOO_SOON": (409, _after(_in, lambda door: door.leave(9))),
    "OVERLAP": (409, _within_another_service),
}
"""Status, and how it comes about. A screenshot of two minutes ago has expired."""


@pytest.mark.parametrize("code", list(SITUATIONS))
def test_a_refusal_says_what_it_is_and_leaves_a_trace_and_nothing_else(client: FlaskClient, code: str) -> None:
    """Status and code of the table, words to read, the refused scan in the book of scans, and no attendance more."""
    status, provoke = SITUATIONS[code]
    door = Door(client)
    answer = provoke(door)

    assert refusal_of(answer) == (status, code)
    assert answer.json["title"]
    assert len(answer.json["detail"]) >= 8
    scans = list(session.scalars(select(Scan).where(Scan.actor_id == door.volunteer.id).order_by(Scan.received_at)))
    assert scans[-1].refusal == code
    taken = [scan for scan in scans if scan.refusal is None and scan.action == "check_in"]
    stays = list(session.scalars(select(Attendance).where(Attendance.volunteer_id == door.volunteer.id)))
    assert len(stays) == len(taken)


def test_a_key_belongs_to_one_request(client: FlaskClient) -> None:
    """IDEMPOTENCY_CONFLICT: another body under the key of a scan that was taken."""
    door = Door(client)
    with minutes_past_nine(0):
        token = screen_of(door.shift)
        assert post_once(client, "/check-ins", door.volunteer, {"token": token}, key="k").status_code == 201
        other = post_once(client, "/check-ins", door.volunteer, {"token": token, "client_ref": "1"}, key="k")
    assert refusal_of(other) == (422, "IDEMPOTENCY_CONFLICT")


@contextmanager
def a_twin_under_way(person: Person, key: str) -> Iterator[None]:
    """Let somebody's request of this key be under way, elsewhere: on SQLite whoever writes makes the others wait."""
    if database.is_sqlite():
        assert database._write_turn.acquire(timedelta(seconds=1))
        try:
            yield
        finally:
            database._write_turn.release()
        return
    claim = {"actor_id": person.id, "method": "POST", "route": "/api/v1/check-ins", "key": key}
    with db.engine.connect() as connection:
        connection.execute(insert(IdempotentReply), {**claim, "request_hash": bytes(32), "stored_at": clock.wall()})
        yield
        connection.rollback()


def test_a_twin_is_told_to_come_back(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """IN_FLIGHT (on SQLite: BUSY) while the first click is under way; the same request is taken afterwards, once."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT", timedelta(seconds=0.2))
    door = Door(client)
    with minutes_past_nine(0):
        body = {"token": screen_of(door.shift)}
        with a_twin_under_way(door.volunteer, "k"):
            twin = post_once(client, "/check-ins", door.volunteer, body, key="k")
        again = post_once(client, "/check-ins", door.volunteer, body, key="k")

    assert refusal_of(twin) == ((503, "BUSY") if database.is_sqlite() else (409, "IN_FLIGHT"))
    assert (twin.json["retryable"], twin.headers["Retry-After"]) == (True, "1")
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers


def test_too_many_scans_are_told_when_to_come_back(client: FlaskClient) -> None:
    """RATE_LIMITED: the hundred and twenty-first scan of a minute, and a good one after it, too."""
    door = Door(client)
    with time_machine.travel(datetime(2026, 11, 2, 1, tzinfo=UTC), tick=False):
        codes = {refusal_of(door.arrive(0, token="hello")) for _ in range(120)}
        over = door.arrive(0)
    assert codes == {(400, "TOKEN_MALFORMED")}
    assert refusal_of(over) == (429, "RATE_LIMITED")
    assert over.headers["Retry-After"] == "60"
