"""Limits: how much a person or household may take in a time, of goods, of a category, of a shop or of all (rule R30).

What counts is what is held and not due, and what was handed over and has not come back, at the time it was reserved or
sold. Whoever takes something under a limit locks the person, and for a limit per household the household, counts in a
new statement, and keeps what was counted as a fact. Where there is no limit, nothing of this costs a statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, insert, or_, select

from timebank import clock
from timebank.database import session
from timebank.errors import Invalid, NotFound
from timebank.identity import households
from timebank.identity.former import Former, belongs, who
from timebank.identity.models import HouseholdMember
from timebank.identity.rules import Actor
from timebank.policies import service as policies
from timebank.policies.limits import Limit, Of, Per, Unit, limits, read_limits
from timebank.policies.rules import Policy
from timebank.policies.values import Refused
from timebank.shop.allowance.errors import LimitReached
from timebank.shop.allowance.limit_tables import GoodsLimit, RedemptionLimit
from timebank.shop.errors import UnknownGoods
from timebank.shop.models import Goods, Redemption, RedemptionLine
from timebank.shop.queries import PIECES_BACK, PIECES_OUT
from timebank.shop.redemption.baskets import Basket
from timebank.shop.rules import PricedLine, RedemptionState

_NEVER = "不再重新计算 (never)"
_UNTOUCHED = "目前没有占用 (nothing of it is used)"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a basket takes of one limit; ``goods_id`` or ``category`` says of which goods, if not of all."""

    limit: Limit
    taken: int
    goods_id: UUID | None = None
    category: str | None = None

    def covers(self, taking: "Taking", *, person_id: UUID, site_id: UUID, now: datetime) -> bool:
        """Whether something that was taken before counts under this limit at ``now``."""
        since = self.limit.starts_at(now)
        if since is not None and taking.taken_at < since:
            return False
        if self.limit.per is Per.PERSON and taking.person_id != person_id:
            return False
        match self.limit.of:
            case Of.ITEM:
                return taking.goods_id == self.goods_id
            case Of.CATEGORY:
                return taking.category == self.category
            case Of.SHOP:
                return taking.site_id == site_id
            case _:
                return True


@dataclass(frozen=True, slots=True)
class Taking:
    """Pieces of one goods that somebody has, or has reserved."""

    person_id: UUID
    site_id: UUID
    taken_at: datetime
    goods_id: UUID
    category: str
    pieces: int
    price_minutes: int

    def amount(self, unit: Unit) -> int:
        """Return how much it is, in pieces or minutes."""
        return self.pieces if unit is Unit.PIECES else self.pieces * self.price_minutes


def count(policy: Policy, basket: Basket, *, person_id: UUID, site_id: UUID) -> list[dict[str, Any]]:
    """Count a basket against every limit on it, and return what was counted, to be kept with the redemption.

    The locks stay until the transaction ends. Raises LimitReached.
    """
    claims = list(claims_on(policy.redeem_limits, basket))
    if not claims:
        return []
    household_id = None
    if any(claim.limit.per is Per.HOUSEHOLD for claim in claims):
        household_id = households.locked_with(person_id)
    else:
        households.lock_person(person_id)
    now = clock.now()
    takings = _takings(person_id, household_id, claims, now)
    return [
        _counted(
            claim,
            [one for one in takings if claim.covers(one, person_id=person_id, site_id=site_id, now=now)],
            household_id,
            now,
        )
        for claim in claims
    ]


def claims_on(of_policy: Sequence[Limit], basket: Basket) -> Iterator[Claim]:
    """Yield every limit that a basket comes under, of the policy and of its goods, with what it takes of it."""
    for limit in of_policy:
        for goods_id, category, lines in _parts(limit, basket):
            if taken := _amount(lines, limit.unit):
                yield Claim(limit, taken, goods_id, category)
    for line in basket.lines:
        for limit in limits(basket.goods[line.goods_id].limits or []):
            if taken := _amount([line], limit.unit):
                yield Claim(limit, taken, line.goods_id)


