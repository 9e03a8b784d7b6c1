"""How a record changes: a revision is appended, and what it credits is posted with it. Nothing is ever rewritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert

from timebank.constraints import retry_on
from timebank.database import NIL, new_id, session
from timebank.direct import Direct, Rows, as_read, at_once
from timebank.ledger import reversals
from timebank.ledger import service as ledger
from timebank.ledger.rules import AccountState
from timebank.notifications import service as notifications
from timebank.records import deltas, notices, storage
from timebank.records.errors import RecordNotPending
from timebank.records.models import Revision
from timebank.records.telling import news_of

# Two who change one record at once: the second look finds what the first has made of it.
retry_on(*RecordNotPending.constraints)

_REVISION = Direct(insert(Revision))
_REVISIONS = Rows(cast("Table", Revision.__table__))
_COLUMNS = _REVISIONS.columns


@dataclass(frozen=True, slots=True)
class Recorded:
    """A new revision, and its volunteer's account right after the credit (None if nothing was posted to it)."""

    revision: Revision
    account: AccountState | None


def append(*, before: Revision | None = None, **values: Any) -> Recorded:
    """Append a revision with the given column values, credit its ``credited_minutes`` to its volunteer, and tell them.

    (record_id, number) is the fence: of two who decide at once, the second looks again and is told why not.
    ``before`` is the revision that it follows, if there is one.
    """
    recorded = _append(values, before)
    if news := news_of(recorded.revision, before, actor_id=values["actor_id"]):
        notifications.tell_many([news])
    return recorded


def _append(values: dict[str, Any], before: Revision | None) -> Recorded:
    revision = as_read(Revision, values)
    _write(values, deltas.rows([(revision, before)]))
    notices.begin([revision])
    if not revision.credited_minutes:
        return Recorded(revision, None)
    posted = ledger.earn(
        transfer_id=revision.id,
        owner_id=revision.credited_to,
        minutes=revision.credited_minutes,
        source_id=revision.id,
        occurred_at=revision.ended_at,
        actor_id=revision.actor_id,
    )
    if revision.group_id is not None:
        return Recorded(revision, None)
    return _within_storage(Recorded(revision, posted.account))


def _write(values: dict[str, Any], changed: list[dict[str, Any]]) -> None:
    """Insert a revision, and with it what it changes in the figures: one round trip."""
    connection = session.connection()
    with at_once(connection):
        _REVISION.send(connection, {name: values[name] for name in _COLUMNS})
        if changed:
            deltas.INSERT.send_all(connection, changed)


def _within_storage(credited: Recorded) -> Recorded:
    """Let the surplus over the storage cap go to the pool, if its volunteer has agreed, or else be uncredited (R19).

    The wallet is locked by the credit, so what it has now is what it will have. Uncredited means: the credit is taken
    back and a revision that credits less follows, in the same transaction; the record itself stays whole.
    """
    revision, account = credited.revision, credited.account
    surplus = storage.surplus(revision, account) if account else 0
    if not surplus:
        return credited
    donated = storage.donated(revision, surplus)
    if donated is not None:
        return Recorded(revision, donated)
    less_id = new_id()
    back = reversals.reverse(transfer_id=new_id(), reverses=revision.id, source_id=less_id, actor_id=NIL)
    less = following(revision, credited_minutes=revision.credited_minutes - surplus, actor_id=NIL) | {"id": less_id}
    recorded = _append(less, revision)
    return Recorded(recorded.revision, recorded.account or back.account)


def change(current: Revision, **changes: Any) -> Recorded:
    """Append the revision that follows ``current``: what it said, but for ``changes``, ``recorded_at`` among them."""
    notices.end(current, changes["recorded_at"])
    return append(before=current, **following(current, **changes))


def following(current: Revision, **changes: Any) -> dict[str, Any]:
    """Return the row of the revision that follows ``current``: what it said, but for ``changes``."""
    values = {name: getattr(current, name) for name in _COLUMNS} | {"credited_by": None}
    return values | changes | {"id": new_id(), "number": current.number + 1}


def carry(currents: Sequence[Revision], *, volunteer_id: UUID, at: datetime) -> None:
    """Append to each record a revision that says the same of who goes on for its volunteer.

    Nothing is posted and nobody is told: what the records have credited moves with the account. What waits, waits on; a
    public notice begins anew, for it shows whose record it is.
    """
    rows = [
        following(
            current,
            volunteer_id=volunteer_id,
            credited_by=current.credit_id if current.credited_minutes else None,
            actor_id=NIL,
            recorded_at=at,
        )
        for current in currents
    ]
    if rows:
        for current in currents:
            notices.end(current, at)
        _REVISIONS.insert_mappings(session.connection(), rows)
        notices.begin([as_read(Revision, row) for row in rows])


def append_many(rows: Sequence[dict[str, Any]], *, batch_id: UUID | None = None) -> list[Revision]:
    """Append a revision of each of different records at once, credit them in one posting batch, and tell everybody.

    The first ones, or those that follow one that waited for review. One actor for all. Returns what each record says now, in the order given: over the storage cap a second revision.
    """
    revisions = [as_read(Revision, row) for row in rows]
    connection = session.connection()
    _REVISIONS.insert_mappings(connection, rows)
    if changed := deltas.rows((revision, None) for revision in revisions):
        deltas.INSERT.send_all(connection, changed)
    notices.begin(revisions)
    credited = [revision for revision in revisions if revision.credited_minutes]
    earnings = [
        ledger.Earning(
            transfer_id=revision.id,
            owner_id=revision.credited_to,
            minutes=revision.credited_minutes,
            source_id=revision.id,
            occurred_at=revision.ended_at,
        )
        for revision in credited
    ]
    actor_id = revisions[0].actor_id
    posted = ledger.earn_many(earnings=earnings, actor_id=actor_id, batch_id=batch_id) if earnings else []
    less = {
        revision.record_id: _within_storage(Recorded(revision, one.account)).revision
        for revision, one in zip(credited, posted, strict=True)
        if revision.group_id is None and storage.surplus(revision, one.account)
    }
    now = [less.get(revision.record_id, revision) for revision in revisions] if less else revisions
    notifications.tell_many(news for one in now if (news := news_of(one, None, actor_id=actor_id)))
    return now
