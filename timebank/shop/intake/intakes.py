"""Taking goods in: every line of an intake becomes a lot, and the intake gets a receipt number (rule R31)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid
from timebank.identity.rules import Actor
from timebank.organisations.rules import SiteKind
from timebank.policies import service as policies
from timebank.shop import numbers, queries
from timebank.shop.catalogue.barcodes import refuse_unknown
from timebank.shop.errors import IntakeExpired, NotAShop
from timebank.shop.intake.errors import SameDayExpiry, ShelfLifeTooShort
from timebank.shop.merchant import merchants
from timebank.shop.models import Goods, Intake, Lot
from timebank.shop.rules import DonorKind, Lane, Level, Series
from timebank.shop.staff import own_shop
from timebank.shop.stock.shelf import Shelf

TAKES_IN = frozenset({SiteKind.SHOP, SiteKind.DROP_POINT})


@dataclass(frozen=True, slots=True)
class Delivered:
    """One line of a delivery; ``fair_value_fen`` is the value of one piece."""

    goods_id: UUID
    quantity: int
    expires_at: datetime | None = None
    fair_value_fen: int | None = None
    condition: str | None = None
    restricted_purpose: str | None = None


def take_in(
    *,
    actor: Actor,
    site_id: UUID,
    source: str,
    donor_kind: str,
    lines: Sequence[Delivered],
    donor_name: str | None = None,
    merchant_id: UUID | None = None,
    note: str | None = None,
    intake_id: UUID | None = None,
) -> tuple[Intake, list[Lot]]:
    """Take a delivery in at a site of the actor's, who is the handler named on the receipt.

    Raises NotFound, NotAShop, UnknownGoods, IntakeExpired, ShelfLifeTooShort, SameDayExpiry, AgreementNotInForce, and
    Invalid for an anonymous donor with a name, and for a merchant's delivery that names no merchant of this shop.
    """
    shop = own_shop(actor, queries.shop(site_id))
    if shop.kind not in TAKES_IN:
        raise NotAShop
    refuse_named_anonymous(donor_kind, donor_name)
    now = clock.now()
    known = _known(lines)
    refuse_expired([line.expires_at for line in lines], now)
    _refuse_short_lived(shop, lines, known, now)
    day = clock.day_of(now)
    merchant = merchants.supplier(shop=shop, source=source, merchant_id=merchant_id, on=day)
    # Taken first for the foreign keys; a new lot is locked by nobody else, so the order of locks does not matter here.
    intake = Intake(
        id=intake_id or new_id(),
        site_id=site_id,
        received_on=day,
        number=numbers.following(site_id=site_id, day=day, series=Series.INTAKE),
        source=source,
        donor_kind=donor_kind,
        donor_name=donor_name,
        received_at=now,
        received_by=actor.person_id,
        note=note,
    )
    session.add(intake)
    session.flush()
    merchants.keep_supplier(intake_id=intake.id, merchant=merchant)
    return intake, _shelve(intake, lines)


def _shelve(intake: Intake, lines: Sequence[Delivered]) -> list[Lot]:
    lots = [
        Lot(
            id=new_id(),
            site_id=intake.site_id,
            goods_id=line.goods_id,
            intake_id=intake.id,
            received_at=intake.received_at,
            expires_at=line.expires_at,
            fair_value_fen=line.fair_value_fen,
            condition=line.condition,
            restricted_purpose=line.restricted_purpose,
        )
        for line in lines
    ]
    session.add_all(lots)
    session.flush()
    shelf = Shelf(site_id=intake.site_id, now=intake.received_at, actor_id=intake.received_by)
    for lot, line in zip(lots, lines, strict=True):
        empty = Level(lot.id, lot.goods_id, lot.expires_at, lot.received_at, seq=0, on_hand=0, reserved=0)
        shelf.take_in(lot=empty, quantity=line.quantity)
    shelf.write()
    return lots


def _known(lines: Sequence[Delivered]) -> dict[UUID, tuple[str, int | None]]:
    """Return lane and least life (days) of the goods of ``lines``. Raises UnknownGoods."""
    wanted = {line.goods_id for line in lines}
    found = select(Goods.id, Goods.lane, Goods.min_remaining_days).where(Goods.id.in_(wanted), Goods.active)
    known = {row[0]: (row[1], row[2]) for row in session.execute(found)}
    refuse_unknown([line.goods_id for line in lines], known)
    return known


def refuse_named_anonymous(donor_kind: str, donor_name: str | None) -> None:
    """Raise Invalid for an anonymous donor with a name."""
    if donor_kind == DonorKind.ANONYMOUS and donor_name is not None:
        raise Invalid(
            errors=[{"pointer": "/donor/name", "detail": "匿名捐赠不记姓名。 An anonymous donor has no name."}]
        )


def refuse_expired(ends: Sequence[datetime | None], now: datetime) -> None:
    """Raise IntakeExpired, pointing at every line that has expired (rule R33)."""
    errors = [
        {"pointer": f"/lines/{index}/expires_at", "detail": "已经过期。 Already expired."}
        for index, end in enumerate(ends)
        if end is not None and end <= now
    ]
    if errors:
        raise IntakeExpired(errors=errors)


def _refuse_short_lived(
    shop: queries.Shop, lines: Sequence[Delivered], known: Mapping[UUID, tuple[str, int | None]], now: datetime
) -> None:
    """Raise SameDayExpiry (rule R34) or ShelfLifeTooShort (rule R33), pointing at the lines."""
    lanes = {goods_id: lane for goods_id, (lane, _) in known.items()}
    if Lane.SAME_DAY not in lanes.values() and all(line.expires_at is None for line in lines):
        return
    policy = policies.resolve(organisation_id=shop.organisation_id, area_path=shop.area_path, at=now)
    latest = now + timedelta(hours=policy.same_day_hours)
    for index, line in enumerate(lines):
        pointer = f"/lines/{index}/expires_at"
        lane, own = known[line.goods_id]
        days = policy.min_remaining_days if own is None else own
        if lane == Lane.SAME_DAY:
            if line.expires_at is None or line.expires_at > latest:
                detail = "须注明，且在期限以内。 Required, and within the limit."
                raise SameDayExpiry(hours=policy.same_day_hours, errors=[{"pointer": pointer, "detail": detail}])
        elif line.expires_at is not None and line.expires_at < now + timedelta(days=days):
            detail = "剩余保质期不足。 Too little life left."
            raise ShelfLifeTooShort(needed_days=days, errors=[{"pointer": pointer, "detail": detail}])
