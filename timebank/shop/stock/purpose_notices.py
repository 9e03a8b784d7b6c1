"""Changes of purpose that the public is told of 60 days before, as anybody may read them (rule R32; 慈善法, 浙江办法 art 18).

No donor is named: whoever gave is a person, a firm or anonymous. Notes are for the staff, for they may name somebody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, select

from timebank.shop.models import Goods, Intake, Lot
from timebank.shop.stock import levels, purposes
from timebank.shop.stock.lot_tables import Basis, PurposeChange


def at_shop(site_id: UUID) -> Select[Any]:
    """Select the changes by public notice of lots at a site, with what they are of and what kind of donor gave it."""
    found = (
        select(
            PurposeChange.lot_id,
            PurposeChange.number,
            PurposeChange.changed_at,
            Lot.received_at,
            Lot.restricted_purpose,
            Goods.name,
            Goods.unit,
            Intake.donor_kind,
        )
        .join(Lot, Lot.id == PurposeChange.lot_id)
        .join(Goods, Goods.id == Lot.goods_id)
        .join(Intake, Intake.id == Lot.intake_id)
        .where(Lot.site_id == site_id, PurposeChange.basis == Basis.NOTICE)
    )
    return cast("Select[Any]", found)


def shown(rows: Sequence[Row[Any]], *, now: datetime) -> list[dict[str, Any]]:
    """Return notices as the public reads them, each with what the goods were for until then and what is left of them."""
    lot_ids = sorted({row.lot_id for row in rows})
    changes = purposes.changes_of(lot_ids) if lot_ids else {}
    held = levels.held_by(lot_ids, now) if lot_ids else {}
    return [_notice(row, changes[row.lot_id], now) | {"on_hand": held[row.lot_id].on_hand} for row in rows]


def _notice(row: Row[Any], changes: Sequence[PurposeChange], now: datetime) -> dict[str, Any]:
    before, change, after = changes[: row.number - 1], changes[row.number - 1], changes[row.number :]
    withdrawn = bool(after) and after[0].changed_at < change.effective_at
    return {
        "lot_id": row.lot_id,
        "goods": row.name,
        "unit": row.unit,
        "donor_kind": row.donor_kind,
        "received_at": row.received_at,
        "purpose_before": purposes.purpose_at(row.restricted_purpose, before, change.changed_at),
        "purpose": change.purpose,
        "announced_at": change.changed_at,
        "effective_at": change.effective_at,
        "state": "withdrawn" if withdrawn else "in_force" if change.effective_at <= now else "announced",
    }
