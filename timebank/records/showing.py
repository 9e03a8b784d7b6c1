"""Records as whoever may see them sees them: their current revisions, and what holds them up."""

from uuid import UUID

from timebank.records import notices, objections
from timebank.records.models import Revision
from timebank.records.rules import State
from timebank.records.schemas import Shown, record_out
from timebank.working_days import Deadline


def shown(revision: Revision) -> Shown:
    """Return what ``RecordOut`` shows of one record, in one statement, or two while it is on public notice."""
    return all_shown([revision])[0]


def shown_anew(revision: Revision) -> Shown:
    """Return the same of a revision made a moment ago, which nobody can have objected to: mostly without a statement."""
    return record_out(revision, notice=_notices([revision]).get(revision.record_id))


def all_shown(revisions: list[Revision]) -> list[Shown]:
    """Return what ``RecordOut`` shows of each of some records, in two statements at most."""
    if not revisions:
        return []
    frozen = objections.frozen_among(revision.record_id for revision in revisions)
    found = _notices(revisions)
    return [
        record_out(revision, frozen=revision.record_id in frozen, notice=found.get(revision.record_id))
        for revision in revisions
    ]


def _notices(revisions: list[Revision]) -> dict[UUID, Deadline]:
    on_notice = [revision.record_id for revision in revisions if revision.state == State.PENDING_NOTICE]
    if not on_notice:
        return {}
    return {
        record_id: Deadline(notice.ends_on, provisional=notice.provisional)
        for record_id, notice in notices.of(on_notice).items()
    }