def _parts(limit: Limit, basket: Basket) -> Iterator[tuple[UUID | None, str | None, list[PricedLine]]]:
    """Yield the goods or categories that a limit counts by themselves, each with its lines."""
    if limit.of is Of.ITEM:
        for line in basket.lines:
            if limit.goods_id in {None, line.goods_id}:
                yield line.goods_id, None, [line]
    elif limit.of is Of.CATEGORY:
        by_category: dict[str, list[PricedLine]] = {}
        for line in basket.lines:
            by_category.setdefault(basket.goods[line.goods_id].category, []).append(line)
        for category, lines in by_category.items():
            if limit.category in {None, category}:
                yield None, category, lines
    else:
        yield None, None, basket.lines


def _amount(lines: Sequence[PricedLine], unit: Unit) -> int:
    return sum(line.quantity * (1 if unit is Unit.PIECES else line.price_minutes) for line in lines)


def _counted(claim: Claim, before: Sequence[Taking], household_id: UUID | None, now: datetime) -> dict[str, Any]:
    limit = claim.limit
    used = sum(taking.amount(limit.unit) for taking in before)
    if used + claim.taken > limit.most:
        # What has come back, or costs no minutes where minutes are counted, holds no rolling window open.
        first = min((one.taken_at for one in before if one.amount(limit.unit)), default=None)
        raise _reached(claim, used, limit.resets_at(now, first))
    return {
        "per": limit.per,
        "scope": limit.of,
        "span": limit.span,
        "unit": limit.unit,
        "most": limit.most,
        "goods_id": claim.goods_id,
        "category": claim.category,
        "household_id": household_id if limit.per is Per.HOUSEHOLD else None,
        "from_at": limit.starts_at(now),
        "used": used,
        "taken": claim.taken,
    }


def _reached(claim: Claim, used: int, resets_at: datetime | None) -> LimitReached:
    limit = claim.limit
    local = resets_at.astimezone(clock.SHANGHAI) if resets_at else None
    of = {"goods_id": claim.goods_id} if claim.goods_id else {"category": claim.category} if claim.category else {}
    return LimitReached(
        **limit.plain() | of,
        unit=limit.unit,
        most=limit.most,
        left=max(0, limit.most - used),
        wanted=claim.taken,
        resets_at=local.isoformat() if local else None,
        resets_local=f"{local:%Y-%m-%d %H:%M}" if local else _UNTOUCHED if limit.is_rolling else _NEVER,
        rule=limit.told(),
        rule_en=limit.told_in_english(),
    )


def _takings(person_id: UUID, household_id: UUID | None, claims: Sequence[Claim], now: datetime) -> list[Taking]:
    """Return what counts of what a person, and everybody of their household, has taken; one statement."""
    is_held = Redemption.state == RedemptionState.HELD
    found = (
        select(
            who(Redemption.person_id),
            Redemption.site_id,
            Redemption.created_at,
            RedemptionLine.goods_id,
            RedemptionLine.category,
            case(
                (is_held, RedemptionLine.quantity), else_=func.coalesce(PIECES_OUT, 0) - func.coalesce(PIECES_BACK, 0)
            ),
            RedemptionLine.price_minutes,
        )
        .select_from(Redemption)
        .join(RedemptionLine, RedemptionLine.redemption_id == Redemption.id)
        .where(
            _theirs(person_id, household_id),
            or_(Redemption.state == RedemptionState.HANDED_OVER, and_(is_held, Redemption.expires_at > now)),
        )
    )
    starts = [claim.limit.starts_at(now) for claim in claims]
    if since := min((one for one in starts if one), default=None):
        found = found if None in starts else found.where(Redemption.created_at >= since)
    if all(claim.goods_id for claim in claims):
        found = found.where(RedemptionLine.goods_id.in_({claim.goods_id for claim in claims}))
    # PostgreSQL sums bigints into numerics.
    return [
        Taking(owner_id, site_id, taken_at, goods_id, kind, int(pieces), price)
        for owner_id, site_id, taken_at, goods_id, kind, pieces, price in session.execute(found)
    ]


