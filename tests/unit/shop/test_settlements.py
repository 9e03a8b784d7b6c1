"""Merchants: what they may supply, and the statement of a month."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.identity import a_coordinator, a_staff_member
from tests.factories.merchants import a_delivery, a_merchant
from tests.factories.organisations import THE_BANK, a_shop, an_organisation
from tests.factories.shop import a_clerk, a_lot, a_member, findings, reserved, seen, some_goods
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor, Role
from timebank.records.errors import SecondPersonNeeded
from timebank.shop.intake import intakes
from timebank.shop.intake.intakes import Delivered
from timebank.shop.merchant import merchants, settlements
from timebank.shop.merchant.errors import AgreementNotInForce, MonthNotOver, SettlementConfirmed, SettlementExists
from timebank.shop.merchant.merchants import Agreement
from timebank.shop.merchant.settlements import Settled
from timebank.shop.months import Month
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind, Source

SEPTEMBER, OCTOBER = Month(2030, 9), Month(2030, 10)


@pytest.fixture(autouse=True)
def september(app: Flask) -> Any:
    """It is the second of September 2030, noon in Haining."""
    with clock.at(SEPTEMBER.starts_at + timedelta(days=1, hours=12)):
        yield


def _taken(clerk: Actor, site_id: UUID, goods_id: UUID, pieces: int) -> UUID:
    """Let a new member take pieces."""
    redemption = reserved(a_member(600).id, site_id, (goods_id, pieces)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=redemption.id))
    return redemption.id


def _brought_back(clerk: Actor, redemption_id: UUID, goods_id: UUID, pieces: int, *, restock: bool) -> None:
    back = [refunds.Returned(goods_id, pieces, restock=restock)]
    in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=redemption_id, lines=back, reason="破损"))


def _settled(actor: Actor, merchant_id: UUID, month: Month, at: datetime | None = None) -> Settled:
    with clock.at(at or month.ends_at + timedelta(hours=1)):
        return in_unit_of_work(lambda: settlements.make(actor=actor, merchant_id=merchant_id, month=month))


def _numbers(settled: Settled) -> list[tuple[int, int, int, int, int, int | None]]:
    return [
        (
            line["handed_over"]["pieces"],
            line["refunded"]["pieces"],
            line["corrected"]["pieces"],
            line["pieces"],
            line["minutes"],
            line["value_fen"],
        )
        for line in settled.settlement.content["lines"]
    ]


@pytest.mark.rule("R27")
def test_a_statement_counts_what_left_less_what_came_back(app: Flask) -> None:
    """Only the merchant's pieces, also of a line that came from two lots; a late refund corrects the next month."""
    site, soap = a_shop(), some_goods(price_minutes=30)
    merchant, clerk = a_merchant(site.organisation_id), a_clerk(site)
    a_delivery(merchant, site.id, soap.id, 5, value=500, days=90)
    a_lot(soap.id, site.id, 5)
    first = _taken(clerk, site.id, soap.id, 3)
    _brought_back(clerk, first, soap.id, 1, restock=False)
    second = _taken(clerk, site.id, soap.id, 3)
    coordinator = a_coordinator(site.organisation_id)
    with clock.at(OCTOBER.starts_at + timedelta(days=3)):
        _brought_back(clerk, second, soap.id, 2, restock=False)

    of_september = _settled(coordinator, merchant.id, SEPTEMBER)
    of_october = _settled(coordinator, merchant.id, OCTOBER)

    assert _numbers(of_september) == [(5, 1, 0, 4, 120, 2000)]
    assert _numbers(of_october) == [(0, 0, 1, -1, -30, -500)]
    assert of_september.settlement.content["agreements"] == ["协2030-017"]
    assert not {"rate", "price_fen"} & set(str(of_september.settlement.content))
    assert findings() == []


