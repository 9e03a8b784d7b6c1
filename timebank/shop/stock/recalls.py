"""Recalling a lot: from that moment on nothing of it is picked, promised pieces stay where they are (rule R34).

What was sent on to other sites is the same food: it is recalled with it, wherever it is now, or when it arrives.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.shop.intake.errors import AlreadyRecalled
from timebank.shop.models import Goods, Lot
from timebank.shop.staff import own_shop
from timebank.shop.stock import levels, lot_queries, traces
from timebank.shop.stock.lot_queries import Promised
from timebank.shop.stock.lot_tables import LotRecall


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recalled lot with all that it was sent from and to: what is left, who has been promised pieces, who has some."""

    recall: LotRecall
    lots: list[Lot]
    on_hand: int
    held: list[Promised]
    people: int


def locked_lot(actor: Actor, lot_id: UUID) -> Lot:
    """Lock a lot at a site of the actor's. Raises NotFound."""
    found = lot_queries.shop_of_lot(lot_id)
    if found is None:
        raise NotFound
    own_shop(actor, found)
    return session.scalars(
        select(Lot).where(Lot.id == lot_id).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one()


def recall(*, actor: Actor, lot_id: UUID, reason: str) -> Recalled:
    """Recall a lot, for good: what is left of it leaves by a write-off, and whoever has some of it is told, once.

    Raises NotFound, AlreadyRecalled.
    """
    found = lot_queries.shop_of_lot(lot_id)
    if found is None:
        raise NotFound
    own_shop(actor, found)
    lots = _locked_family(lot_id)
    now = clock.now()
    if any(one.id == lot_id and one.recalled_at is not None for one in lots):
        raise AlreadyRecalled
    held = levels.held_by([one.id for one in lots], now)
    for one in lots:
        if one.recalled_at is None:
            one.recalled_at = now
            session.add(_fact(one, seq=held[one.id].seq, reason=reason, by=actor.person_id, at=now))
    session.flush()
    ids = [one.id for one in lots]
    _tell(lots[0].goods_id, ids, now)
    return Recalled(
        recall=session.get_one(LotRecall, lot_id),
        lots=lots,
        on_hand=sum(level.on_hand for level in held.values()),
        held=lot_queries.promised(ids, now),
        people=lot_queries.people_served(ids),
    )


def _tell(goods_id: UUID, lot_ids: Collection[UUID], now: datetime) -> None:
    """Tell whoever has pieces at home which goods are meant, and what to do; why is for the staff to explain."""
    people = lot_queries.who_has(lot_ids)
    if not people:
        return
    goods = session.get_one(Goods, goods_id).name
    recalled_on = clock.day_of(now).isoformat()
    notifications.tell_many(
        News(
            person_id=person_id,
            topic=Topic.GOODS_RECALLED,
            facts={"goods": goods, "shop": shop, "recalled_on": recalled_on},
            about=f"recall {min(lot_ids)}",
            at=now,
        )
        for person_id, shop in sorted(people.items())
    )


def _locked_family(lot_id: UUID) -> list[Lot]:
    """Lock every lot of the same goods; whoever receives some of it meanwhile is waited for, and that is locked as well."""
    family: dict[UUID, Lot] = {}
    while missing := set(traces.family_of(lot_id)) - set(family):
        family |= {lot.id: lot for lot in _locked(missing)}
    return list(family.values())


def _locked(lot_ids: Collection[UUID]) -> list[Lot]:
    locking = select(Lot).where(Lot.id.in_(lot_ids)).order_by(Lot.id).with_for_update(key_share=True)
    return list(session.scalars(locking.execution_options(populate_existing=True)))


def _fact(lot: Lot, *, seq: int, reason: str, by: UUID, at: datetime) -> LotRecall:
    return LotRecall(lot_id=lot.id, seq=seq, reason=reason, recalled_by=by, recalled_at=at)


def follow(old: Lot, new: Lot, *, seq: int) -> None:
    """Let a recall follow goods that were on their way when it was made; ``seq`` is their last move here."""
    made = session.get(LotRecall, old.id)
    if made is not None:
        session.add(_fact(new, seq=seq, reason=made.reason, by=made.recalled_by, at=made.recalled_at))
