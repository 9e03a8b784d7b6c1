"""Two phones, two desks, one gift, one pool: one winner, a named refusal for the other, and a ledger that verifies."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from uuid import UUID

from flask import Flask
from sqlalchemy.exc import IntegrityError

from tests.concurrency.crowds import meanwhile
from tests.factories.family import relatives
from tests.factories.giving import a_donation, a_giver, a_request, a_steward, an_offer
from tests.factories.identity import a_person
from tests.factories.ledger import earned, state_of
from tests.factories.organisations import an_area, an_organisation
from timebank.constraints import violated_constraint
from timebank.database import NIL, in_unit_of_work, session
from timebank.errors import Busy, Refusal, refusal_for
from timebank.giving import gifts, pool
from timebank.identity import family, states
from timebank.identity.rules import Kinship, PersonState
from timebank.ledger import proof
from timebank.ledger.queries import pool_balance

Work = Callable[[], object]


def all_at_once(app: Flask, works: list[Work]) -> Counter[str]:
    """Run every work in a thread and unit of work of its own; count ``done`` and the codes of refusals."""
    together = Barrier(len(works))

    def run(work: Work) -> str:
        with app.app_context():
            together.wait()
            try:
                return _outcome(work)
            finally:
                session.remove()

    with ThreadPoolExecutor(len(works)) as crowd:
        return Counter(crowd.map(run, works))


def _outcome(work: Work) -> str:
    while True:
        try:
            in_unit_of_work(work)
        except Busy:  # retryable by contract: the caller sends the same again
            continue
        except Refusal as refusal:
            return refusal.code
        except IntegrityError as error:
            refused = refusal_for(violated_constraint(error) or "")
            return refused.code if refused else repr(error)
        else:
            return "done"


def test_a_gift_is_accepted_from_two_phones(app: Flask) -> None:
    """Six taps at one moment move the minutes once."""
    grandmother, grandson = a_giver(300)
    gift = an_offer(grandmother.id, grandson, 60)

    outcome = all_at_once(app, [lambda: gifts.accept(recipient_id=grandson.id, gift_id=gift.id)] * 6)

    assert outcome == {"done": 1, "ALREADY_ACCEPTED": 5}
    assert (state_of(grandmother.id).balance_minutes, state_of(grandson.id).balance_minutes) == (240, 60)
    assert proof.verify().ok


def test_a_gift_is_accepted_and_withdrawn_at_one_moment(app: Flask) -> None:
    """Either it has moved and stays, or it was taken back and does not; never both."""
    grandmother, grandson = a_giver(300)
    gift = an_offer(grandmother.id, grandson, 60)

    outcome = all_at_once(
        app,
        [
            lambda: gifts.accept(recipient_id=grandson.id, gift_id=gift.id),
            lambda: gifts.withdraw(giver_id=grandmother.id, gift_id=gift.id),
        ],
    )

    moved = state_of(grandson.id).balance_minutes
    assert (outcome, moved) in [({"done": 1, "ALREADY_ACCEPTED": 1}, 60), ({"done": 1, "GIFT_CLOSED": 1}, 0)]
    assert state_of(grandmother.id).balance_minutes == 300 - moved
    assert proof.verify().ok


def test_nobody_accepts_or_gives_who_is_being_frozen(app: Flask) -> None:
    """Found active, and frozen before it is done: nothing moves to them or from them."""
    grandmother, grandson = a_giver(300)
    gift = an_offer(grandmother.id, grandson, 60)
    district = an_area()

    def frozen(person_id: UUID) -> None:
        states.change(person_id=person_id, to=PersonState.FROZEN, by=NIL, reason="挂失")

    accept = partial(gifts.accept, recipient_id=grandson.id, gift_id=gift.id)
    donate = partial(pool.donate, owner_id=grandmother.id, minutes=60, area_id=district.id)
    assert meanwhile(app, partial(frozen, grandson.id), accept) == "PERSON_NOT_ACTIVE"
    assert meanwhile(app, partial(frozen, grandmother.id), donate) == "PERSON_NOT_ACTIVE"
    assert (state_of(grandmother.id).balance_minutes, state_of(grandson.id).balance_minutes) == (300, 0)


def test_one_balance_covers_one_of_two_gifts(app: Flask) -> None:
    """Nothing was held for either: whoever accepts first gets theirs, the other is told that it cannot be covered."""
    grandmother, grandson = a_giver(100)
    offers = [an_offer(grandmother.id, grandson, 80) for _ in range(2)]

    outcome = all_at_once(
        app, [lambda gift=gift: gifts.accept(recipient_id=grandson.id, gift_id=gift.id) for gift in offers]
    )

    assert outcome == {"done": 1, "GIFT_NOT_COVERED": 1}
    assert proof.verify().ok


def test_two_relatives_give_each_other_at_one_moment(app: Flask) -> None:
    """Both wallets are locked in one order, so that neither waits for the other for ever."""
    one, other = relatives(Kinship.SPOUSE)
    for person in (one, other):
        earned(person.id, 500)
    there = [an_offer(one.id, other, 10) for _ in range(4)]
    back = [an_offer(other.id, one, 10) for _ in range(4)]

    works: list[Work] = [lambda gift=gift: gifts.accept(recipient_id=other.id, gift_id=gift.id) for gift in there]
    works += [lambda gift=gift: gifts.accept(recipient_id=one.id, gift_id=gift.id) for gift in back]

    assert all_at_once(app, works) == {"done": 8}
    assert (state_of(one.id).balance_minutes, state_of(other.id).balance_minutes) == (500, 500)
    assert proof.verify().ok


def test_two_grants_on_one_pool_balance(app: Flask) -> None:
    """The pool covers one of them: one is approved, the other is told what the pool has."""
    area = an_area()
    donor = a_person()
    earned(donor.id, 100)
    a_donation(donor.id, area.id, 100)
    asker, approvers = a_steward(area), [a_steward(area) for _ in range(2)]
    asked = [a_request(asker, area, a_person().id, 80) for _ in approvers]

    outcome = all_at_once(
        app,
        [
            lambda who=who, grant=grant: pool.approve(actor=who, grant_id=grant.id, answer="情况属实")
            for who, grant in zip(approvers, asked, strict=True)
        ],
    )

    assert outcome == {"done": 1, "POOL_EMPTY": 1}
    assert in_unit_of_work(lambda: pool_balance(area.id), write=False) == 20
    assert proof.verify().ok


def test_one_grant_is_approved_at_two_desks(app: Flask) -> None:
    """One approves, the other learns that it is decided; the minutes move once."""
    area, neighbour = an_area(), a_person()
    donor = a_person()
    earned(donor.id, 200)
    a_donation(donor.id, area.id, 200)
    asked = a_request(a_steward(area), area, neighbour.id, 80)
    approvers = [a_steward(area) for _ in range(3)]

    outcome = all_at_once(
        app,
        [lambda who=who: pool.approve(actor=who, grant_id=asked.id, answer="情况属实") for who in approvers],
    )

    assert outcome == {"done": 1, "GRANT_DECIDED": 2}
    assert state_of(neighbour.id).balance_minutes == 80


def test_both_propose_at_one_moment(app: Flask) -> None:
    """A pair has one open relation: one proposal stands, the other is told so."""
    one, other, where = a_person(), a_person(), an_organisation()

    def proposing(proposer_id: UUID, number: str, kinship: Kinship) -> Work:
        return lambda: family.propose(
            proposer_id=proposer_id,
            volunteer_no=number,
            kinship=kinship,
            organisation_id=where.id,
        )

    outcome = all_at_once(
        app,
        [
            proposing(one.id, other.volunteer_no, Kinship.CHILD),
            proposing(other.id, one.volunteer_no, Kinship.PARENT),
        ],
    )

    assert outcome == {"done": 1, "RELATION_EXISTS": 1}
