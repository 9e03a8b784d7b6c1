"""What is told of a lot beside its moves goes with it to another site: that it is recalled, what it was given for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from timebank.database import Base, session
from timebank.shop.lot_tables import LotRecall, PurposeChange
from timebank.shop.models import Lot


def inherit(arrived: Mapping[UUID, Lot]) -> None:
    """Write for new lots, given by the lots that they came from, the facts behind the marks that were copied.

    The old lots are locked: a recall that comes later finds the new ones (rule R34).
    """
    old = list(arrived)
    recalls = session.scalars(select(LotRecall).where(LotRecall.lot_id.in_(old))).all()
    changes = session.scalars(select(PurposeChange).where(PurposeChange.lot_id.in_(old))).all()
    if recalls:
        rows = [_values(one) | {"lot_id": arrived[one.lot_id].id, "seq": 1} for one in recalls]
        session.execute(insert(LotRecall), rows)
    if changes:
        session.execute(insert(PurposeChange), [_values(one) | {"lot_id": arrived[one.lot_id].id} for one in changes])


def _values(one: Base) -> dict[str, Any]:
    return {column.key: getattr(one, column.key) for column in one.__table__.columns}
