"""Merchants under an agreement, and what they deliver."""

from datetime import date, timedelta
from uuid import UUID

from tests.factories import kept
from tests.factories.organisations import THE_BANK, an_organisation
from timebank import clock
from timebank.shop.intake import intakes
from timebank.shop.intake.intakes import Delivered
from timebank.shop.merchant import merchants
from timebank.shop.merchant.merchants import Agreement, Contact
from timebank.shop.merchant.tables import Merchant
from timebank.shop.models import Lot
from timebank.shop.rules import DonorKind, Source


def a_merchant(
    host_id: UUID, *, organisation_id: UUID | None = None, first_day: date | None = None, days: int = 365
) -> Merchant:
    """Register an organisation, a new one if none is given, as a merchant of a host, from today on."""
    first = first_day or clock.day_of(clock.now())
    firm_id = organisation_id or an_organisation().id
    return kept(
        lambda: merchants.register(
            actor=THE_BANK,
            organisation_id=firm_id,
            host_id=host_id,
            agreement=Agreement("协2030-017", first, first + timedelta(days=days)),
            contact=Contact("周老板", "13800000000"),
        )[0]
    )


def a_delivery(
    merchant: Merchant,
    site_id: UUID,
    goods_id: UUID,
    quantity: int,
    *,
    value: int | None = None,
    days: int | None = None,
) -> Lot:
    """Take goods of a merchant in: ``value`` fen a piece, good for some days."""
    expires_at = clock.now() + timedelta(days=days) if days else None
    return kept(
        lambda: intakes.take_in(
            actor=THE_BANK,
            site_id=site_id,
            source=Source.MERCHANT,
            donor_kind=DonorKind.FIRM,
            merchant_id=merchant.id,
            lines=[Delivered(goods_id, quantity, expires_at, value)],
        )[1][0]
    )
