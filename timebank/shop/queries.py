"""What is asked about goods, stock, redemptions and receipts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, Uuid, and_, bindparam, func, select

from timebank import clock
from timebank.database import session
from timebank.direct import Direct, as_read
from timebank.identity.former import belongs
from timebank.identity.models import Person
from timebank.organisations.models import Area, Organisation, Site
from timebank.policies.queries import latest_number_subquery
from timebank.shop.allowance.limit_tables import GoodsLimit
from timebank.shop.models import Goods, GoodsPrice, Receipt, Redemption, RedemptionLine, StockMove
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.rules import MoveKind, PricedLine, RedemptionState


@dataclass(frozen=True, slots=True)
class Shop:
    """A site with whose it is and where that is registered: what scope and policy ask for."""

    id: UUID
    name: str
    kind: str
    organisation_id: UUID
    area_path: str


_SHOP = (Site.id, Site.name, Site.kind, Site.organisation_id, Area.path)


def shop(site_id: UUID) -> Shop | None:
    """Return a site, with its organisation and the area path that organisation is registered in."""
    found = (
        select(*_SHOP)
        .select_from(Site)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .join(Area, Organisation.area_id == Area.id)
    )
    row = session.execute(found.where(Site.id == site_id)).one_or_none()
    return Shop(*row) if row else None


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a site: the site if it exists, the person's state if they do, and the newest policy version."""

    shop: Shop | None
    person_state: str | None
    policy_number: int


_VISIT = (
    select(Person.state, latest_number_subquery(), *_SHOP)
    .select_from(Person)
    .outerjoin(Site, Site.id == bindparam("site", type_=Uuid()))
    .outerjoin(Organisation, Organisation.id == Site.organisation_id)
    .outerjoin(Area, Organisation.area_id == Area.id)
    .where(Person.id == bindparam("person", type_=Uuid()))
)


_SEND_VISIT = Direct(_VISIT)


def visit(site_id: UUID, person_id: UUID) -> Visit:
    """Return what must be known before somebody may take anything, in one statement."""
    rows = _SEND_VISIT.send(session.connection(), {"site": site_id, "person": person_id}).rows()
    if not rows:
        return Visit(None, None, 0)
    row = rows[0]
    return Visit(Shop(*row[2:]) if row[2] else None, row[0], row[1])


Instant = ColumnElement[datetime] | datetime
"""A moment, or the parameter of a select that is built once and asked at many moments."""


def price_at(now: Instant) -> ColumnElement[int]:
    """Return the price of ``Goods`` that is in force at ``now``, as a correlated scalar (NULL without one)."""
    return (
        select(GoodsPrice.price_minutes)
        .where(GoodsPrice.goods_id == Goods.id, GoodsPrice.from_at <= now)
        .order_by(GoodsPrice.from_at.desc(), GoodsPrice.number.desc())
        .limit(1)
        .scalar_subquery()
    )


def limits_of_goods() -> ScalarSelect[Any]:
    """Return the limits that are set on ``Goods``, plain, as a correlated scalar (NULL without any)."""
    return (
        select(GoodsLimit.limits)
        .where(GoodsLimit.goods_id == Goods.id)
        .order_by(GoodsLimit.number.desc())
        .limit(1)
        .correlate(Goods)
        .scalar_subquery()
    )


def goods(now: datetime) -> Select[Any]:
    """Select goods with the price in force."""
    found = select(
        Goods.id,
        Goods.name,
        Goods.category,
        Goods.unit,
        Goods.ean13,
        Goods.active,
        Goods.lane,
        Goods.low_stock_below,
        Goods.min_remaining_days,
        Goods.version,
        price_at(now).label("price_minutes"),
    )
    return cast("Select[Any]", found)


