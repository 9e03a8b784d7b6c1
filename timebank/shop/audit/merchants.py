"""Checks of ``timebank shop audit`` over merchants: whose intakes these are, and every statement counted again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from timebank.database import session
from timebank.organisations.models import Site
from timebank.shop.merchant.settlement_queries import figures
from timebank.shop.merchant.settlement_rules import digest
from timebank.shop.merchant.settlements import numbers_of
from timebank.shop.merchant.tables import Merchant, MerchantIntake, MerchantSettlement, SettlementConfirmation
from timebank.shop.models import Intake
from timebank.shop.months import Month
from timebank.shop.rules import Source

_NAMES = ("site", "goods")


def wrong_suppliers(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select intakes that name a merchant and are no delivery of a merchant, or not at a shop that it supplies."""
    return (
        select(MerchantIntake.intake_id)
        .join(Intake, Intake.id == MerchantIntake.intake_id)
        .join(Site, Site.id == Intake.site_id)
        .join(Merchant, Merchant.id == MerchantIntake.merchant_id)
        .where(
            or_(
                Intake.source != Source.MERCHANT,
                Site.organisation_id.not_in([Merchant.host_id, Merchant.organisation_id]),
            )
        )
        .order_by(MerchantIntake.intake_id)
    )


def own_confirmations(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select statements that whoever made them has confirmed (rule R35)."""
    return (
        select(MerchantSettlement.id)
        .join(SettlementConfirmation, SettlementConfirmation.settlement_id == MerchantSettlement.id)
        .where(SettlementConfirmation.confirmed_by == MerchantSettlement.made_by)
        .order_by(MerchantSettlement.id)
    )


def wrong_settlements() -> list[UUID]:
    """Return the statements whose content is not what its hash was made of, or whose numbers the moves do not give."""
    found = session.scalars(select(MerchantSettlement).order_by(MerchantSettlement.id))
    return [one.id for one in found.all() if not (_is_as_frozen(one) and _adds_up(one))]


def _is_as_frozen(settlement: MerchantSettlement) -> bool:
    content = settlement.content
    whose = (str(settlement.merchant_id), settlement.month)
    return (content.get("merchant_id"), content.get("month"), digest(content)) == (*whose, settlement.sha256)


def _adds_up(settlement: MerchantSettlement) -> bool:
    counted = figures(settlement.merchant_id, Month.read(settlement.month))
    wanted = [numbers_of(item, one) for item, one in counted.items()]
    told = [{key: value for key, value in line.items() if key not in _NAMES} for line in settlement.content["lines"]]
    same = len(told) == len(wanted) and all(line in wanted for line in told)
    totals = {key: settlement.content[key] for key in ("pieces", "minutes", "value_fen")}
    return same and totals == {
        "pieces": sum(one.pieces for one in counted.values()),
        "minutes": sum(one.minutes for one in counted.values()),
        "value_fen": sum(line["value_fen"] or 0 for line in wanted),
    }
