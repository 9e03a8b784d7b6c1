"""A full shift, people who wait for it, and everybody at once: threads, and phones with tokens of their own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from uuid import UUID

import httpx
from flask import Flask
from sqlalchemy import func, select, update

from tests.concurrency.crowds import all_at_once
from tests.concurrency.test_races_through_http import backstage
from tests.conftest import ServerFactory
from tests.factories.activities import a_coming_shift, a_full_shift, a_turn, taken_of
from tests.factories.attendance import screen_of, the_reader
from tests.factories.identity import a_person, an_admin, signed_in
from tests.factories.policies import a_policy
from tests.servers import Server
from timebank import clock
from timebank.activities import sign_ups, waiting
from timebank.activities.models import Shift, SignUp
from timebank.activities.waiting_rules import STILL_WAITING, WaitingState
from timebank.activities.waiting_tables import WaitingPlace
from timebank.attendance import service as attendance
from timebank.attendance.queries import is_inside
from timebank.attendance.reading import Presented
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.rules import Actor


def nobody_waits_beside_a_free_place(shift_id: UUID) -> dict[str, int]:
    """Check a shift: as many places counted as taken and offered, never too many, none free while somebody waits."""

    def look() -> dict[str, int]:
        shift = session.get_one(Shift, shift_id, populate_existing=True)
        states = dict(
            session.execute(
                select(WaitingPlace.state, func.count())
                .where(WaitingPlace.shift_id == shift_id)
                .group_by(WaitingPlace.state)
            ).all()
        )
        live = session.scalars(select(func.count()).where(SignUp.shift_id == shift_id, SignUp.state == "live")).one()
        both = session.scalars(
            select(func.count()).where(
                SignUp.shift_id == shift_id,
                SignUp.state == "live",
                SignUp.volunteer_id.in_(
                    select(WaitingPlace.volunteer_id).where(
                        WaitingPlace.shift_id == shift_id, WaitingPlace.state.in_(STILL_WAITING)
                    )
                ),
            )
        ).one()
        assert shift.taken == live + states.get("offered", 0) <= shift.capacity
        assert not states.get("waiting") or shift.taken == shift.capacity
        assert both == 0
        return states | {"live": live}

    return in_unit_of_work(look, write=False)


def check_in(volunteer_id: UUID, shift: Shift) -> None:
    """Check somebody in by their own scan, in the caller's unit of work."""
    presented = Presented(token=screen_of(shift))
    attendance.check_in(actor=Actor(volunteer_id), reader=the_reader(), presented=presented)


def test_three_cancel_at_once(app: Flask) -> None:
    """The first three of five are offered the places, each one."""
    shift, holders = a_full_shift(3)
    turns = [a_turn(shift.id).volunteer_id for _ in range(5)]
    outcome = all_at_once(
        app, [partial(sign_ups.withdraw, shift_id=shift.id, volunteer_id=holder) for holder in holders]
    )
    assert outcome == {"done": 3}
    assert nobody_waits_beside_a_free_place(shift.id) == {"offered": 3, "waiting": 2, "live": 0}
    confirmed = all_at_once(app, [partial(sign_ups.sign_up, shift_id=shift.id, volunteer_id=who) for who in turns])
    assert confirmed == {"done": 3, "CAPACITY_FULL": 2}
    assert nobody_waits_beside_a_free_place(shift.id) == {"accepted": 3, "waiting": 2, "live": 3}


def test_the_last_to_withdraw_and_the_first_to_wait(app: Flask) -> None:
    """In one instant: whoever joins is offered the place, or learns that it is free; nobody waits for a free place."""
    for _ in range(8):
        shift, (holder,) = a_full_shift()
        newcomer = a_person().id
        outcome = all_at_once(
            app,
            [
                partial(sign_ups.withdraw, shift_id=shift.id, volunteer_id=holder),
                partial(waiting.join, shift_id=shift.id, volunteer_id=newcomer),
            ],
        )
        assert outcome in ({"done": 2}, {"done": 1, "PLACE_FREE": 1})
        nobody_waits_beside_a_free_place(shift.id)


