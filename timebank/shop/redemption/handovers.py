"""Handing over what was reserved: once, whole or in part; what is not taken goes back with the same capture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, update

from timebank import clock
from timebank.database import new_id, session
from timebank.direct import Direct
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.ledger import queries as ledger_queries
from timebank.ledger import service as ledger
from timebank.ledger.rules import AccountState
from timebank.shop import queries
from timebank.shop.allowance import limits, proxies, quotas
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.errors import LineOverPicked
from timebank.shop.models import Receipt, Redemption
from timebank.shop.queries import Shop
from timebank.shop.redemption import receipts
from timebank.shop.redemption.reservations import opened, refuse_closed
from timebank.shop.rules import Line, PricedLine, RedemptionState, summed, total_minutes
from timebank.shop.staff import own_shop
from timebank.shop.stock.shelf import Shelf
from timebank.together import Together


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A redemption whose goods have left, at which shop, with all its lines and its receipt, and to which proxy, if any."""

    redemption: Redemption
    lines: list[PricedLine]
    receipt: Receipt
    shop: Shop
    proxy: Proxy | None = None


def hand_over(
    *, actor: Actor, redemption_id: UUID, lines: Sequence[Line] | None = None, proxy_id: UUID | None = None
) -> HandedOver:
    """Hand over a held redemption at a shop of the actor's; with ``lines``, only those pieces; with ``proxy_id``, to a proxy.

    Whatever is not taken is released, minutes by the same capture and goods by the same moves; whoever still wants it
    reserves again. Raises NotFound, AlreadyHandedOver, RedemptionCancelled, HoldExpired, LineOverPicked, ProxyNotValid,
    ClerkIsProxy.
    """
    found = queries.lock_with_lines(redemption_id)
    if found is None:
        raise NotFound
    redemption, shop, held = found
    own_shop(actor, shop)
    limits.wait(redemption)
    now = clock.now()
    refuse_closed(redemption, now)
    proxy = None
    if proxy_id is not None:
        proxy = proxies.in_force(proxy_id=proxy_id, person_id=redemption.person_id, actor=actor)
    taken = _taken(held, lines)
    charged = total_minutes(taken)
    account = _pay(redemption, charged, actor.person_id, now)
    if redemption.pay_with == PayWith.FREE_QUOTA:
        quotas.capture(redemption, taken, now=now, actor_id=actor.person_id)
    if proxy is not None:
        proxies.note_collected(redemption_id=redemption_id, proxy=proxy, clerk_id=actor.person_id)
    shelf = _moved(redemption, taken, actor.person_id, now)
    writes = Together(session.connection())
    shelf.write_with(writes)
    _close(writes, redemption, charged, actor.person_id, now)
    receipt = receipts.issue(
        redemption=redemption,
        lines=taken,
        charged_minutes=charged,
        account=account,
        clerk_id=actor.person_id,
        now=now,
        writes=writes,
    )
    pieces = {line.line_no: line.quantity for line in taken}
    return HandedOver(redemption, [line.handing(pieces.get(line.line_no, 0)) for line in held], receipt, shop, proxy)


_CLOSING = Direct(
    update(Redemption)
    .where(Redemption.id == bindparam("redemption"))
    .values(
        state=RedemptionState.HANDED_OVER.value,
        charged_minutes=bindparam("charged"),
        closed_at=bindparam("at"),
        closed_by=bindparam("by"),
    )
)


def _close(writes: Together, redemption: Redemption, charged: int, actor_id: UUID, now: datetime) -> None:
    """Let a redemption say that it was handed over, here and in the database."""
    redemption.state = RedemptionState.HANDED_OVER
    redemption.charged_minutes = charged
    redemption.closed_at = now
    redemption.closed_by = actor_id
    values = {"redemption": redemption.id, "charged": charged, "at": now, "by": actor_id}
    writes.add(_CLOSING, values)


def _taken(held: Sequence[PricedLine], lines: Sequence[Line] | None) -> list[PricedLine]:
    """Return the held lines that are taken, each with the pieces taken. Raises LineOverPicked."""
    if lines is None:
        return [line.taking(line.quantity) for line in held]
    wanted = {line.goods_id: line.quantity for line in summed(lines)}
    reserved = {line.goods_id: line.quantity for line in held}
    if not wanted or any(quantity > reserved.get(goods_id, 0) for goods_id, quantity in wanted.items()):
        raise LineOverPicked
    return [line.taking(wanted[line.goods_id]) for line in held if line.goods_id in wanted]


def _pay(redemption: Redemption, charged: int, actor_id: UUID, now: datetime) -> AccountState:
    """Capture what is charged and release the rest; what costs nothing posts nothing."""
    if redemption.transfer_id is None:
        return ledger_queries.account_state(redemption.person_id, now)
    resolution = {
        "transfer_id": new_id(),
        "hold_id": redemption.transfer_id,
        "source_id": redemption.id,
        "actor_id": actor_id,
    }
    if charged:
        return ledger.capture(**resolution, minutes=charged).account
    return ledger.release(**resolution).account


def _moved(redemption: Redemption, taken: Sequence[PricedLine], actor_id: UUID, now: datetime) -> Shelf:
    """Lock the lots of a redemption, and return them with the moves by which its goods leave or go back."""
    shelf = Shelf(site_id=redemption.site_id, now=now, actor_id=actor_id)
    missing = {line.line_no: line.quantity for line in taken}
    for reserve in opened(shelf, redemption.id):
        pieces = min(missing.get(reserve.line_no, 0), reserve.reserved)
        shelf.hand_over(reserve, pieces)
        missing[reserve.line_no] = missing.get(reserve.line_no, 0) - pieces
    return shelf
