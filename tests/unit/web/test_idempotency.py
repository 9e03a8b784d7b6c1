"""Requests that must not happen twice."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.factories.identity import a_person, signed_in
from tests.unit.web import sample
from timebank import clock, database
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.web import idempotency
from timebank.web.idempotency import IdempotentReply

ADD = "/api/v1/sample/people"
OF = "00000000-0000-7000-8000-00000000000{}"


@pytest.fixture
def me(app: Flask) -> dict[str, str]:
    """The headers of somebody who is signed in."""
    return signed_in(a_person("me"))


def add(web: FlaskClient, headers: dict[str, str], key: str | None = "key-1", name: str = "new", **more: Any) -> Any:
    """Add a person of this name under this key."""
    keyed = headers if key is None else {**headers, "Idempotency-Key": key}
    return web.post(more.pop("path", ADD), json={"display_name": name, **more}, headers=keyed)


def people(name: str = "new") -> int:
    """Return how many people of that name there are."""
    count = select(func.count()).select_from(Person).where(Person.display_name == name)
    found = in_unit_of_work(lambda: session.scalar(count), write=False)
    return found or 0


def replies() -> int:
    """Return how many replies are stored."""
    found = in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(IdempotentReply)), write=False)
    return found or 0


def alone(work: Callable[[], TestResponse]) -> TestResponse:
    """Run in a context that no other thread shares."""
    return contextvars.Context().run(work)


def test_a_repeated_request_gets_the_same_reply_and_happens_once(web: FlaskClient, me: dict[str, str]) -> None:
    """Body, status and type are the first one's, byte by byte; only the header tells."""
    first, again = add(web, me), add(web, me)

    assert first.status_code == again.status_code == 201
    assert (first.data, first.content_type) == (again.data, again.content_type)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert people() == 1


def test_nothing_is_repeated_as_nothing(web: FlaskClient, me: dict[str, str]) -> None:
    """A reply without content has no type either when it is repeated: a client would try to read it as JSON."""
    headers = {**me, "Idempotency-Key": "k"}
    first, again = (web.delete(f"/api/v1/sample/{OF.format(1)}", headers=headers) for _ in range(2))

    assert (again.status_code, again.data, again.headers["Idempotency-Replayed"]) == (204, b"", "true")
    assert "Content-Type" not in first.headers
    assert "Content-Type" not in again.headers


def test_another_body_under_the_same_key_is_refused(web: FlaskClient, me: dict[str, str]) -> None:
    """A key belongs to one request."""
    add(web, me)
    answer = add(web, me, name="other")

    assert (answer.status_code, answer.json["code"]) == (422, "IDEMPOTENCY_CONFLICT")
    assert people("other") == 0


def test_another_query_under_the_same_key_is_another_request(web: FlaskClient, me: dict[str, str]) -> None:
    """The query string belongs to what was asked, as the path does."""
    add(web, me)

    assert add(web, me, path=ADD + "?x=1").json["code"] == "IDEMPOTENCY_CONFLICT"


@pytest.mark.parametrize("key", [None, "", " ", "a b", "ü", "x" * 201, "tab\t1"])
def test_a_missing_or_unusable_key_is_refused(web: FlaskClient, me: dict[str, str], key: str | None) -> None:
    """Between 1 and 200 visible ASCII characters; nothing else is a key."""
    answer = add(web, me, key)

    assert (answer.status_code, answer.json["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert people() == 0


def test_the_longest_key_is_a_key(web: FlaskClient, me: dict[str, str]) -> None:
    """200 characters fit."""
    assert add(web, me, "~" * 200).status_code == 201


def test_keys_of_two_people_do_not_meet(web: FlaskClient, me: dict[str, str]) -> None:
    """Nobody gets somebody else's reply."""
    other = signed_in(a_person("you"))

    assert add(web, me).json["id"] != add(web, other).json["id"]


def test_a_refusal_is_not_stored_and_leaves_its_trace(web: FlaskClient, me: dict[str, str]) -> None:
    """What was refused may be tried again with the same key; only the trace remains of it."""
    headers = {**me, "Idempotency-Key": "k"}
    answers = [web.post(f"/api/v1/sample/{OF.format(1)}/refusals", headers=headers) for _ in range(2)]

    assert [answer.json["code"] for answer in answers] == ["CONFLICT"] * 2
    assert all("Idempotency-Replayed" not in answer.headers for answer in answers)
    assert (replies(), people("rolled back"), people("trace")) == (0, 0, 2)


def test_a_refused_request_may_be_corrected_under_its_key(web: FlaskClient, me: dict[str, str]) -> None:
    """A body that was not accepted did not use the key up."""
    assert add(web, me, minutes=-1).status_code == 422
    assert add(web, me, minutes=1).status_code == 201


def test_a_fault_rolls_the_key_back_with_the_effect(web: FlaskClient, me: dict[str, str]) -> None:
    """The key commits with its effect or not at all."""

    def fail() -> None:
        raise RuntimeError("in the middle")

    sample.meanwhile.append(fail)
    assert add(web, me).status_code == 500
    assert (people(), replies()) == (0, 0)
    sample.meanwhile.clear()
    assert add(web, me).status_code == 201


def test_a_reply_is_kept_for_72_hours(web: FlaskClient, me: dict[str, str]) -> None:
    """A sweep forgets older replies and no others."""
    add(web, me)
    now = clock.wall()
    with time_machine.travel(now + timedelta(hours=71, minutes=59), tick=False):
        assert in_unit_of_work(idempotency.forget_old) == 0
    with time_machine.travel(now + timedelta(hours=72, minutes=1), tick=False):
        assert in_unit_of_work(idempotency.forget_old) == 1


def test_a_guest_has_no_key(web: FlaskClient) -> None:
    """Without a token the answer is 401, not 400."""
    assert add(web, {}).status_code == 401


def test_fifty_twins_have_one_effect_and_one_answer(sampled: Flask, me: dict[str, str]) -> None:
    """Fifty threads send one request under one key: it happens once, and all get the same reply."""
    gate = threading.Barrier(50)

    def send() -> TestResponse:
        gate.wait()
        return add(FlaskClient(sampled, sampled.response_class), me)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: alone(send), range(50)))

    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
    assert people() == 1


