"""What a daily closing covers: receipts that no closing has, by their numbers, and refunds that no closing has."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, exists, func, select

from timebank.database import session
from timebank.shop.counter.closing_rules import Back, Range, Slip
from timebank.shop.counter.models import Closing, ClosingReceipts, ClosingRefund
from timebank.shop.models import Counter, Receipt, Redemption, RedemptionLine
from timebank.shop.redemption.refund_tables import Refund, RefundLine
from timebank.shop.rules import Series


def closing(closing_id: UUID) -> Closing | None:
    """Return one closing."""
    return session.get(Closing, closing_id)


def latest(site_id: UUID) -> Closing | None:
    """Return the last closing of a shop."""
    found = select(Closing).where(Closing.site_id == site_id).order_by(Closing.number.desc()).limit(1)
    return session.scalars(found).one_or_none()


def open_ranges(site_id: UUID) -> list[Range]:
    """Return the receipts of a shop that no closing covers.

    A number that can be seen has been committed with its receipt, and so have all before it: whoever is handing over at
    this moment takes a later one, which belongs to the next closing.
    """
    covered = (
        select(ClosingReceipts.day, func.max(ClosingReceipts.last).label("last"))
        .where(ClosingReceipts.site_id == site_id)
        .group_by(ClosingReceipts.day)
        .subquery()
    )
    done = func.coalesce(covered.c.last, 0)
    found = (
        select(Counter.day, done + 1, Counter.last)
        .outerjoin(covered, covered.c.day == Counter.day)
        .where(Counter.site_id == site_id, Counter.series == Series.RECEIPT, Counter.last > done)
        .order_by(Counter.day)
    )
    return [Range(day, first, last) for day, first, last in session.execute(found)]


def slips(site_id: UUID, ranges: Collection[Range]) -> list[Slip]:
    """Return the receipts in those ranges."""
    found: list[Slip] = []
    for one in ranges:
        rows = session.execute(
            select(Receipt.clerk_id, Receipt.charged_minutes, Receipt.lines).where(
                Receipt.site_id == site_id,
                Receipt.issued_on == one.day,
                Receipt.number.between(one.first, one.last),
            )
        )
        found.extend(_slip(row) for row in rows)
    return found


def open_refunds(site_id: UUID) -> dict[UUID, Back]:
    """Return the refunds and undos at a shop that no closing covers, by their ids."""
    found = _refunds().where(Redemption.site_id == site_id, ~exists().where(ClosingRefund.refund_id == Refund.id))
    return _backs(session.execute(found))


def slips_of(closing_ids: Collection[UUID]) -> dict[UUID, list[Slip]]:
    """Return the receipts that closings cover, by closing."""
    found = (
        select(Receipt.clerk_id, Receipt.charged_minutes, Receipt.lines, ClosingReceipts.closing_id)
        .join(
            ClosingReceipts,
            and_(
                ClosingReceipts.site_id == Receipt.site_id,
                ClosingReceipts.day == Receipt.issued_on,
                Receipt.number.between(ClosingReceipts.first, ClosingReceipts.last),
            ),
        )
        .where(ClosingReceipts.closing_id.in_(closing_ids))
    )
    by_closing: dict[UUID, list[Slip]] = defaultdict(list)
    for row in session.execute(found):
        by_closing[row.closing_id].append(_slip(row))
    return by_closing


def refunds_of(closing_ids: Collection[UUID]) -> dict[UUID, list[Back]]:
    """Return the refunds that closings cover, by closing; one of another shop's redemption is left out."""
    found = (
        _refunds()
        .add_columns(ClosingRefund.closing_id)
        .join(ClosingRefund, ClosingRefund.refund_id == Refund.id)
        .join(Closing, and_(Closing.id == ClosingRefund.closing_id, Closing.site_id == Redemption.site_id))
        .where(ClosingRefund.closing_id.in_(closing_ids))
    )
    rows = session.execute(found).all()
    closings = {row.id: row.closing_id for row in rows}
    by_closing: dict[UUID, list[Back]] = defaultdict(list)
    for refund_id, back in _backs(rows).items():
        by_closing[closings[refund_id]].append(back)
    return by_closing


def ranges_of(closing_ids: Collection[UUID]) -> dict[UUID, list[Range]]:
    """Return which receipts closings cover, by closing, the earliest day first."""
    found = (
        select(ClosingReceipts)
        .where(ClosingReceipts.closing_id.in_(closing_ids))
        .order_by(ClosingReceipts.day, ClosingReceipts.first)
    )
    by_closing: dict[UUID, list[Range]] = defaultdict(list)
    for row in session.scalars(found):
        by_closing[row.closing_id].append(Range(row.day, row.first, row.last))
    return by_closing


def _refunds() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Refund.id,
            Refund.actor_id,
            Refund.kind,
            Refund.minutes,
            RedemptionLine.goods_id,
            RefundLine.quantity,
            RefundLine.restocked,
        )
        .join(Redemption, Redemption.id == Refund.redemption_id)
        .join(RefundLine, RefundLine.refund_id == Refund.id)
        .join(
            RedemptionLine,
            and_(RedemptionLine.redemption_id == Refund.redemption_id, RedemptionLine.line_no == RefundLine.line_no),
        )
    )


def _slip(row: Row[*tuple[Any, ...]]) -> Slip:
    return Slip(
        row.clerk_id, row.charged_minutes, [(str(line["goods_id"]), int(line["quantity"])) for line in row.lines]
    )


def _backs(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[UUID, Back]:
    backs: dict[UUID, Back] = {}
    for row in rows:
        back = backs.setdefault(row.id, Back(row.actor_id, row.kind, row.minutes))
        back.pieces.append((str(row.goods_id), row.quantity, row.restocked))
    return backs
