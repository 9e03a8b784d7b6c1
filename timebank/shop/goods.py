"""The verbs of the catalogue: add goods, set a price from an instant on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from timebank import clock
from timebank.database import new_id, retry_on, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.shop.errors import Ean13Invalid, UnknownGoods
from timebank.shop.models import Goods, GoodsPrice
from timebank.shop.rules import is_ean13

retry_on("pk_goods_price")


def add_goods(
    *,
    actor: Actor,
    name: str,
    category: str,
    unit: str,
    price_minutes: int,
    ean13: str | None = None,
    goods_id: UUID | None = None,
) -> Goods:
    """Add goods with their first price, minutes a piece (0 is free). Raises Ean13Invalid, Ean13Taken."""
    if ean13 is not None and not is_ean13(ean13):
        raise Ean13Invalid(errors=[{"pointer": "/ean13", "detail": "校验位不对。 The check digit does not fit."}])
    goods = Goods(
        id=goods_id or new_id(),
        name=name,
        category=category,
        unit=unit,
        ean13=ean13,
        active=True,
        created_at=clock.now(),
    )
    session.add(goods)
    session.flush()
    set_price(actor=actor, goods_id=goods.id, price_minutes=price_minutes)
    return goods


def set_price(*, actor: Actor, goods_id: UUID, price_minutes: int, from_at: datetime | None = None) -> None:
    """Set what a piece costs from ``from_at`` on (default: now); what is held keeps its price. Raises NotFound."""
    if session.get(Goods, goods_id) is None:
        raise NotFound
    last = session.execute(select(func.max(GoodsPrice.number)).where(GoodsPrice.goods_id == goods_id)).scalar() or 0
    session.add(
        GoodsPrice(
            goods_id=goods_id,
            number=last + 1,
            price_minutes=price_minutes,
            from_at=from_at or clock.now(),
            set_by=actor.person_id,
        )
    )
    session.flush()


def refuse_unknown(goods_ids: Sequence[UUID | None], known: Collection[UUID]) -> None:
    """Raise UnknownGoods, pointing at every line whose goods are not among the known ones."""
    errors = [
        {"pointer": f"/lines/{index}", "detail": "没有这种物品。 No such goods."}
        for index, goods_id in enumerate(goods_ids)
        if goods_id not in known
    ]
    if errors:
        raise UnknownGoods(errors=errors)
