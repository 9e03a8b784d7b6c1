"""What was given for a purpose goes to those whom the donor meant, and to nobody else (rule R32)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.factories.allowances import a_limit, a_proxy, entitled, goods_limited, quotas_of
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import a_shop
from tests.factories.policies import a_policy
from tests.factories.purposes import FOR_OLD_PEOPLE, given, repurposed, rice_for_old_people
from tests.factories.shop import a_clerk, a_lot, a_member, account_of, findings, level_of, reserved
from tests.factories.stockkeeping import received, sent
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.errors import NotFound, Refusal
from timebank.identity.errors import OwnFamily
from timebank.identity.models import Person
from timebank.shop.allowance import entitlements
from timebank.shop.allowance.errors import LimitReached
from timebank.shop.errors import LotExpired, NothingForPurpose, OutOfStock, PurposeNeedsCoordinator
from timebank.shop.redemption import refunds
from timebank.shop.redemption.refunds import Returned
from timebank.shop.stock import recalls

pytestmark = pytest.mark.rule("R32")


def _refused(kind: type[Refusal], work: Callable[[], Any]) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def test_it_costs_nothing_and_asks_for_no_service(app: Flask) -> None:
    """Where minutes buy services only, and after long service at that, an old man without any gets his rice."""
    site, rice, lot = rice_for_old_people(3)
    a_policy("goods_redemption", False, organisation_id=site.organisation_id)
    a_policy("redeem_min_history_minutes", 600, organisation_id=site.organisation_id)
    done = given(site, a_coordinator(site.organisation_id), a_person(), rice, 2)
    assert (done.redemption.pay_with, done.redemption.total_minutes, done.redemption.transfer_id) == (
        "purpose",
        0,
        None,
    )
    assert level_of(lot).on_hand == 1
    assert findings() == []


def test_only_the_lots_of_that_purpose_are_picked(app: Flask) -> None:
    """First expired first among them; what is for everybody, or for somebody else, stays where it is."""
    site, rice, later = rice_for_old_people(2, days=20)
    sooner = a_lot(rice.id, site.id, 2, expires_at=clock.now() + timedelta(days=10), restricted_purpose=FOR_OLD_PEOPLE)
    others = a_lot(rice.id, site.id, 9, expires_at=clock.now() + timedelta(days=5), restricted_purpose="只给幼儿园")
    ordinary, chief = (
        a_lot(rice.id, site.id, 9, expires_at=clock.now() + timedelta(days=1)),
        a_coordinator(site.organisation_id),
    )
    given(site, chief, a_person(), rice, 3)
    assert [level_of(one).on_hand for one in (sooner, later, others, ordinary)] == [0, 1, 9, 9]
    short = _refused(OutOfStock, lambda: given(site, chief, a_person(), rice, 2))
    assert short.context["available"] == 1
    _refused(NothingForPurpose, lambda: given(site, chief, a_person(), rice, 1, purpose="只给孕妇"))
    given(site, chief, a_person(), rice, 1, purpose="只给幼儿园")
    assert level_of(others).on_hand == 8
    assert findings() == []


def test_expired_and_recalled_lots_stay(app: Flask) -> None:
    """Nothing of either is handed out, for whatever purpose; both leave by a write-off."""
    site, rice, stale = rice_for_old_people(2, days=1)
    bad, chief = a_lot(rice.id, site.id, 2, restricted_purpose=FOR_OLD_PEOPLE), a_coordinator(site.organisation_id)
    in_unit_of_work(lambda: recalls.recall(actor=chief, lot_id=bad.id, reason="生虫"))
    with clock.at(clock.now() + timedelta(days=2)):
        _refused(NothingForPurpose, lambda: given(site, chief, a_person(), rice, 1))
        assert [level_of(one).on_hand for one in (stale, bad)] == [2, 2]
        assert findings() == []


def test_a_change_of_purpose_ends_it(app: Flask) -> None:
    """With another purpose the lot is for that alone; opened for everybody it takes minutes, and no purpose any more."""
    site, rice, lot = rice_for_old_people(3)
    chief, member = a_coordinator(site.organisation_id), a_member(600)
    repurposed(chief, lot, "只给残疾人")
    _refused(NothingForPurpose, lambda: given(site, chief, a_person(), rice, 1))
    given(site, chief, a_person(), rice, 1, purpose="只给残疾人")
    _refused(OutOfStock, lambda: reserved(member.id, site.id, (rice.id, 1)))
    repurposed(chief, lot, None)
    _refused(NothingForPurpose, lambda: given(site, chief, a_person(), rice, 1, purpose="只给残疾人"))
    reserved(member.id, site.id, (rice.id, 1))
    assert level_of(lot).on_hand == 2
    assert findings() == []


def test_a_purpose_goes_with_a_transfer(app: Flask) -> None:
    """At the other shop it is handed out for the same, by those who answer for that shop."""
    site, rice, lot = rice_for_old_people(3)
    other = a_shop()
    received(sent(site, other, (lot.id, 2)), other)
    given(other, a_coordinator(other.organisation_id), a_person(), rice, 2)
    assert level_of(lot).on_hand == 1
    assert findings() == []


def test_a_clerk_needs_a_coordinators_word(app: Flask) -> None:
    """Without a free quota at this organisation, or after its end or last day, a coordinator hands it out."""
    site, rice, lot = rice_for_old_people(9)
    quotas_of(site)
    clerk, chief, old = a_clerk(site), a_coordinator(site.organisation_id), a_person()

    def asked() -> Any:
        return given(site, clerk, old, rice, 1)

    def elsewhere() -> None:
        far = a_shop()
        quotas_of(far)
        entitled(old.id, far)

    elsewhere()
    assert _refused(PurposeNeedsCoordinator, asked).status == 403
    tomorrow = clock.day_of(clock.now() + timedelta(days=1))
    entitlement = entitled(old.id, site, until_on=tomorrow)
    asked()
    with clock.at(clock.now() + timedelta(days=2)):
        _refused(PurposeNeedsCoordinator, asked)
    with clock.at(clock.now() + timedelta(minutes=2)):
        in_unit_of_work(lambda: entitlements.end(actor=chief, entitlement_id=entitlement.id, reason="迁出"))
        _refused(PurposeNeedsCoordinator, asked)
    assert level_of(lot).on_hand == 8


def test_nobody_gives_to_themselves_their_family_or_at_another_shop(app: Flask) -> None:
    """A coordinator's own code, a relative's, and a relative's who sends a proxy are a colleague's business."""
    site, rice, lot = rice_for_old_people(9)
    chief, son, friend = a_coordinator(site.organisation_id), a_person(), a_person()
    a_relation(chief.person_id, son.id)
    own = in_unit_of_work(lambda: session.get_one(Person, chief.person_id), write=False)
    _refused(OwnFamily, lambda: given(site, chief, own, rice, 1))
    _refused(OwnFamily, lambda: given(site, chief, son, rice, 1))
    _refused(OwnFamily, lambda: given(site, chief, friend, rice, 1, proxy=a_proxy(son, friend)))
    _refused(NotFound, lambda: given(site, a_coordinator(a_shop().organisation_id), friend, rice, 1))
    assert level_of(lot).on_hand == 9


def test_limits_count_and_a_proxy_may_come(app: Flask) -> None:
    """Two pieces are two, whoever fetches them, and whatever the others cost."""
    site, rice, _ = rice_for_old_people(9)
    goods_limited(rice.id, a_limit(2, window="ever"))
    chief, old, daughter = a_coordinator(site.organisation_id), a_person(), a_person()
    done = given(site, chief, daughter, rice, 2, proxy=a_proxy(old, daughter))
    assert done.redemption.person_id == old.id
    with clock.at(clock.now() + timedelta(minutes=1)):
        _refused(LimitReached, lambda: given(site, chief, old, rice, 1))
    assert findings() == []


def test_what_comes_back_is_for_the_purpose_again(app: Flask) -> None:
    """A refund puts it into its lot; the member's minutes are as they were; what has expired does not go back."""
    site, rice, lot = rice_for_old_people(3, days=9)
    chief, member = a_coordinator(site.organisation_id), a_member(600)
    redemption_id = given(site, chief, member, rice, 3).redemption.id

    def back(pieces: int) -> None:
        lines = [Returned(rice.id, pieces, restock=True)]
        in_unit_of_work(
            lambda: refunds.refund(actor=chief, redemption_id=redemption_id, lines=lines, reason="已另有人送")
        )

    with clock.at(clock.now() + timedelta(days=1)):
        back(2)
        assert level_of(lot).on_hand == 2
        _refused(OutOfStock, lambda: reserved(member.id, site.id, (rice.id, 1)))
        given(site, chief, a_person(), rice, 1)
    with clock.at(clock.now() + timedelta(days=10)):
        _refused(LotExpired, lambda: back(1))
        assert findings() == []
    assert account_of(member.id).balance_minutes == 600
