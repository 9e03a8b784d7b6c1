"""Reserving goods with minutes, giving both back, and what is due: minutes and goods in one transaction.

Locks: the redemption, then the person (and household) whose limits are counted, then the wallet (in the ledger) or the
free quota, then the lots by id. ``now`` for judging what is due is read after the first of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.codes.layouts import utc_text
from timebank.database import NIL, new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.ledger import service as ledger
from timebank.ledger.errors import HoldExpired
from timebank.ledger.rules import AccountState
from timebank.policies import service as policies
from timebank.policies.rules import Policy
from timebank.shop import queries
from timebank.shop.allowance import limits, quotas
from timebank.shop.allowance.allowances import allow
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.errors import AlreadyExtended, AlreadyHandedOver, RedemptionCancelled
from timebank.shop.models import Redemption
from timebank.shop.queries import Shop
from timebank.shop.redemption.baskets import admit, gather, keep_with, new_redemption, refuse_minutes, secure
from timebank.shop.rules import (
    DEFAULT_RESERVATION_HOURS,
    REF_LENGTH,
    Channel,
    Line,
    OpenReserve,
    PricedLine,
    RedemptionState,
    new_pickup_code,
    receipt_number,
    state_at,
)
from timebank.shop.staff import works_at
from timebank.shop.stock import levels
from timebank.shop.stock.shelf import Shelf
from timebank.together import Together

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reserved:
    """A new redemption, its lines with names, and the member's account after it (None: nothing was posted)."""

    redemption: Redemption
    lines: list[PricedLine]
    account: AccountState | None


def reserve(*, person_id: UUID, site_id: UUID, lines: Sequence[Line], pay_with: PayWith = PayWith.MINUTES) -> Reserved:
    """Hold minutes, or a free quota, and goods for a person at a shop until the policy's time is over, or a picked lot's.

    Raises NotFound, NotAShop, PersonNotActive, NotARedemptionDay, UnknownGoods, OutOfStock, ServicesOnly,
    HistoryTooShort, LimitReached, NoFreeQuota, FreeQuotaSpent, InsufficientMinutes.
    """
    admitted = admit(site_id=site_id, person_id=person_id)
    asked = gather(site_id=site_id, lines=lines, now=clock.now())
    if pay_with is PayWith.MINUTES:
        refuse_minutes(admitted.policy, asked, person_id=person_id)
    allowed = allow(admitted, asked, person_id=person_id, pay_with=pay_with)
    basket = allowed.basket
    now = clock.now()
    lots_end = basket.lots_end
    if lots_end is not None and lots_end <= now:  # it has ended while others were waited for
        lots_end = gather(site_id=site_id, lines=lines, now=now).lots_end
    total = basket.total_minutes
    redemption = new_redemption(
        id=new_id(),
        site_id=site_id,
        person_id=person_id,
        channel=Channel.RESERVATION,
        state=RedemptionState.HELD,
        ref=random_reference(REF_LENGTH),
        pickup_code=new_pickup_code(),
        total_minutes=total,
        transfer_id=new_id() if total else None,
        created_at=now,
        expires_at=_end_of_life(admitted.policy, lots_end, now),
        pay_with=allowed.pay_with,
        limited=allowed.limited,
    )
    account = _hold(redemption)
    shelf = Shelf(site_id=site_id, now=clock.now(), actor_id=person_id)
    picks = secure(shelf, basket, good_at=redemption.expires_at - TICK)
    shelf.reserve(picks, redemption_id=redemption.id)
    writes = Together(session.connection())  # whoever else wants these lots waits until the end of this
    keep_with(writes, redemption, basket)
    shelf.write_with(writes)
    writes.send()
    allowed.keep(redemption, actor_id=person_id)
    return Reserved(redemption, basket.lines, account)


def _end_of_life(policy: Policy, lots_end: datetime | None, now: datetime) -> datetime:
    """Return when a reservation ends: it never outlives what was picked, so expired goods are never handed over."""
    end = now + timedelta(hours=policy.reservation_hours or DEFAULT_RESERVATION_HOURS)
    return min(end, lots_end) if lots_end else end


def _hold(redemption: Redemption) -> AccountState | None:
    if redemption.transfer_id is None:
        return None
    return ledger.hold(
        transfer_id=redemption.transfer_id,
        owner_id=redemption.person_id,
        minutes=redemption.total_minutes,
        source_id=redemption.id,
        expires_at=redemption.expires_at,
        actor_id=redemption.person_id,
    ).account