def one_goods(goods_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """Return one goods with the price in force, as a list of one or none."""
    return session.execute(goods(now).where(Goods.id == goods_id)).all()


def prices_of(goods_id: UUID) -> Select[Any]:
    """Select every price that goods have had, or will have."""
    return select(GoodsPrice).where(GoodsPrice.goods_id == goods_id)


def price_number(goods_id: UUID) -> int | None:
    """Return the number of the price of goods that is in force."""
    found = prices_of(goods_id).with_only_columns(GoodsPrice.number).where(GoodsPrice.from_at <= clock.now())
    return session.scalar(found.order_by(GoodsPrice.from_at.desc(), GoodsPrice.number.desc()).limit(1))


def redemption(redemption_id: UUID) -> tuple[Redemption, Shop] | None:
    """Return a redemption and its shop, as they stand now (never from memory)."""
    found = (
        select(Redemption, *_SHOP)
        .select_from(Redemption)
        .join(Site, Site.id == Redemption.site_id)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .join(Area, Organisation.area_id == Area.id)
        .where(Redemption.id == redemption_id)
        .execution_options(populate_existing=True)
    )
    row = session.execute(found).one_or_none()
    return (row[0], Shop(*row[1:])) if row else None


def lock_with_lines(redemption_id: UUID) -> tuple[Redemption, Shop, list[PricedLine]] | None:
    """Lock a redemption and return it as it stands now, with its shop and its lines.

    It comes without a session behind it: whoever changes it writes so. A row that was waited for is read again by the
    statement that locks it; its lines never change, and what of them has left is nothing as long as it is held.
    """
    rows = _LOCK_REDEMPTION.send(session.connection(), {"redemption": redemption_id}).rows()
    if not rows:
        return None
    redemption = as_read(Redemption, dict(zip(_REDEMPTION, rows[0], strict=False)))
    of_shop, of_line = len(_REDEMPTION), len(_REDEMPTION) + len(_SHOP)
    return redemption, Shop(*rows[0][of_shop:of_line]), [PricedLine(*row[of_line:]) for row in rows]


_REDEMPTION = tuple(column.key for column in Redemption.__table__.columns)
_LINE = (
    RedemptionLine.line_no,
    RedemptionLine.goods_id,
    Goods.name,
    Goods.unit,
    RedemptionLine.quantity,
    RedemptionLine.price_minutes,
)
_LOCK_REDEMPTION = Direct(
    select(*Redemption.__table__.columns, *_SHOP, *_LINE)
    .select_from(Redemption)
    .join(Site, Site.id == Redemption.site_id)
    .join(Organisation, Organisation.id == Site.organisation_id)
    .join(Area, Organisation.area_id == Area.id)
    .join(RedemptionLine, RedemptionLine.redemption_id == Redemption.id)
    .join(Goods, Goods.id == RedemptionLine.goods_id)
    .where(Redemption.id == bindparam("redemption", type_=Uuid()))
    .order_by(RedemptionLine.line_no)
    .with_for_update(key_share=True, of=Redemption)
)
PIECES_OUT = (
    select(-func.sum(StockMove.quantity))
    .where(
        StockMove.redemption_id == RedemptionLine.redemption_id,
        StockMove.line_no == RedemptionLine.line_no,
        StockMove.kind == MoveKind.HAND_OVER,
    )
    .correlate(RedemptionLine)
    .scalar_subquery()
)
"""How many pieces of a ``RedemptionLine`` were handed over (NULL: none)."""
PIECES_BACK = (
    select(func.sum(RefundLine.quantity))
    .join(Refund, Refund.id == RefundLine.refund_id)
    .where(Refund.redemption_id == RedemptionLine.redemption_id, RefundLine.line_no == RedemptionLine.line_no)
    .correlate(RedemptionLine)
    .scalar_subquery()
)
"""How many pieces of a ``RedemptionLine`` have come back (NULL: none)."""
_SELECT_LINES = (
    select(
        RedemptionLine.redemption_id,
        *_LINE,
        func.coalesce(PIECES_OUT, 0),
        func.coalesce(PIECES_BACK, 0),
    )
    .join(Goods, Goods.id == RedemptionLine.goods_id)
    .where(RedemptionLine.redemption_id.in_(bindparam("redemptions", expanding=True)))
    .order_by(RedemptionLine.redemption_id, RedemptionLine.line_no)
)


def lines_of(redemption_ids: Collection[UUID]) -> dict[UUID, list[PricedLine]]:
    """Return the lines of redemptions, each with the goods' name and how many pieces were handed over and came back."""
    lines: dict[UUID, list[PricedLine]] = {redemption_id: [] for redemption_id in redemption_ids}
    for redemption_id, line in map(_line, session.execute(_SELECT_LINES, {"redemptions": list(redemption_ids)})):
        lines[redemption_id].append(line)
    return lines


def _line(row: Sequence[Any]) -> tuple[UUID, PricedLine]:
    redemption_id, line_no, goods_id, name, unit, quantity, price_minutes, handed_over, refunded = row
    # PostgreSQL sums bigints into numerics.
    line = PricedLine(line_no, goods_id, name, unit, quantity, price_minutes, int(handed_over), int(refunded))
    return redemption_id, line


def redemptions_of(person_id: UUID) -> Select[Redemption]:
    """Select a person's redemptions."""
    return select(Redemption).where(belongs(Redemption.person_id, person_id))


def is_waiting(now: datetime) -> ColumnElement[bool]:
    """Return whether the goods of a ``Redemption`` wait at the shop: held, and not due, whatever they cost."""
    return and_(Redemption.state == RedemptionState.HELD, Redemption.expires_at > now)


def held_for(person_id: UUID, now: datetime, at_sites: ColumnElement[bool]) -> list[Redemption]:
    """Return what is held and not due for a person at the sites that the condition on ``Site`` allows."""
    found = (
        select(Redemption)
        .join(Site, Site.id == Redemption.site_id)
        .where(
            Redemption.person_id == person_id,
            is_waiting(now),
            at_sites,
        )
        .order_by(Redemption.created_at, Redemption.id)
    )
    return list(session.scalars(found))


def by_ref(ref: str, at_sites: ColumnElement[bool]) -> Redemption | None:
    """Return the redemption that a pickup code names, if it is at one of those sites."""
    found = select(Redemption).join(Site, Site.id == Redemption.site_id).where(Redemption.ref == ref, at_sites)
    return session.scalars(found).one_or_none()


def by_pickup_code(digits: str, at_sites: ColumnElement[bool]) -> list[Redemption]:
    """Return at most two redemptions with these digits at those sites, held ones first, then the newest."""
    found = (
        select(Redemption)
        .join(Site, Site.id == Redemption.site_id)
        .where(Redemption.pickup_code == digits, at_sites)
        .order_by((Redemption.state == RedemptionState.HELD).desc(), Redemption.created_at.desc())
        .limit(2)
    )
    return list(session.scalars(found))


def receipt_of(redemption_id: UUID) -> Receipt | None:
    """Return the receipt of a redemption."""
    return session.scalars(select(Receipt).where(Receipt.redemption_id == redemption_id)).one_or_none()


def names(person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names that people show."""
    found = select(Person.id, Person.display_name).where(Person.id.in_(person_ids))
    return {row.id: row.display_name for row in session.execute(found)}
