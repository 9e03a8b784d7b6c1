"""Taking goods in: every line of an intake becomes a lot, and the intake gets a receipt number (rule R31)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid
from timebank.identity.rules import Actor
from timebank.organisations.rules import SiteKind
from timebank.shop import merchants, numbers, queries
from timebank.shop.errors import IntakeExpired, NotAShop
from timebank.shop.goods import refuse_unknown
from timebank.shop.models import Goods, Intake, Lot
from timebank.shop.rules import DonorKind, Level, Series
from timebank.shop.staff import own_shop
from timebank.shop.stock import Shelf

_TAKES_IN = frozenset({SiteKind.SHOP, SiteKind.DROP_POINT})


@dataclass(frozen=True, slots=True)
class Delivered:
    """One line of a delivery; ``fair_value_fen`` is the value of one piece."""

    goods_id: UUID
    quantity: int
    expires_at: datetime | None = None
    fair_value_fen: int | None = None


def take_in(
    *,
    actor: Actor,
    site_id: UUID,
    source: str,
    donor_kind: str,
    lines: Sequence[Delivered],
    donor_name: str | None = None,
    merchant_id: UUID | None = None,
    intake_id: UUID | None = None,
) -> tuple[Intake, list[Lot]]:
    """Take a delivery in at a site of the actor's.

    Raises NotFound, NotAShop, UnknownGoods, IntakeExpired, AgreementNotInForce, and Invalid for an anonymous donor with
    a name, and for a merchant's delivery that names no merchant of this shop.
    """
    shop = own_shop(actor, queries.shop(site_id))
    if shop.kind not in _TAKES_IN:
        raise NotAShop
    if donor_kind == DonorKind.ANONYMOUS and donor_name is not None:
        raise Invalid(
            errors=[{"pointer": "/donor/name", "detail": "匿名捐赠不记姓名。 An anonymous donor has no name."}]
        )
    now = clock.now()
    _refuse_unknown(lines)
    _refuse_expired(lines, now)
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


def _refuse_unknown(lines: Sequence[Delivered]) -> None:
    wanted = {line.goods_id for line in lines}
    known = set(session.scalars(select(Goods.id).where(Goods.id.in_(wanted), Goods.active)))
    refuse_unknown([line.goods_id for line in lines], known)


def _refuse_expired(lines: Sequence[Delivered], now: datetime) -> None:
    errors = [
        {"pointer": f"/lines/{index}/expires_at", "detail": "已经过期。 Already expired."}
        for index, line in enumerate(lines)
        if line.expires_at is not None and line.expires_at <= now
    ]
    if errors:
        raise IntakeExpired(errors=errors)
