"""Scans and attendances, through HTTP or through the services; codes as the screens and phones show them."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.activities import a_shift, an_open_shift
from tests.factories.identity import a_person, signed_in
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import service
from timebank.attendance.reading import Presented, Reader
from timebank.attendance.service import CheckedIn, CheckedOut
from timebank.codes.book import CodeBook
from timebank.database import in_unit_of_work, new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor

NINE = datetime(2026, 11, 2, 1, tzinfo=UTC)
"""Nine in the morning of a Monday in Shanghai."""


def minutes_past_nine(minutes: float) -> AbstractContextManager[None]:
    """Fix business time so many minutes after nine."""
    return clock.at(NINE + timedelta(minutes=minutes))


def a_morning_shift(
    *, activity_id: UUID | None = None, capacity: int = 20, site_id: UUID | None = None, hours: float = 3
) -> Shift:
    """Publish a shift from nine to twelve."""
    ends_at = NINE + timedelta(hours=hours)
    return a_shift(starts_at=NINE, ends_at=ends_at, activity_id=activity_id, capacity=capacity, site_id=site_id)


def scan_in(client: FlaskClient, who: Any, shift: Shift, *, at: float, **body: Any) -> TestResponse:
    """Check somebody in through HTTP, ``at`` minutes past nine, by the screen of the shift unless ``body`` says else."""
    with minutes_past_nine(at):
        return post_once(client, "/check-ins", who, body or {"token": screen_of(shift)})


def scan_out(client: FlaskClient, who: Any, shift: Shift, *, at: float, **body: Any) -> TestResponse:
    """Check somebody out through HTTP, as ``scan_in`` does."""
    with minutes_past_nine(at):
        return post_once(client, "/check-outs", who, body or {"token": screen_of(shift)})


def refusal_of(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of a problem."""
    assert answer.mimetype == "application/problem+json", answer.text
    return answer.status_code, answer.json["code"] if answer.json else ""


def the_book() -> CodeBook:
    """Return the application's book of codes."""
    book: CodeBook = current_app.extensions["timebank-codes"]
    return book


def the_reader() -> Reader:
    """Return what reads codes and tickets."""
    return Reader(the_book(), current_app.extensions["timebank-settings"].keys("codes"))


def screen_of(shift: Shift) -> str:
    """Return what the screen of a shift shows now."""
    return the_book().rotating(point=shift.point_ref, at=clock.now())


def member_code_of(person: Person) -> str:
    """Return what the phone of a person shows now."""
    return the_book().member(member=person.member_ref, at=clock.now())


def post_once(
    client: FlaskClient, path: str, who: Any, json: dict[str, Any], key: str | None = None, *, device: str | None = None
) -> TestResponse:
    """Post with a new idempotency key, or with the given one; from a phone that says which it is, or not."""
    headers = {**signed_in(who), "Idempotency-Key": key or str(new_id())}
    if device is not None:
        headers["X-Device-Id"] = device
    return client.post(f"/api/v1{path}", json=json, headers=headers)


def checked_in(volunteer_id: UUID, shift: Shift) -> CheckedIn:
    """Check somebody in by their own scan."""
    presented = Presented(token=screen_of(shift))
    return in_unit_of_work(
        lambda: service.check_in(actor=Actor(volunteer_id), reader=the_reader(), presented=presented)
    )


def checked_out(volunteer_id: UUID, shift: Shift) -> CheckedOut:
    """Check somebody out by their own scan."""
    presented = Presented(token=screen_of(shift))
    return in_unit_of_work(
        lambda: service.check_out(actor=Actor(volunteer_id), reader=the_reader(), presented=presented)
    )


def a_served_shift(*, volunteer_id: UUID | None = None, shift: Shift | None = None, minutes: int = 120) -> CheckedOut:
    """Let somebody serve from now for ``minutes``: both scans their own."""
    who = volunteer_id or a_person().id
    where = shift or an_open_shift()
    now = clock.now()
    with clock.at(now):
        checked_in(who, where)
    with clock.at(now + timedelta(minutes=minutes)):
        return checked_out(who, where)


def kept_scan(action: str, token: str, *, at: float, ref: str | None = None, clock_off: float = 0) -> dict[str, str]:
    """Return a scan as a phone keeps it: ``at`` minutes past nine, by a clock that is off by so many minutes."""
    sent_at = NINE + timedelta(minutes=at + clock_off)
    return {"client_ref": ref or str(new_id()), "action": action, "token": token, "sent_at": sent_at.isoformat()}


def kept_from_screen(action: str, shift: Shift, *, at: float, **more: Any) -> dict[str, str]:
    """Return a scan of a shift's screen as a phone keeps it."""
    with minutes_past_nine(at):
        return kept_scan(action, screen_of(shift), at=at, **more)


def send_batch(
    client: FlaskClient, who: Any, items: list[dict[str, str]], *, at: float, key: str | None = None
) -> TestResponse:
    """Send kept scans through HTTP, ``at`` minutes past nine."""
    with minutes_past_nine(at):
        return post_once(client, "/check-ins/batch", who, {"items": items}, key=key)
