"""The end of the public notice: what nobody has objected to becomes final, and is credited (rule R07)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select, tuple_

from timebank import clock
from timebank.database import NIL, session
from timebank.errors import Refusal
from timebank.ledger.rules import wallet_of
from timebank.records import queries, revisions
from timebank.records.locks import lock
from timebank.records.models import Revision
from timebank.records.notice_tables import Notice
from timebank.records.rules import State

OVER = "公示期满"

_log = structlog.get_logger()
Place = tuple[datetime, UUID]


@dataclass(slots=True)
class Swept:
    """What one transaction has done, and where the next one goes on (None: nothing more is due)."""

    finalised: int = 0
    last: Place | None = None


def sweep(*, limit: int, after: Place | None = None) -> Swept:
    """Make final what has been on notice long enough and is not frozen, at most ``limit`` records beyond ``after``.

    Safe when two run at once: each record is locked and looked at again, and (record_id, number) is the last fence. A
    record whose credit the ledger refuses (a closed account) is left as it is and logged; it holds up no other.
    """
    now = clock.now()
    due = _due(now, limit, after)
    if not due:
        return Swept()
    lock(*(record_id for record_id, _, _ in due))
    swept = Swept(last=due[-1][1:])
    # In the order of the wallets' ids, in which everybody locks them.
    for revision in sorted(_still_due(due, now), key=lambda one: wallet_of(one.volunteer_id).id):
        try:
            with session.begin_nested():
                _finalise(revision, now)
        except Refusal as refusal:
            _log.warning("notice not finalised", record_id=str(revision.record_id), code=refusal.code)
        else:
            swept.finalised += 1
    return swept


def _due(now: datetime, limit: int, after: Place | None) -> list[tuple[UUID, datetime, UUID]]:
    found = (
        select(Notice.record_id, Notice.ends_at, Notice.revision_id)
        .where(Notice.closed_at.is_(None), Notice.ends_at <= now, ~queries.is_frozen(Notice.record_id))
        .order_by(Notice.ends_at, Notice.revision_id)
        .limit(limit)
    )
    if after is not None:
        found = found.where(tuple_(Notice.ends_at, Notice.revision_id) > after)
    return [(row.record_id, row.ends_at, row.revision_id) for row in session.execute(found)]


def _still_due(due: Iterable[tuple[UUID, datetime, UUID]], now: datetime) -> list[Revision]:
    """Look again under the locks: what somebody has decided or objected to meanwhile is left alone."""
    still = (
        select(Revision)
        .join(Notice, Notice.revision_id == Revision.id)
        .where(
            Revision.id.in_([revision_id for _, _, revision_id in due]),
            Notice.closed_at.is_(None),
            Notice.ends_at <= now,
            queries.is_current(),
            ~queries.is_frozen(Revision.record_id),
        )
    )
    return list(session.scalars(still))


def _finalise(revision: Revision, now: datetime) -> None:
    revisions.change(
        revision,
        state=State.FINAL,
        credited_minutes=revision.expected_minutes,
        actor_id=NIL,
        reason=OVER,
        recorded_at=now,
    )
