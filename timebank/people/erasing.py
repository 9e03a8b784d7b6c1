"""Leaving for good: asked for, waited for a week, taken back or done (PIPL 47, 网络数据安全管理条例 24, rule R36).

``timebank sweep`` does what is due. What has been opened since keeps somebody here until it is settled: the request
stays, and each sweep looks again.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import exists, func, select

from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.errors import NotFound, Refusal
from timebank.giving import pool
from timebank.identity import former, guardians
from timebank.identity import queries as identity
from timebank.identity.ages import CHILD, is_under
from timebank.identity.errors import PersonNotActive
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState
from timebank.ledger import expiry
from timebank.ledger import queries as ledger
from timebank.ledger.accounts import lock_known
from timebank.ledger.rules import wallet_of
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.people import telling
from timebank.people.anonymising import anonymise
from timebank.people.blockers import Blocker, blockers_of, refuse_open
from timebank.people.errors import ErasureWaiting, GuardianDecides, NoErasure
from timebank.people.models import ErasureEnd, ErasureRequest
from timebank.people.rules import COOL_OFF, Balance, Outcome

WHY = "本人申请注销 · asked to be forgotten"


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of the minutes that are left: ``area_id`` is whose pool gets them, None the bank's one district's."""

    balance: Balance
    area_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """What staff have seen of a request that somebody makes in person, and where."""

    organisation_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to leaving: a request that waits, if any, and what would keep them now."""

    request: ErasureRequest | None
    blockers: list[Blocker]


def ask(*, person_id: UUID, choice: Choice, by: UUID, paper: Paper | None = None) -> ErasureRequest:
    """Ask to be forgotten in a week; the same once more returns the request that waits.

    What a guardian has asked for is from then on what the person asks for themself, by the same day.
    Raises NotFound, PersonNotActive for a closed account, ErasureBlocked, ErasureWaiting for another choice, Invalid for
    a pool that is none.
    """
    person = _locked(person_id)
    if person.state == PersonState.CLOSED:
        raise PersonNotActive
    area_id = pool.area_of(choice.area_id) if choice.balance is Balance.DONATE else None
    waiting = _waiting(person_id)
    if waiting is not None:
        if (waiting.balance, waiting.area_id) != (choice.balance, area_id):
            raise ErasureWaiting(due_at=utc_text(waiting.due_at))
        if not _is_guardians(waiting) or (by != person_id and paper is None):
            return waiting
        _end(waiting, Outcome.WITHDRAWN, by)
    else:
        refuse_open(person_id)
    now = clock.now()
    request = ErasureRequest(
        id=new_id(),
        person_id=person_id,
        number=_count(person_id) + 1,
        balance=choice.balance,
        area_id=area_id,
        organisation_id=paper.organisation_id if paper else None,
        reason=paper.reason if paper else None,
        asked_by=by,
        asked_at=now,
        due_at=waiting.due_at if waiting else now + COOL_OFF,
    )
    session.add(request)
    session.flush()
    if _is_guardians(request):
        telling.guardian_asked(request)
    return request


def ask_oneself(*, person_id: UUID, choice: Choice) -> ErasureRequest:
    """Ask to be forgotten. Raises as ``ask`` does, GuardianDecides for a child under 14 (PIPL 31)."""
    _refuse_child(_locked(person_id))
    return ask(person_id=person_id, choice=choice, by=person_id)


def ask_for_ward(*, guardian_id: UUID, ward_id: UUID, choice: Choice) -> ErasureRequest:
    """Ask that somebody under 18 be forgotten whom one answers for (PIPL 31; 未成年人网络保护条例 34).

    Raises as ``ask`` does, NotFound for whoever does not answer for them.
    """
    guardians.lock_ward(guardian_id=guardian_id, ward_id=ward_id)
    return ask(person_id=ward_id, choice=choice, by=guardian_id)


def enter(*, actor: Actor, person_id: UUID, choice: Choice, paper: Paper) -> ErasureRequest:
    """Enter what somebody asks for in person. Raises as ``ask`` does, NotFound outside the actor's scope, OwnFamily."""
    _refuse_outside(actor, person_id, paper.organisation_id)
    return ask(person_id=person_id, choice=choice, by=actor.person_id, paper=paper)


def withdraw(*, person_id: UUID, by: UUID) -> ErasureRequest:
    """Take the request back that waits; again it changes nothing. Raises NotFound, NoErasure."""
    _locked(person_id)
    waiting = _waiting(person_id)
    if waiting is not None:
        _end(waiting, Outcome.WITHDRAWN, by)
        return waiting
    last, end = _last(person_id)
    if last is None or end is None or end.outcome != Outcome.WITHDRAWN:
        raise NoErasure
    return last


def withdraw_oneself(*, person_id: UUID) -> ErasureRequest:
    """Stay after all, whoever has asked. Raises as ``withdraw`` does, GuardianDecides for a child under 14."""
    _refuse_child(_locked(person_id))
    return withdraw(person_id=person_id, by=person_id)


