"""Checks of ``timebank shop audit`` over daily closings: worked out anew from the receipts and refunds that they cover."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from timebank.database import session
from timebank.shop.counter import closing_queries
from timebank.shop.counter.closing_rules import canonical, compared, figures, fingerprint
from timebank.shop.counter.closings import head_of
from timebank.shop.counter.models import Closing, ClosingReceipts
from timebank.shop.models import Counter
from timebank.shop.rules import Series

AT_ONCE = 200


def wrong_ranges(_now: datetime) -> Select[*tuple[Any, ...]]:
    """Select covered receipts that do not go on where the closing before has ended, or that nobody has issued."""
    before = func.lag(ClosingReceipts.last, 1, 0).over(
        partition_by=(ClosingReceipts.site_id, ClosingReceipts.day), order_by=ClosingReceipts.first
    )
    covered = select(
        ClosingReceipts.site_id,
        ClosingReceipts.day,
        ClosingReceipts.first,
        ClosingReceipts.last,
        before.label("before"),
    ).subquery()
    issued = and_(Counter.site_id == covered.c.site_id, Counter.day == covered.c.day, Counter.series == Series.RECEIPT)
    return (
        select(covered.c.site_id, covered.c.day, covered.c.first)
        .outerjoin(Counter, issued)
        .where(
            or_(
                covered.c.first != covered.c.before + 1,
                Counter.last.is_(None),
                covered.c.last > Counter.last,
            )
        )
        .order_by(covered.c.site_id, covered.c.day, covered.c.first)
    )


def wrong_closings() -> list[tuple[UUID, str]]:
    """Return the closings that say something else than their facts, each with what is wrong with it."""
    wrong = []
    before: Closing | None = None
    for batch in _in_batches():
        ids = [one.id for one in batch]
        ranges, slips = closing_queries.ranges_of(ids), closing_queries.slips_of(ids)
        backs = closing_queries.refunds_of(ids)
        for one in batch:
            found = figures(ranges.get(one.id, []), slips.get(one.id, []), backs.get(one.id, []))
            same_shop = before if before is not None and before.site_id == one.site_id else None
            fault = _fault(one, found, same_shop)
            if fault:
                wrong.append((one.id, fault))
            before = one
    return wrong


def _in_batches() -> Iterator[Sequence[Closing]]:
    ids = list(session.scalars(select(Closing.id).order_by(Closing.site_id, Closing.number)))
    for start in range(0, len(ids), AT_ONCE):
        wanted = ids[start : start + AT_ONCE]
        found = {one.id: one for one in session.scalars(select(Closing).where(Closing.id.in_(wanted)))}
        yield [found[closing_id] for closing_id in wanted]


def _fault(closing: Closing, found: Mapping[str, Any], before: Closing | None) -> str | None:
    """Return what is wrong with a closing, given its figures worked out anew and the one before it at the same shop."""
    try:
        content = json.loads(closing.content)
        said, pieces = content["figures"], content["counted"]
        counted = compared(
            found,
            slips=next((one["counted"] for one in pieces if one["what"] == "slips"), None),
            pieces={UUID(one["goods_id"]): one["counted"] for one in pieces if one["what"] == "pieces"},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return "content"
    number, previous = (before.number + 1, before.sha256) if before else (1, None)
    checks = {
        "sha256": fingerprint(closing.content) == closing.sha256 and canonical(content) == closing.content,
        "head": head_of(closing).items() <= content.items(),
        "previous": content.get("previous") == previous and closing.number == number,
        "day": before is None or before.closed_on < closing.closed_on,
        "figures": said == found,
        "counted": pieces == counted,
    }
    return next((what for what, holds in checks.items() if not holds), None)
