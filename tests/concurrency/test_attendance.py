"""One volunteer, fifty phones; one record, several coordinators: one wins, the others are told why not."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.factories.activities import an_open_shift
from tests.factories.attendance import checked_in, post_once, screen_of
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import a_pending_record
from timebank import clock
from timebank.attendance.models import Attendance, Scan
from timebank.database import in_unit_of_work, session
from timebank.ledger.models import Transfer
from timebank.records.account import account_of

RACERS = 50


def race(app: Flask, send: Callable[[FlaskClient, int], Any]) -> Counter[tuple[int, str]]:
    """Let fifty clients send at once; return how often each status and code came."""
    start = Barrier(RACERS)

    def run(index: int) -> tuple[int, str]:
        with app.app_context():
            client = app.test_client()
            start.wait()
            answer = send(client, index)
            return answer.status_code, answer.json.get("code", "")

    with ThreadPoolExecutor(RACERS) as pool:
        return Counter(pool.map(run, range(RACERS)))


def count(table: Any, *conditions: Any) -> int:
    """Count rows."""
    found = select(func.count()).select_from(table).where(*conditions)
    return in_unit_of_work(lambda: session.scalars(found).one(), write=False)


def test_one_volunteer_checks_out_once(app: Flask) -> None:
    """Fifty check-outs with keys of their own: one record and one credit; the others learn that it is over."""
    volunteer, shift = a_person(), an_open_shift()
    with clock.at(clock.now() - timedelta(minutes=5)):
        checked_in(volunteer.id, shift)
    later = clock.now() + timedelta(hours=1)

    def leave(client: FlaskClient, _index: int) -> Any:
        with clock.at(later):
            return post_once(client, "/check-outs", volunteer, {"token": screen_of(shift)})

    assert race(app, leave) == {(201, ""): 1, (409, "ALREADY_CHECKED_OUT"): RACERS - 1}
    assert count(Transfer) == 1
    assert count(Scan, Scan.refusal == "ALREADY_CHECKED_OUT") == RACERS - 1
    assert in_unit_of_work(lambda: account_of(volunteer.id), write=False)["balance_minutes"] == 65


def test_one_volunteer_is_in_one_place(app: Flask) -> None:
    """Fifty check-ins at two doors: one opens, the others say where the volunteer is already."""
    volunteer, doors = a_person(), (an_open_shift(), an_open_shift())

    def arrive(client: FlaskClient, index: int) -> Any:
        return post_once(client, "/check-ins", volunteer, {"token": screen_of(doors[index % 2])})

    assert race(app, arrive) == {
        (201, ""): 1,
        (409, "ALREADY_CHECKED_IN"): RACERS // 2 - 1,
        (409, "OPEN_ELSEWHERE"): RACERS // 2,
    }
    assert count(Attendance) == 1


def test_one_record_is_decided_once(app: Flask) -> None:
    """Half of them approve, half reject: one decision stands, and the credit agrees with it."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    coordinators = [signed_in(a_coordinator(organisation.id)) for _ in range(RACERS)]

    def decide(client: FlaskClient, index: int) -> Any:
        verb = "approve" if index % 2 else "reject"
        path = f"/api/v1/records/{pending.record_id}/{verb}"
        return client.post(path, json={"reason": "核实"}, headers=coordinators[index])

    assert race(app, decide) == {(200, ""): 1, (409, "RECORD_NOT_PENDING"): RACERS - 1}
    account = in_unit_of_work(lambda: account_of(pending.volunteer_id), write=False)
    assert account["balance_minutes"] == account["service_minutes"] == count(Transfer) * 120