def _theirs(person_id: UUID, household_id: UUID | None) -> ColumnElement[bool]:
    """Return whose takings count: one's own, of those who are in the household all, of others what they took while in it.

    So nobody begins anew by moving in or out.
    """
    if household_id is None:
        return belongs(Redemption.person_id, person_id)
    in_it = HouseholdMember.household_id == household_id
    members = select(HouseholdMember.person_id).where(in_it)
    merged = select(Former.old_id).where(Former.person_id.in_(members))
    taker = or_(
        HouseholdMember.person_id == Redemption.person_id, HouseholdMember.person_id == who(Redemption.person_id)
    )
    then = and_(HouseholdMember.from_at <= Redemption.created_at, Redemption.created_at < HouseholdMember.until_at)
    return and_(
        or_(Redemption.person_id.in_(members), Redemption.person_id.in_(merged)),
        select(1).where(in_it, taker, or_(HouseholdMember.until_at.is_(None), then)).correlate(Redemption).exists(),
    )


def keep(redemption_id: UUID, counted: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was counted when a redemption was made."""
    if counted:
        rows = [{"redemption_id": redemption_id, "number": number, **one} for number, one in enumerate(counted, 1)]
        session.execute(insert(RedemptionLimit), rows)


def wait(redemption: Redemption) -> None:
    """Wait for whoever counts a limited redemption: they must see it held, or see it gone, and not in between."""
    if redemption.limited:
        households.locked_with(redemption.person_id)


def set_limits(*, actor: Actor, goods_id: UUID, wanted: Sequence[Any]) -> list[dict[str, Any]]:
    """Set the limits of one goods, in the place of those it had; what was taken before counts. Raises NotFound, Invalid."""
    try:
        plain = read_limits([one | {"of": one.get("of", Of.ITEM)} if isinstance(one, dict) else one for one in wanted])
    except Refused as refused:
        raise Invalid(errors=[{"pointer": "/limits", "detail": str(refused)}]) from refused
    if any(one["of"] != Of.ITEM or "goods_id" in one for one in plain):
        detail = "只能限制这种物品本身。 Only the goods themselves can be limited here."
        raise Invalid(errors=[{"pointer": "/limits", "detail": detail}])
    # One after the other: two coordinators at once must not both be the next number.
    if session.get(Goods, goods_id, with_for_update={"key_share": True}) is None:
        raise NotFound
    last = session.scalar(select(func.max(GoodsLimit.number)).where(GoodsLimit.goods_id == goods_id)) or 0
    session.add(
        GoodsLimit(goods_id=goods_id, number=last + 1, limits=plain, set_by=actor.person_id, set_at=clock.now())
    )
    session.flush()
    return plain


def limits_of(goods_id: UUID) -> list[dict[str, Any]]:
    """Return the limits that are set on one goods. Raises NotFound."""
    if session.get(Goods, goods_id) is None:
        raise NotFound
    latest = select(GoodsLimit.limits).where(GoodsLimit.goods_id == goods_id).order_by(GoodsLimit.number.desc())
    return session.scalar(latest.limit(1)) or []


def _refuse_unknown_goods(value: Sequence[Mapping[str, Any]]) -> None:
    """Raise UnknownGoods for limits of a policy that name goods which do not exist."""
    wanted = {UUID(one["goods_id"]) for one in value if "goods_id" in one}
    known = set(session.scalars(select(Goods.id).where(Goods.id.in_(wanted)))) if wanted else set()
    errors = [
        {"pointer": f"/value/{place}/goods_id", "detail": "没有这种物品。 No such goods."}
        for place, one in enumerate(value)
        if "goods_id" in one and UUID(one["goods_id"]) not in known
    ]
    if errors:
        raise UnknownGoods(errors=errors)


policies.check_with("redeem_limits", _refuse_unknown_goods)
