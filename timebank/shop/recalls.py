"""Recalling a lot: from that moment on nothing of it is picked, promised pieces stay where they are (rule R34)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.shop import levels, lot_queries
from timebank.shop.intake_errors import AlreadyRecalled
from timebank.shop.lot_queries import Promised
from timebank.shop.lot_tables import LotRecall
from timebank.shop.models import Lot
from timebank.shop.rules import Level
from timebank.shop.staff import own_shop


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recalled lot: what is left of it, who has been promised pieces, and to how many people pieces went."""

    recall: LotRecall
    level: Level
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
    """Recall a lot, for good: what is left of it leaves by a write-off. Raises NotFound, AlreadyRecalled."""
    lot = locked_lot(actor, lot_id)
    if lot.recalled_at is not None:
        raise AlreadyRecalled
    now = clock.now()
    lot.recalled_at = now
    session.flush()
    level = levels.held_by([lot_id], now)[lot_id]
    made = LotRecall(lot_id=lot_id, seq=level.seq, reason=reason, recalled_by=actor.person_id, recalled_at=now)
    session.add(made)
    session.flush()
    return Recalled(made, level, lot_queries.promised(lot_id, now), lot_queries.people_served([lot_id]))
