"""What redemptions that a free quota pays have taken of it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, func, select

from timebank.database import session
from timebank.policies.free_quotas import QuotaUnit
from timebank.shop.allowance.quota_rules import QuotaMoveKind
from timebank.shop.allowance.quota_tables import QuotaMove
from timebank.shop.allowance.quotas import TAKES


@dataclass(frozen=True, slots=True)
class Paid:
    """What a redemption takes of a free quota, and what it took in the end (None: nothing was handed over)."""

    unit: QuotaUnit
    total: int
    charged: int | None


def paid_for(redemption_ids: Collection[UUID]) -> dict[UUID, Paid]:
    """Return what redemptions that a free quota pays take of it, in one statement."""
    total = func.sum(case((QuotaMove.kind.in_(TAKES), -QuotaMove.amount), else_=0))
    charged = func.sum(
        case(
            (QuotaMove.kind == QuotaMoveKind.CAPTURE, -QuotaMove.held - QuotaMove.amount),
            (QuotaMove.kind == QuotaMoveKind.SPEND, -QuotaMove.amount),
        )
    )
    found = (
        select(QuotaMove.redemption_id, func.min(QuotaMove.unit), total, charged)
        .where(QuotaMove.redemption_id.in_(redemption_ids))
        .group_by(QuotaMove.redemption_id)
    )
    return {
        redemption_id: Paid(QuotaUnit(unit), int(taken), None if end is None else int(end))
        for redemption_id, unit, taken, end in session.execute(found)
        if redemption_id is not None
    }
