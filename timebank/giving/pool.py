"""The pool of an area (rule R23): donations in, grants out, each in one transaction with its posting in the ledger.

Who asks for a grant does not approve it, and neither decides for themself or their family (rule R35, 管用分离).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.giving import applications
from timebank.giving.applications import STEWARDS
from timebank.giving.errors import GrantDecided, PoolEmpty
from timebank.giving.models import Donation, PoolGrant
from timebank.giving.rules import GrantState, Priority
from timebank.identity.family import refuse_own_family
from timebank.identity.rules import Actor, Role
from timebank.identity.states import refuse_inactive
from timebank.ledger import gifts as ledger
from timebank.ledger.errors import InsufficientMinutes
from timebank.ledger.queries import pool_balance
from timebank.ledger.rules import AccountState
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.organisations.models import Area
from timebank.records.errors import SecondPersonNeeded


@dataclass(frozen=True, slots=True)
class Pool:
    """What a pool has, and what has gone in and out of it."""

    area_id: UUID
    balance_minutes: int
    donated_minutes: int
    granted_minutes: int


def donate(*, owner_id: UUID, minutes: int, area_id: UUID | None = None) -> tuple[Donation, AccountState]:
    """Give minutes to the pool of an area, or of the bank's one district; return the donor's account with it.

    Raises Invalid without an area where there are several districts or an area that is none, PersonNotActive,
    InsufficientMinutes, DebtOutstanding.
    """
    refuse_inactive(owner_id)
    return donated(owner_id=owner_id, minutes=minutes, area_id=area_id, actor_id=owner_id)


def donated(*, owner_id: UUID, minutes: int, area_id: UUID | None, actor_id: UUID) -> tuple[Donation, AccountState]:
    """Move minutes of an account into a pool; who may say so is the caller's question. Raises what ``donate`` raises."""
    donation = Donation(
        id=new_id(), area_id=area_of(area_id), owner_id=owner_id, minutes=minutes, donated_at=clock.now()
    )
    posted = ledger.donate(
        transfer_id=donation.id,
        owner_id=owner_id,
        area_id=donation.area_id,
        minutes=minutes,
        source_id=donation.id,
        actor_id=actor_id,
    )
    session.add(donation)
    session.flush()
    return donation, posted.account


def area_of(area_id: UUID | None) -> UUID:
    """Return the area whose pool a donation goes to: the one that is named, or the bank's one district. Raises Invalid."""
    if area_id is not None:
        if register.area(area_id) is None:
            raise _no_area("没有这个区域。 No such area.")
        return area_id
    districts = list(session.scalars(select(Area.id).where(Area.level == 1).limit(2)))
    if len(districts) != 1:
        raise _no_area("请选择捐给哪个区域的公共池。 Say which area's pool.")
    return districts[0]


def _no_area(detail: str) -> Invalid:
    return Invalid(errors=[{"pointer": "/area_id", "detail": detail}])


def pool_of(area_id: UUID) -> Pool:
    """Return what the pool of an area has. Raises NotFound."""
    if register.area(area_id) is None:
        raise NotFound
    donated = select(func.coalesce(func.sum(Donation.minutes), 0)).where(Donation.area_id == area_id)
    granted = select(func.coalesce(func.sum(PoolGrant.minutes), 0)).where(
        PoolGrant.area_id == area_id, PoolGrant.state == GrantState.APPROVED
    )
    sums = session.execute(select(donated.scalar_subquery(), granted.scalar_subquery())).one()
    return Pool(area_id, pool_balance(area_id), int(sums[0]), int(sums[1]))


def request(
    *, actor: Actor, area_id: UUID, person_id: UUID, minutes: int, reason_code: Priority, reason: str
) -> PoolGrant:
    """Ask for a grant to somebody; nothing moves before another person approves it.

    Raises NotFound outside the actor's areas, Invalid for a person who is none, PersonNotActive, OwnFamily,
    GrantWaiting (by its constraint).
    """
    scope.area_for(actor, *STEWARDS, area_id=area_id)
    applications.refuse_unknown(person_id)
    refuse_inactive(person_id)
    refuse_own_family(actor.person_id, person_id)
    grant = PoolGrant(
        id=new_id(),
        area_id=area_id,
        person_id=person_id,
        minutes=minutes,
        reason_code=reason_code,
        reason=reason,
        state=GrantState.REQUESTED,
        requested_by=actor.person_id,
        requested_at=clock.now(),
    )
    session.add(grant)
    session.flush()
    return grant


def approve(*, actor: Actor, grant_id: UUID, answer: str) -> PoolGrant:
    """Let the minutes of a grant move, and answer the application that it was asked for, if there is one.

    Raises NotFound, GrantDecided, SecondPersonNeeded, OwnFamily, PersonNotActive, PoolEmpty.
    """
    grant = _decidable(actor, grant_id)
    refuse_inactive(grant.person_id)
    # Before the ledger's locks, like every other lock of this transaction.
    applications.grant(area_id=grant.area_id, person_id=grant.person_id, by=actor.person_id, answer=answer)
    try:
        ledger.grant(
            transfer_id=grant.id,
            area_id=grant.area_id,
            owner_id=grant.person_id,
            minutes=grant.minutes,
            source_id=grant.id,
            actor_id=actor.person_id,
        )
    except InsufficientMinutes as short:
        raise PoolEmpty(**short.context) from short
    return _decided(grant, GrantState.APPROVED, actor, answer)


def reject(*, actor: Actor, grant_id: UUID, answer: str) -> PoolGrant:
    """Refuse a grant; an application goes on waiting. Raises NotFound, GrantDecided, SecondPersonNeeded, OwnFamily."""
    return _decided(_decidable(actor, grant_id), GrantState.REJECTED, actor, answer)


def grants(*, actor: Actor, area_id: UUID, state: str | None) -> Select[PoolGrant]:
    """Select the grants of an area in the actor's scope. Raises NotFound."""
    scope.area_for(actor, *STEWARDS, Role.AUDITOR, area_id=area_id)
    found = select(PoolGrant).where(PoolGrant.area_id == area_id)
    return found.where(PoolGrant.state == state) if state else found


def _decidable(actor: Actor, grant_id: UUID) -> PoolGrant:
    grant = session.get(PoolGrant, grant_id, with_for_update={"key_share": True}, populate_existing=True)
    if grant is None:
        raise NotFound
    scope.area_for(actor, *STEWARDS, area_id=grant.area_id)
    if grant.state != GrantState.REQUESTED:
        raise GrantDecided(state=grant.state)
    if grant.requested_by == actor.person_id:
        raise SecondPersonNeeded
    refuse_own_family(actor.person_id, grant.person_id)
    return grant


def _decided(grant: PoolGrant, state: GrantState, actor: Actor, answer: str) -> PoolGrant:
    grant.state = state
    grant.decided_by = actor.person_id
    grant.decided_at = clock.now()
    grant.answer = answer
    session.flush()
    return grant
