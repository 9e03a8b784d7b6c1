"""What free quotas have given at the shops of an organisation: counted apart from what minutes bought, without names."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from timebank import clock
from timebank.database import session
from timebank.errors import Invalid
from timebank.identity.rules import Actor
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.policies.free_quotas import QuotaUnit
from timebank.shop.allowance.quota_rules import QuotaMoveKind
from timebank.shop.allowance.quota_tables import Entitlement, QuotaLine, QuotaMove
from timebank.shop.models import Redemption, RedemptionLine
from timebank.shop.queries import PIECES_BACK, PIECES_OUT
from timebank.shop.rules import RedemptionState


@dataclass(frozen=True, slots=True)
class Use:
    """What one kind has given: to how many people, how often, how many pieces, how much of the quota."""

    kind: str
    unit: QuotaUnit
    people: int
    redemptions: int
    pieces: int
    amount: int


def use(*, actor: Actor, organisation_id: UUID, since: date, until: date) -> list[Use]:
    """Return what was handed over from ``since`` to ``until`` and has not come back, by kind.

    Raises NotFound outside the actor's scope, Invalid for days in the wrong order.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    if until < since:
        raise Invalid(errors=[{"pointer": "/query/to", "detail": "不能早于起始日。 Must not be before from."}])
    out = func.coalesce(PIECES_OUT, 0) - func.coalesce(PIECES_BACK, 0)
    lines = (
        select(
            Entitlement.kind,
            QuotaMove.unit,
            Entitlement.person_id,
            Redemption.id.label("redemption_id"),
            out.label("pieces"),
            (out * QuotaLine.price).label("amount"),
        )
        .select_from(Redemption)
        .join(QuotaMove, QuotaMove.redemption_id == Redemption.id)
        .join(Entitlement, Entitlement.id == QuotaMove.entitlement_id)
        .join(RedemptionLine, RedemptionLine.redemption_id == Redemption.id)
        .join(
            QuotaLine,
            (QuotaLine.redemption_id == Redemption.id) & (QuotaLine.line_no == RedemptionLine.line_no),
        )
        .where(
            Entitlement.organisation_id == organisation_id,
            QuotaMove.kind.in_([QuotaMoveKind.HOLD, QuotaMoveKind.SPEND]),
            Redemption.state == RedemptionState.HANDED_OVER,
            Redemption.closed_at >= clock.start_of(since),
            Redemption.closed_at < clock.start_of(until + timedelta(days=1)),
        )
        .subquery()
    )
    found = (
        select(
            lines.c.kind,
            lines.c.unit,
            func.count(lines.c.person_id.distinct()),
            func.count(lines.c.redemption_id.distinct()),
            func.sum(lines.c.pieces),
            func.sum(lines.c.amount),
        )
        .where(lines.c.pieces > 0)
        .group_by(lines.c.kind, lines.c.unit)
        .order_by(lines.c.kind, lines.c.unit)
    )
    return [
        Use(kind, QuotaUnit(unit), people, times, int(pieces), int(amount))
        for kind, unit, people, times, pieces, amount in session.execute(found)
    ]
