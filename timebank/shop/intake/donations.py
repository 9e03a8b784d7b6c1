"""Donations from a donor's phone: offered, then accepted by staff in whole or in part, declined, or taken back (共富集).

What is accepted becomes an intake like any other (rule R31). Deciding and cancelling lock the donation first: of both
at once one is first, and the other is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from timebank import clock
from timebank.database import NIL, new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as identity
from timebank.identity.errors import PersonNotActive
from timebank.identity.rules import Actor, PersonState
from timebank.shop import queries
from timebank.shop.catalogue.barcodes import refuse_unknown
from timebank.shop.errors import NotAShop
from timebank.shop.intake import donation_queries, intakes
from timebank.shop.intake.donation_tables import Donation, DonationLine, DonationLot, DonationState
from timebank.shop.intake.errors import DonationDecided, DonationOverAccepted
from timebank.shop.intake.intakes import TAKES_IN, Delivered
from timebank.shop.merchant import merchants
from timebank.shop.models import Goods, Intake, Lot
from timebank.shop.rules import Source
from timebank.shop.staff import own_shop


@dataclass(frozen=True, slots=True)
class Offered:
    """One line of an offer: the donor's own words, and goods of the catalogue if they know them."""

    name: str
    quantity: int
    goods_id: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Pieces of an offered line as staff take them in; what is not said is as it was offered."""

    line_no: int
    quantity: int
    goods_id: UUID | None = None
    expires_at: datetime | None = None
    fair_value_fen: int | None = None
    condition: str | None = None
    restricted_purpose: str | None = None


def offer(
    *,
    donor_id: UUID,
    site_id: UUID,
    donor_kind: str,
    lines: Sequence[Offered],
    donor_name: str | None = None,
    note: str | None = None,
) -> Donation:
    """Offer goods to a shop or a drop point; nothing comes in before staff have accepted it.

    Raises NotFound, NotAShop, PersonNotActive, UnknownGoods, IntakeExpired, and Invalid for an anonymous donor with a name
    and for a merchant's counter, whose staff could not take it in.
    """
    shop, donor = queries.shop(site_id), identity.person(donor_id)
    if shop is None or donor is None:
        raise NotFound
    if shop.kind not in TAKES_IN:
        raise NotAShop
    if merchants.is_merchant(shop.organisation_id):
        detail = "商家的柜台不收捐赠，请选择公益仓或捐赠点。 A merchant's counter takes no donations: choose a shop."
        raise Invalid(errors=[{"pointer": "/site_id", "detail": detail}])
    if donor.state != PersonState.ACTIVE:
        raise PersonNotActive
    intakes.refuse_named_anonymous(donor_kind, donor_name)
    now = clock.now()
    _refuse_unknown(lines)
    intakes.refuse_expired([line.expires_at for line in lines], now)
    donation = Donation(
        id=new_id(),
        site_id=site_id,
        donor_id=donor_id,
        donor_kind=donor_kind,
        donor_name=donor_name,
        note=note,
        state=DonationState.OFFERED,
        offered_at=now,
    )
    session.add(donation)
    session.flush()
    session.execute(insert(DonationLine), [_row(donation.id, number, line) for number, line in enumerate(lines, 1)])
    return donation


def _row(donation_id: UUID, line_no: int, line: Offered) -> dict[str, object]:
    return {
        "donation_id": donation_id,
        "line_no": line_no,
        "name": line.name,
        "goods_id": line.goods_id,
        "quantity": line.quantity,
        "expires_at": line.expires_at,
    }


def _refuse_unknown(lines: Sequence[Offered]) -> None:
    named = {line.goods_id for line in lines if line.goods_id is not None}
    known = set(session.scalars(select(Goods.id).where(Goods.id.in_(named), Goods.active))) if named else set()
    # Without goods a line is the donor's own words, which staff put in order.
    refuse_unknown([line.goods_id or NIL for line in lines], known | {NIL})


def accept(
    *, actor: Actor, donation_id: UUID, lines: Sequence[Accepted], note: str | None = None
) -> tuple[Donation, Intake, list[tuple[Lot, int]]]:
    """Take an offered donation in, whole or in part, at its site; lines that are not named are not taken.

    One line may become several lots (other dates, other goods). Raises NotFound, DonationDecided,
    DonationOverAccepted, UnknownGoods, and what refuses an intake.
    """
    donation = _open(actor, donation_id)
    delivered = _delivered(donation_id, lines)
    intake, lots = intakes.take_in(
        actor=actor,
        site_id=donation.site_id,
        source=Source.DONATED,
        donor_kind=donation.donor_kind,
        donor_name=donation.donor_name,
        lines=delivered,
        note=note,
    )
    session.execute(
        insert(DonationLot),
        [
            {"lot_id": lot.id, "donation_id": donation_id, "line_no": line.line_no}
            for lot, line in zip(lots, lines, strict=True)
        ],
    )
    donation.intake_id = intake.id
    _decide(donation, DonationState.ACCEPTED, actor.person_id)
    return donation, intake, [(lot, line.quantity) for lot, line in zip(lots, delivered, strict=True)]


def _delivered(donation_id: UUID, lines: Sequence[Accepted]) -> list[Delivered]:
    """Return what comes in of the lines that were offered. Raises DonationOverAccepted, UnknownGoods."""
    offered = {line.line_no: line for line in donation_queries.lines_of([donation_id])[donation_id]}
    left = {line_no: line.quantity for line_no, line in offered.items()}
    errors = []
    for index, line in enumerate(lines):
        left[line.line_no] = left.get(line.line_no, 0) - line.quantity
        if left[line.line_no] < 0:
            detail = "超过所报数量，或没有这一行。 More than was offered, or no such line."
            errors.append({"pointer": f"/lines/{index}", "detail": detail})
    if errors:
        raise DonationOverAccepted(errors=errors)
    goods = [line.goods_id or offered[line.line_no].goods_id for line in lines]
    refuse_unknown(goods, {one for one in goods if one is not None})
    return [
        Delivered(
            goods_id=goods_id,
            quantity=line.quantity,
            expires_at=line.expires_at or offered[line.line_no].expires_at,
            fair_value_fen=line.fair_value_fen,
            condition=line.condition,
            restricted_purpose=line.restricted_purpose,
        )
        for goods_id, line in zip(goods, lines, strict=True)
        if goods_id is not None
    ]


def decline(*, actor: Actor, donation_id: UUID, reason: str) -> Donation:
    """Say no to an offer, and why; the donor reads it. Raises NotFound, DonationDecided."""
    donation = _open(actor, donation_id)
    donation.decline_reason = reason
    return _decide(donation, DonationState.DECLINED, actor.person_id)


def cancel(*, donor_id: UUID, donation_id: UUID) -> Donation:
    """Take one's own offer back before anybody has decided. Raises NotFound, DonationDecided."""
    donation = _locked(donation_id)
    if donation.donor_id != donor_id:
        raise NotFound
    _refuse_decided(donation)
    return _decide(donation, DonationState.CANCELLED, donor_id)


def _open(actor: Actor, donation_id: UUID) -> Donation:
    """Lock a donation at a site of the actor's that nobody has decided. Raises NotFound, DonationDecided."""
    donation = _locked(donation_id)
    own_shop(actor, queries.shop(donation.site_id))
    _refuse_decided(donation)
    return donation


def _locked(donation_id: UUID) -> Donation:
    found = session.get(Donation, donation_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _refuse_decided(donation: Donation) -> None:
    if donation.state != DonationState.OFFERED:
        raise DonationDecided(state=donation.state)


def _decide(donation: Donation, state: DonationState, by: UUID) -> Donation:
    donation.state = state
    donation.decided_at = clock.now()
    donation.decided_by = by
    session.flush()
    return donation
