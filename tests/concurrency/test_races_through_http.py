"""Races at the counter and at the door, against real servers: one worker on SQLite, two on PostgreSQL.

Everybody has a token and an idempotency key of their own. One wins, the others are told why not, nothing breaks, and
the ledger and the shelves add up afterwards.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import httpx
import pytest
from flask import Flask

from tests.conftest import ServerFactory
from tests.factories.activities import an_open_shift
from tests.factories.attendance import checked_in, screen_of
from tests.factories.identity import a_person, signed_in
from tests.factories.shop import a_clerk, a_member, a_stocked_shop, account_of, findings, reserved
from tests.servers import Server
from timebank import clock
from timebank.application import create_app
from timebank.database import db, new_id
from timebank.ledger import proof

CROWD = 50

Request = tuple[str, dict[str, str], dict[str, Any]]


@pytest.fixture
def served(server: ServerFactory) -> Server:
    """A running server on the test's engine."""
    return server()


@contextmanager
def backstage(server: Server) -> Iterator[Flask]:
    """An application on the server's database, to prepare and to check what the requests have done."""
    app = create_app(server.settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def all_at_once(server: Server, requests: list[Request]) -> list[httpx.Response]:
    """Send every request from a thread of its own, all in the same moment."""
    together = Barrier(len(requests))

    def send(request: Request) -> httpx.Response:
        path, headers, body = request
        with server.client() as client:
            client.get("/healthz")  # the connection is there before the race begins
            together.wait()
            return client.post(f"/api/v1{path}", headers=headers | {"Idempotency-Key": str(new_id())}, json=body)

    with ThreadPoolExecutor(len(requests)) as crowd:
        return list(crowd.map(send, requests))


def outcome(responses: list[httpx.Response]) -> Counter[tuple[int, str]]:
    """Count statuses with their codes; a success has none."""
    return Counter((response.status_code, response.json().get("code", "")) for response in responses)


def books_balance() -> None:
    """Check that the ledger verifies and the shop's audit finds nothing."""
    assert proof.verify().ok
    assert findings() == []


def test_fifty_volunteers_reserve_the_last_item(served: Server) -> None:
    """One of fifty gets it; the others learn that it is gone, and keep their minutes."""
    with backstage(served):
        shop, soap = a_stocked_shop(1, price_minutes=60)
        members = [a_member(60) for _ in range(CROWD)]
        body = {"site_id": str(shop.id), "lines": [{"goods_id": str(soap.id), "quantity": 1}]}

        responses = all_at_once(served, [("/redemptions", signed_in(member), body) for member in members])

        assert outcome(responses) == {(201, ""): 1, (409, "OUT_OF_STOCK"): CROWD - 1}
        assert sum(account_of(member.id).held_minutes for member in members) == 60
        books_balance()


def test_one_volunteer_checks_out_fifty_times_at_once(served: Server) -> None:
    """However often somebody taps, one check-out counts and one credit is posted."""
    with backstage(served):
        zhang, shift = a_person(), an_open_shift(started_ago=timedelta(minutes=90))
        with clock.at(clock.now() - timedelta(minutes=80)):
            checked_in(zhang.id, shift)
        body = {"token": screen_of(shift)}

        responses = all_at_once(served, [("/check-outs", signed_in(zhang), body)] * CROWD)

        assert outcome(responses) == {(201, ""): 1, (409, "ALREADY_CHECKED_OUT"): CROWD - 1}
        assert account_of(zhang.id).balance_minutes == 80
        books_balance()


def test_fifty_phones_check_one_volunteer_in(served: Server) -> None:
    """One attendance is opened, however many phones are signed in as one person."""
    with backstage(served):
        zhang, shift = a_person(), an_open_shift()
        body = {"token": screen_of(shift)}

        responses = all_at_once(served, [("/check-ins", signed_in(zhang), body)] * CROWD)

        assert outcome(responses) == {(201, ""): 1, (409, "ALREADY_CHECKED_IN"): CROWD - 1}


def test_two_tills_hand_over_one_redemption(served: Server) -> None:
    """Two clerks scan the same pick-up code in the same moment: one hands over, one is told that it is done."""
    with backstage(served):
        shop, soap = a_stocked_shop(5, price_minutes=60)
        zhang = a_member(600)
        order = reserved(zhang.id, shop.id, (soap.id, 2)).redemption
        tills = [signed_in(a_clerk(shop)) for _ in range(2)]

        responses = all_at_once(served, [(f"/redemptions/{order.id}/hand-over", till, {}) for till in tills])

        assert outcome(responses) == {(200, ""): 1, (409, "ALREADY_HANDED_OVER"): 1}
        assert account_of(zhang.id).balance_minutes == 480
        books_balance()


def test_one_balance_is_spent_once(served: Server) -> None:
    """Fifty orders on one balance that is enough for one: one is held, the others are short of minutes."""
    with backstage(served):
        shop, soap = a_stocked_shop(CROWD, price_minutes=60)
        zhang = a_member(60)
        body = {"site_id": str(shop.id), "lines": [{"goods_id": str(soap.id), "quantity": 1}]}

        responses = all_at_once(served, [("/redemptions", signed_in(zhang), body)] * CROWD)

        assert outcome(responses) == {(201, ""): 1, (409, "INSUFFICIENT_MINUTES"): CROWD - 1}
        books_balance()


def test_one_key_has_one_effect(served: Server) -> None:
    """A request that is sent fifty times with one key happens once, and all fifty get the same answer."""
    with backstage(served):
        shop, soap = a_stocked_shop(CROWD, price_minutes=10)
        zhang = a_member(600)
        body = {"site_id": str(shop.id), "lines": [{"goods_id": str(soap.id), "quantity": 1}]}
        headers = signed_in(zhang) | {"Idempotency-Key": "the-same"}

        def send(_: int) -> httpx.Response:
            with served.client() as client:
                return client.post("/api/v1/redemptions", headers=headers, json=body)

        with ThreadPoolExecutor(CROWD) as crowd:
            responses = list(crowd.map(send, range(CROWD)))

        assert {response.status_code for response in responses} == {201}
        assert len({response.content for response in responses}) == 1
        assert sum("Idempotency-Replayed" not in response.headers for response in responses) == 1
        assert account_of(zhang.id).held_minutes == 10
        books_balance()