class Slow:
    """Holds the transaction of the first request open until it is told to go on."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.go_on = threading.Event()

    def __call__(self) -> None:
        """Say that the work is being done, and wait."""
        self.inside.set()
        assert self.go_on.wait(10)


@pytest.fixture
def slow() -> Slow:
    """A first request that takes its time."""
    found = Slow()
    sample.meanwhile.append(found)
    return found


def test_a_twin_waits_for_the_first_and_gets_its_reply(sampled: Flask, me: dict[str, str], slow: Slow) -> None:
    """The second request under a key waits while the first is under way, and repeats its reply."""
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(lambda: alone(lambda: add(FlaskClient(sampled, sampled.response_class), me)))
        assert slow.inside.wait(10)
        twin = threads.submit(lambda: alone(lambda: add(FlaskClient(sampled, sampled.response_class), me)))
        with pytest.raises(TimeoutError):
            twin.result(timeout=0.3)
        slow.go_on.set()

        assert first.result().data == twin.result().data
        assert twin.result().headers["Idempotency-Replayed"] == "true"


def test_a_twin_does_the_work_when_the_first_is_rolled_back(sampled: Flask, me: dict[str, str], slow: Slow) -> None:
    """Whoever waits for a request that fails takes its place."""

    def fail_once() -> None:
        sample.meanwhile.remove(fail_once)
        raise RuntimeError("in the middle")

    sample.meanwhile.append(fail_once)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(lambda: alone(lambda: add(FlaskClient(sampled, sampled.response_class), me)))
        assert slow.inside.wait(10)
        twin = threads.submit(lambda: alone(lambda: add(FlaskClient(sampled, sampled.response_class), me)))
        slow.go_on.set()

        assert (first.result().status_code, twin.result().status_code) == (500, 201)
    assert "Idempotency-Replayed" not in twin.result().headers
    assert people() == 1


def test_a_twin_that_waits_too_long_may_come_back(
    sampled: Flask, me: dict[str, str], slow: Slow, monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    """After the lock time-out the twin is told to retry: the first is in flight, or (SQLite) the one writer is busy."""
    if engine_name == "sqlite":
        monkeypatch.setattr(database, "BUSY_TIMEOUT", timedelta(seconds=0.2))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(lambda: alone(lambda: add(FlaskClient(sampled, sampled.response_class), me)))
        assert slow.inside.wait(10)
        twin = alone(lambda: add(FlaskClient(sampled, sampled.response_class), me))
        slow.go_on.set()

        assert first.result().status_code == 201
    expected = (503, "BUSY") if engine_name == "sqlite" else (409, "IN_FLIGHT")
    assert (twin.status_code, twin.json["code"]) == expected
    assert twin.json["retryable"] is True
    assert twin.headers["Retry-After"] == "1"
    assert add(FlaskClient(sampled, sampled.response_class), me).headers["Idempotency-Replayed"] == "true"


def test_the_claim_costs_two_statements_more(
    web: FlaskClient, sampled: Flask, me: dict[str, str], statements: Any
) -> None:
    """A key is claimed by one insert and filled by one update; a replay reads one row."""
    with sampled.app_context(), statements() as sent:
        assert add(web, me).status_code == 201
    with sampled.app_context(), statements() as replayed:
        add(web, me)

    assert [text.split()[0] for text in sent] == ["SELECT", "INSERT", "INSERT", "UPDATE"]
    assert [text.split()[0] for text in replayed] == ["SELECT", "INSERT", "SELECT"]
