"""What becomes of an account: frozen, active again, closed for good, or its person has died; each with who and why (R26).

Whoever is not active signs in no more and holds no role from that moment; what they had open is for its domain to end.
"""

from uuid import UUID

from sqlalchemy import Select, func, select, update

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity import administrators
from timebank.identity.errors import PersonNotActive, StateUnchangeable
from timebank.identity.models import Person, SignedInSession
from timebank.identity.rules import PersonState
from timebank.identity.state_models import StateChange

# Two changes at once: the second look finds the first.
retry_on("pk_identity_state_change")

_WAYS = {
    PersonState.ACTIVE: frozenset({PersonState.FROZEN, PersonState.CLOSED, PersonState.DECEASED}),
    PersonState.FROZEN: frozenset({PersonState.ACTIVE, PersonState.CLOSED, PersonState.DECEASED}),
    PersonState.DECEASED: frozenset({PersonState.CLOSED}),
    PersonState.CLOSED: frozenset[PersonState](),
}


def change(*, person_id: UUID, to: PersonState, by: UUID, reason: str, organisation_id: UUID | None = None) -> Person:
    """Change the state of an account; the state that it is in already changes nothing. Who may is the caller's question.

    Whoever is not active any more is signed out everywhere. Raises NotFound, StateUnchangeable (closed is for good),
    LastAdmin.
    """
    person = session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)
    if person is None:
        raise NotFound
    before = PersonState(person.state)
    if before is to:
        return person
    if to not in _WAYS[before]:
        raise StateUnchangeable(state=before)
    if before is PersonState.ACTIVE:
        administrators.refuse_last(person_id=person_id)
    person.state = to
    session.add(
        StateChange(
            person_id=person_id,
            number=_count(person_id) + 1,
            state_before=before,
            state_after=to,
            reason=reason,
            organisation_id=organisation_id,
            changed_by=by,
            changed_at=clock.now(),
        )
    )
    if to is not PersonState.ACTIVE:
        sign_out_everywhere(person_id)
    session.flush()
    return person


def _count(person_id: UUID) -> int:
    return session.scalars(select(func.count()).where(StateChange.person_id == person_id)).one()


def refuse_inactive(person_id: UUID) -> None:
    """Raise PersonNotActive for whoever is frozen or gone; whoever is not stays so until the transaction ends."""
    held = select(Person.state).where(Person.id == person_id).with_for_update(read=True)
    if session.scalar(held) != PersonState.ACTIVE:
        raise PersonNotActive


def sign_out_everywhere(person_id: UUID) -> None:
    """End every sign-in of somebody: no refresh token of theirs is good any more."""
    session.execute(
        update(SignedInSession)
        .where(SignedInSession.person_id == person_id, SignedInSession.revoked_at.is_(None))
        .values(revoked_at=clock.wall())
    )


def changes_of(person_id: UUID) -> Select[StateChange]:
    """Select what has become of an account."""
    return select(StateChange).where(StateChange.person_id == person_id)
