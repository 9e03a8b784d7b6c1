"""What somebody wants at a shop: who may take it, what it costs, and from which lots it comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.database import session
from timebank.direct import Direct, as_read
from timebank.errors import NotFound
from timebank.identity.errors import PersonNotActive
from timebank.identity.rules import PersonState
from timebank.organisations.rules import SiteKind
from timebank.policies import service as policies
from timebank.policies.rules import Policy
from timebank.records import queries as records
from timebank.shop import queries
from timebank.shop.allowance.errors import NotARedemptionDay
from timebank.shop.catalogue.barcodes import refuse_unknown
from timebank.shop.errors import HistoryTooShort, NotAShop, NothingForPurpose, OutOfStock, ServicesOnly
from timebank.shop.models import Redemption, RedemptionLine
from timebank.shop.queries import Shop
from timebank.shop.rules import Level, Line, Pick, PricedLine, pick, summed, total_minutes
from timebank.shop.stock import levels, purposes
from timebank.shop.stock.levels import Offered
from timebank.shop.stock.shelf import Shelf
from timebank.together import Together


@dataclass(frozen=True, slots=True)
class Admitted:
    """A shop that lets somebody in, and its policy."""

    shop: Shop
    policy: Policy


@dataclass(frozen=True, slots=True)
class Basket:
    """Lines at the prices of one moment, one per goods, and what is known of those goods."""

    lines: list[PricedLine]
    lots_end: datetime | None
    """When the first of the lots that they would come from expires, if any of them does."""
    goods: Mapping[UUID, Offered]
    purpose: str | None = None
    """What the lots were given for that they would come from; none: those for everybody (rule R32)."""

    @property
    def wanted(self) -> list[Line]:
        """What is wanted, without prices."""
        return [Line(line.goods_id, line.quantity) for line in self.lines]

    @property
    def total_minutes(self) -> int:
        """What all of it costs."""
        return total_minutes(self.lines)

    def for_nothing(self) -> "Basket":
        """Return the same basket at no minutes: something else pays."""
        return replace(self, lines=[replace(line, price_minutes=0) for line in self.lines])


def admit(*, site_id: UUID, person_id: UUID) -> Admitted:
    """Return a shop with its policy if this person may take goods there now.

    Raises NotFound, PersonNotActive, NotAShop, NotARedemptionDay (rule R29).
    """
    visit = queries.visit(site_id, person_id)
    shop = visit.shop
    if shop is None:
        raise NotFound
    if visit.person_state != PersonState.ACTIVE:
        raise PersonNotActive
    if shop.kind != SiteKind.SHOP:
        raise NotAShop
    now = clock.now()
    policy = policies.resolve(
        organisation_id=shop.organisation_id,
        area_path=shop.area_path,
        at=now,
        known_number=visit.policy_number,
    )
    _refuse_closed_days(policy, now)
    return Admitted(shop, policy)


def refuse_minutes(policy: Policy, basket: Basket, *, person_id: UUID) -> None:
    """Refuse minutes for goods where they buy services only, or before there is service enough (rule R29).

    Bread of the day and a free quota are for people who may never have served: what takes no minutes asks for none.
    Raises ServicesOnly, HistoryTooShort.
    """
    if not basket.total_minutes:
        return
    if not policy.goods_redemption:
        raise ServicesOnly
    needed = policy.redeem_min_history_minutes
    if needed:
        served = sum(records.totals(person_id).values())
        if served < needed:
            raise HistoryTooShort(needed_minutes=needed, service_minutes=served)


def _refuse_closed_days(policy: Policy, now: datetime) -> None:
    opens_at = policy.redeem_days.opens_at(now) if policy.redeem_days else now
    if opens_at > now:
        local = opens_at.astimezone(clock.SHANGHAI)
        raise NotARedemptionDay(opens_at=local.isoformat(), opens_local=f"{local:%Y-%m-%d %H:%M}")


def gather(*, site_id: UUID, lines: Sequence[Line], now: datetime, purpose: str | None = None) -> Basket:
    """Price what is wanted and see which lots it would come from, without a lock.

    With ``purpose`` they are those that are for exactly that, and no others. Raises UnknownGoods, OutOfStock,
    NothingForPurpose.
    """
    wanted = summed(lines)
    offer = levels.offer([line.goods_id for line in wanted], now, site_id)
    refuse_unknown([line.goods_id for line in lines], offer.goods)
    picks = _picked(offer.levels, wanted, good_at=now, purpose=purpose, now=now)
    ends = {level.lot_id: level.expires_at for level in offer.levels}
    lots_end = min((end for one in picks if (end := ends[one.lot_id]) is not None), default=None)
    return Basket(offer.priced(wanted), lots_end, offer.goods, purpose)


def secure(shelf: Shelf, basket: Basket, *, good_at: datetime) -> list[Pick]:
    """Lock every lot that what is wanted may come from, in the order of their ids, and pick from what they hold now.

    All of them at once: whoever locked the best ones first would, finding them short, lock others out of order.
    Nothing is taken from a lot that has expired at ``good_at``. Raises OutOfStock, NothingForPurpose.
    """
    shelf.open_good([line.goods_id for line in basket.lines], good_at=good_at)
    return _picked(shelf.levels, basket.wanted, good_at=good_at, purpose=basket.purpose, now=shelf.now)


def _picked(
    lots: Sequence[Level], wanted: Sequence[Line], *, good_at: datetime, purpose: str | None, now: datetime
) -> list[Pick]:
    kept = None if purpose is None else purposes.given_for(purpose, [one.lot_id for one in lots if one.restricted], now)
    picks, short = pick(lots, wanted, good_at, kept=kept)
    for line in wanted:
        if line.goods_id in short:
            if kept is not None and not short[line.goods_id]:
                raise NothingForPurpose(goods_id=line.goods_id)
            raise OutOfStock(goods_id=line.goods_id, quantity=line.quantity, available=short[line.goods_id])
    return picks


_INSERT_REDEMPTION, _INSERT_LINE = Direct(insert(Redemption)), Direct(insert(RedemptionLine))
_COLUMNS = tuple(column.key for column in Redemption.__table__.columns)


_UNSAID = dict.fromkeys(_COLUMNS)


def new_redemption(**values: Any) -> Redemption:
    """Return a redemption with the given column values; ``keep`` inserts it, and no session does."""
    return as_read(Redemption, _UNSAID | values)


def keep(redemption: Redemption, basket: Basket) -> None:
    """Insert a redemption with its lines."""
    writes = Together(session.connection())
    keep_with(writes, redemption, basket)
    writes.send()


def keep_with(writes: Together, redemption: Redemption, basket: Basket) -> None:
    """Do the same with what else is written."""
    writes.add(_INSERT_REDEMPTION, {name: getattr(redemption, name) for name in _COLUMNS})
    rows = [
        {
            "redemption_id": redemption.id,
            "line_no": line.line_no,
            "goods_id": line.goods_id,
            "quantity": line.quantity,
            "price_minutes": line.price_minutes,
            "category": basket.goods[line.goods_id].category,
        }
        for line in basket.lines
    ]
    writes.add(_INSERT_LINE, *rows)
