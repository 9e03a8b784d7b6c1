"""Working a record out once more: what a policy makes of the evidence, and where that differs from what was written.

Pure but for the reading of what else was on the record that day, which a daily cap and a daily review depend on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from timebank.database import session
from timebank.ledger.models import Transfer
from timebank.policies.rules import Policy
from timebank.records.models import Revision
from timebank.records.rules import (
    PENDING,
    Assessment,
    Flag,
    Provenance,
    Served,
    SoFar,
    SourceType,
    State,
    assess,
    earned,
    flags_as_text,
    flags_from_text,
)

ASSESSED = frozenset({Flag.CAPPED, Flag.OVER_DAILY})
"""Flags that an assessment raises by itself; all others are evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a service was, from whoever witnessed it."""

    started_at: datetime
    ended_at: datetime
    provenance: Provenance
    flags: frozenset[Flag]


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that the record says, and what comes out instead."""

    name: str
    recorded: str
    derived: str


def as_recorded(revision: Revision) -> Evidence:
    """Return the evidence as the record itself has it."""
    return Evidence(
        started_at=revision.started_at,
        ended_at=revision.ended_at,
        provenance=Provenance(revision.provenance),
        flags=frozenset(flags_from_text(revision.flags)),
    )


def derive(revision: Revision, evidence: Evidence, policy: Policy, so_far: SoFar) -> Assessment:
    """Return what a policy makes of the evidence of a service, given what else was on the record that day."""
    served = Served(
        volunteer_id=revision.volunteer_id,
        source_type=SourceType.ATTENDANCE,
        source_id=revision.record_id,
        started_at=evidence.started_at,
        ended_at=evidence.ended_at,
        provenance=evidence.provenance,
        flags=evidence.flags - ASSESSED,
        activity_id=revision.activity_id,
        activity_name=revision.activity_name,
        content=revision.content,
        organisation_id=revision.organisation_id,
        organisation_name=revision.organisation_name,
        area_id=revision.area_id,
        area_path=revision.area_path,
        shift_id=revision.shift_id,
        place=revision.place,
        leader_id=revision.leader_id,
        reviewed=evidence.provenance is Provenance.SUPPLEMENT,  # two people have looked at it before it was recorded
        stated_minutes=revision.raw_minutes if evidence.provenance is Provenance.IMPORT else None,
    )
    return assess(served, policy, so_far)


def differences(first: Revision, evidence: Evidence, derived: Assessment) -> list[Difference]:
    """Return where the first revision of a record says something else than its evidence and its policy do."""
    pairs = (
        ("started_at", first.started_at.isoformat(), evidence.started_at.isoformat()),
        ("ended_at", first.ended_at.isoformat(), evidence.ended_at.isoformat()),
        ("provenance", str(first.provenance), str(evidence.provenance)),
        ("flags", first.flags, flags_as_text(derived.flags)),
        ("service_minutes", str(first.service_minutes), str(derived.service_minutes)),
        ("expected_minutes", str(first.expected_minutes), str(derived.expected_minutes)),
        ("credited_minutes", str(first.credited_minutes), str(derived.credited_minutes)),
        ("state", str(first.state), str(derived.state)),
    )
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def unpaid(revisions: list[Revision]) -> Iterator[Difference]:
    """Yield the revisions that the ledger has credited with another number than they say."""
    found = select(Transfer.source_id, Transfer.minutes).where(Transfer.id.in_([one.id for one in revisions]))
    posted: dict[UUID, int] = {row.source_id: row.minutes for row in session.execute(found)}
    for revision in revisions:
        if posted.get(revision.credit_id, 0) != revision.credited_minutes:
            yield Difference("posted_minutes", str(revision.credited_minutes), str(posted.get(revision.credit_id, 0)))


def revisions_of(record_id: UUID) -> list[Revision]:
    """Return everything that a record has ever said, oldest first."""
    return list(session.scalars(select(Revision).where(Revision.record_id == record_id).order_by(Revision.number)))


_Later = aliased(Revision, name="later_then")


def that_day_before(first: Revision) -> SoFar:
    """Return what else was on the record for a volunteer's day when a record was made.

    Of the same instant are those that were made before it, which their ids tell: one sweep may end two stays of somebody.
    """

    def before(other: type[Revision]) -> ColumnElement[bool]:
        at = other.recorded_at
        return or_(at < first.recorded_at, and_(at == first.recorded_at, other.id < first.id))

    superseded = (
        select(_Later.id)
        .where(_Later.record_id == Revision.record_id, _Later.number == Revision.number + 1, before(_Later))
        .exists()
    )
    row = session.execute(
        select(
            func.coalesce(func.sum(Revision.service_minutes), 0),
            func.coalesce(func.sum(Revision.expected_minutes), 0),
        ).where(
            Revision.volunteer_id == first.volunteer_id,
            Revision.served_on == first.served_on,
            Revision.record_id != first.record_id,
            before(Revision),
            Revision.state.in_((*PENDING, State.FINAL)),
            ~superseded,
        )
    ).one()
    return SoFar(day_service_minutes=int(row[0]), day_expected_minutes=int(row[1]))


@dataclass(frozen=True, slots=True)
class Altered:
    """A record that another policy would make something else of."""

    record_id: UUID
    old_state: str
    new_state: str
    old_minutes: int
    new_minutes: int


def under(revision: Revision, policy: Policy, so_far: SoFar) -> tuple[Altered | None, SoFar]:
    """Return what another policy would make of a current record, and what its day adds up to with it then.

    A decision that a person took stays: a record that was reviewed would be reviewed alike. What was put right by hand
    is worked out with the minutes that it says now.
    """
    if revision.state not in (*PENDING, State.FINAL):
        return None, so_far
    derived = derive(revision, as_recorded(revision), policy, so_far)
    if revision.service_minutes != derived.service_minutes:
        derived = _with_minutes(revision, policy, so_far, derived)
    state = revision.state if revision.number > 1 else str(derived.state)
    after = replace(
        so_far,
        day_service_minutes=so_far.day_service_minutes + revision.service_minutes,
        day_expected_minutes=so_far.day_expected_minutes + derived.expected_minutes,
    )
    if (state, derived.expected_minutes) == (revision.state, revision.expected_minutes):
        return None, after
    altered = Altered(revision.record_id, revision.state, state, revision.expected_minutes, derived.expected_minutes)
    return altered, after


def _with_minutes(revision: Revision, policy: Policy, so_far: SoFar, derived: Assessment) -> Assessment:
    expected = earned(
        revision.service_minutes,
        provenance=Provenance(revision.provenance),
        policy=policy,
        earned_that_day=so_far.day_expected_minutes,
    )
    return replace(derived, service_minutes=revision.service_minutes, expected_minutes=expected)
