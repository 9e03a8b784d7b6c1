"""The verbs: record a service, approve or reject a record. Each is a new revision, and its credit is posted with it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.policies.rules import GroupAccounts, Policy
from timebank.records import notices, objections, queries, revisions
from timebank.records.conflicts import refuse_interested
from timebank.records.correction_rules import refuse_more_than_recorded
from timebank.records.credit import policy_of, recomputed
from timebank.records.errors import RecordNotPending, RecordOnNotice
from timebank.records.locks import lock
from timebank.records.models import Revision, ServiceRecord
from timebank.records.overlaps import lock_day, lock_person, refuse_counted_twice
from timebank.records.revisions import Recorded
from timebank.records.rules import PENDING, Assessment, Served, SoFar, State, assess, flags_as_text

__all__ = ["DECIDERS", "Recorded", "approve", "before_approval", "record_service", "reject"]

DECIDERS = (Role.COORDINATOR, Role.ADMIN)

_INSERT_RECORD = insert(ServiceRecord)

_before_approval: list[Callable[[UUID, UUID], None]] = []


def before_approval(refuse: Callable[[UUID, UUID], None]) -> Callable[[UUID, UUID], None]:
    """Have ``refuse(record_id, actor_id)`` asked before somebody approves a record; it raises what speaks against it."""
    if refuse not in _before_approval:
        _before_approval.append(refuse)
    return refuse


def record_service(
    *,
    served: Served,
    policy: Policy,
    actor_id: UUID,
    now: datetime,
    so_far: SoFar | None = None,
    reason: str | None = None,
) -> Recorded:
    """Make the record of one service and, if the policy lets it be final at once, post its credit.

    ``so_far`` is what ``queries.so_far`` says for the service's day, if the caller has read it in a select of its own;
    where the day is capped it is read anew, under a lock.
    ``reason`` is what somebody says who states the times by hand. Raises AlreadyRecorded (by its constraint) if the
    source has a record.
    """
    lock_day([served.volunteer_id], policy)
    if so_far is None or policy.daily_credit_cap_minutes is not None:
        so_far = queries.so_far(volunteer_id=served.volunteer_id, day=served.served_on)
    record_id = new_id()
    session.connection().execute(_INSERT_RECORD, record_values(served, record_id=record_id, now=now))
    values = first_values(
        served, assess(served, policy, so_far), record_id=record_id, policy=policy, actor_id=actor_id, now=now
    )
    return revisions.append(**values | {"reason": reason})


def record_values(served: Served, *, record_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the row of a new record."""
    return {
        "id": record_id,
        "volunteer_id": served.volunteer_id,
        "source_type": served.source_type,
        "source_id": served.source_id,
        "created_at": now,
    }


def first_values(
    served: Served, assessed: Assessment, *, record_id: UUID, policy: Policy, actor_id: UUID, now: datetime
) -> dict[str, Any]:
    """Return the row of a record's first revision."""
    return {
        "id": new_id(),
        "record_id": record_id,
        "number": 1,
        "volunteer_id": served.volunteer_id,
        "activity_id": served.activity_id,
        "activity_name": served.activity_name,
        "content": served.content,
        "organisation_id": served.organisation_id,
        "organisation_name": served.organisation_name,
        "area_id": served.area_id,
        "area_path": served.area_path,
        "shift_id": served.shift_id,
        "place": served.place,
        "leader_id": served.leader_id,
        "correction_id": None,
        "group_id": served.group_id if policy.group_accounts == GroupAccounts.EARN_AND_DONATE else None,
        "credited_by": None,
        **assessed_values(served, assessed, policy=policy, actor_id=actor_id, reason=None, now=now),
    }


def assessed_values(
    served: Served, assessed: Assessment, *, policy: Policy, actor_id: UUID, reason: str | None, now: datetime
) -> dict[str, Any]:
    """Return what of a revision follows from when somebody served, where that comes from, and the rules."""
    return {
        "state": assessed.state,
        "provenance": served.provenance,
        "flags": flags_as_text(assessed.flags),
        "raw_minutes": served.minutes,
        "service_minutes": assessed.service_minutes,
        "credited_minutes": assessed.credited_minutes,
        "expected_minutes": assessed.expected_minutes,
        "served_on": served.served_on,
        "started_at": served.started_at,
        "ended_at": served.ended_at,
        "policy_number": policy.number,
        "actor_id": actor_id,
        "reason": reason,
        "recorded_at": now,
    }


def approve(*, actor: Actor, record_id: UUID, reason: str, service_minutes: int | None = None) -> Recorded:
    """Let a pending record pass: it goes on public notice, or is final and earns what it was expected to.

    With ``service_minutes`` it says, and earns, fewer. Raises NotFound outside the actor's scope, OwnRecord,
    RelativesRecord, RecordNotPending (also when a colleague was faster), RecordFrozen, RecordOnNotice (it passed before,
    and waits for the end of the notice), SecondPersonNeeded (who answered an objection to it), Invalid for more minutes
    than were recorded, ServiceOverlap when another record counts some of the time already, and what ``before_approval``
    has found.
    """
    _lock_volunteer(record_id)
    pending = _pending(actor, record_id)
    if pending.state == State.PENDING_NOTICE:
        raise RecordOnNotice(ends_on=notices.of([record_id])[record_id].ends_on.isoformat())
    if pending.number > 1:
        objections.refuse_answerer(actor.person_id, pending)
    for refuse in _before_approval:
        refuse(record_id, actor.person_id)
    refuse_counted_twice(pending)
    served, credit = pending.service_minutes, pending.expected_minutes
    if service_minutes is not None:
        refuse_more_than_recorded(service_minutes, served)
        served = service_minutes
        credit = recomputed(pending, service_minutes=served, started_at=pending.started_at)
    on_notice = policy_of(pending).notice_days > 0
    return _decided(
        pending,
        actor,
        reason,
        state=State.PENDING_NOTICE if on_notice else State.FINAL,
        service_minutes=served,
        credited_minutes=0 if on_notice else credit,
        expected_minutes=credit,
    )


def reject(*, actor: Actor, record_id: UUID, reason: str) -> Recorded:
    """Refuse a pending record; it stays, with the reason, and earns nothing. Raises as ``approve``."""
    return _decided(_pending(actor, record_id), actor, reason, state=State.REJECTED, credited_minutes=0)


def _lock_volunteer(record_id: UUID) -> None:
    """Let approvals for one person come one after the other, or two records of the same time would pass at once.

    The person is locked before the record, as everywhere.
    """
    record = session.get(ServiceRecord, record_id)
    if record is not None:
        lock_person(record.volunteer_id)


def _pending(actor: Actor, record_id: UUID) -> Revision:
    """Return what waits for a decision, if it is this actor's to make: R08 and R13, and nobody judges themselves.

    When the public notice is over there is nothing left to decide, even before the sweep has written what follows.
    """
    lock(record_id)
    revision = queries.current_of(record_id)
    if revision is None:
        raise NotFound
    scope.organisation_for(actor, *DECIDERS, organisation_id=revision.organisation_id)
    refuse_interested(actor.person_id, subject_id=revision.volunteer_id)
    if revision.state not in PENDING:
        raise RecordNotPending
    objections.refuse_frozen(record_id)
    if revision.state == State.PENDING_NOTICE and not notices.is_running(revision, clock.now()):
        raise RecordNotPending
    return revision


def _decided(pending: Revision, actor: Actor, reason: str, *, state: State, **minutes: int) -> Recorded:
    return revisions.change(
        pending,
        state=state,
        **minutes,
        actor_id=actor.person_id,
        reason=reason,
        recorded_at=clock.now(),
    )
