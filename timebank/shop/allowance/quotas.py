"""Free quotas at work: held, handed over, released and refunded with a redemption, never beside minutes (rule R30).

Every period of an entitlement has a chain of moves, written under the entitlement's lock. As on a shelf, the first
thing that new moves bring along are the releases of what is due: a sweep that never ran changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import aliased

from timebank import clock
from timebank.database import NIL, session
from timebank.ledger.errors import HoldExpired
from timebank.policies.free_quotas import FreeQuota, QuotaUnit
from timebank.policies.rules import Policy
from timebank.shop.allowance.errors import FreeQuotaRefundTooLarge, FreeQuotaSpent, NoFreeQuota
from timebank.shop.allowance.quota_rules import TAKES, QuotaMoveKind
from timebank.shop.allowance.quota_tables import Entitlement, QuotaLine, QuotaMove
from timebank.shop.models import Redemption
from timebank.shop.rules import PricedLine, RedemptionState


class Purse:
    """One period of one entitlement, locked, and the moves on it that are still to be written."""

    def __init__(
        self, entitlement_id: UUID, period_on: date, *, now: datetime, opening: FreeQuota | None = None
    ) -> None:
        """Read what is left, after noting what is due; ``opening`` is what a period begins with that has no move yet."""
        self.entitlement_id = entitlement_id
        self.period_on = period_on
        self._now = now
        self._rows: list[dict[str, Any]] = []
        last = last_move(entitlement_id, period_on)
        self._seq = last.seq if last else 0
        self.left = last.balance_after if last else 0
        self._held = last.held_after if last else 0
        self._unit = QuotaUnit(last.unit) if last else opening.unit if opening else QuotaUnit.POINTS
        if last is None and opening is not None:
            self.note(QuotaMoveKind.OPEN, amount=opening.size, actor_id=NIL)
        for hold in session.scalars(due_holds(entitlement_id, period_on, now)) if self._held else ():
            self.resolve(hold, QuotaMoveKind.RELEASE, actor_id=NIL)

    @property
    def unit(self) -> QuotaUnit:
        """What this period is counted in."""
        return self._unit

    def resolve(self, hold: QuotaMove, kind: QuotaMoveKind, *, actor_id: UUID, cost: int = 0) -> None:
        """Note that a hold has ended: ``cost`` of it is taken, the rest comes back."""
        self.note(
            kind,
            amount=hold.held - cost,
            held=-hold.held,
            redemption_id=hold.redemption_id,
            resolves=hold.seq,
            actor_id=actor_id,
        )

    def note(
        self,
        kind: QuotaMoveKind,
        *,
        amount: int,
        actor_id: UUID,
        held: int = 0,
        redemption_id: UUID | None = None,
        refund_id: UUID | None = None,
        resolves: int | None = None,
    ) -> None:
        """Note one move."""
        self._seq += 1
        self.left += amount
        self._held += held
        self._rows.append(
            {
                "entitlement_id": self.entitlement_id,
                "period_on": self.period_on,
                "seq": self._seq,
                "kind": kind,
                "unit": self._unit,
                "amount": amount,
                "held": held,
                "balance_after": self.left,
                "held_after": self._held,
                "redemption_id": redemption_id,
                "refund_id": refund_id,
                "resolves": resolves,
                "actor_id": actor_id,
                "moved_at": self._now,
            }
        )

    def write(self) -> int:
        """Write what was noted, in one statement; return how many moves."""
        written = len(self._rows)
        if self._rows:
            session.execute(insert(QuotaMove), self._rows)
        self._rows = []
        return written


class Claim:
    """What a redemption that is about to be made takes of somebody's quota."""

    def __init__(self, purse: Purse, prices: Mapping[int, int], cost: int) -> None:
        """Keep what each line costs a piece, and all of them together."""
        self._purse, self._prices, self._cost = purse, prices, cost

    def keep(self, redemption: Redemption, *, actor_id: UUID) -> None:
        """Write the moves and prices of a redemption that has just been inserted."""
        held = redemption.state == RedemptionState.HELD
        self._purse.note(
            QuotaMoveKind.HOLD if held else QuotaMoveKind.SPEND,
            amount=-self._cost,
            held=self._cost if held else 0,
            redemption_id=redemption.id,
            actor_id=actor_id,
        )
        self._purse.write()
        rows = [
            {"redemption_id": redemption.id, "line_no": line_no, "price": price}
            for line_no, price in self._prices.items()
        ]
        session.execute(insert(QuotaLine), rows)


