"""How much a person or a household may take: what counts, in which time, and what a refusal says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.conftest import Statements
from tests.factories.allowances import a_household, a_limit, goods_limited, limited
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK, a_shop
from tests.factories.policies import a_policy
from tests.factories.shop import (
    BOOK,
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    findings,
    reserved,
    seen,
    some_goods,
    wishes,
)
from timebank import clock
from timebank.database import in_unit_of_work, is_sqlite, session
from timebank.errors import NotFound
from timebank.identity import households
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.shop.allowance import limits
from timebank.shop.allowance.errors import LimitReached, NotARedemptionDay
from timebank.shop.allowance.limit_tables import RedemptionLimit
from timebank.shop.catalogue import goods as catalogue
from timebank.shop.counter import sales
from timebank.shop.models import Redemption
from timebank.shop.redemption import refunds, reservations
from timebank.shop.redemption.handovers import hand_over

pytestmark = pytest.mark.rule("R30")

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""


def _left(person: Person, site: Site, *lines: tuple[UUID, int]) -> LimitReached:
    """Reserve what a limit does not allow; return the refusal."""
    with pytest.raises(LimitReached) as refused:
        reserved(person.id, site.id, *lines)
    return refused.value


def _sold(site: Site, clerk: Actor, person: Person, goods_id: UUID, quantity: int) -> Any:
    token = BOOK.member(member=person.member_ref, at=clock.now())
    lines = [sales.Scanned(quantity, goods_id=goods_id)]
    return in_unit_of_work(lambda: sales.sell(actor=clerk, site_id=site.id, member_token=token, lines=lines, book=BOOK))


def test_what_is_reserved_and_what_was_sold_count_together(app: Flask) -> None:
    """Two of three pieces reserved, one sold at the counter: the limit is used up, and the refusal says till when."""
    with clock.at(NOON):
        site, soap = a_stocked_shop(price_minutes=0)
        limited(site, a_limit(3))
        member, clerk = a_member(0), a_clerk(site)
        reserved(member.id, site.id, (soap.id, 2))
        _sold(site, clerk, member, soap.id, 1)
        refusal = _left(member, site, (soap.id, 1))
        assert refusal.context == {
            "per": "person",
            "of": "item",
            "goods_id": soap.id,
            "window": "month",
            "pieces": 3,
            "unit": "pieces",
            "most": 3,
            "left": 0,
            "wanted": 1,
            "resets_at": "2026-12-01T00:00:00+08:00",
            "resets_local": "2026-12-01 00:00",
            "rule": "此物品每人每月最多 3 件",
            "rule_en": "at most 3 pieces per person (month) of these goods",
        }
        assert refusal.explain()[1].startswith("此物品每人每月最多 3 件，现在还可领 0，这次要 1。")
        with clock.at(NOON + timedelta(minutes=1)), pytest.raises(LimitReached):
            _sold(site, clerk, member, soap.id, 1)
        assert findings() == []


def test_a_wish_that_is_too_large_says_what_is_left(app: Flask) -> None:
    """Three wanted of two: two are left, whatever has been taken of other goods and by other people."""
    site, soap = a_stocked_shop(price_minutes=0)
    other = some_goods(price_minutes=0)
    a_lot(other.id, site.id, 5)
    limited(site, a_limit(2))
    member = a_person()
    reserved(member.id, site.id, (other.id, 2))
    reserved(a_person().id, site.id, (soap.id, 2))
    refusal = _left(member, site, (soap.id, 3))
    assert (refusal.context["left"], refusal.context["wanted"]) == (2, 3)
    reserved(member.id, site.id, (soap.id, 2))


@pytest.mark.parametrize("how", ["cancelled", "due", "in part", "refunded", "undone"])
def test_what_comes_back_does_not_count(app: Flask, how: str) -> None:
    """Cancelled, due whether or not a sweep has come by, not taken at the counter, brought back, undone: free again."""
    site, soap = a_stocked_shop(price_minutes=0)
    limited(site, a_limit(2, window="ever"))
    member, clerk = a_person(), a_clerk(site)
    first = reserved(member.id, site.id, (soap.id, 2)).redemption
    back = [refunds.Returned(soap.id, 2)]
    later = clock.now() + timedelta(minutes=1)
    with clock.at(later):
        match how:
            case "cancelled":
                in_unit_of_work(lambda: reservations.cancel(actor=Actor(member.id), redemption_id=first.id))
            case "due":
                later += timedelta(hours=48)
            case "in part":
                part = wishes((soap.id, 1))
                in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=first.id, lines=part))
            case "refunded":
                in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=first.id))
                in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=first.id, lines=back, reason="坏了"))
            case _:
                in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=first.id))
                in_unit_of_work(lambda: refunds.undo(actor=clerk, redemption_id=first.id))
    with clock.at(later + timedelta(minutes=1)):
        free = 1 if how == "in part" else 2
        assert _left(member, site, (soap.id, free + 1)).context["left"] == free
        reserved(member.id, site.id, (soap.id, free))
        assert findings() == []


def test_a_household_is_counted_as_one(app: Flask) -> None:
    """What the one has taken the other has not got any more; a stranger has; nobody begins anew by moving."""
    with clock.at(NOON):
        site, rice = a_stocked_shop(20, price_minutes=0)
        limited(site, a_limit(3, per="household", window="quarter"))
        mother, son, stranger = a_person(), a_person(), a_person()
        home = a_household(mother, son)
        reserved(mother.id, site.id, (rice.id, 2))
        refusal = _left(son, site, (rice.id, 2))
        assert (refusal.context["per"], refusal.context["left"]) == ("household", 1)
        assert refusal.context["resets_at"] == "2027-01-01T00:00:00+08:00"
        reserved(son.id, site.id, (rice.id, 1))
        reserved(stranger.id, site.id, (rice.id, 3))
    with clock.at(NOON + timedelta(hours=1)):
        # He moves out: what he took there is still the home's, and still his.
        in_unit_of_work(lambda: households.end(by=THE_BANK.person_id, household_id=home.id, person_id=son.id))
        assert _left(mother, site, (rice.id, 1)).context["left"] == 0
        assert _left(son, site, (rice.id, 3)).context["left"] == 2
        # He moves to the stranger, who had three: together they have four.
        a_household(son, stranger)
    with clock.at(NOON + timedelta(hours=2)):
        assert _left(son, site, (rice.id, 1)).context["left"] == 0
        assert findings() == []


def test_categories_and_goods_are_counted_by_themselves(app: Flask) -> None:
    """A limit of a category counts all goods in it and none beside it; one that names none counts each by itself."""
    site = a_shop()
    bread, cake, soap = (
        in_unit_of_work(
            lambda name=name, kind=kind: catalogue.add_goods(  # type: ignore[misc]
                actor=THE_BANK, name=name, category=kind, unit="个", price_minutes=0
            )
        ).id
        for name, kind in (("面包", "爱心面包"), ("蛋糕", "爱心面包"), ("肥皂", "日用"))
    )
    for what in (bread, cake, soap):
        a_lot(what, site.id, 20)
    limited(site, a_limit(2, of="category", category="爱心面包", window="day"), a_limit(5, of="category"))
    member = a_person()
    refusal = _left(member, site, (bread, 1), (cake, 2))
    assert (refusal.context["category"], refusal.context["left"]) == ("爱心面包", 2)
    reserved(member.id, site.id, (bread, 1), (cake, 1), (soap, 5))
    assert _left(member, site, (soap, 1)).context["category"] == "日用"
    assert findings() == []


def test_shops_are_counted_by_themselves_or_together(app: Flask) -> None:
    """A limit of the shop leaves the other shop alone; one of all shops does not."""
    site, soap = a_stocked_shop(price_minutes=30)
    second = a_shop(organisation_id=site.organisation_id)
    a_lot(soap.id, second.id, 10)
    limited(site, a_limit(60, of="shop", unit="minutes", window="week"), a_limit(3, of="all", window="week"))
    member = a_member(900)
    reserved(member.id, site.id, (soap.id, 2))
    assert _left(member, site, (soap.id, 1)).context["unit"] == "minutes"
    assert _left(member, second, (soap.id, 2)).context["of"] == "all"
    reserved(member.id, second.id, (soap.id, 1))
    assert findings() == []


@pytest.mark.parametrize(
    ("window", "after"),
    [
        ("day", timedelta(hours=12)),
        ("week", timedelta(days=4, hours=12)),
        ("month", timedelta(days=12, hours=12)),
        ("quarter", timedelta(days=43, hours=12)),
        ("year", timedelta(days=43, hours=12)),
        ({"days": 30}, timedelta(days=30)),
    ],
)
def test_a_window_ends(app: Flask, window: Any, after: timedelta) -> None:
    """On the next day, Monday, first of the month, quarter or year, or so many days later, all of it is there again."""
    with clock.at(NOON):
        site, soap = a_stocked_shop(20, price_minutes=0)
        limited(site, a_limit(1, window=window))
        member, clerk = a_person(), a_clerk(site)
        held = reserved(member.id, site.id, (soap.id, 1)).redemption
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
    with clock.at(NOON + after - timedelta(seconds=2)):
        resets_at = datetime.fromisoformat(_left(member, site, (soap.id, 1)).context["resets_at"])
        assert resets_at == NOON + after
    with clock.at(NOON + after):
        reserved(member.id, site.id, (soap.id, 1))
        assert findings() == []


def test_what_may_be_had_once_in_a_life_never_comes_again(app: Flask) -> None:
    """``ever`` does not reset, and says so."""
    with clock.at(NOON):
        site, soap = a_stocked_shop(20, price_minutes=0)
        goods_limited(soap.id, {"per": "person", "window": "ever", "pieces": 2})
        member = a_person()
        clerk = a_clerk(site)
        held = reserved(member.id, site.id, (soap.id, 2)).redemption
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
    with clock.at(NOON + timedelta(days=3_000)):
        refusal = _left(member, site, (soap.id, 1))
        assert (refusal.context["resets_at"], refusal.context["left"]) == (None, 0)
        goods_limited(soap.id)
        reserved(member.id, site.id, (soap.id, 1))


def test_limits_of_goods_and_of_the_policy_hold_together(app: Flask) -> None:
    """The one that leaves less refuses; what was counted is kept with the redemption."""
    site, soap = a_stocked_shop(20, price_minutes=0)
    goods_limited(soap.id, {"per": "person", "window": "week", "pieces": 2})
    limited(site, a_limit(3, of="all", window="year"))
    member = a_person()
    done = reserved(member.id, site.id, (soap.id, 1)).redemption
    assert _left(member, site, (soap.id, 2)).context["window"] == "week"
    kept = seen(lambda: session.query(RedemptionLimit).filter_by(redemption_id=done.id).order_by("number").all())
    assert [(one.scope, one.span, one.most, one.used, one.taken) for one in kept] == [
        ("all", "year", 3, 0, 1),
        ("item", "week", 2, 0, 1),
    ]
    assert done.limited


def test_a_limited_reservation_is_extended_and_still_counts(app: Flask) -> None:
    """Prolonged it counts once, and until its new end."""
    site, soap = a_stocked_shop(20, price_minutes=0)
    limited(site, a_limit(2, window="ever"))
    member = a_person()
    held = reserved(member.id, site.id, (soap.id, 2)).redemption
    with clock.at(clock.now() + timedelta(hours=40)):
        in_unit_of_work(lambda: reservations.extend(actor=Actor(member.id), redemption_id=held.id))
    with clock.at(clock.now() + timedelta(hours=60)):
        assert _left(member, site, (soap.id, 1)).context["left"] == 0
        assert findings() == []
    with clock.at(clock.now() + timedelta(hours=89)):
        reserved(member.id, site.id, (soap.id, 2))
        assert findings() == []


def test_without_limits_nothing_is_locked_and_nothing_kept(app: Flask, statements: Statements) -> None:
    """Where no limit holds a reservation costs what it cost before, and says that it was not counted."""
    site, soap = a_stocked_shop()
    other = a_shop()
    limited(other, a_limit(1))
    member = a_member()
    reserved(member.id, site.id, (soap.id, 1))
    with statements() as sent:
        done = reserved(member.id, site.id, (soap.id, 1)).redemption
    counted = [text for text in sent if "demo_clock" not in text]
    assert len(counted) == (10 if is_sqlite() else 8), "\n---\n".join(counted)
    assert done.limited is None
    assert seen(lambda: session.query(RedemptionLimit).count()) == 0


def test_a_limit_costs_three_statements_and_one_per_household_two_more(app: Flask, statements: Statements) -> None:
    """The person's lock, the count, the fact; for a household its membership and its lock."""
    site, soap = a_stocked_shop(price_minutes=0)
    member = a_person()
    a_household(member)
    lengths = []
    for wanted in ([], [a_limit(9)], [a_limit(9, per="household")]):
        limited(site, *wanted)
        reserved(member.id, site.id, (soap.id, 1))
        with statements() as sent:
            reserved(member.id, site.id, (soap.id, 1))
        lengths.append(len([text for text in sent if "demo_clock" not in text]))
    assert [length - lengths[0] for length in lengths] == [0, 3, 5]


