"""Goods that come back: refunded line by line, or the clerk's own slip undone. Each is a new fact (rule R28).

Minutes return to the wallet that paid, with the age they had; goods return to the lots that they came from, if they
are fit. The redemption itself stays handed over: what was refunded stands beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.database import new_id, session
from timebank.identity.former import goes_on
from timebank.identity.rules import Actor
from timebank.ledger import queries as ledger_queries
from timebank.ledger import refunds as ledger
from timebank.ledger.rules import AccountState
from timebank.policies import service as policies
from timebank.policies.rules import Refunds
from timebank.shop import queries
from timebank.shop.allowance import quotas
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.errors import LotExpired, NotHandedOver, RefundExceedsTaken, RefundsNotAllowed, UndoTooLate
from timebank.shop.models import Redemption
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.redemption.reservations import locked
from timebank.shop.rules import UNDO_WITHIN, Channel, PricedLine, RedemptionState, RefundKind, total_minutes
from timebank.shop.staff import own_shop
from timebank.shop.stock import levels
from timebank.shop.stock.shelf import Shelf

UNDONE = "经办人撤销"
"""The reason of an undo, which needs no other."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Pieces of one goods that come back; ``restock``: they are fit to be handed out again."""

    goods_id: UUID
    quantity: int
    restock: bool = False


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund with the lines that came back, its redemption, and the member's account after it."""

    refund: Refund
    lines: list[PricedLine]
    restocked: Mapping[int, int]
    redemption: Redemption
    account: AccountState


def refund(*, actor: Actor, redemption_id: UUID, lines: Sequence[Returned], reason: str) -> Refunded:
    """Take goods of a redemption back at a shop of the actor's, and give their minutes back.

    Raises NotFound, NotHandedOver, RefundsNotAllowed, RefundExceedsTaken, LotExpired.
    """
    redemption, shop = locked(redemption_id)
    own_shop(actor, shop)
    _refuse_unless_handed_over(redemption)
    now = clock.now()
    policy = policies.resolve(organisation_id=shop.organisation_id, area_path=shop.area_path, at=now)
    if policy.refunds == Refunds.NEVER:
        raise RefundsNotAllowed
    taken = _still_out(queries.lines_of([redemption_id])[redemption_id])
    back, restocked = _named(taken, lines)
    return _written(redemption, back, restocked, kind=RefundKind.REFUND, reason=reason, actor=actor)


