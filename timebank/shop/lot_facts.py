"""What follows goods to another site: a recall and every change of purpose of the lot that they come from.

A lot that arrives is a copy of the one that was sent; the facts behind its marks are copied with it, so that neither a
recall (rule R34) nor a donor's purpose (rule R32) ends at the door of another shop.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from timebank.database import session
from timebank.shop import levels
from timebank.shop.lot_tables import LotRecall, PurposeChange
from timebank.shop.models import Lot


def hold(lot_ids: Collection[UUID]) -> None:
    """Let nobody recall these lots, or change what they are for, before this transaction has ended."""
    session.execute(levels.lots_with(lot_ids).order_by(Lot.id).with_for_update(read=True)).all()


def pass_on(copies: Mapping[UUID, UUID], last_moves: Mapping[UUID, int]) -> None:
    """Give the copies (old lot to new one) the facts of the old ones; ``last_moves`` are the seqs of the new ones."""
    recalls = session.scalars(select(LotRecall).where(LotRecall.lot_id.in_(copies)))
    changes = session.scalars(select(PurposeChange).where(PurposeChange.lot_id.in_(copies)))
    for facts in (list(recalls), list(changes)):
        if facts:
            session.execute(insert(type(facts[0])), [_copied(fact, copies[fact.lot_id], last_moves) for fact in facts])


def _copied(fact: LotRecall | PurposeChange, lot_id: UUID, last_moves: Mapping[UUID, int]) -> dict[str, Any]:
    values = {column.key: getattr(fact, column.key) for column in fact.__table__.columns} | {"lot_id": lot_id}
    return values | {"seq": last_moves[lot_id]} if isinstance(fact, LotRecall) else values