def test_what_goes_back_on_the_merchants_shelf_is_taken_off(app: Flask) -> None:
    """A piece that was fit again counts as not handed over; goods without a value are told as such."""
    site, soap = a_shop(), some_goods(price_minutes=20)
    merchant, clerk = a_merchant(site.organisation_id), a_clerk(site)
    a_delivery(merchant, site.id, soap.id, 2)
    _brought_back(clerk, _taken(clerk, site.id, soap.id, 2), soap.id, 1, restock=True)
    made = _settled(a_coordinator(site.organisation_id), merchant.id, SEPTEMBER)
    assert _numbers(made) == [(2, 1, 0, 1, 20, None)]
    assert (made.settlement.content["value_fen"], made.settlement.content["lines_without_value"]) == (0, 1)


def test_a_benefit_is_redeemed_at_the_merchants_own_counter(app: Flask) -> None:
    """Hold, code, hand-over by the merchant's clerk, as at any shop; what is elsewhere does not exist for that clerk."""
    host = a_shop()
    merchant = a_merchant(host.organisation_id)
    salon, haircut = a_shop("美发店", organisation_id=merchant.organisation_id), some_goods("理发券", price_minutes=60)
    barber = a_clerk(salon)
    delivered = [Delivered(haircut.id, 10, None, 3000)]
    in_unit_of_work(
        lambda: intakes.take_in(
            actor=barber, site_id=salon.id, source=Source.MERCHANT, donor_kind=DonorKind.FIRM, lines=delivered
        )
    )
    _taken(barber, salon.id, haircut.id, 1)
    made = _settled(a_coordinator(host.organisation_id), merchant.id, SEPTEMBER)
    assert _numbers(made) == [(1, 0, 0, 1, 60, 3000)]

    soap = some_goods()
    a_lot(soap.id, host.id, 1)
    elsewhere = reserved(a_member(600).id, host.id, (soap.id, 1)).redemption
    for forbidden in (
        lambda: hand_over(actor=barber, redemption_id=elsewhere.id),
        lambda: settlements.make(actor=barber, merchant_id=merchant.id, month=SEPTEMBER),
        lambda: settlements.show(actor=barber, merchant_id=merchant.id, settlement_id=made.settlement.id),
        lambda: settlements.confirm(actor=barber, merchant_id=merchant.id, settlement_id=made.settlement.id),
        lambda: merchants.seen_by(barber, merchant.id),
    ):
        with pytest.raises(NotFound):
            in_unit_of_work(forbidden)
    assert findings() == []


@pytest.mark.rule("R35")
def test_another_person_confirms_a_statement_once(app: Flask) -> None:
    """Not who made it; and of a month there is one statement."""
    site = a_shop()
    merchant = a_merchant(site.organisation_id)
    maker, other = a_coordinator(site.organisation_id), a_coordinator(site.organisation_id)
    made = _settled(maker, merchant.id, SEPTEMBER).settlement

    def confirm(actor: Actor) -> Settled:
        return in_unit_of_work(lambda: settlements.confirm(actor=actor, merchant_id=merchant.id, settlement_id=made.id))

    with pytest.raises(SecondPersonNeeded):
        confirm(maker)
    assert confirm(other).confirmation is not None
    with pytest.raises(SettlementConfirmed):
        confirm(other)
    with pytest.raises(SettlementExists):
        _settled(other, merchant.id, SEPTEMBER)
    assert findings() == []


def test_a_month_is_settled_when_it_is_over(app: Flask) -> None:
    """Five minutes after its end, so that nothing of it is under way; and none before the merchant was there."""
    site = a_shop()
    merchant, coordinator = a_merchant(site.organisation_id), a_coordinator(site.organisation_id)
    with pytest.raises(MonthNotOver) as refused:
        _settled(coordinator, merchant.id, SEPTEMBER, at=SEPTEMBER.ends_at + timedelta(minutes=4))
    assert refused.value.context == {"month": "2030-09", "from_local": "2030-10-01 00:05"}
    with pytest.raises(Invalid):
        _settled(coordinator, merchant.id, Month(2030, 8))
    _settled(coordinator, merchant.id, SEPTEMBER, at=SEPTEMBER.ends_at + timedelta(minutes=5))


