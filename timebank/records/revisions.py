"""How a record changes: a revision is appended, and what it credits is posted with it. Nothing is ever rewritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from timebank.database import new_id, retry_on, session
from timebank.ledger import service as ledger
from timebank.ledger.rules import AccountState
from timebank.records.errors import RecordNotPending
from timebank.records.models import Revision

# Two who change one record at once: the second look finds what the first has made of it.
retry_on(*RecordNotPending.constraints)

_REVISION = insert(Revision)
_COLUMNS = tuple(column.name for column in Revision.__table__.columns)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A new revision, and the account right after its credit (None if nothing was posted)."""

    revision: Revision
    account: AccountState | None


def append(**values: Any) -> Recorded:
    """Append a revision with the given column values, and credit its ``credited_minutes`` to its volunteer.

    (record_id, number) is the fence: of two who decide at once, the second looks again and is told why not.
    """
    session.connection().execute(_REVISION, values)
    revision = Revision(**values)
    if not revision.credited_minutes:
        return Recorded(revision, None)
    posted = ledger.earn(
        transfer_id=revision.id,
        owner_id=revision.volunteer_id,
        minutes=revision.credited_minutes,
        source_id=revision.id,
        occurred_at=revision.ended_at,
        actor_id=revision.actor_id,
    )
    return Recorded(revision, posted.account)


def change(current: Revision, **changes: Any) -> Recorded:
    """Append the revision that follows ``current``: what it said, but for ``changes``."""
    values = {name: getattr(current, name) for name in _COLUMNS}
    return append(**(values | changes | {"id": new_id(), "number": current.number + 1}))


def append_many(rows: Sequence[dict[str, Any]], *, batch_id: UUID | None = None) -> list[Revision]:
    """Append revisions of different records at once, and credit them in one posting batch; one actor for all."""
    session.connection().execute(_REVISION, list(rows))
    revisions = [Revision(**values) for values in rows]
    earnings = [
        ledger.Earning(
            transfer_id=revision.id,
            owner_id=revision.volunteer_id,
            minutes=revision.credited_minutes,
            source_id=revision.id,
            occurred_at=revision.ended_at,
        )
        for revision in revisions
        if revision.credited_minutes
    ]
    if earnings:
        ledger.earn_many(earnings=earnings, actor_id=revisions[0].actor_id, batch_id=batch_id)
    return revisions