def withdraw_for_ward(*, guardian_id: UUID, ward_id: UUID) -> ErasureRequest:
    """Have a ward stay. Raises as ``withdraw`` does, NotFound for whoever does not answer for them."""
    guardians.lock_ward(guardian_id=guardian_id, ward_id=ward_id)
    return withdraw(person_id=ward_id, by=guardian_id)


def withdraw_entered(*, actor: Actor, person_id: UUID, organisation_id: UUID) -> ErasureRequest:
    """Enter that somebody has changed their mind. Raises as ``withdraw`` does, NotFound outside the scope, OwnFamily."""
    _refuse_outside(actor, person_id, organisation_id)
    return withdraw(person_id=person_id, by=actor.person_id)


def standing_of(person_id: UUID) -> Standing:
    """Return the request that waits and what is open. Raises NotFound."""
    if identity.person(person_id) is None:
        raise NotFound
    return Standing(_waiting(person_id), blockers_of(person_id))


def sweep(*, limit: int) -> int:
    """Forget everybody whose week is over and who has nothing open, each in a unit of work; return how many that were."""
    done, after = 0, None
    while True:
        page = in_unit_of_work(partial(_due, limit, after), write=False)
        done += sum(_carried_out(request_id) for request_id in page)
        if len(page) < limit:
            return done
        after = page[-1]


def _carried_out(request_id: UUID) -> bool:
    try:
        return in_unit_of_work(lambda: carry_out(request_id))
    except Refusal:  # opened a moment ago: the next sweep looks again
        return False


def carry_out(request_id: UUID) -> bool:
    """Forget somebody as they have asked, unless that is done, taken back, or something is open; return whether it is done now.

    What a guardian has asked for lapses when they answer for the person no more, who may have come of age.

    Their wallet is locked before anything is looked at: whoever sets minutes aside in this very moment has done so by
    then, or finds none.
    """
    request = session.get_one(ErasureRequest, request_id)
    _locked(request.person_id)
    lock_known(session.connection(), [wallet_of(request.person_id)])
    if session.get(ErasureEnd, request_id) is not None:
        return False
    if _has_lapsed(request):
        _end(request, Outcome.WITHDRAWN, NIL)
        telling.lapsed(request)
        return False
    if blockers_of(request.person_id):
        return False
    _empty(request)
    for one in (request.person_id, *former.merged_into(request.person_id)):
        anonymise(one, reason=WHY)
    _end(request, Outcome.ERASED, NIL)
    return True


def _has_lapsed(request: ErasureRequest) -> bool:
    """Whether a guardian has asked who answers for the person no more."""
    return _is_guardians(request) and not guardians.answers_for(former.goes_on(request.asked_by), request.person_id)


def _is_guardians(request: ErasureRequest) -> bool:
    """Whether neither the person has asked, nor staff who have seen their paper."""
    own = {request.person_id, *former.merged_into(request.person_id)}
    return request.organisation_id is None and request.asked_by not in own


def _empty(request: ErasureRequest) -> None:
    now, owner_id = clock.now(), request.person_id
    left = ledger.account_state(owner_id, now)
    if left.available_minutes and request.balance == Balance.DONATE and not left.debt_minutes:
        pool.donated(owner_id=owner_id, minutes=left.available_minutes, area_id=request.area_id, actor_id=owner_id)
    elif left.available_minutes:
        expiry.expire(run_id=request.id, cut_off=now, owner_ids=[owner_id], actor_id=owner_id)


def _due(limit: int, after: UUID | None) -> list[UUID]:
    ended = exists().where(ErasureEnd.erasure_id == ErasureRequest.id)
    due = select(ErasureRequest.id).where(ErasureRequest.due_at <= clock.now(), ~ended)
    if after is not None:
        due = due.where(ErasureRequest.id > after)
    return list(session.scalars(due.order_by(ErasureRequest.id).limit(limit)))


def _waiting(person_id: UUID) -> ErasureRequest | None:
    last, end = _last(person_id)
    return last if end is None else None


def _last(person_id: UUID) -> tuple[ErasureRequest | None, ErasureEnd | None]:
    """Return somebody's last request, and how it ended."""
    mine = select(ErasureRequest).where(ErasureRequest.person_id == person_id)
    last = session.scalars(mine.order_by(ErasureRequest.number.desc()).limit(1)).one_or_none()
    return last, session.get(ErasureEnd, last.id) if last else None


def _count(person_id: UUID) -> int:
    return session.scalars(select(func.count()).where(ErasureRequest.person_id == person_id)).one()


def _end(request: ErasureRequest, outcome: Outcome, by: UUID) -> None:
    session.add(ErasureEnd(erasure_id=request.id, outcome=outcome, ended_by=by, ended_at=clock.now()))
    session.flush()


def _locked(person_id: UUID) -> Person:
    person = session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)
    if person is None:
        raise NotFound
    return person


def _refuse_child(person: Person) -> None:
    if is_under(CHILD, person.birth_on, clock.day_of(clock.now())):
        raise GuardianDecides


def _refuse_outside(actor: Actor, person_id: UUID, organisation_id: UUID) -> None:
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    refuse_own_family(actor.person_id, person_id)
