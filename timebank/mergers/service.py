"""The verbs: ask that two accounts be merged, approve it, reject it. One asks, another decides; neither is concerned."""

from uuid import UUID

from timebank import clock
from timebank.database import insert_row, new_id, session
from timebank.errors import NotFound
from timebank.identity import queries as people
from timebank.identity.family import refuse_own_family
from timebank.identity.phones import Keys
from timebank.identity.rules import Actor
from timebank.ledger import queries as ledger
from timebank.ledger.errors import OpenHolds
from timebank.mergers import checks, queries
from timebank.mergers.carrying import carry_over, lock_both
from timebank.mergers.errors import MergeDecided, MergeSecondPerson
from timebank.mergers.models import MergeDecision, MergeRequest
from timebank.mergers.moving import Merging
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS


def request(*, actor: Actor, old_id: UUID, person_id: UUID, organisation_id: UUID, reason: str) -> MergeRequest:
    """Ask that the account ``old_id`` be closed and ``person_id`` go on for it; asked again, it is the same request.

    Nothing changes before somebody else approves. Raises NotFound, and what speaks against it now: SamePerson,
    AlreadyMerged, NotForStaff, RelativesNotMerged, OwnFamily, OpenHolds, OpenAttendances, RecordsOverlap, MergeUnfinished.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    if len(people.people([old_id, person_id])) < len({old_id, person_id}):
        raise NotFound
    _refuse(old_id, person_id, by=actor.person_id)
    known = queries.open_request(old_id, person_id)
    if known is not None and (known.old_id, known.organisation_id) == (old_id, organisation_id):
        return known
    asked = MergeRequest(
        id=new_id(),
        old_id=old_id,
        person_id=person_id,
        organisation_id=organisation_id,
        reason=reason,
        requested_by=actor.person_id,
        requested_at=clock.now(),
    )
    session.add(asked)
    session.flush()
    return asked


def approve(*, actor: Actor, request_id: UUID, phone_keys: Keys, reason: str | None = None) -> MergeRequest:
    """Merge: everything of the old account goes on with the other one, minutes and honour too, and it is closed.

    Raises NotFound, MergeDecided, MergeSecondPerson, and as ``request``; MergeOtherWay.
    """
    asked = _undecided(actor, request_id)
    merging = Merging(
        old_id=asked.old_id, person_id=asked.person_id, by=actor.person_id, at=clock.now(), phone_keys=phone_keys
    )
    lock_both(merging)
    _undecided(actor, request_id)  # somebody may have been faster
    _refuse(asked.old_id, asked.person_id, by=actor.person_id)
    _decide(asked, actor, approved=True, reason=reason)
    carry_over(merging, source_id=asked.id)
    return asked


def reject(*, actor: Actor, request_id: UUID, reason: str) -> MergeRequest:
    """Leave both accounts as they are. Raises NotFound, MergeDecided, MergeSecondPerson, OwnFamily."""
    asked = _undecided(actor, request_id)
    refuse_own_family(actor.person_id, asked.old_id, asked.person_id)
    _decide(asked, actor, approved=False, reason=reason)
    return asked


def seen(*, actor: Actor, request_id: UUID) -> tuple[MergeRequest, MergeDecision | None]:
    """Return a request in the actor's scope, with its decision. Raises NotFound."""
    found = queries.request(request_id)
    if found is None:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=found[0].organisation_id)
    return found


def _undecided(actor: Actor, request_id: UUID) -> MergeRequest:
    asked, decision = seen(actor=actor, request_id=request_id)
    if decision is not None:
        raise MergeDecided
    if asked.requested_by == actor.person_id:
        raise MergeSecondPerson
    return asked


def _refuse(old_id: UUID, person_id: UUID, *, by: UUID) -> None:
    checks.refuse_people(old_id, person_id, by=by)
    held = ledger.account_state(old_id, clock.now()).held_minutes
    if held:
        raise OpenHolds(held_minutes=held)
    checks.refuse_state(old_id, person_id)


def _decide(asked: MergeRequest, actor: Actor, *, approved: bool, reason: str | None) -> None:
    insert_row(
        MergeDecision,
        request_id=asked.id,
        approved=approved,
        reason=reason,
        decided_by=actor.person_id,
        decided_at=clock.now(),
    )