def test_whoever_waits_leaves_as_a_place_is_freed(app: Flask) -> None:
    """The place goes to the next one, in whichever order it happens."""
    for _ in range(8):
        shift, (holder,) = a_full_shift()
        first, second = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
        outcome = all_at_once(
            app,
            [
                partial(sign_ups.withdraw, shift_id=shift.id, volunteer_id=holder),
                partial(waiting.leave, shift_id=shift.id, volunteer_id=first),
            ],
        )
        assert outcome == {"done": 2}
        assert nobody_waits_beside_a_free_place(shift.id) == {"left": 1, "offered": 1, "live": 0}
        assert in_unit_of_work(partial(waiting.turn_of, shift.id, second), write=False).state == "offered"


def test_everybody_wants_the_place_whose_offer_is_over(app: Flask) -> None:
    """Two sweeps, the one who was too late, the next one and ten strangers: it goes to the next one."""
    shift, (holder,) = a_full_shift()
    late, following = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
    in_unit_of_work(partial(sign_ups.withdraw, shift_id=shift.id, volunteer_id=holder))
    after = clock.now() + timedelta(hours=13)

    def then(work: partial[object]) -> None:
        with clock.at(after):
            work()

    people = [late, following, *(a_person().id for _ in range(10))]
    outcome = all_at_once(
        app,
        [partial(then, partial(sign_ups.sign_up, shift_id=shift.id, volunteer_id=who)) for who in people]
        + [partial(then, partial(waiting.sweep, limit=10)) for _ in range(2)],
    )
    assert outcome == {"done": 3, "CAPACITY_FULL": 11}
    assert nobody_waits_beside_a_free_place(shift.id) == {"lapsed": 1, "accepted": 1, "live": 1}


def test_two_phones_of_one_person_wait_once(app: Flask) -> None:
    """One turn, and the other phone learns that there is one."""
    shift, _ = a_full_shift()
    li = a_person().id
    outcome = all_at_once(app, [partial(waiting.join, shift_id=shift.id, volunteer_id=li) for _ in range(6)])
    assert outcome == {"done": 1, "ALREADY_WAITING": 5}


def test_withdrawing_at_the_door(app: Flask) -> None:
    """Check-in and withdrawal in one instant, somebody waiting: whoever is inside holds a place, and no place is held twice."""
    for _ in range(8):
        shift, (holder,) = a_full_shift(starts_in=timedelta(minutes=20))
        a_turn(shift.id)
        outcome = all_at_once(
            app,
            [
                partial(check_in, holder, shift),
                partial(sign_ups.withdraw, shift_id=shift.id, volunteer_id=holder),
            ],
        )
        assert outcome["done"] == 1
        assert outcome.keys() <= {"done", "STILL_INSIDE", "CAPACITY_FULL"}
        inside = in_unit_of_work(partial(is_inside, shift.id, holder), write=False)
        assert inside == bool("STILL_INSIDE" in outcome)
        assert nobody_waits_beside_a_free_place(shift.id)["live"] == int(inside)


def test_two_shifts_at_one_time_and_two_phones(app: Flask) -> None:
    """Where one time is one shift, one of two sign-ups at once is refused."""
    a_policy("overlapping_sign_ups", "refuse")
    for _ in range(4):
        shifts, li = [a_coming_shift(), a_coming_shift()], a_person().id
        outcome = all_at_once(app, [partial(sign_ups.sign_up, shift_id=one.id, volunteer_id=li) for one in shifts])
        assert outcome == {"done": 1, "SIGN_UP_CLASH": 1}


Wanted = tuple[str, str, dict[str, str]]
"""Method, what of the shift, and the headers of whoever asks."""


def through_http(served: Server, shift: Shift, wanted: list[Wanted]) -> list[tuple[int, str]]:
    """Send all requests in one moment, each from a phone of its own; return statuses and codes in their order."""
    together = Barrier(len(wanted))

    def send(request: Wanted) -> httpx.Response:
        method, what, headers = request
        body = {"reason": "雨"} if what == "cancel" else None
        with served.client() as client:
            client.get("/healthz")
            together.wait()
            return client.request(
                method,
                f"/api/v1/shifts/{shift.id}/{what}",
                headers=headers | {"Idempotency-Key": str(new_id())},
                json=body,
            )

    with ThreadPoolExecutor(len(wanted)) as crowd:
        answers = list(crowd.map(send, wanted))
    return [(answer.status_code, answer.json()["code"] if answer.status_code >= 400 else "") for answer in answers]


