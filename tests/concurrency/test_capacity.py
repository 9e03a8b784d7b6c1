"""The last place of a shift, and fifty phones."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from tests.factories.activities import a_coming_shift, a_sign_up, taken_of
from tests.factories.identity import a_person
from timebank.activities import service
from timebank.activities.models import SignUp
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal

RACERS = 50


def race(app: Flask, work: Callable[[int], object]) -> Counter[str]:
    """Let fifty threads do ``work`` at once; return how often each outcome came."""
    start = Barrier(RACERS)

    def run(index: int) -> str:
        with app.app_context():
            start.wait()
            try:
                in_unit_of_work(lambda: work(index))
            except Refusal as refusal:
                return refusal.code
            return "done"

    with ThreadPoolExecutor(RACERS) as pool:
        return Counter(pool.map(run, range(RACERS)))


def live(shift_id: UUID) -> int:
    """Count the live sign-ups of a shift."""
    found = select(func.count()).where(SignUp.shift_id == shift_id, SignUp.state == "live")
    return in_unit_of_work(lambda: session.scalars(found).one(), write=False)


def test_last_place_has_one_winner(app: Flask) -> None:
    """Fifty volunteers want the last place of three: one gets it, the others learn that the shift is full."""
    shift = a_coming_shift(capacity=3)
    for _ in range(2):
        a_sign_up(shift.id)
    people = [a_person().id for _ in range(RACERS)]
    outcome = race(app, lambda index: service.sign_up(shift_id=shift.id, volunteer_id=people[index]))
    assert outcome == {"done": 1, "CAPACITY_FULL": RACERS - 1}
    assert live(shift.id) == taken_of(shift.id) == 3


def test_one_impatient_finger_takes_one_place(app: Flask) -> None:
    """One volunteer who taps fifty times holds one place, and it is counted once."""
    shift, volunteer = a_coming_shift(capacity=10), a_person()
    outcome = race(app, lambda _: service.sign_up(shift_id=shift.id, volunteer_id=volunteer.id))
    assert outcome == {"done": 1, "ALREADY_SIGNED_UP": RACERS - 1}
    assert live(shift.id) == taken_of(shift.id) == 1


def test_place_is_freed_once(app: Flask) -> None:
    """Fifty withdrawals of one sign-up free one place."""
    shift = a_coming_shift(capacity=10)
    a_sign_up(shift.id)
    volunteer = a_sign_up(shift.id).volunteer_id
    outcome = race(app, lambda _: service.withdraw(shift_id=shift.id, volunteer_id=volunteer))
    assert outcome == {"done": 1, "NOT_SIGNED_UP": RACERS - 1}
    assert live(shift.id) == taken_of(shift.id) == 1


def test_coming_and_going_never_exceeds_the_capacity(app: Flask) -> None:
    """Half withdraw while the other half sign up: every outcome is clean and the count equals the sign-ups."""
    shift = a_coming_shift(capacity=RACERS // 2)
    holders = [a_sign_up(shift.id).volunteer_id for _ in range(RACERS // 2)]
    newcomers = [a_person().id for _ in range(RACERS // 2)]

    def move(index: int) -> object:
        if index % 2:
            return service.withdraw(shift_id=shift.id, volunteer_id=holders[index // 2])
        return service.sign_up(shift_id=shift.id, volunteer_id=newcomers[index // 2])

    outcome = race(app, move)
    assert set(outcome) <= {"done", "CAPACITY_FULL"}
    assert live(shift.id) == taken_of(shift.id) == outcome["done"] - RACERS // 2 <= RACERS // 2
