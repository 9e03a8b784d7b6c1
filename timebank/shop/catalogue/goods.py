"""The verbs of the catalogue: add goods, change them, set a price from an instant on."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.files import service as files
from timebank.files.rules import PICTURES
from timebank.identity.rules import Actor
from timebank.shop.catalogue import barcodes as packs
from timebank.shop.intake.errors import SameDayIsFree
from timebank.shop.models import Goods, GoodsPrice
from timebank.shop.queries import price_at
from timebank.shop.rules import Lane
from timebank.web.errors import PreconditionFailed

PICTURED = "goods"

retry_on("pk_goods_price")


@files.owner(PICTURED, takes=PICTURES)
def _everybody(_actor: Actor, _goods_id: UUID) -> bool:
    """Let whoever is signed in see what the shops offer."""
    return True


def add_goods(
    *,
    actor: Actor,
    name: str,
    category: str,
    unit: str,
    price_minutes: int,
    ean13: str | None = None,
    lane: Lane = Lane.SHELF,
    low_stock_below: int | None = None,
    min_remaining_days: int | None = None,
    barcodes: Mapping[str, int] | None = None,
    pictures: Sequence[UUID] = (),
    goods_id: UUID | None = None,
) -> Goods:
    """Add goods with their first price, minutes a piece (0 is free; food of the day always is, rule R34).

    ``barcodes`` are those of packs, each with its pieces. Raises Invalid, Ean13Invalid, Ean13Taken, SameDayIsFree, UnknownFile, FileTypeRefused.
    """
    packs.refuse_bad(ean13, list(barcodes or {}))
    goods = Goods(
        id=goods_id or new_id(),
        name=name,
        category=category,
        unit=unit,
        ean13=ean13,
        active=True,
        created_at=clock.now(),
        lane=lane,
        low_stock_below=low_stock_below,
        min_remaining_days=min_remaining_days,
    )
    session.add(goods)
    session.flush()
    packs.carry(goods, ean13=ean13, packs=barcodes or {})
    set_price(actor=actor, goods_id=goods.id, price_minutes=price_minutes)
    for picture in pictures:
        files.attach(file_id=picture, owner_kind=PICTURED, owner_id=goods.id, actor=actor)
    return goods


def change_goods(
    *,
    actor: Actor,
    goods_id: UUID,
    name: str,
    category: str,
    unit: str,
    active: bool,
    ean13: str | None = None,
    lane: Lane = Lane.SHELF,
    low_stock_below: int | None = None,
    min_remaining_days: int | None = None,
    barcodes: Mapping[str, int] | None = None,
    pictures: Sequence[UUID] | None = None,
    versions: Container[str] | None = None,
) -> Goods:
    """Give goods new values; what is held keeps what it was told, and may be collected when they are no longer active.

    Without ``pictures`` or ``barcodes`` (of packs, each with its pieces) they stay as they are. ``versions`` are the versions
    that the caller has seen (None: whatever it is now). Raises NotFound, PreconditionFailed, Invalid, Ean13Invalid, Ean13Taken, SameDayIsFree, UnknownFile, FileTypeRefused.
    """
    goods = _locked(goods_id)
    if versions is not None and str(goods.version) not in versions:
        raise PreconditionFailed
    packs.refuse_bad(ean13, list(barcodes or {}))
    if lane == Lane.SAME_DAY and _costs_anything(goods_id, clock.now()):
        raise SameDayIsFree
    packs.carry(goods, ean13=ean13, packs=barcodes)
    goods.name = name
    goods.category = category
    goods.unit = unit
    goods.active = active
    goods.ean13 = ean13
    goods.lane = lane
    goods.low_stock_below = low_stock_below
    goods.min_remaining_days = min_remaining_days
    goods.version += 1
    session.flush()
    if pictures is not None:
        files.attach_only(file_ids=pictures, owner_kind=PICTURED, owner_id=goods_id, actor=actor)
    return goods


def set_price(*, actor: Actor, goods_id: UUID, price_minutes: int, from_at: datetime | None = None) -> GoodsPrice:
    """Set what a piece costs from ``from_at`` on (default: now); what is held keeps its price.

    Raises NotFound, SameDayIsFree, and Invalid for an instant that is over: what was asked yesterday stays true.
    """
    goods = _locked(goods_id)
    now = clock.now()
    if from_at is not None and from_at < now:
        raise Invalid(errors=[{"pointer": "/from_at", "detail": "须在将来。 Must be in the future."}])
    if goods.lane == Lane.SAME_DAY and price_minutes:
        raise SameDayIsFree
    last = session.execute(select(func.max(GoodsPrice.number)).where(GoodsPrice.goods_id == goods_id)).scalar() or 0
    price = GoodsPrice(
        goods_id=goods_id,
        number=last + 1,
        price_minutes=price_minutes,
        from_at=from_at or now,
        set_by=actor.person_id,
    )
    session.add(price)
    session.flush()
    return price


def _locked(goods_id: UUID) -> Goods:
    goods = session.get(Goods, goods_id, with_for_update={"key_share": True}, populate_existing=True)
    if goods is None:
        raise NotFound
    return goods


def _costs_anything(goods_id: UUID, now: datetime) -> bool:
    """Whether goods cost minutes now, or will."""
    later = select(1).where(GoodsPrice.goods_id == Goods.id, GoodsPrice.from_at > now, GoodsPrice.price_minutes > 0)
    row = session.execute(select(price_at(now), later.exists()).select_from(Goods).where(Goods.id == goods_id)).one()
    return bool(row[0]) or bool(row[1])
