"""One phone that sends the same scans twice at once, in batches and singly: one attendance, and everybody is told of it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from flask import Flask

from tests.concurrency.test_attendance import count
from tests.factories.activities import an_open_shift
from tests.factories.attendance import post_once, screen_of
from tests.factories.identity import a_person
from timebank import clock
from timebank.attendance.models import Attendance, ClientRef, Scan

RACERS = 12


def test_the_same_scan_singly_and_in_batches_at_once_has_one_effect(app: Flask) -> None:
    """Twelve requests with keys of their own and one client_ref: one makes the attendance, eleven are answered with it."""
    volunteer, shift = a_person(), an_open_shift()
    now = clock.now()
    with clock.at(now):
        token = screen_of(shift)
    item = {"client_ref": "in", "action": "check_in", "token": token, "sent_at": now.isoformat()}
    start = Barrier(RACERS)

    def send(index: int) -> tuple[int, str]:
        with app.app_context(), clock.at(now + timedelta(seconds=5)):
            client = app.test_client()
            start.wait()
            if index % 2:
                answer = post_once(client, "/check-ins", volunteer, {"token": token, "client_ref": "in"})
                return answer.status_code, answer.json.get("id") or answer.json["code"]
            answer = post_once(client, "/check-ins/batch", volunteer, {"items": [item]})
            if answer.status_code != 200:
                return answer.status_code, answer.json["code"]
            (result,) = answer.json["results"]
            return answer.status_code, result["attendance"]["id"] if "attendance" in result else result["code"]

    with ThreadPoolExecutor(RACERS) as pool:
        answers = Counter(pool.map(send, range(RACERS)))

    ((_, first),) = [key for key in answers if key[0] == 201]
    assert answers == {(201, first): RACERS // 2, (200, first): RACERS // 2}
    assert count(Attendance, Attendance.volunteer_id == volunteer.id) == 1
    assert count(ClientRef, ClientRef.person_id == volunteer.id) == 1
    assert count(Scan, Scan.refusal.is_(None)) == 1
