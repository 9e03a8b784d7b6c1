"""What speaks against merging two accounts, in the order in which it is asked."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from timebank import clock
from timebank.activities.models import Shift, SignUp
from timebank.activities.rules import SignUpState
from timebank.activities.waiting_rules import STILL_WAITING
from timebank.activities.waiting_tables import WaitingPlace
from timebank.attendance.models import Attendance, LateScan, LateScanDecision
from timebank.attendance.rules import State as AttendanceState
from timebank.database import Base, session
from timebank.giving.models import Application, Gift, PoolGrant
from timebank.giving.rules import ApplicationState, GrantState
from timebank.identity import queries as people
from timebank.identity.binding_errors import NotForStaff
from timebank.identity.family import refuse_own_family
from timebank.identity.models import FamilyRelation, GrantedRole, Guardian, Person
from timebank.identity.rules import PersonState
from timebank.mergers.errors import (
    AlreadyMerged,
    MergeUnfinished,
    OpenAttendances,
    RecordsOverlap,
    RelativesNotMerged,
    SamePerson,
)
from timebank.records import queries as records
from timebank.records import supplement_queries
from timebank.records.correction_tables import Correction, CorrectionDecision
from timebank.records.models import Revision
from timebank.records.objection_tables import Objection, ObjectionAnswer
from timebank.records.rules import State
from timebank.records.supplement_tables import Supplement
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.models import Redemption
from timebank.shop.queries import is_waiting
from timebank.stars.models import StarDecision, StarProposal

MOST_SHOWN = 20


def refuse_people(old_id: UUID, person_id: UUID, *, by: UUID) -> None:
    """Raise SamePerson, AlreadyMerged, NotForStaff, RelativesNotMerged, or OwnFamily if ``by`` or a relative is one of them."""
    if old_id == person_id:
        raise SamePerson
    found = people.people([old_id, person_id])
    if any(one.state in {PersonState.CLOSED, PersonState.DECEASED} for one in found.values()):
        raise AlreadyMerged
    if holds_a_role(old_id):
        raise NotForStaff
    if _are_two(old_id, person_id):
        raise RelativesNotMerged
    refuse_own_family(by, old_id, person_id)


def holds_a_role(person_id: UUID) -> bool:
    """Whether somebody holds any role of staff."""
    return _any(select(GrantedRole.id).where(GrantedRole.person_id == person_id))


def _are_two(one: UUID, other: UUID) -> bool:
    """Whether the two have ever been confirmed as relatives, or one answers, collects or gave something for the other."""

    def between(left: Any, right: Any) -> ColumnElement[bool]:
        return or_(and_(left == one, right == other), and_(left == other, right == one))

    return any(
        _any(found)
        for found in (
            select(FamilyRelation.id).where(between(FamilyRelation.proposer_id, FamilyRelation.relative_id)),
            select(Guardian.id).where(between(Guardian.ward_id, Guardian.guardian_id)),
            select(Proxy.id).where(between(Proxy.person_id, Proxy.proxy_id)),
            select(Gift.id).where(between(Gift.giver_id, Gift.recipient_id)),
        )
    )


def refuse_state(old_id: UUID, person_id: UUID) -> None:
    """Raise OpenAttendances, RecordsOverlap or MergeUnfinished as things stand now."""
    inside = select(Attendance.volunteer_id).where(
        Attendance.volunteer_id.in_([old_id, person_id]), Attendance.state == AttendanceState.OPEN
    )
    if len(set(session.scalars(inside))) == 2:
        raise OpenAttendances
    refuse_overlap(old_id, person_id)
    if open_business := list(_unfinished(old_id, person_id)):
        raise MergeUnfinished(errors=[{"pointer": pointer, "detail": detail} for pointer, detail in open_business])


def refuse_overlap(old_id: UUID, person_id: UUID) -> None:
    """Raise RecordsOverlap if records of both that count, or may yet count, share a moment, or one goes on meanwhile."""
    pairs = overlaps(old_id, person_id)
    if pairs:
        raise RecordsOverlap(
            records=len(pairs),
            minutes=sum(minutes for _, _, minutes in pairs),
            errors=[
                {"pointer": "/records", "detail": f"{one} · {other} · {minutes} min"}
                for one, other, minutes in pairs[:MOST_SHOWN]
            ],
        )


def overlaps(old_id: UUID, person_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Return the pairs of records of two people that share time (half-open), and how many whole minutes."""
    other, later = aliased(Revision, name="of_the_other"), aliased(Revision, name="later_of_the_other")
    counts = (State.PENDING_REVIEW, State.PENDING_NOTICE, State.FINAL)
    others_is_current = (
        ~select(later.id).where(later.record_id == other.record_id, later.number == other.number + 1).exists()
    )
    found = (
        select(Revision, other)
        .join(other, and_(Revision.started_at < other.ended_at, other.started_at < Revision.ended_at))
        .where(
            Revision.volunteer_id == old_id,
            other.volunteer_id == person_id,
            Revision.state.in_(counts),
            other.state.in_(counts),
            records.is_current(),
            others_is_current,
        )
        .order_by(Revision.started_at, Revision.record_id, other.record_id)
    )
    return [
        (
            one.record_id,
            two.record_id,
            int((min(one.ended_at, two.ended_at) - max(one.started_at, two.started_at)).total_seconds() // 60),
        )
        for one, two in session.execute(found)
    ]


def _unfinished(old_id: UUID, person_id: UUID) -> Iterator[tuple[str, str]]:
    """Yield what of the old account waits for somebody: nobody could decide it any more, or it would stand there twice."""
    now = clock.now()
    of_old = select(Revision.record_id).where(Revision.volunteer_id == old_id)
    asked = (
        ("/corrections", "有待审核的更正 · a correction waits", _open_corrections(of_old)),
        ("/objections", "有待答复的异议 · an objection waits", _open_objections(of_old, old_id)),
        ("/records", "有按异议改过、待另行审核的记录 · a record waits after an objection", _answered_pending(old_id)),
        ("/supplements", "有待审核的补录 · a supplement waits", _open_supplements(old_id)),
        ("/late_scans", "有待处理的迟到扫码 · a late scan waits", _open_late_scans(old_id)),
        ("/stars", "有公示中的星级 · a star is on notice", _open_stars(old_id)),
        ("/sign_ups", "两人都报了同一场次 · both signed up for one shift", _both_signed_up(old_id, person_id, now)),
        ("/waiting", "两人都在同一场次候补 · both wait for one shift", _both_waiting(old_id, person_id)),
        ("/pool", "两人都在等同一公共池 · both wait for one pool", _both_in_need(old_id, person_id)),
        ("/redemptions", "有还没领的兑换单 · goods wait to be collected", _held_redemptions(old_id, now)),
        ("/erasure", "此人已申请注销 · they have asked to be forgotten", _open_erasure(old_id, person_id)),
    )
    for pointer, detail, found in asked:
        if _any(found):
            yield pointer, detail


def _open_erasure(*people: UUID) -> Select[Any]:
    """Select requests that wait, of either account. Their tables belong to a layer above."""
    asked, ended = Base.metadata.tables["people_erasure"], Base.metadata.tables["people_erasure_end"]
    over = exists().where(ended.c.erasure_id == asked.c.id)
    return select(asked.c.id).where(asked.c.person_id.in_(people), ~over)


def _open_corrections(of_old: Select[UUID]) -> Select[Any]:
    decided = exists().where(CorrectionDecision.correction_id == Correction.id)
    return select(Correction.id).where(Correction.record_id.in_(of_old), ~decided)


def _open_objections(of_old: Select[UUID], old_id: UUID) -> Select[Any]:
    theirs = or_(Objection.record_id.in_(of_old), Objection.objector_id == old_id)
    return select(Objection.id).where(theirs, ~records.is_answered())


def _answered_pending(old_id: UUID) -> Select[Any]:
    """Who has answered may not review it; the revision that a merger appends would not tell."""
    return (
        select(Revision.id)
        .join(ObjectionAnswer, ObjectionAnswer.revision_id == Revision.id)
        .where(Revision.volunteer_id == old_id, records.is_current(), records.is_pending())
    )


def _open_supplements(old_id: UUID) -> Select[Any]:
    return select(Supplement.id).where(Supplement.volunteer_id == old_id, supplement_queries.is_open())


def _open_late_scans(old_id: UUID) -> Select[Any]:
    decided = exists().where(LateScanDecision.late_scan_id == LateScan.id)
    return select(LateScan.id).where(LateScan.volunteer_id == old_id, ~decided)


def _open_stars(old_id: UUID) -> Select[Any]:
    decided = exists().where(StarDecision.proposal_id == StarProposal.id)
    return select(StarProposal.id).where(StarProposal.volunteer_id == old_id, ~decided)


def _both_signed_up(old_id: UUID, person_id: UUID, now: Any) -> Select[Any]:
    other = aliased(SignUp, name="of_the_other")
    return (
        select(SignUp.id)
        .join(other, and_(other.shift_id == SignUp.shift_id, other.state == SignUpState.LIVE))
        .join(Shift, Shift.id == SignUp.shift_id)
        .where(
            SignUp.volunteer_id == old_id,
            SignUp.state == SignUpState.LIVE,
            other.volunteer_id == person_id,
            Shift.ends_at > now,
        )
    )


def _both_waiting(old_id: UUID, person_id: UUID) -> Select[Any]:
    other = aliased(WaitingPlace, name="of_the_other")
    return (
        select(WaitingPlace.id)
        .join(other, and_(other.shift_id == WaitingPlace.shift_id, other.state.in_(STILL_WAITING)))
        .where(
            WaitingPlace.volunteer_id == old_id,
            WaitingPlace.state.in_(STILL_WAITING),
            other.volunteer_id == person_id,
        )
    )


def _both_in_need(old_id: UUID, person_id: UUID) -> Select[Any]:
    other, asked = aliased(Application, name="of_the_other"), aliased(PoolGrant, name="asked_for_the_other")
    waiting = (
        select(Application.id)
        .join(other, and_(other.area_id == Application.area_id, other.state == ApplicationState.WAITING))
        .where(
            Application.person_id == old_id,
            Application.state == ApplicationState.WAITING,
            other.person_id == person_id,
        )
    )
    requested = (
        select(PoolGrant.id)
        .join(asked, and_(asked.area_id == PoolGrant.area_id, asked.state == GrantState.REQUESTED))
        .where(PoolGrant.person_id == old_id, PoolGrant.state == GrantState.REQUESTED, asked.person_id == person_id)
    )
    return select(Person.id).where(or_(waiting.exists(), requested.exists()))


def _held_redemptions(old_id: UUID, now: datetime) -> Select[Any]:
    """What costs no minutes holds none, yet only its owner may cancel or extend it, and a member code finds it."""
    return select(Redemption.id).where(Redemption.person_id == old_id, is_waiting(now))


def _any(found: Select[Any]) -> bool:
    return session.execute(found.limit(1)).first() is not None
