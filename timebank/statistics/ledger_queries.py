"""Figures of the ledger, by the day on which they were recorded: redeemed, expired, outstanding."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from timebank.ledger.models import Account, Entry, Transfer
from timebank.ledger.rules import AccountKind, Phase
from timebank.ledger.rules import Kind as TransferKind
from timebank.organisations.models import Area, Site
from timebank.shop.models import Redemption
from timebank.shop.redemption.refund_tables import Refund
from timebank.statistics.calendar import shanghai_day
from timebank.statistics.queries import Facts
from timebank.statistics.rules import Cut, Measure

_MOVED = (int(Phase.SINGLE), int(Phase.CAPTURE))
_SPENT, _RETURNED = int(TransferKind.REDEEM), int(TransferKind.REFUND)


def shop() -> tuple[Facts, dict[str, ColumnElement[Any]]]:
    """Return what was paid for goods and what came back, by the shop that handed them out."""
    moved = (
        select(
            Transfer.kind,
            Transfer.minutes,
            shanghai_day(Transfer.recorded_at).label("day"),
            Site.organisation_id,
            Area.path.label("area_path"),
            Redemption.person_id,
        )
        .join_from(Transfer, Refund, and_(Refund.id == Transfer.source_id, Transfer.kind == _RETURNED), isouter=True)
        .join(Redemption, Redemption.id == func.coalesce(Refund.redemption_id, Transfer.source_id))
        .join(Site, Site.id == Redemption.site_id)
        .join(Area, Area.id == Site.area_id)
        .where(
            or_(and_(Transfer.kind == _SPENT, Transfer.phase.in_(_MOVED)), Transfer.kind == _RETURNED),
        )
        .subquery("moved")
    )
    dimensions = {
        Cut.ORGANISATION: moved.c.organisation_id,
        Cut.AREA: moved.c.area_path,
        Cut.VOLUNTEER: moved.c.person_id,
    }
    measures: dict[str, ColumnElement[Any]] = {
        str(measure): func.sum(case((moved.c.kind == kind, moved.c.minutes), else_=0))
        for measure, kind in ((Measure.REDEEMED_MINUTES, _SPENT), (Measure.REFUNDED_MINUTES, _RETURNED))
    }
    return Facts(source=moved, day=moved.c.day, dimensions=dimensions), measures


def wallets() -> tuple[Facts, dict[str, ColumnElement[Any]]]:
    """Return what expired, and by how much balances changed: added up from the first day on they are the balance."""
    lines = (
        select(
            Entry.minutes,
            shanghai_day(Entry.recorded_at).label("day"),
            Account.owner_id,
            Transfer.kind,
        )
        .join_from(Entry, Account, Account.id == Entry.account_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(Account.kind.in_((int(AccountKind.WALLET), int(AccountKind.POOL))))
        .subquery("lines")
    )
    expired = case((lines.c.kind == int(TransferKind.EXPIRE), -lines.c.minutes), else_=0)
    facts = Facts(source=lines, day=lines.c.day, dimensions={Cut.VOLUNTEER: lines.c.owner_id})
    return facts, {str(Measure.EXPIRED_MINUTES): func.sum(expired), "change": func.sum(lines.c.minutes)}
