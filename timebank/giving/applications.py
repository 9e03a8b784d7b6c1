"""Who waits for minutes from the pool, most urgent first (rule R23)."""

from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.giving.errors import ApplicationClosed
from timebank.giving.models import Application
from timebank.giving.rules import RANKS, ApplicationState, Priority
from timebank.identity import queries as identity
from timebank.identity.family import refuse_own_family
from timebank.identity.rules import Actor, Role
from timebank.identity.states import refuse_inactive
from timebank.organisations import queries as register
from timebank.organisations import scope

STEWARDS = (Role.COORDINATOR, Role.ADMIN)


def apply(
    *, actor: Actor, area_id: UUID, priority: Priority, reason: str, volunteer_no: str | None = None
) -> Application:
    """Put somebody on the list of an area: oneself, or, as staff of that area, a person who has no phone.

    Raises NotFound outside the actor's areas, Invalid for what does not exist, PersonNotActive, AlreadyApplied (by its
    constraint).
    """
    person_id = actor.person_id
    if volunteer_no is not None:
        scope.area_for(actor, *STEWARDS, area_id=area_id)
        person_id = _numbered(volunteer_no)
    elif register.area(area_id) is None:
        raise Invalid(errors=[{"pointer": "/area_id", "detail": "没有这个区域。 No such area."}])
    refuse_inactive(person_id)
    application = Application(
        id=new_id(),
        area_id=area_id,
        person_id=person_id,
        priority=priority,
        rank=RANKS[priority],
        reason=reason,
        state=ApplicationState.WAITING,
        applied_at=clock.now(),
        applied_by=actor.person_id,
    )
    session.add(application)
    session.flush()
    return application


def _numbered(volunteer_no: str) -> UUID:
    person = identity.person_by_number(volunteer_no)
    if person is None:
        raise Invalid(errors=[{"pointer": "/volunteer_no", "detail": "没有这个编号。 No such number."}])
    return person.id


def refuse_unknown(person_id: UUID) -> None:
    """Raise Invalid unless there is such a person."""
    if identity.person(person_id) is None:
        raise Invalid(errors=[{"pointer": "/person_id", "detail": "没有这个人。 No such person."}])


def refuse(*, actor: Actor, application_id: UUID, answer: str) -> Application:
    """Answer an application with no, and why. Raises NotFound, OwnFamily, ApplicationClosed."""
    application = _locked(application_id)
    scope.area_for(actor, *STEWARDS, area_id=application.area_id)
    refuse_own_family(actor.person_id, application.person_id)
    return _closed(application, ApplicationState.REFUSED, by=actor.person_id, answer=answer)


def withdraw(*, person_id: UUID, application_id: UUID) -> Application:
    """Leave the list. Raises NotFound, ApplicationClosed."""
    application = _locked(application_id)
    if application.person_id != person_id:
        raise NotFound
    return _closed(application, ApplicationState.WITHDRAWN, by=person_id, answer=None)


def grant(*, area_id: UUID, person_id: UUID, by: UUID, answer: str) -> None:
    """Answer the waiting application of a person in an area with yes, if there is one."""
    waiting = session.scalars(
        select(Application)
        .where(
            Application.area_id == area_id,
            Application.person_id == person_id,
            Application.state == ApplicationState.WAITING,
        )
        .with_for_update(key_share=True)
    ).one_or_none()
    if waiting is not None:
        _closed(waiting, ApplicationState.GRANTED, by=by, answer=answer)


def listed(*, actor: Actor, area_id: UUID, state: str) -> Select[Application]:
    """Select the applications to the pool of an area in the actor's scope. Raises NotFound."""
    scope.area_for(actor, *STEWARDS, Role.AUDITOR, area_id=area_id)
    return select(Application).where(Application.area_id == area_id, Application.state == state)


def waiting_by_rank(area_id: UUID) -> dict[int, int]:
    """Return how many applications wait at the pool of an area, by rank."""
    counted = (
        select(Application.rank, func.count())
        .where(Application.area_id == area_id, Application.state == ApplicationState.WAITING)
        .group_by(Application.rank)
    )
    return {rank: count for rank, count in session.execute(counted)}  # noqa: C416 - rows, not pairs, to a type checker


def of(person_id: UUID) -> Select[Application]:
    """Select one's own applications."""
    return select(Application).where(Application.person_id == person_id)


def _locked(application_id: UUID) -> Application:
    application = session.get(Application, application_id, with_for_update={"key_share": True}, populate_existing=True)
    if application is None:
        raise NotFound
    return application


def _closed(application: Application, state: ApplicationState, *, by: UUID, answer: str | None) -> Application:
    if application.state != ApplicationState.WAITING:
        raise ApplicationClosed(state=application.state)
    application.state = state
    application.closed_at = clock.now()
    application.closed_by = by
    application.answer = answer
    session.flush()
    return application
