"""What a batch may hold: how many scans and bytes, what each must look like, and how many bad ones in a minute."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    kept_from_screen,
    kept_scan,
    refusal_of,
    scan_in,
    send_batch,
)
from tests.factories.identity import a_person, signed_in
from timebank.activities.models import SignUp
from timebank.attendance import scans
from timebank.attendance.batch_endpoints import MAX_BATCH_BYTES
from timebank.attendance.models import Scan
from timebank.database import session
from timebank.identity.models import Person


@pytest.fixture
def volunteer(client: FlaskClient) -> Person:
    """Somebody whose phone has no network."""
    return a_person("王秀英")


@pytest.mark.parametrize(
    "items",
    [[], [{"client_ref": str(n), "action": "check_in", "token": "x", "sent_at": NINE.isoformat()} for n in range(101)]],
)
def test_a_batch_has_one_to_a_hundred_scans(client: FlaskClient, volunteer: Person, items: list[Any]) -> None:
    """None and a hundred and one are refused as a whole."""
    assert refusal_of(send_batch(client, volunteer, items, at=0)) == (422, "INVALID")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_ref", ""),
        ("client_ref", "a b"),
        ("client_ref", "x" * 65),
        ("client_ref", "👵"),
        ("client_ref", "a\x00"),
        ("action", "scan"),
        ("token", "x" * 513),
        ("sent_at", "2026-11-02T09:00:00"),
        ("sent_at", "yesterday"),
        ("shift_id", "x"),
    ],
)
def test_a_malformed_item_is_named(client: FlaskClient, volunteer: Person, name: str, value: str) -> None:
    """The pointer says which of them and what; nothing of the batch is taken."""
    good = kept_scan("check_in", "hello", at=0)
    answer = send_batch(client, volunteer, [good, good | {name: value}], at=0)

    assert refusal_of(answer) == (422, "INVALID")
    assert answer.json["errors"][0]["pointer"] == f"/items/1/{name}"


def test_what_a_refused_scan_began_is_undone_alone(client: FlaskClient, volunteer: Person) -> None:
    """The last place was taken: no sign-up of theirs stays behind, and what stands beside it in the batch is kept."""
    full, free = a_morning_shift(capacity=1), a_morning_shift()
    scan_in(client, a_person(), full, at=0)
    items = [kept_from_screen("check_in", full, at=1), kept_from_screen("check_in", free, at=2)]
    results = send_batch(client, volunteer, items, at=30).json["results"]

    assert [(result["status"], result.get("code")) for result in results] == [
        ("rejected", "CAPACITY_FULL"),
        ("created", None),
    ]
    places = session.scalars(select(SignUp.shift_id).where(SignUp.volunteer_id == volunteer.id))
    assert list(places) == [free.id]


def test_a_batch_of_more_than_a_hundred_kibibytes_is_refused_unread(client: FlaskClient, volunteer: Person) -> None:
    """Exactly so much is read; one byte more is 413."""
    body = b'{"items": []}'
    headers = signed_in(volunteer) | {"Idempotency-Key": "1", "Content-Type": "application/json"}
    whole = client.post("/api/v1/check-ins/batch", data=body.ljust(MAX_BATCH_BYTES), headers=headers)
    over = client.post("/api/v1/check-ins/batch", data=body.ljust(MAX_BATCH_BYTES + 1), headers=headers)

    assert refusal_of(whole) == (422, "INVALID")
    assert refusal_of(over) == (413, "BODY_TOO_LARGE")


def test_five_hundred_bad_codes_are_stopped_and_fill_no_disk(
    client: FlaskClient, volunteer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scans in batches count one by one: the fourth hundred within a minute is 429; so many traces an hour, no more."""
    monkeypatch.setattr(scans, "MAX_TRACES_AN_HOUR", 120)
    answers = [
        send_batch(client, volunteer, [kept_scan("check_in", "A" * 32, at=0) for _ in range(100)], at=0)
        for _ in range(5)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert refusal_of(answers[-1]) == (429, "RATE_LIMITED")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert {result["code"] for result in answers[0].json["results"]} == {"TOKEN_INVALID"}
    assert session.scalar(select(func.count()).select_from(Scan)) == 120
