"""Donors and clerks, recalls and redemptions in the same instant: one of both is first, and nothing is lost."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from tests.concurrency.crowds import all_at_once
from tests.factories import kept
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, seen, some_goods, wishes
from tests.factories.stockkeeping import sent
from timebank.database import session
from timebank.shop.catalogue import goods
from timebank.shop.intake import donations
from timebank.shop.intake.donation_tables import Donation, DonationState
from timebank.shop.models import Intake, Lot
from timebank.shop.redemption import reservations
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind
from timebank.shop.stock import purposes, recalls
from timebank.shop.stock.lot_tables import Basis
from timebank.shop.stockkeeping import transfers


def test_accepting_races_with_taking_back(app: Flask) -> None:
    """Either the goods are in and the offer is accepted, or the donor has it back and nothing came in."""
    site, what, donor = a_shop(), some_goods(), a_person()
    clerk = a_clerk(site)
    line = donations.Offered("棉被", 2, what.id)
    given = [
        kept(
            lambda: donations.offer(
                donor_id=donor.id, site_id=site.id, donor_kind=DonorKind.PERSON, lines=[line], donor_name="甲"
            )
        )
        for _ in range(6)
    ]

    def accepting(one: Donation) -> Callable[[], Any]:
        taken = [donations.Accepted(1, 2)]
        return lambda: donations.accept(actor=clerk, donation_id=one.id, lines=taken)

    def cancelling(one: Donation) -> Callable[[], Any]:
        return lambda: donations.cancel(donor_id=donor.id, donation_id=one.id)

    works = [work(one) for one in given for work in (accepting, cancelling, accepting)]
    outcome = all_at_once(app, works)
    assert outcome == {"done": 6, "DONATION_DECIDED": 12}
    accepted = seen(
        lambda: session.scalars(select(Donation.intake_id).where(Donation.state == DonationState.ACCEPTED)).all()
    )
    assert seen(lambda: {*session.scalars(select(Intake.id))}) == {*accepted}
    assert findings() == []


def test_a_recall_races_with_reservations_and_hand_overs(app: Flask) -> None:
    """What was promised before is named in the answer, what was handed over before is counted, and nothing leaves after."""
    site, what = a_shop(), some_goods(price_minutes=10)
    lot = a_lot(what.id, site.id, 40)
    clerk = a_clerk(site)
    held = [reserved(a_member(60).id, site.id, (what.id, 1)).redemption for _ in range(8)]
    told: list[recalls.Recalled] = []

    def recalling() -> None:
        told[:] = [recalls.recall(actor=clerk, lot_id=lot.id, reason="胀气")]

    def reserving(person_id: Any) -> Callable[[], Any]:
        return lambda: reservations.reserve(person_id=person_id, site_id=site.id, lines=wishes((what.id, 1)))

    def handing(redemption_id: Any) -> Callable[[], Any]:
        return lambda: hand_over(actor=clerk, redemption_id=redemption_id)

    new = [reserving(a_member(60).id) for _ in range(8)]
    outcome = all_at_once(app, [*new[:4], *(handing(one.id) for one in held), recalling, *new[4:]])
    assert outcome["done"] + outcome["LOT_RECALLED"] + outcome["OUT_OF_STOCK"] == 17
    (done,) = told
    level = level_of(lot)
    assert level.recalled
    assert sum(one.pieces for one in done.held) == level.reserved
    assert done.on_hand == level.on_hand == 40 - done.people
    assert all_at_once(app, [recalling] * 3) == {"ALREADY_RECALLED": 3}
    assert findings() == []


def test_a_recall_races_with_goods_that_arrive(app: Flask) -> None:
    """However a recall and the arrival of part of the batch meet, no lot of it is left that anybody could pick from."""
    first, second, what = a_shop(), a_shop(), some_goods(price_minutes=0)
    lot = a_lot(what.id, first.id, 8)
    on_the_way = [sent(first, second, (lot.id, 1)) for _ in range(6)]
    there, here = a_clerk(second), a_clerk(first)

    def arriving(transfer_id: Any) -> Callable[[], Any]:
        return lambda: transfers.receive(actor=there, transfer_id=transfer_id)

    def recalling() -> None:
        recalls.recall(actor=here, lot_id=lot.id, reason="胀气")

    works = [arriving(one.id) for one in on_the_way]
    assert all_at_once(app, [*works[:3], recalling, *works[3:]]) == {"done": 7}
    lots = seen(lambda: session.scalars(select(Lot).where(Lot.goods_id == what.id)).all())
    assert len(lots) == 7
    assert all(level_of(one).recalled for one in lots)
    assert findings() == []


def test_changes_of_purpose_are_numbered_one_after_the_other(app: Flask) -> None:
    """Ten at once are ten facts; the mark of the lot is that of the last."""
    site, what = a_shop(), some_goods()
    lot = a_lot(what.id, site.id, 1, restricted_purpose="给老人")
    keeper = a_coordinator(site.organisation_id)

    def changing(number: int) -> Callable[[], Any]:
        return lambda: purposes.change_purpose(
            actor=keeper, lot_id=lot.id, purpose=f"用途 {number}", basis=Basis.CONSENT, note="来电"
        )

    assert all_at_once(app, [changing(number) for number in range(10)]) == {"done": 10}
    changes = seen(lambda: purposes.changes_of([lot.id]))[lot.id]
    assert [one.number for one in changes] == list(range(1, 11))
    assert findings() == []


def test_prices_and_lanes_race(app: Flask) -> None:
    """Food of the day never ends up with a price, whichever comes first."""
    keeper = a_coordinator(a_shop().organisation_id)
    breads = [some_goods(f"面包{number}", price_minutes=0) for number in range(5)]

    def pricing(one: Any) -> Callable[[], Any]:
        return lambda: goods.set_price(actor=keeper, goods_id=one.id, price_minutes=5)

    def changing(one: Any) -> Callable[[], Any]:
        return lambda: goods.change_goods(
            actor=keeper,
            goods_id=one.id,
            name=one.name,
            category="食品",
            unit="个",
            active=True,
            lane=goods.Lane.SAME_DAY,
        )

    outcome = all_at_once(app, [work(one) for one in breads for work in (pricing, changing)])
    assert outcome == {"done": 5, "SAME_DAY_IS_FREE": 5}
    assert findings() == []
