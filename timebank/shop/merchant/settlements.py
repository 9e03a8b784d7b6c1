"""Monthly statements of merchants: counted from the moves, frozen, and confirmed by a second person (rule R35).

A statement shows pieces, minutes and goods values side by side as facts of the books. It is no invoice, and nothing in
it turns minutes into money (rule R27). No receiver is named.
"""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation, Site
from timebank.shop.merchant import merchants
from timebank.shop.merchant.errors import MonthNotOver, SettlementConfirmed, SettlementExists
from timebank.shop.merchant.settlement_queries import figures
from timebank.shop.merchant.settlement_rules import Count, Figures, Item, digest
from timebank.shop.merchant.tables import Merchant, MerchantSettlement, SettlementConfirmation
from timebank.shop.models import Goods
from timebank.shop.months import Month
from timebank.shop.stockkeeping.signatures import refuse_same_hand


@dataclass(frozen=True, slots=True)
class Settled:
    """A statement, and its confirmation if there is one."""

    settlement: MerchantSettlement
    confirmation: SettlementConfirmation | None


def make(*, actor: Actor, merchant_id: UUID, month: Month) -> Settled:
    """Freeze the statement of a month that is over. Raises NotFound, Invalid, MonthNotOver, SettlementExists."""
    merchant = merchants.locked(actor, merchant_id)
    now = clock.now()
    if month < Month.of(merchant.registered_at):
        detail = "这个月商家还没有登记。 The merchant was not registered then."
        raise Invalid(errors=[{"pointer": "/month", "detail": detail}])
    if now < month.can_be_settled_at:
        from_local = f"{month.can_be_settled_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
        raise MonthNotOver(month=str(month), from_local=from_local)
    if session.scalar(select(MerchantSettlement.id).where(_of_month(merchant_id, month))):
        raise SettlementExists
    content = _content(merchant, month)
    made = MerchantSettlement(
        id=new_id(),
        merchant_id=merchant_id,
        month=str(month),
        content=content,
        sha256=digest(content),
        made_at=now,
        made_by=actor.person_id,
    )
    session.add(made)
    session.flush()
    return Settled(made, None)


def _of_month(merchant_id: UUID, month: Month) -> Any:
    return (MerchantSettlement.merchant_id == merchant_id) & (MerchantSettlement.month == str(month))


def confirm(*, actor: Actor, merchant_id: UUID, settlement_id: UUID) -> Settled:
    """Confirm a statement that somebody else has made. Raises NotFound, SecondPersonNeeded, SettlementConfirmed."""
    merchants.locked(actor, merchant_id)
    found = _one(merchant_id, settlement_id)
    refuse_same_hand(actor, found.settlement.made_by)
    if found.confirmation is not None:
        raise SettlementConfirmed
    confirmation = SettlementConfirmation(
        settlement_id=settlement_id, confirmed_at=clock.now(), confirmed_by=actor.person_id
    )
    session.add(confirmation)
    session.flush()
    return Settled(found.settlement, confirmation)


def show(*, actor: Actor, merchant_id: UUID, settlement_id: UUID) -> Settled:
    """Return a statement to somebody who may read it. Raises NotFound."""
    merchants.seen_by(actor, merchant_id)
    return _one(merchant_id, settlement_id)


def of(*, actor: Actor, merchant_id: UUID) -> Select[Any]:
    """Select the statements of a merchant, with their confirmations, months and ids. Raises NotFound."""
    merchants.seen_by(actor, merchant_id)
    return _all().where(MerchantSettlement.merchant_id == merchant_id)


def _all() -> Select[Any]:
    found = select(
        MerchantSettlement, SettlementConfirmation, MerchantSettlement.month, MerchantSettlement.id
    ).outerjoin(SettlementConfirmation, SettlementConfirmation.settlement_id == MerchantSettlement.id)
    return cast("Select[Any]", found)


def _one(merchant_id: UUID, settlement_id: UUID) -> Settled:
    found = _all().where(MerchantSettlement.id == settlement_id, MerchantSettlement.merchant_id == merchant_id)
    row = session.execute(found).one_or_none()
    if row is None:
        raise NotFound
    return Settled(row[0], row[1])


# --- what is frozen ---------------------------------------------------------------------------------------------------


def _content(merchant: Merchant, month: Month) -> dict[str, Any]:
    counted = figures(merchant.id, month)
    names = _names(merchant, counted)
    lines = [_line(item, counted[item], names) for item in sorted(counted, key=_place)]
    valued = [line["value_fen"] for line in lines if line["value_fen"] is not None]
    return {
        "merchant_id": str(merchant.id),
        "merchant": names[merchant.organisation_id],
        "host": names[merchant.host_id],
        "agreements": [
            one.reference
            for one in merchants.agreements_of(merchant.id)
            if one.starts_on < month.following.first_day and one.ends_on >= month.first_day
        ],
        "month": str(month),
        "lines": lines,
        "pieces": sum(line["pieces"] for line in lines),
        "minutes": sum(line["minutes"] for line in lines),
        "value_fen": sum(valued),
        "lines_without_value": len(lines) - len(valued),
    }


def _place(item: Item) -> tuple[UUID, UUID, int]:
    return item.site_id, item.goods_id, -1 if item.fair_value_fen is None else item.fair_value_fen


def _names(merchant: Merchant, counted: dict[Item, Figures]) -> dict[UUID, str]:
    """Return the names of the two organisations, the sites, and the goods; a goods' id is another than a site's."""
    sites, goods = {item.site_id for item in counted}, {item.goods_id for item in counted}
    wanted = (
        select(Organisation.id, Organisation.name).where(
            Organisation.id.in_([merchant.organisation_id, merchant.host_id])
        ),
        select(Site.id, Site.name).where(Site.id.in_(sites)),
        select(Goods.id, Goods.name).where(Goods.id.in_(goods)),
    )
    return {row.id: row.name for statement in wanted for row in session.execute(statement)}


def _line(item: Item, counted: Figures, names: dict[UUID, str]) -> dict[str, Any]:
    return numbers_of(item, counted) | {"site": names[item.site_id], "goods": names[item.goods_id]}


def numbers_of(item: Item, counted: Figures) -> dict[str, Any]:
    """Return a line without its names, as it is frozen; the audit counts it again."""
    return {
        "site_id": str(item.site_id),
        "goods_id": str(item.goods_id),
        "fair_value_fen": item.fair_value_fen,
        "handed_over": _both(counted.handed_over),
        "refunded": _both(counted.refunded),
        "corrected": _both(counted.corrected),
        "pieces": counted.pieces,
        "minutes": counted.minutes,
        "value_fen": None if item.fair_value_fen is None else counted.pieces * item.fair_value_fen,
    }


def _both(count: Count) -> dict[str, int]:
    return {"pieces": count.pieces, "minutes": count.minutes}
