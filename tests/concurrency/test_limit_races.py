"""Fifty at once under one limit or one free quota: never a piece more than allowed, and no other refusal than its own."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from tests.concurrency.crowds import all_at_once, outcome_of, until_somebody_waits
from tests.engines import ON_POSTGRESQL
from tests.factories.allowances import a_household, a_limit, entitled, limited, quotas_of
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK, a_shop
from tests.factories.shop import BOOK, a_clerk, a_lot, a_member, a_stocked_shop, findings, reserved, seen
from timebank import clock
from timebank.constraints import violated_constraint
from timebank.database import in_unit_of_work, session
from timebank.errors import refusal_for
from timebank.identity import households
from timebank.identity.rules import Actor
from timebank.shop.allowance import entitlements, limits, quotas
from timebank.shop.allowance.limit_tables import GoodsLimit
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.counter import sales
from timebank.shop.models import Redemption
from timebank.shop.redemption import handovers, reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import Line

pytestmark = pytest.mark.rule("R30")

CROWD = 50


def _reserving(
    person_id: Any, site_id: Any, goods_id: Any, quantity: int = 1, *, pay_with: PayWith = PayWith.MINUTES
) -> Callable[[], Any]:
    lines = [Line(goods_id, quantity)]
    return lambda: reservations.reserve(person_id=person_id, site_id=site_id, lines=lines, pay_with=pay_with)


def test_a_limit_of_free_goods_holds_at_two_shops(app: Flask) -> None:
    """Price 0, two shops, fifty taps: three pieces, and forty-seven clear refusals."""
    site, bread = a_stocked_shop(CROWD, price_minutes=0)
    second = a_shop(organisation_id=site.organisation_id)
    a_lot(bread.id, second.id, CROWD)
    limited(site, a_limit(3, window="day"))
    member = a_person()
    outcome = all_at_once(app, [_reserving(member.id, where.id, bread.id) for where in [site, second] * (CROWD // 2)])
    assert outcome == {"done": 3, "LIMIT_REACHED": CROWD - 3}
    assert findings() == []


def test_a_limit_per_household_holds_between_its_members(app: Flask) -> None:
    """Five people of one household, some of whom are not the first to ask: four pieces together."""
    site, rice = a_stocked_shop(CROWD, price_minutes=0)
    limited(site, a_limit(4, per="household"))
    family = [a_person() for _ in range(5)]
    a_household(*family)
    outcome = all_at_once(app, [_reserving(one.id, site.id, rice.id) for one in family * (CROWD // 5)])
    assert outcome == {"done": 4, "LIMIT_REACHED": CROWD - 4}
    assert findings() == []


def test_moving_in_races_with_taking(app: Flask) -> None:
    """While one moves in, both take: as a household they never get more than it may, once they are one."""
    site, rice = a_stocked_shop(CROWD, price_minutes=0)
    limited(site, a_limit(2, per="household"))
    mother, son = a_person(), a_person()
    home = a_household(mother)
    takers = [_reserving(one.id, site.id, rice.id) for one in (mother, son)] * (CROWD // 2)
    clerk_id = a_person().id
    outcome = all_at_once(
        app, [*takers, lambda: households.add(by=clerk_id, household_id=home.id, volunteer_no=son.volunteer_no)]
    )
    assert outcome["done"] + outcome["LIMIT_REACHED"] == CROWD + 1
    assert findings() == []


def test_two_tills_and_a_phone_share_a_limit(app: Flask) -> None:
    """Sales at the counter and reservations from the phone, all of one member: two pieces in all."""
    site, bread = a_stocked_shop(CROWD, price_minutes=0)
    limited(site, a_limit(2, window="day"))
    member, clerk = a_person(), a_clerk(site)
    now = clock.now()

    def selling(seconds: int) -> Callable[[], Any]:
        token = BOOK.member(member=member.member_ref, at=now - timedelta(seconds=seconds))
        lines = [sales.Scanned(1, goods_id=bread.id)]
        return lambda: sales.sell(actor=clerk, site_id=site.id, member_token=token, lines=lines, book=BOOK)

    # The code of this half minute and the one before are good.
    works = [selling(0), selling(30)] * 5 + [_reserving(member.id, site.id, bread.id)] * 20
    outcome = all_at_once(app, works)
    assert outcome["done"] == 2
    assert set(outcome) <= {"done", "LIMIT_REACHED", "MEMBER_CODE_USED"}
    assert findings() == []


def test_fifty_taps_share_one_free_quota(app: Flask) -> None:
    """100 points, each piece costs 30: three are held, whatever the number of taps and shops; no minute moves."""
    site, soap = a_stocked_shop(CROWD, price_minutes=30)
    second = a_shop(organisation_id=site.organisation_id)
    a_lot(soap.id, second.id, CROWD)
    quotas_of(site)
    member = a_member(600)
    entitled(member.id, site)
    works = [
        _reserving(member.id, where.id, soap.id, pay_with=PayWith.FREE_QUOTA) for where in [site, second] * (CROWD // 2)
    ]
    assert all_at_once(app, works) == {"done": 3, "FREE_QUOTA_SPENT": CROWD - 3}
    assert [one.left for one in seen(lambda: entitlements.standing(member.id))] == [10]
    assert findings() == []


def test_the_sweep_races_with_those_who_take_what_is_due(app: Flask) -> None:
    """A due hold of a quota is released once, by whoever is first; what it frees is taken once."""
    site, soap = a_stocked_shop(CROWD, price_minutes=50)
    quotas_of(site)
    member = a_member(0)
    entitled(member.id, site)
    long_ago = clock.now()
    due = [
        in_unit_of_work(_reserving(member.id, site.id, soap.id, pay_with=PayWith.FREE_QUOTA)).redemption
        for _ in range(2)
    ]
    in_unit_of_work(
        lambda: (
            session.query(Redemption)
            .filter(Redemption.id.in_([one.id for one in due]))
            .update({"expires_at": long_ago}, synchronize_session=False)
        )
    )
    taking = _reserving(member.id, site.id, soap.id, pay_with=PayWith.FREE_QUOTA)
    works = [taking, lambda: quotas.sweep(limit=100), lambda: reservations.sweep(limit=100)] * 10
    outcome = all_at_once(app, works)
    assert outcome == {"done": 22, "FREE_QUOTA_SPENT": 8}
    assert findings() == []


def test_fifty_tills_hand_over_one_redemption_of_a_quota(app: Flask) -> None:
    """One captures; the quota has moved once."""
    site, soap = a_stocked_shop(price_minutes=30)
    quotas_of(site)
    member, clerk = a_member(0), a_clerk(site)
    entitled(member.id, site)
    held = in_unit_of_work(_reserving(member.id, site.id, soap.id, 2, pay_with=PayWith.FREE_QUOTA)).redemption
    outcome = all_at_once(app, [lambda: hand_over(actor=clerk, redemption_id=held.id)] * CROWD)
    assert outcome == {"done": 1, "ALREADY_HANDED_OVER": CROWD - 1}
    assert [one.left for one in seen(lambda: entitlements.standing(member.id))] == [40]
    assert findings() == []


def test_a_person_enters_one_household_however_many_ask(app: Flask) -> None:
    """Two coordinators enter the same person at once: one household has them."""
    person, by = a_person(), a_person().id
    where = a_shop().organisation_id

    def entering() -> Any:
        return households.found(by=by, organisation_id=where, volunteer_nos=[person.volunteer_no], reason="户口簿")

    outcome = all_at_once(app, [_claimed(entering)] * 20)
    assert outcome == {"done": 1, "ALREADY_IN_HOUSEHOLD": 19}
    assert findings() == []


def test_limits_set_at_once_are_numbered_one_after_the_other(app: Flask) -> None:
    """Twenty coordinators change one limit: twenty facts, the last of which counts."""
    _, soap = a_stocked_shop()
    wanted = [{"per": "person", "window": "day", "pieces": 2}]
    outcome = all_at_once(app, [lambda: limits.set_limits(actor=THE_BANK, goods_id=soap.id, wanted=wanted)] * 20)
    assert outcome == {"done": 20}
    assert sorted(seen(lambda: [number for (number,) in session.query(GoodsLimit.number)])) == list(range(1, 21))


def _claimed(work: Callable[[], Any]) -> Callable[[], Any]:
    """Turn a violated constraint into the refusal that claims it, as the application does."""

    def run() -> Any:
        try:
            return work()
        except IntegrityError as error:
            refusal = refusal_for(violated_constraint(error) or "")
            if refusal is None:
                raise
            raise refusal from error

    return run


def test_handing_over_at_the_last_moment_never_exceeds_a_limit(app: Flask) -> None:
    """What is due while others ask anew is either handed over or free again, never both."""
    site, soap = a_stocked_shop(CROWD, price_minutes=0)
    limited(site, a_limit(2, window="ever"))
    member, clerk = a_person(), a_clerk(site)
    held = reserved(member.id, site.id, (soap.id, 2)).redemption
    soon = clock.now()
    in_unit_of_work(
        lambda: session.query(Redemption).filter_by(id=held.id).update({"expires_at": soon}, synchronize_session=False)
    )
    works = [
        lambda: hand_over(actor=clerk, redemption_id=held.id),
        _reserving(member.id, site.id, soap.id, 2),
    ] * (CROWD // 2)
    outcome = all_at_once(app, works)
    assert outcome == {"done": 1, "HOLD_EXPIRED": CROWD // 2, "LIMIT_REACHED": CROWD // 2 - 1}
    assert findings() == []


@ON_POSTGRESQL
@pytest.mark.parametrize("what", ["handed over", "extended"])
def test_what_is_kept_at_the_last_moment_is_counted(app: Flask, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Whoever asks a moment after its end waits for the one who looked a moment before it, and is then refused."""
    site, soap = a_stocked_shop(CROWD, price_minutes=0)
    limited(site, a_limit(2, window="ever"))
    member, clerk = a_person(), a_clerk(site)
    held = reserved(member.id, site.id, (soap.id, 2)).redemption
    looked, go_on = threading.Event(), threading.Event()
    outcomes: dict[str, str] = {}

    def paused(original: Callable[..., Any]) -> Callable[..., Any]:
        def pause(*args: Any) -> Any:
            if threading.current_thread() is keeping:
                looked.set()
                go_on.wait(30)
            return original(*args)

        return pause

    monkeypatch.setattr(handovers, "_taken", paused(handovers._taken))
    monkeypatch.setattr(reservations, "_end_of_life", paused(reservations._end_of_life))

    def run(name: str, at: datetime, work: Callable[[], Any]) -> None:
        with app.app_context(), clock.at(at):
            outcomes[name] = outcome_of(work)
            session.remove()

    keep: dict[str, Callable[[], Any]] = {
        "handed over": lambda: hand_over(actor=clerk, redemption_id=held.id),
        "extended": lambda: reservations.extend(actor=Actor(member.id), redemption_id=held.id),
    }
    second = timedelta(seconds=1)
    keeping = threading.Thread(target=run, args=("keeping", held.expires_at - second, keep[what]))
    asking = threading.Thread(
        target=run, args=("asking", held.expires_at + second, _reserving(member.id, site.id, soap.id))
    )
    keeping.start()
    assert looked.wait(30)
    asking.start()
    until_somebody_waits(lambda: not asking.is_alive())
    go_on.set()
    for thread in (keeping, asking):
        thread.join()
    assert outcomes == {"keeping": "done", "asking": "LIMIT_REACHED"}
    with clock.at(held.expires_at + timedelta(hours=1)):
        assert findings() == []