def claim(*, person_id: UUID, organisation_id: UUID, policy: Policy, lines: Sequence[PricedLine]) -> Claim | None:
    """Lock somebody's quota at an organisation and see that ``lines`` fit into it; None if they cost nothing of it.

    Raises NoFreeQuota, FreeQuotaSpent.
    """
    entitlement = session.scalars(
        _live(person_id, organisation_id).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one_or_none()
    now = clock.now()
    today = clock.day_of(now)
    quota = quota_of(entitlement, policy, today)
    if entitlement is None or quota is None:
        raise NoFreeQuota
    period_on = quota.period_on(today)
    chain_id = chain_of(entitlement, period_on)
    if chain_id != entitlement.id:
        lock([chain_id])
    purse = Purse(chain_id, period_on, now=now, opening=quota)
    prices = {line.line_no: line.price_minutes if purse.unit is QuotaUnit.POINTS else 1 for line in lines}
    cost = sum(line.quantity * prices[line.line_no] for line in lines)
    if cost > purse.left:
        raise FreeQuotaSpent(
            needed=cost, left=purse.left, unit=purse.unit, renews_on=quota.renews_on(today).isoformat()
        )
    return Claim(purse, prices, cost) if cost else None


def is_entitled(*, person_id: UUID, organisation_id: UUID, policy: Policy) -> bool:
    """Whether somebody has a free quota at an organisation today, however much of it is left."""
    entitlement = session.scalars(_live(person_id, organisation_id)).one_or_none()
    return quota_of(entitlement, policy, clock.day_of(clock.now())) is not None


def _live(person_id: UUID, organisation_id: UUID) -> Select[Entitlement]:
    return select(Entitlement).where(
        Entitlement.person_id == person_id,
        Entitlement.organisation_id == organisation_id,
        Entitlement.ended_at.is_(None),
    )


def chain_of(entitlement: Entitlement, period_on: date) -> UUID:
    """Return the entitlement whose moves a period goes on with: one that was ended and granted again begins nothing anew.

    What was used of the same kind at the same organisation counts, and what is held or refunded comes back to it.
    """
    before = (
        select(Entitlement.id)
        .join(QuotaMove, QuotaMove.entitlement_id == Entitlement.id)
        .where(
            Entitlement.person_id == entitlement.person_id,
            Entitlement.organisation_id == entitlement.organisation_id,
            Entitlement.kind == entitlement.kind,
            QuotaMove.period_on == period_on,
            QuotaMove.seq == 1,
        )
        .order_by(Entitlement.granted_at.desc(), Entitlement.id.desc())
        .limit(1)
    )
    return session.scalar(before) or entitlement.id


def quota_of(entitlement: Entitlement | None, policy: Policy, today: date) -> FreeQuota | None:
    """Return what an entitlement gives by a policy today; None if it has ended or the policy has no such kind."""
    if entitlement is None or entitlement.ended_at is not None:
        return None
    if entitlement.until_on is not None and entitlement.until_on < today:
        return None
    return next((quota for quota in policy.free_quota if quota.kind == entitlement.kind), None)


def release(redemption: Redemption, *, now: datetime, actor_id: UUID) -> None:
    """Give back what is held for a redemption, not due at ``now``. Raises HoldExpired if that has been written already."""
    purse, hold = _opened(redemption.id, now)
    _refuse_resolved(hold)
    purse.resolve(hold, QuotaMoveKind.RELEASE, actor_id=actor_id)
    purse.write()


def capture(redemption: Redemption, taken: Sequence[PricedLine], *, now: datetime, actor_id: UUID) -> None:
    """Take what the pieces cost that are handed over at ``now``, and give the rest back. Raises HoldExpired."""
    purse, hold = _opened(redemption.id, now)
    _refuse_resolved(hold)
    purse.resolve(hold, QuotaMoveKind.CAPTURE, actor_id=actor_id, cost=_cost(redemption.id, taken))
    purse.write()


def stay(redemption: Redemption, *, now: datetime) -> None:
    """See that what is held for a redemption is still held at ``now``; the lock stays. Raises HoldExpired."""
    purse, hold = _opened(redemption.id, now)
    _refuse_resolved(hold)
    purse.write()


def refund(redemption: Redemption, back: Sequence[PricedLine], *, refund_id: UUID, actor_id: UUID) -> None:
    """Give back what the pieces cost that have come back, to the period they were taken in.

    Raises FreeQuotaRefundTooLarge.
    """
    cost = _cost(redemption.id, back)
    purse, _ = _opened(redemption.id, clock.now())
    left = _taken_of(redemption.id)
    if cost > left:
        raise FreeQuotaRefundTooLarge(needed=cost, left=left)
    if cost:
        purse.note(
            QuotaMoveKind.REFUND, amount=cost, redemption_id=redemption.id, refund_id=refund_id, actor_id=actor_id
        )
    purse.write()


def _cost(redemption_id: UUID, lines: Sequence[PricedLine]) -> int:
    found = session.execute(select(QuotaLine.line_no, QuotaLine.price).where(QuotaLine.redemption_id == redemption_id))
    prices = {line_no: price for line_no, price in found}  # noqa: C416 - rows, not pairs, to a type checker
    return sum(line.quantity * prices[line.line_no] for line in lines)


def _opened(redemption_id: UUID, now: datetime) -> tuple[Purse, QuotaMove]:
    """Lock the quota that a redemption was made with, and return it with the move that took it.

    What is due is judged at the instant at which the redemption itself was: waiting for the lock makes nothing due.
    """
    took = lock_of(redemption_id)
    return Purse(took.entitlement_id, took.period_on, now=now), took


def lock_of(redemption_id: UUID) -> QuotaMove:
    """Lock the quota that a redemption was made with; return the move that took it."""
    found = select(QuotaMove).where(QuotaMove.redemption_id == redemption_id, QuotaMove.kind.in_(TAKES))
    took = session.scalars(found).one()
    lock([took.entitlement_id])
    return took


def _refuse_resolved(hold: QuotaMove) -> None:
    """Raise HoldExpired if somebody found the hold due and has written so. After the lock, in a new statement."""
    resolved = select(QuotaMove.seq).where(
        QuotaMove.entitlement_id == hold.entitlement_id,
        QuotaMove.period_on == hold.period_on,
        QuotaMove.resolves == hold.seq,
    )
    if session.scalar(resolved) is not None:
        raise HoldExpired


def _taken_of(redemption_id: UUID) -> int:
    """Return what a redemption has cost of a quota, refunds already taken off."""
    moved = select(func.sum(QuotaMove.amount)).where(QuotaMove.redemption_id == redemption_id)
    return -int(session.scalar(moved) or 0)


def lock(entitlement_ids: Collection[UUID], *, skip: bool = False) -> list[UUID]:
    """Lock entitlements in the order of their ids; with ``skip`` only those that nobody is working on."""
    found = select(Entitlement.id).where(Entitlement.id.in_(entitlement_ids)).order_by(Entitlement.id)
    return list(session.scalars(found.with_for_update(key_share=True, skip_locked=skip)))


def last_move(entitlement_id: UUID, period_on: date) -> QuotaMove | None:
    """Return the last move of a period."""
    found = select(QuotaMove).where(QuotaMove.entitlement_id == entitlement_id, QuotaMove.period_on == period_on)
    return session.scalars(found.order_by(QuotaMove.seq.desc()).limit(1)).one_or_none()


def _all_due_holds(now: datetime) -> Select[QuotaMove]:
    resolution = aliased(QuotaMove)
    resolved = select(1).where(
        resolution.entitlement_id == QuotaMove.entitlement_id,
        resolution.period_on == QuotaMove.period_on,
        resolution.resolves == QuotaMove.seq,
    )
    return (
        select(QuotaMove)
        .join(Redemption, Redemption.id == QuotaMove.redemption_id)
        .where(
            QuotaMove.kind == QuotaMoveKind.HOLD,
            Redemption.state.in_([RedemptionState.HELD, RedemptionState.EXPIRED]),
            Redemption.expires_at <= now,
            ~resolved.correlate(QuotaMove).exists(),
        )
    )


def due_holds(entitlement_id: UUID, period_on: date, now: datetime) -> Select[QuotaMove]:
    """Select the holds of a period that nobody has resolved, and whose redemption is over by time."""
    return (
        _all_due_holds(now)
        .where(QuotaMove.entitlement_id == entitlement_id, QuotaMove.period_on == period_on)
        .order_by(QuotaMove.seq)
    )


def sweep(*, limit: int) -> int:
    """Write the releases of at most ``limit`` due holds or a few more of the same quotas; return how many.

    Readings never depend on it. It passes by quotas that somebody is working on.
    """
    now = clock.now()
    due = list(session.scalars(_all_due_holds(now).order_by(QuotaMove.entitlement_id, QuotaMove.seq).limit(limit)))
    free = lock({hold.entitlement_id for hold in due}, skip=True) if due else []
    periods = sorted({(hold.entitlement_id, hold.period_on) for hold in due if hold.entitlement_id in free})
    return sum(Purse(entitlement_id, period_on, now=now).write() for entitlement_id, period_on in periods)