def test_goods_that_do_not_exist_have_no_limits(app: Flask) -> None:
    """Nor can any be set on them."""
    nobody = a_person().id
    with pytest.raises(NotFound):
        goods_limited(nobody, {"per": "person", "window": "ever", "pieces": 2})
    with pytest.raises(NotFound):
        in_unit_of_work(lambda: limits.limits_of(nobody), write=False)


@pytest.mark.rule("R29")
def test_goods_are_redeemed_on_redemption_days_only(app: Flask) -> None:
    """On the 15th from nine to half past four; else the refusal names the next time, and what is held may be fetched."""
    fifteenth = datetime(2026, 12, 15, 1, tzinfo=UTC)
    with clock.at(NOON):
        site, soap = a_stocked_shop(price_minutes=0)
        days = {"days_of_month": [15], "hours": ["09:00", "16:30"]}
        a_policy("redeem_days", days, organisation_id=site.organisation_id)
        member, clerk = a_person(), a_clerk(site)
        for work in (
            lambda: reserved(member.id, site.id, (soap.id, 1)),
            lambda: _sold(site, clerk, member, soap.id, 1),
        ):
            with pytest.raises(NotARedemptionDay) as refused:
                work()
            assert refused.value.context["opens_at"] == "2026-12-15T09:00:00+08:00"
    with clock.at(fifteenth):
        held = reserved(member.id, site.id, (soap.id, 1)).redemption
        _sold(site, clerk, member, soap.id, 1)
    with clock.at(fifteenth + timedelta(hours=30)):
        in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=held.id))
        assert seen(lambda: session.query(Redemption).filter_by(state="handed_over").count()) == 2