def test_a_foreign_merchant_does_not_exist(app: Flask) -> None:
    """Neither for the coordinator of another organisation nor with the statement of another merchant."""
    site, other = a_shop(), a_shop()
    merchant, theirs = a_merchant(site.organisation_id), a_merchant(other.organisation_id)
    made = _settled(a_coordinator(site.organisation_id), merchant.id, SEPTEMBER).settlement
    stranger = a_coordinator(other.organisation_id)
    for merchant_id in (merchant.id, theirs.id, new_id()):
        with pytest.raises(NotFound):
            seen(
                lambda merchant_id=merchant_id: settlements.show(
                    actor=stranger, merchant_id=merchant_id, settlement_id=made.id
                )
            )
    with pytest.raises(NotFound):
        _settled(stranger, merchant.id, OCTOBER)


@pytest.mark.parametrize("case", ["no merchant", "unknown", "another host's", "named for a donation", "donated to it"])
def test_a_delivery_names_a_merchant_of_this_shop(app: Flask, case: str) -> None:
    """A merchant's delivery names one that has an agreement with the shop, nothing else names one."""
    site, soap = a_shop(), some_goods()
    mine, theirs = a_merchant(site.organisation_id), a_merchant(a_shop().organisation_id)
    own = a_shop(organisation_id=mine.organisation_id)
    source, site_id, merchant_id = {
        "no merchant": (Source.MERCHANT, site.id, None),
        "unknown": (Source.MERCHANT, site.id, new_id()),
        "another host's": (Source.MERCHANT, site.id, theirs.id),
        "named for a donation": (Source.DONATED, site.id, mine.id),
        "donated to it": (Source.DONATED, own.id, None),
    }[case]
    with pytest.raises(Invalid):
        in_unit_of_work(
            lambda: intakes.take_in(
                actor=THE_BANK,
                site_id=site_id,
                source=source,
                donor_kind=DonorKind.FIRM,
                merchant_id=merchant_id,
                lines=[Delivered(soap.id, 1)],
            )
        )
    assert findings() == []


def test_a_delivery_needs_an_agreement_in_force(app: Flask) -> None:
    """After its last day nothing is taken in until it was renewed; both days belong to it."""
    site, soap = a_shop(), some_goods()
    merchant = a_merchant(site.organisation_id, days=0)
    a_delivery(merchant, site.id, soap.id, 1)
    with clock.at(clock.now() + timedelta(days=1)):
        with pytest.raises(AgreementNotInForce):
            a_delivery(merchant, site.id, soap.id, 1)
        today = clock.day_of(clock.now())
        coordinator = a_coordinator(site.organisation_id)
        renewed = in_unit_of_work(
            lambda: merchants.renew(
                actor=coordinator, merchant_id=merchant.id, agreement=Agreement("协2030-018", today, today)
            )
        )
        assert renewed.number == 2
        a_delivery(merchant, site.id, soap.id, 1)


def test_who_registers_a_merchant_administers_both(app: Flask) -> None:
    """An administrator of another area sees neither; nobody is their own merchant, no agreement ends before it begins."""
    host, firm = an_organisation(), an_organisation()
    stranger = a_staff_member(Role.ADMIN, organisation_id=host.id)
    good = Agreement("协1", date(2030, 9, 1), date(2030, 9, 1))

    def register(actor: Actor, firm_id: UUID, agreement: Agreement) -> Any:
        return in_unit_of_work(
            lambda: merchants.register(
                actor=actor,
                organisation_id=firm_id,
                host_id=host.id,
                agreement=agreement,
                contact=merchants.Contact(),
            )
        )

    with pytest.raises(NotFound):
        register(stranger, firm.id, good)
    with pytest.raises(Invalid):
        register(THE_BANK, host.id, good)
    with pytest.raises(Invalid):
        register(THE_BANK, firm.id, Agreement("协1", date(2030, 9, 2), date(2030, 9, 1)))
    register(THE_BANK, firm.id, good)
