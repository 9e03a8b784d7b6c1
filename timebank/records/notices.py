"""The public notice (公示) of a record before its credit: when it begins, when it ends, who can look at it (rule R07).

It comes after the review and before the credit. It is over as a function of time; ``finalising`` writes what follows.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, insert, or_, select, true, update

from timebank import working_days
from timebank.database import session
from timebank.identity.models import Person
from timebank.records.credit import policy_of
from timebank.records.models import Revision
from timebank.records.notice_tables import Notice
from timebank.records.rules import State

_BEGIN = insert(Notice)
_CLOSE = (
    update(Notice)
    .where(Notice.revision_id == bindparam("revision"), Notice.closed_at.is_(None))
    .values(closed_at=bindparam("at", type_=Notice.closed_at.type))
)


def begin(revisions: Iterable[Revision]) -> None:
    """Put revisions on public notice, those of them that say so; called with every new revision.

    The day on which it begins does not count.
    """
    rows = [
        _row(revision, policy_of(revision).notice_days)
        for revision in revisions
        if revision.state == State.PENDING_NOTICE
    ]
    if rows:
        session.connection().execute(_BEGIN, rows)


def _row(revision: Revision, days: int) -> dict[str, Any]:
    # Its policy put it on notice. Should its times have been put right to a day of other rules, that is a day at least.
    days = max(1, days)
    last = working_days.deadline(revision.recorded_at, days)
    return {
        "revision_id": revision.id,
        "record_id": revision.record_id,
        "working_days": days,
        "began_at": revision.recorded_at,
        "ends_on": last.on,
        "ends_at": last.ends_at,
        "provisional": last.provisional,
    }


def end(revision: Revision, at: datetime) -> None:
    """Take a revision off the list: what it says about its record has just been replaced."""
    if revision.state == State.PENDING_NOTICE:
        session.connection().execute(_CLOSE, {"revision": revision.id, "at": at})


def of(record_ids: Iterable[UUID]) -> dict[UUID, Notice]:
    """Return the notices that have not been decided, by record; some of them may be over."""
    found = select(Notice).where(Notice.record_id.in_(list(record_ids)), Notice.closed_at.is_(None))
    return {notice.record_id: notice for notice in session.scalars(found)}


def is_running(revision: Revision, now: datetime) -> bool:
    """Whether a current revision is on public notice at ``now``."""
    if revision.state != State.PENDING_NOTICE:
        return False
    notice = of([revision.record_id]).get(revision.record_id)
    return notice is not None and now < notice.ends_at


def listed(*, now: datetime, organisation_id: UUID | None, area_path: str | None) -> Select[*tuple[Any, ...]]:
    """Select what is on public notice now, with its revision and the name of its volunteer; page by keys."""
    found = (
        select(Revision, Person.display_name, Notice.ends_on, Notice.provisional, Notice.ends_at, Notice.revision_id)
        .join(Notice, Notice.revision_id == Revision.id)
        .join(Person, Person.id == Revision.volunteer_id)
        .where(Notice.closed_at.is_(None), Notice.ends_at > now)
    )
    if organisation_id is not None:
        found = found.where(Revision.organisation_id == organisation_id)
    return found.where(_within(area_path) if area_path else true())


def _within(path: str) -> ColumnElement[bool]:
    """Return the condition that a record's area lies in the subtree of ``path``; not LIKE, which ignores case on SQLite."""
    return or_(Revision.area_path == path, func.substr(Revision.area_path, 1, len(path) + 1) == path + ".")
