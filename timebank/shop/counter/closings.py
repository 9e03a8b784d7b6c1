"""The end of a day at the counter: counted, compared with what the clerk counted by hand, signed, and never changed.

A closing covers everything since the one before: receipts by their gap-free numbers, refunds and undos one by one. What
is handed over afterwards belongs to the next one, so nothing is counted twice or left out, whoever is at the till
meanwhile. Each carries the hash of the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select

from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.organisations.rules import SiteKind
from timebank.shop import queries
from timebank.shop.counter import closing_queries
from timebank.shop.counter.closing_rules import VERSION, Range, canonical, compared, figures, fingerprint
from timebank.shop.counter.errors import ClosedAlready, ClosingChanged, ClosingDayInvalid, ClosingNoteRequired
from timebank.shop.counter.models import Closing, ClosingReceipts, ClosingRefund
from timebank.shop.errors import NotAShop, UnknownGoods
from timebank.shop.models import Goods
from timebank.shop.queries import Shop
from timebank.shop.staff import own_shop, readable_shop


@dataclass(frozen=True, slots=True)
class Counted:
    """What a clerk has counted by hand: slips of paper, pieces of some goods that were handed out and stayed out."""

    slips: int | None
    pieces: Mapping[UUID, int]


NOTHING_COUNTED = Counted(None, {})


@dataclass(frozen=True, slots=True)
class Pending:
    """What the next closing of a shop would cover, and the fingerprint of its figures.

    The first one covers all that the shop has ever handed out; ``is_first`` says so before it is signed.
    """

    shop: Shop
    is_first: bool
    ranges: Sequence[Range]
    refund_ids: Sequence[UUID]
    figures: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What to send along with the closing, so that it closes what was looked at and nothing else."""
        return fingerprint(canonical(self.figures))


def pending(*, actor: Actor, site_id: UUID) -> Pending:
    """Return what has happened at a shop of the actor's since its last closing. Raises NotFound, NotAShop."""
    shop = own_shop(actor, queries.shop(site_id))
    if shop.kind != SiteKind.SHOP:
        raise NotAShop
    ranges = closing_queries.open_ranges(site_id)
    refunds = closing_queries.open_refunds(site_id)
    found = figures(ranges, closing_queries.slips(site_id, ranges), refunds.values())
    is_first = closing_queries.latest(site_id) is None
    return Pending(shop, is_first, ranges, sorted(refunds), found)


def close(
    *,
    actor: Actor,
    site_id: UUID,
    day: date | None = None,
    counted: Counted = NOTHING_COUNTED,
    note: str | None = None,
    looked_at: str | None = None,
) -> Closing:
    """Close a shop's day: one closing a day, dated today or, after midnight, yesterday.

    ``looked_at`` is the fingerprint of what the clerk has compared. Raises NotFound, NotAShop, ClosedAlready,
    ClosingDayInvalid, ClosingChanged, UnknownGoods, ClosingNoteRequired.
    """
    found = pending(actor=actor, site_id=site_id)
    now = clock.now()
    before = closing_queries.latest(site_id)
    closed_on = _day(day, now, before)
    if looked_at is not None and looked_at != found.fingerprint:
        raise ClosingChanged
    beside = _compared(found, counted)
    if any(one["difference"] for one in beside) and note is None:
        raise ClosingNoteRequired(differences=beside)
    made = Closing(
        id=new_id(),
        site_id=site_id,
        number=before.number + 1 if before else 1,
        closed_on=closed_on,
        clerk_id=actor.person_id,
        closed_at=now,
    )
    made.content = canonical(
        head_of(made)
        | {"previous": before.sha256 if before else None, "figures": found.figures, "counted": beside, "note": note}
    )
    made.sha256 = fingerprint(made.content)
    _keep(made, found)
    return made


def head_of(closing: Closing) -> dict[str, Any]:
    """Return the part of what is signed that says which closing it is, by whom and when."""
    return {
        "version": VERSION,
        "site_id": str(closing.site_id),
        "number": closing.number,
        "closed_on": closing.closed_on.isoformat(),
        "closed_at": utc_text(closing.closed_at),
        "clerk_id": str(closing.clerk_id),
    }


def _day(day: date | None, now: datetime, before: Closing | None) -> date:
    today = clock.day_of(now)
    wanted = day or today
    if before is not None and wanted == before.closed_on:
        raise ClosedAlready(closed_on=wanted.isoformat())
    if wanted not in {today, today - timedelta(days=1)} or (before is not None and wanted < before.closed_on):
        raise ClosingDayInvalid(closed_on=wanted.isoformat())
    return wanted


def _compared(found: Pending, counted: Counted) -> list[dict[str, Any]]:
    if counted.pieces:
        known = set(session.scalars(select(Goods.id).where(Goods.id.in_(counted.pieces))))
        errors = [
            {"pointer": f"/counted/pieces/{index}/goods_id", "detail": "没有这种物品。 No such goods."}
            for index, goods_id in enumerate(counted.pieces)
            if goods_id not in known
        ]
        if errors:
            raise UnknownGoods(errors=errors)
    return compared(found.figures, slips=counted.slips, pieces=counted.pieces)


def _keep(closing: Closing, found: Pending) -> None:
    session.add(closing)
    session.flush()
    if found.ranges:
        session.execute(
            insert(ClosingReceipts),
            [
                {
                    "site_id": closing.site_id,
                    "day": one.day,
                    "first": one.first,
                    "last": one.last,
                    "closing_id": closing.id,
                }
                for one in found.ranges
            ],
        )
    if found.refund_ids:
        rows = [{"refund_id": refund_id, "closing_id": closing.id} for refund_id in found.refund_ids]
        session.execute(insert(ClosingRefund), rows)


def of_shop(*, actor: Actor, site_id: UUID) -> tuple[Shop, Select[Closing]]:
    """Select the closings of a shop where the actor works or that they audit. Raises NotFound."""
    shop = readable_shop(actor, queries.shop(site_id))
    return shop, select(Closing).where(Closing.site_id == site_id)


def closing_for(*, actor: Actor, closing_id: UUID) -> tuple[Closing, Shop]:
    """Return a closing of a shop where the actor works or that they audit. Raises NotFound."""
    found = closing_queries.closing(closing_id)
    if found is None:
        raise NotFound
    return found, readable_shop(actor, queries.shop(found.site_id))
