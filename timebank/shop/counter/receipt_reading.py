"""Receipts that are looked at or printed once more, by the shop's staff, its auditors, or the member themself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select

from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.former import goes_on
from timebank.identity.rules import Actor
from timebank.shop import queries
from timebank.shop.allowance.proxy_tables import Collection as Collected
from timebank.shop.models import Receipt, Redemption
from timebank.shop.queries import Shop
from timebank.shop.redemption.refund_tables import Refund
from timebank.shop.staff import readable_shop


@dataclass(frozen=True, slots=True)
class Read:
    """A receipt, whose it is, the shop that issued it, and whether a proxy took the goods away."""

    receipt: Receipt
    person_id: UUID
    shop: Shop
    to_proxy: bool


_TO_PROXY = exists().where(Collected.redemption_id == Receipt.redemption_id).label("to_proxy")


def receipt_for(*, actor: Actor, receipt_id: UUID) -> Read:
    """Return a receipt that the actor may see: their own, or one of a shop that is theirs. Raises NotFound."""
    found = session.execute(
        select(Receipt, Redemption.person_id, _TO_PROXY)
        .join(Redemption, Redemption.id == Receipt.redemption_id)
        .where(Receipt.id == receipt_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    receipt, person_id, to_proxy = found
    shop = queries.shop(receipt.site_id)
    if shop is None:
        raise NotFound
    if goes_on(person_id) != actor.person_id:
        readable_shop(actor, shop)
    return Read(receipt, person_id, shop, to_proxy)


def of_day(*, actor: Actor, site_id: UUID, day: date) -> tuple[Shop, Select[*tuple[Any, ...]]]:
    """Select the receipts of a shop on one day, each with whose it is and whether a proxy came. Raises NotFound."""
    shop = readable_shop(actor, queries.shop(site_id))
    found = (
        select(Receipt, Receipt.number, Redemption.person_id, _TO_PROXY)
        .join(Redemption, Redemption.id == Receipt.redemption_id)
        .where(Receipt.site_id == site_id, Receipt.issued_on == day)
    )
    return shop, found


def came_back(redemption_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many minutes of redemptions came back; those of which nothing did are missing."""
    found = (
        select(Refund.redemption_id, func.sum(Refund.minutes))
        .where(Refund.redemption_id.in_(redemption_ids))
        .group_by(Refund.redemption_id)
    )
    return {redemption_id: int(minutes) for redemption_id, minutes in session.execute(found)}
