"""What is asked about the moves of a shop for its accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select

from timebank import clock
from timebank.database import session
from timebank.organisations.models import Organisation, Site
from timebank.shop.accounts.periods import Period
from timebank.shop.accounts.rules import Amount, Flow
from timebank.shop.models import Goods, Intake, Lot, StockMove
from timebank.shop.rules import MoveKind
from timebank.shop.stockkeeping.transfer_tables import StockTransfer, StockTransferEnd, StockTransferLine

CLOCK_SLACK = timedelta(days=1)
"""A lot's moves carry the time read before its lock, so one may be dated a little after the next: nobody waits a day."""


class Group(StrEnum):
    """What the rows of an account are: categories for the public, goods for the staff."""

    CATEGORY = "category"
    GOODS = "goods"


_NAMES: dict[Group, ColumnElement[str]] = {
    Group.CATEGORY: Goods.category.expression,
    Group.GOODS: Goods.name + "（" + Goods.unit + "）",
}
_FLOWS = {
    MoveKind.INTAKE: Flow.RECEIVED,
    MoveKind.HAND_OVER: Flow.HANDED_OUT,
    MoveKind.RETURN: Flow.HANDED_OUT,
    MoveKind.WRITE_OFF: Flow.WRITTEN_OFF,
    MoveKind.COUNT_DIFFERENCE: Flow.COUNT_DIFFERENCE,
}


@dataclass(frozen=True, slots=True)
class OwnedSite:
    """A site that handles goods, and whose it is."""

    id: UUID
    name: str
    kind: str
    organisation: str


def owned_site(site_id: UUID) -> OwnedSite | None:
    """Return a site with the name of its organisation."""
    found = (
        select(Site.id, Site.name, Site.kind, Organisation.name)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(Site.id == site_id)
    )
    row = session.execute(found).one_or_none()
    return OwnedSite(*row) if row else None


def _flow() -> ColumnElement[str]:
    """Return the flow of a move: a transfer that is a lot's first move has arrived, any other has left or come back."""
    arrived = and_(StockMove.kind == MoveKind.TRANSFER, StockMove.seq == 1)
    whens: list[Any] = [(StockMove.kind == kind, flow.value) for kind, flow in _FLOWS.items()]
    return case((arrived, Flow.TRANSFERRED_IN.value), *whens, else_=Flow.TRANSFERRED_OUT.value)


def flows(site_id: UUID, edges: Sequence[datetime], *, group: Group) -> Sequence[Row[Any]]:
    """Return what moved at a site before the first edge (bucket 0) and between the edges (1, 2, …), summed.

    Only lots that had anything since the first edge are looked at: a quarter costs what happened in it.
    """
    bucket = case(*((StockMove.moved_at < edge, place) for place, edge in enumerate(edges)), else_=len(edges))
    name, flow = _NAMES[group].label("name"), _flow().label("flow")
    value = StockMove.quantity * func.coalesce(Lot.fair_value_fen, 0)
    parts = (name, Intake.source, Intake.donor_kind, flow, bucket.label("bucket"))
    moved = (
        select(*parts, StockMove.quantity, value.label("value"), Lot.fair_value_fen)
        .select_from(Lot)
        .join(StockMove, StockMove.lot_id == Lot.id)
        .join(Goods, Goods.id == Lot.goods_id)
        .join(Intake, Intake.id == Lot.intake_id)
        .where(
            Lot.site_id == site_id,
            Lot.received_at < edges[-1],
            or_(Lot.emptied_at.is_(None), Lot.emptied_at >= edges[0] - CLOCK_SLACK),
            StockMove.moved_at < edges[-1],
            StockMove.quantity != 0,
        )
        .subquery()
    )
    keys = (moved.c.name, moved.c.source, moved.c.donor_kind, moved.c.flow, moved.c.bucket)
    found = select(
        *keys,
        func.sum(moved.c.quantity).label("pieces"),
        func.sum(moved.c.value).label("value_fen"),
        func.sum(case((moved.c.fair_value_fen.is_(None), moved.c.quantity), else_=0)).label("unvalued"),
    ).group_by(*keys)
    return session.execute(cast("Select[Any]", found)).all()


def intakes(site_id: UUID, periods: Sequence[Period]) -> list[dict[tuple[str, str], int]]:
    """Return for each period how many intakes there were, by source and kind of donor."""
    counted = []
    for period in periods:
        found = (
            select(Intake.source, Intake.donor_kind, func.count())
            .where(
                Intake.site_id == site_id,
                Intake.received_on >= clock.day_of(period.start),
                Intake.received_on < clock.day_of(period.end),
            )
            .group_by(Intake.source, Intake.donor_kind)
        )
        counted.append({(source, kind): count for source, kind, count in session.execute(found)})
    return counted


def in_transit(site_id: UUID, at: datetime) -> Amount:
    """Return what a site had sent before an instant, and nobody had received or called back by then."""
    found = (
        select(
            func.coalesce(func.sum(StockTransferLine.quantity), 0),
            func.coalesce(func.sum(StockTransferLine.quantity * func.coalesce(Lot.fair_value_fen, 0)), 0),
            func.coalesce(func.sum(case((Lot.fair_value_fen.is_(None), StockTransferLine.quantity), else_=0)), 0),
        )
        .select_from(StockTransfer)
        .join(StockTransferLine, StockTransferLine.transfer_id == StockTransfer.id)
        .join(Lot, Lot.id == StockTransferLine.lot_id)
        .outerjoin(StockTransferEnd, StockTransferEnd.transfer_id == StockTransfer.id)
        .where(
            StockTransfer.from_site_id == site_id,
            StockTransfer.sent_at < at,
            or_(StockTransferEnd.transfer_id.is_(None), StockTransferEnd.ended_at >= at),
        )
    )
    pieces, value_fen, unvalued = session.execute(found).one()
    return Amount(int(pieces), int(value_fen), int(unvalued))