def undo(*, actor: Actor, redemption_id: UUID) -> Refunded:
    """Take a whole hand-over or counter sale back, as if it had not been: the clerk's own, within 15 minutes.

    No policy forbids it: it is the correction of a slip. What has expired meanwhile is in its lot again all the same, and
    leaves by a write-off like the rest of it. Raises NotFound, NotHandedOver, UndoTooLate.
    """
    redemption, shop = locked(redemption_id)
    own_shop(actor, shop)
    _refuse_unless_handed_over(redemption)
    late = redemption.closed_at is None or clock.now() - redemption.closed_at > UNDO_WITHIN
    lines = queries.lines_of([redemption_id])[redemption_id]
    if late or redemption.closed_by != actor.person_id or any(line.refunded for line in lines):
        raise UndoTooLate(minutes=int(UNDO_WITHIN.total_seconds()) // 60)
    back = _still_out(lines)
    everything = {line.line_no: line.quantity for line in back}
    return _written(redemption, back, everything, kind=RefundKind.UNDO, reason=UNDONE, actor=actor)


def _refuse_unless_handed_over(redemption: Redemption) -> None:
    if redemption.state != RedemptionState.HANDED_OVER:
        raise NotHandedOver


def _still_out(lines: Sequence[PricedLine]) -> list[PricedLine]:
    """Return the lines of which anything has left and not come back, each with those pieces."""
    return [line.taking(line.still_out) for line in lines if line.still_out]


def _named(taken: Sequence[PricedLine], lines: Sequence[Returned]) -> tuple[list[PricedLine], dict[int, int]]:
    """Return the lines that come back, and by line number how many pieces of them go on the shelf.

    Raises RefundExceedsTaken.
    """
    wanted: dict[UUID, int] = {}
    fit: dict[UUID, int] = {}
    for line in lines:
        wanted[line.goods_id] = wanted.get(line.goods_id, 0) + line.quantity
        fit[line.goods_id] = fit.get(line.goods_id, 0) + (line.quantity if line.restock else 0)
    out = {line.goods_id: line for line in taken}
    for goods_id, quantity in wanted.items():
        left = out[goods_id].quantity if goods_id in out else 0
        if quantity > left:
            raise RefundExceedsTaken(goods_id=goods_id, left=left)
    back = [line.taking(wanted[line.goods_id]) for line in taken if line.goods_id in wanted]
    return back, {line.line_no: fit[line.goods_id] for line in back if fit[line.goods_id]}


def _written(
    redemption: Redemption,
    back: Sequence[PricedLine],
    restocked: Mapping[int, int],
    *,
    kind: RefundKind,
    reason: str,
    actor: Actor,
) -> Refunded:
    """Post the minutes, put the goods back, keep the refund: wallet, then lots, as everywhere."""
    now = clock.now()
    made = Refund(
        id=new_id(),
        redemption_id=redemption.id,
        kind=kind,
        minutes=total_minutes(back),
        reason=reason,
        actor_id=actor.person_id,
        refunded_at=now,
    )
    account = _pay_back(redemption, made)
    by_quota = redemption.pay_with == PayWith.FREE_QUOTA
    if by_quota:
        quotas.lock_of(redemption.id)  # before the lots, like every lock of what pays
    _restock(redemption, restocked, actor.person_id, also_expired=kind is RefundKind.UNDO)
    session.add(made)
    session.flush()
    if by_quota:
        quotas.refund(redemption, back, refund_id=made.id, actor_id=actor.person_id)
    session.execute(
        insert(RefundLine),
        [
            {
                "refund_id": made.id,
                "line_no": line.line_no,
                "quantity": line.quantity,
                "restocked": restocked.get(line.line_no, 0),
            }
            for line in back
        ],
    )
    return Refunded(made, list(back), restocked, redemption, account)


def _pay_back(redemption: Redemption, made: Refund) -> AccountState:
    """Refund what was captured, or paid at once at the counter; what cost nothing posts nothing."""
    paid = redemption.transfer_id
    if paid is not None and redemption.channel != Channel.COUNTER:
        paid = ledger_queries.resolution_of(paid)
    if paid is None or not made.minutes:
        return ledger_queries.account_state(goes_on(redemption.person_id), made.refunded_at)
    return ledger.refund(
        transfer_id=made.id, refunds=paid, minutes=made.minutes, source_id=made.id, actor_id=made.actor_id
    ).account


def _restock(redemption: Redemption, restocked: Mapping[int, int], actor_id: UUID, *, also_expired: bool) -> None:
    """Put pieces back into the lots that they came from, the one that lives longest first.

    Raises LotExpired, unless expired lots take theirs, too.
    """
    if not restocked:
        return
    shelf = Shelf(site_id=redemption.site_id, now=clock.now(), actor_id=actor_id)
    out = levels.pieces_out(redemption.id, list(restocked))
    shelf.open(levels.lots_with([one.lot_id for one in out]))
    takes = {level.lot_id for level in shelf.levels if also_expired or level.good_at(shelf.now)}
    missing = dict(restocked)
    for one in out:
        pieces = min(missing[one.line_no], one.quantity) if one.lot_id in takes else 0
        if pieces:
            shelf.take_back(one.lot_id, pieces, redemption_id=redemption.id, line_no=one.line_no)
            missing[one.line_no] -= pieces
    if any(missing.values()):
        raise LotExpired
    shelf.write()
