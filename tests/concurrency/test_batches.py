"""One phone that sends the same scans twice at once, in batches and singly: one attendance, and everybody is told of it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from flask import Flask

from tests.concurrency.crowds import until_somebody_waits
from tests.concurrency.test_attendance import count
from tests.concurrency.test_group_close import a_shift_with
from tests.factories.activities import an_open_shift
from tests.factories.attendance import post_once, screen_of
from tests.factories.identity import a_person
from timebank import clock, database
from timebank.attendance import batch
from timebank.attendance.models import Attendance, ClientRef, Scan
from timebank.attendance.rules import Action
from timebank.database import is_sqlite

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


def test_a_batch_and_a_close_wait_for_each_other_in_one_order(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out and in again from a phone while the leader closes that shift: neither holds what the other wants, none begins anew."""
    shift, (person,), (leader, *_) = a_shift_with(1)
    begun_anew: list[str] = []
    worth_retrying, keep = database.worth_retrying, batch.references.keep
    left, closed = Event(), Event()
    answers: dict[str, Any] = {}

    def watched(error: Any) -> bool:
        begun_anew.append(str(getattr(error.orig, "sqlstate", error.orig)))
        return worth_retrying(error)

    def kept(**scan: Any) -> ClientRef:
        ref = keep(**scan)
        if scan["action"] is Action.CHECK_OUT and not left.is_set():
            left.set()
            if not is_sqlite():  # there whoever closes waits for the turn to write
                until_somebody_waits(closed.is_set)
        return ref

    def close() -> None:
        with app.app_context():
            left.wait()
            answers["close"] = post_once(app.test_client(), f"/shifts/{shift.id}/close", leader, {})
            closed.set()

    monkeypatch.setattr(database, "worth_retrying", watched)
    monkeypatch.setattr(batch.references, "keep", kept)
    closing = Thread(target=close)
    closing.start()
    items = [
        {"client_ref": action, "action": action, "token": screen_of(shift), "sent_at": clock.now().isoformat()}
        for action in ("check_out", "check_in")
    ]
    sent = post_once(app.test_client(), "/check-ins/batch", person, {"items": items})
    closing.join()
    assert [result["status"] for result in sent.json["results"]] == ["created", "created"]
    assert (answers["close"].status_code, answers["close"].json["closed"]) == (200, 1)
    assert begun_anew == []