def test_races_for_places_through_http(server: ServerFactory) -> None:
    """Phones with tokens of their own, in one moment: three withdraw at once; the last place; an offer that ends; two cancel."""
    served = server()
    with backstage(served):
        three_withdraw_while_five_wait_and_five_try(served)
        twelve_want_the_last_place(served)
        an_offer_ends_as_it_is_confirmed(served)
        everything_is_cancelled_twice(served)


def three_withdraw_while_five_wait_and_five_try(served: Server) -> None:
    """Four who wait confirm, one leaves: no stranger slips in between."""
    shift, holders = a_full_shift(3)
    turns = [a_turn(shift.id).volunteer_id for _ in range(5)]
    strangers = [a_person().id for _ in range(5)]
    wanted: list[Wanted] = [
        *(("DELETE", "sign-up", signed_in(who)) for who in holders),
        *(("POST", "sign-up", signed_in(who)) for who in (*turns[1:], *strangers)),
        ("DELETE", "waiting", signed_in(turns[0])),
    ]
    answers = through_http(served, shift, wanted)
    assert {code for _, code in answers} <= {"", "CAPACITY_FULL"}
    assert answers[:3] == [(204, "")] * 3
    assert answers[-6:-1] == [(409, "CAPACITY_FULL")] * 5, "a stranger has slipped in"
    states = nobody_waits_beside_a_free_place(shift.id)
    assert states["live"] + states.get("offered", 0) == taken_of(shift.id) == 3


def twelve_want_the_last_place(served: Server) -> None:
    """One gets it, whoever else taps, twice or once."""
    shift = a_coming_shift(capacity=1)
    people = [a_person().id for _ in range(6)]
    answers = through_http(served, shift, [("POST", "sign-up", signed_in(who)) for who in people * 2])
    codes = Counter(answers)
    assert codes[201, ""] == 1
    assert codes[409, "ALREADY_SIGNED_UP"] == 1
    assert codes[409, "CAPACITY_FULL"] == 10
    assert nobody_waits_beside_a_free_place(shift.id) == {"live": 1}


def an_offer_ends_as_it_is_confirmed(served: Server) -> None:
    """The one to whom it was offered, or the next one, never both; whoever is in time by the server's clock."""
    for _ in range(4):
        shift, (holder,) = a_full_shift()
        first, following = a_turn(shift.id).volunteer_id, a_turn(shift.id).volunteer_id
        in_unit_of_work(partial(sign_ups.withdraw, shift_id=shift.id, volunteer_id=holder))
        ends = clock.now() + timedelta(milliseconds=150)
        offered = WaitingPlace.state == WaitingState.OFFERED
        in_unit_of_work(partial(session.execute, update(WaitingPlace).where(offered).values(confirm_by=ends)))
        people = [first, first, following, following, a_person().id]
        answers = through_http(served, shift, [("POST", "sign-up", signed_in(who)) for who in people])
        assert {code for _, code in answers} <= {"", "CAPACITY_FULL", "ALREADY_SIGNED_UP"}
        assert answers[-1] == (409, "CAPACITY_FULL")
        states = nobody_waits_beside_a_free_place(shift.id)
        assert [status for status, _ in answers].count(201) == states["live"] <= 1
        assert taken_of(shift.id) == 1


def everything_is_cancelled_twice(served: Server) -> None:
    """Six taps of one holder free one place; two coordinators and another holder in one moment call off once."""
    shift, (holder, other) = a_full_shift(2)
    waits = a_turn(shift.id).volunteer_id
    answers = through_http(served, shift, [("DELETE", "sign-up", signed_in(holder))] * 6)
    assert Counter(answers) == {(204, ""): 1, (404, "NOT_SIGNED_UP"): 5}
    assert nobody_waits_beside_a_free_place(shift.id) == {"offered": 1, "live": 1}
    staff = [signed_in(an_admin()) for _ in range(2)]
    wanted: list[Wanted] = [
        *(("POST", "cancel", who) for who in staff),
        ("DELETE", "sign-up", signed_in(other)),
        ("POST", "sign-up", signed_in(waits)),
    ]
    answers = through_http(served, shift, wanted)
    assert Counter(answers[:2]) == {(200, ""): 1, (409, "SHIFT_CANCELLED"): 1}
    assert answers[2] == (204, "")
    assert answers[3] in {(201, ""), (409, "SHIFT_CANCELLED")}
    assert nobody_waits_beside_a_free_place(shift.id)["live"] == int(answers[3] == (201, ""))