def cancel(*, actor: Actor, redemption_id: UUID) -> tuple[Redemption, AccountState | None]:
    """Give minutes and goods of a held redemption back; its owner may, and the staff of its shop.

    Raises NotFound, AlreadyHandedOver, RedemptionCancelled, HoldExpired.
    """
    redemption, shop = locked(redemption_id)
    if redemption.person_id != actor.person_id and not works_at(actor, shop):
        raise NotFound
    now = clock.now()
    refuse_closed(redemption, now)
    account = None
    if redemption.transfer_id:
        account = ledger.release(
            transfer_id=new_id(),
            hold_id=redemption.transfer_id,
            source_id=redemption.id,
            actor_id=actor.person_id,
        ).account
    if redemption.pay_with == PayWith.FREE_QUOTA:
        quotas.release(redemption, now=now, actor_id=actor.person_id)
    shelf = Shelf(site_id=redemption.site_id, now=now, actor_id=actor.person_id)
    for reserve_move in opened(shelf, redemption_id):
        shelf.release(reserve_move)
    shelf.write()
    redemption.state = RedemptionState.CANCELLED
    redemption.closed_at = now
    redemption.closed_by = actor.person_id
    session.flush()
    return redemption, account


def extend(*, actor: Actor, redemption_id: UUID) -> tuple[Redemption, AccountState | None]:
    """Keep a held redemption for another full time from now on, once; its owner may, and the staff of its shop.

    The minutes are released and held again in one transaction, the pieces stay where they are. It never outlives a
    lot that it was picked from. Raises NotFound, AlreadyHandedOver, RedemptionCancelled, HoldExpired, AlreadyExtended,
    DebtOutstanding.
    """
    redemption, shop = locked(redemption_id)
    if redemption.person_id != actor.person_id and not works_at(actor, shop):
        raise NotFound
    limits.wait(redemption)
    now = clock.now()
    refuse_closed(redemption, now)
    if redemption.extended_at is not None:
        raise AlreadyExtended(expires_local=f"{redemption.expires_at.astimezone(clock.SHANGHAI):%m-%d %H:%M}")
    policy = policies.resolve(organisation_id=shop.organisation_id, area_path=shop.area_path, at=now)
    lots_end = levels.earliest_expiry(redemption_id)
    expires_at = max(redemption.expires_at, _end_of_life(policy, lots_end, now))
    account = None
    if redemption.transfer_id:
        longer = new_id()
        account = ledger.extend(
            transfer_id=longer,
            hold_id=redemption.transfer_id,
            source_id=redemption.id,
            expires_at=expires_at,
            actor_id=actor.person_id,
        ).account
        redemption.transfer_id = longer
    if redemption.pay_with == PayWith.FREE_QUOTA:
        quotas.stay(redemption, now=now)
    shelf = Shelf(site_id=redemption.site_id, now=now, actor_id=actor.person_id)
    opened(shelf, redemption_id)  # whoever found the pieces due a moment ago may have promised them to somebody else
    shelf.write()
    redemption.expires_at, redemption.extended_at = expires_at, now
    session.flush()
    return redemption, account


def locked(redemption_id: UUID) -> tuple[Redemption, Shop]:
    """Lock a redemption, then read it with its shop in a new statement. Raises NotFound."""
    session.execute(select(Redemption.id).where(Redemption.id == redemption_id).with_for_update(key_share=True)).all()
    found = queries.redemption(redemption_id)
    if found is None:
        raise NotFound
    return found


def opened(shelf: Shelf, redemption_id: UUID) -> list[OpenReserve]:
    """Lock the lots of a redemption and return its reservations, recalled ones last.

    Raises HoldExpired if any of them is released.
    """
    reserves, picked = shelf.open_picked(redemption_id)
    if len(reserves) < picked:
        raise HoldExpired
    return sorted(reserves, key=lambda reserve_move: shelf.is_recalled(reserve_move.lot_id))


def refuse_closed(redemption: Redemption, now: datetime) -> None:
    """Raise what has become of a redemption, unless it is still held at ``now``."""
    closed_at = redemption.closed_at
    match state_at(redemption.state, redemption.expires_at, now):
        case RedemptionState.HANDED_OVER:
            receipt = queries.receipt_of(redemption.id)
            raise AlreadyHandedOver(
                handed_over_at=utc_text(closed_at or now),
                receipt_no=receipt_number(receipt.issued_on, receipt.number) if receipt else "",
            )
        case RedemptionState.CANCELLED:
            raise RedemptionCancelled(cancelled_at=utc_text(closed_at or now))
        case RedemptionState.EXPIRED:
            raise HoldExpired(expired_at=utc_text(redemption.expires_at))


def sweep(*, limit: int) -> int:
    """Write the end of at most ``limit`` due redemptions and put their goods back; return how many.

    Readings never depend on it. It leaves the ledger alone, which releases its own holds, and passes by redemptions
    that somebody is working on.
    """
    now = clock.now()
    due = (
        select(Redemption.id)
        .where(Redemption.closed_at.is_(None), Redemption.expires_at <= now)
        .order_by(Redemption.expires_at, Redemption.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    ids = list(session.scalars(due))
    if not ids:
        return 0
    shelf = Shelf(site_id=None, now=now, actor_id=NIL)
    shelf.open(levels.lots_of(ids))
    shelf.write()
    session.execute(
        update(Redemption)
        .where(Redemption.id.in_(ids))
        .values(state=RedemptionState.EXPIRED, closed_at=Redemption.expires_at, closed_by=NIL),
        execution_options={"synchronize_session": False},
    )
    return len(ids)
