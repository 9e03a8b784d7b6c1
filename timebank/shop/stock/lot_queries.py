"""What is asked about lots: where they are, to whom pieces are promised, to how many people pieces went."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from timebank.database import session
from timebank.identity.former import who
from timebank.identity.models import Person
from timebank.organisations.models import Organisation, Site
from timebank.shop import queries
from timebank.shop.intake.receipts import IntakeReceipt, ReceiptLine
from timebank.shop.models import Goods, Intake, Lot, Redemption, StockMove
from timebank.shop.queries import Shop
from timebank.shop.rules import MoveKind, receipt_number
from timebank.shop.stock.levels import restricted_at, unresolved
from timebank.shop.stock.lot_tables import LotRecall


@dataclass(frozen=True, slots=True)
class Promised:
    """Pieces of a lot that a held redemption will collect."""

    redemption_id: UUID
    pieces: int
    expires_at: datetime


def shop_of_lot(lot_id: UUID) -> Shop | None:
    """Return the site at which a lot is."""
    site_id = session.scalar(select(Lot.site_id).where(Lot.id == lot_id))
    return queries.shop(site_id) if site_id else None


def promised(lot_ids: Collection[UUID], now: datetime) -> list[Promised]:
    """Return what held redemptions that are not due have been promised of these lots."""
    found = (
        select(Redemption.id, func.sum(StockMove.reserved), Redemption.expires_at)
        .join(StockMove, StockMove.redemption_id == Redemption.id)
        .where(
            StockMove.lot_id.in_(lot_ids),
            StockMove.kind == MoveKind.RESERVE,
            unresolved(StockMove),
            queries.is_waiting(now),
        )
        .group_by(Redemption.id, Redemption.expires_at)
        .order_by(Redemption.expires_at, Redemption.id)
    )
    return [Promised(redemption_id, int(pieces), ends) for redemption_id, pieces, ends in session.execute(found)]


def people_served(lot_ids: Collection[UUID]) -> int:
    """Return how many people have taken anything from these lots and not brought all of it back; nobody is named."""
    return session.execute(select(func.count()).select_from(_who_has(lot_ids).subquery())).scalar_one()


def who_has(lot_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the same people, each with a shop where they took it: to be told, and shown to nobody.

    Whoever has sent a proxy to the counter is meant, not the proxy.
    """
    return {person_id: shop for person_id, shop in session.execute(_who_has(lot_ids))}  # noqa: C416 - rows, not pairs


def _who_has(lot_ids: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    whose = who(Redemption.person_id).label("whose")
    return (
        select(whose, func.min(Site.name))
        .join(StockMove, StockMove.redemption_id == Redemption.id)
        .join(Site, Site.id == Redemption.site_id)
        .where(StockMove.lot_id.in_(lot_ids), StockMove.kind.in_([MoveKind.HAND_OVER, MoveKind.RETURN]))
        .group_by(whose)
        .having(func.sum(StockMove.quantity) < 0)
    )


@dataclass(frozen=True, slots=True)
class LotFilter:
    """Which lots of a site are asked for; ``only`` and ``without`` say whether lots of a kind are the only ones, or none."""

    goods_id: UUID | None = None
    everything: bool = False
    near_expiry_days: int | None = None
    expired: str | None = None
    restricted: str | None = None


def lots_at(site_id: UUID, wanted: LotFilter, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select the lots at a site with the names of their goods and why they were recalled; empty ones if asked for."""
    found = (
        select(Lot, Lot.received_at, Lot.id, Goods.name, Goods.unit, LotRecall.reason)
        .join(Goods, Goods.id == Lot.goods_id)
        .outerjoin(LotRecall, LotRecall.lot_id == Lot.id)
        .where(Lot.site_id == site_id)
    )
    if wanted.goods_id is not None:
        found = found.where(Lot.goods_id == wanted.goods_id)
    if wanted.near_expiry_days is not None:
        found = found.where(Lot.expires_at > now, Lot.expires_at <= now + timedelta(days=wanted.near_expiry_days))
    for asked, condition in (
        (wanted.expired, and_(Lot.expires_at.is_not(None), Lot.expires_at <= now)),
        (wanted.restricted, restricted_at(now)),
    ):
        if asked is not None:
            found = found.where(condition if asked == "only" else ~condition)
    return found if wanted.everything else found.where(Lot.emptied_at.is_(None))


def intakes_at(site_id: UUID) -> Select[Any]:
    """Select the intakes of a site."""
    return select(Intake).where(Intake.site_id == site_id)


def lots_of_intakes(intake_ids: Collection[UUID]) -> dict[UUID, list[tuple[Lot, int]]]:
    """Return the lots of several intakes, each with the pieces that came in; those sent on to other sites are no intake."""
    found = (
        select(Lot, StockMove.quantity)
        .join(StockMove, (StockMove.lot_id == Lot.id) & (StockMove.kind == MoveKind.INTAKE))
        .where(Lot.intake_id.in_(intake_ids))
        .order_by(Lot.id)
    )
    lots: dict[UUID, list[tuple[Lot, int]]] = {intake_id: [] for intake_id in intake_ids}
    for lot, pieces in session.execute(found):
        lots[lot.intake_id].append((lot, pieces))
    return lots


def purpose_given(lot_id: UUID) -> str | None:
    """Return what a lot was given for; None: for everybody."""
    return session.scalar(select(Lot.restricted_purpose).where(Lot.id == lot_id))


def receipt_of_intake(intake_id: UUID) -> tuple[IntakeReceipt, UUID] | None:
    """Return what the receipt of an intake says, and at which site it came in."""
    found = (
        select(Intake, Site.name, Organisation.name, Person.display_name)
        .join(Site, Site.id == Intake.site_id)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .outerjoin(Person, Person.id == Intake.received_by)
        .where(Intake.id == intake_id)
    )
    row = session.execute(found).one_or_none()
    if row is None:
        return None
    intake, shop, organisation, handler = row
    receipt = IntakeReceipt(
        receipt_no=receipt_number(intake.received_on, intake.number),
        shop=shop,
        organisation=organisation,
        source=intake.source,
        donor_kind=intake.donor_kind,
        donor_name=intake.donor_name,
        received_at=intake.received_at,
        handler=handler or "—",
        note=intake.note,
        lines=_receipt_lines(intake_id),
    )
    return receipt, intake.site_id


def _receipt_lines(intake_id: UUID) -> list[ReceiptLine]:
    found = (
        select(
            Goods.name,
            Goods.unit,
            StockMove.quantity,
            Lot.condition,
            Lot.expires_at,
            Lot.fair_value_fen,
            Lot.restricted_purpose,
        )
        .select_from(Lot)
        .join(Goods, Goods.id == Lot.goods_id)
        .join(StockMove, (StockMove.lot_id == Lot.id) & (StockMove.kind == MoveKind.INTAKE))
        .where(Lot.intake_id == intake_id)
        .order_by(Lot.id)
    )
    return [ReceiptLine(*row) for row in session.execute(found)]
