"""A batch that was sent on to other shops: its recall, its purpose and its donor's eyes follow it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import kept
from tests.factories.calls import Caller, body_of
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import a_shop
from tests.factories.shop import (
    a_clerk,
    a_lot,
    a_member,
    findings,
    reserved,
    seen,
    some_goods,
)
from tests.factories.stockkeeping import received, sent
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.organisations.models import Site
from timebank.shop.errors import OutOfStock
from timebank.shop.intake import donations
from timebank.shop.intake.errors import LotRecalled
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind, Level
from timebank.shop.stock import levels, purposes, recalls
from timebank.shop.stock.lot_tables import Basis, LotRecall
from timebank.shop.stock.traces import family_of
from timebank.shop.stockkeeping import transfers
from timebank.shop.stockkeeping.errors import RecalledNotSent
from timebank.shop.stockkeeping.rules import LotLine

DAY = timedelta(days=1)


def recalled(lot_id: UUID, at: Site) -> recalls.Recalled:
    """Recall a lot, by a clerk of its site."""
    who = a_clerk(at)
    return in_unit_of_work(lambda: recalls.recall(actor=who, lot_id=lot_id, reason="异味"))


def lots_from(lot_id: UUID, *, but: UUID | None = None) -> list[UUID]:
    """Return what a lot has become elsewhere."""
    return [one for one in seen(lambda: family_of(lot_id)) if one not in {lot_id, but}]


def level(lot_id: UUID) -> Level:
    """Return what a lot holds now."""
    return seen(lambda: levels.held_by([lot_id], clock.now()))[lot_id]


@pytest.mark.rule("R34")
def test_a_recall_reaches_every_shop_that_the_batch_was_sent_to(app: Flask) -> None:
    """Whichever of its lots is named: promised pieces stay, nothing is picked, and the answer names places and promises."""
    first, second, third = a_shop(), a_shop(), a_shop()
    goods = some_goods(price_minutes=10)
    lot = a_lot(goods.id, first.id, 10)
    received(sent(first, second, (lot.id, 6)), second)
    (at_second,) = lots_from(lot.id)
    received(sent(second, third, (at_second, 2)), third)
    (at_third,) = lots_from(lot.id, but=at_second)
    held = reserved(a_member().id, first.id, (goods.id, 1)).redemption
    taken = reserved(a_member().id, third.id, (goods.id, 1)).redemption
    there, here = a_clerk(third), a_clerk(first)
    in_unit_of_work(lambda: hand_over(actor=there, redemption_id=taken.id))
    done = recalled(at_second, second)
    assert {one.site_id for one in done.lots} == {first.id, second.id, third.id}
    assert done.on_hand == 9
    assert [(one.redemption_id, one.pieces) for one in done.held] == [(held.id, 1)]
    assert done.people == 1
    with pytest.raises(LotRecalled):
        in_unit_of_work(lambda: hand_over(actor=here, redemption_id=held.id))
    for site in (first, second, third):
        with pytest.raises(OutOfStock):
            reserved(a_member().id, site.id, (goods.id, 1))
    assert level(at_third).recalled
    assert findings() == []


@pytest.mark.rule("R34")
def test_what_is_on_the_way_arrives_recalled(app: Flask) -> None:
    """A recall while goods travel holds where they arrive; what comes back to its sender is recalled as well."""
    first, second = a_shop(), a_shop()
    goods = some_goods(price_minutes=10)
    lot = a_lot(goods.id, first.id, 10)
    on_the_way, called_back = sent(first, second, (lot.id, 3)), sent(first, second, (lot.id, 2))
    recalled(lot.id, first)
    received(on_the_way, second)
    clerk = a_clerk(first)
    in_unit_of_work(lambda: transfers.cancel(actor=clerk, transfer_id=called_back.id))
    (arrived,) = lots_from(lot.id)
    assert level(arrived).recalled
    assert level(lot.id).on_hand == 7
    assert len(seen(lambda: session.scalars(select(LotRecall)).all())) == 2
    for site in (first, second):
        with pytest.raises(OutOfStock):
            reserved(a_member().id, site.id, (goods.id, 1))
    assert findings() == []


@pytest.mark.rule("R34")
def test_a_recalled_lot_is_not_sent_on(app: Flask) -> None:
    """It stays until it is written off."""
    site = a_shop()
    lot = a_lot(some_goods().id, site.id, 5)
    recalled(lot.id, site)
    with pytest.raises(RecalledNotSent):
        sent(site, a_shop(), (lot.id, 1))
    assert findings() == []


@pytest.mark.rule("R32")
def test_a_purpose_is_kept_at_another_shop(app: Flask) -> None:
    """Nobody reserves it there either; a notice that was on its way takes effect there on the same day, and not before."""
    first, second = a_shop(), a_shop()
    goods = some_goods(price_minutes=10)
    lot = a_lot(goods.id, first.id, 5, restricted_purpose="只给独居老人")
    keeper = a_coordinator(first.organisation_id)
    start = clock.now()
    with clock.at(start):
        in_unit_of_work(
            lambda: purposes.change_purpose(
                actor=keeper, lot_id=lot.id, purpose=None, basis=Basis.NOTICE, note="公示栏"
            )
        )
        received(sent(first, second, (lot.id, 2)), second)
    (arrived,) = lots_from(lot.id)
    assert [one.note for one in seen(lambda: purposes.changes_of([arrived]))[arrived]] == ["公示栏"]
    with clock.at(start + 60 * DAY - timedelta(seconds=1)), pytest.raises(OutOfStock):
        reserved(a_member().id, second.id, (goods.id, 1))
    with clock.at(start + 60 * DAY):
        reserved(a_member().id, second.id, (goods.id, 1))
    assert findings() == []


@pytest.mark.rule("R31")
def test_a_donor_sees_what_was_sent_on(client: FlaskClient) -> None:
    """On the way, missing on arrival, on another shelf, handed out there: all of it is told, and adds up."""
    first, second, goods = a_shop(), a_shop(), some_goods(price_minutes=0)
    giver, clerk = a_person(), a_clerk(first)
    line = donations.Offered("被子", 10, goods.id)
    offer = kept(
        lambda: donations.offer(donor_id=giver.id, site_id=first.id, donor_kind=DonorKind.ANONYMOUS, lines=[line])
    )
    accepted: Any = in_unit_of_work(
        lambda: donations.accept(actor=clerk, donation_id=offer.id, lines=[donations.Accepted(1, 10)])
    )
    lot = accepted[2][0][0]
    arriving = sent(first, second, (lot.id, 4))
    at_second = a_clerk(second)
    in_unit_of_work(
        lambda: transfers.receive(
            actor=at_second, transfer_id=arriving.id, lines=[LotLine(lot.id, 3)], reason="途中遗失一件"
        )
    )
    sent(first, second, (lot.id, 1))
    held = reserved(a_member().id, second.id, (goods.id, 1)).redemption
    in_unit_of_work(lambda: hand_over(actor=at_second, redemption_id=held.id))
    shown = body_of(Caller(client, giver).get(f"/me/donations/{offer.id}"))
    told = {"accepted": 10, "on_hand": 7, "handed_out": 1, "written_off": 0, "missing": 1, "in_transit": 1}
    assert shown["became"] == [{"line_no": 1, "name": "被子"} | told]
    assert shown["people"] == 1
