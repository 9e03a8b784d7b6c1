"""The looks for what is wrong: each yields what it finds since an instant, by one select."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased

from timebank import clock
from timebank.activities.models import Activity, Shift
from timebank.anomalies.rules import (
    BULK_PEOPLE,
    BULK_WITHIN,
    CLOSE_TOGETHER,
    LONG_DAY_MINUTES,
    LOOK_BACK,
    MAX_NAMED,
    MUTUAL_WITHIN,
    PILING_PERCENT,
    PILING_SUPPLEMENTS,
    PILING_WITHIN,
    SERVED_WITHIN,
    AnomalyKind,
    anomaly_id,
)
from timebank.attendance.models import Scan
from timebank.attendance.rules import Action
from timebank.database import session
from timebank.records.models import Revision
from timebank.records.queries import is_current
from timebank.records.rules import PENDING, Provenance, State

COUNTS = (*PENDING, State.FINAL)
"""States of a record that says that somebody has served."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that looks wrong, as it will be kept."""

    id: UUID
    kind: AnomalyKind
    organisation_id: UUID
    happened_on: date
    facts: dict[str, Any]


def find(now: datetime) -> Iterator[Found]:
    """Yield everything that looks wrong and is recent; most of it was found before."""
    yield from _scans()
    yield from _services(now)
    yield from _mutual_approvals(now)
    yield from _supplements_piling(now)


def _facts(*, records: Sequence[UUID] = (), people: Sequence[UUID] = (), **numbers: Any) -> dict[str, Any]:
    named = sorted(map(str, records))[:MAX_NAMED]
    return {"records": named, "people": sorted(map(str, people))[:MAX_NAMED], **numbers}


@dataclass(frozen=True, slots=True)
class _Scanned:
    """An accepted scan, with whose shift it was at; ``device`` is the keyed hash of the phone."""

    device: bytes | None
    actor_id: UUID
    volunteer_id: UUID | None
    shift_id: UUID | None
    organisation_id: UUID
    at: datetime


def _scans() -> Iterator[Found]:
    """Yield phones that several people signed with on one day, and people scanned faster than anybody can."""
    found = (
        select(Scan.device_hash, Scan.actor_id, Scan.volunteer_id, Scan.shift_id, Activity.organisation_id, Scan.at)
        .join(Shift, Shift.id == Scan.shift_id)
        .join(Activity, Activity.id == Shift.activity_id)
        .where(
            Scan.received_at > clock.wall() - LOOK_BACK,
            Scan.refusal.is_(None),
            Scan.action.in_([Action.CHECK_IN, Action.CHECK_OUT]),
        )
        .order_by(Scan.at)
    )
    phones: dict[tuple[bytes, date], list[_Scanned]] = defaultdict(list)
    streams: dict[tuple[object, UUID | None], list[_Scanned]] = defaultdict(list)
    for row in session.execute(found):
        one = _Scanned(*row)
        own = one.volunteer_id == one.actor_id
        if one.device and own:
            phones[one.device, clock.day_of(one.at)].append(one)
        if one.device or not own:
            streams[one.device.hex() if own and one.device else one.actor_id, one.shift_id].append(one)
    for (device, day), scans in phones.items():
        yield from _shared(device, day, scans)
    for (who, shift_id), scans in streams.items():
        yield from _bulk(who, shift_id, scans)


def _shared(device: bytes, day: date, scans: Sequence[_Scanned]) -> Iterator[Found]:
    people = {one.volunteer_id for one in scans if one.volunteer_id}
    if len(people) > 1:
        yield Found(
            anomaly_id(AnomalyKind.SHARED_DEVICE, device.hex(), day),
            AnomalyKind.SHARED_DEVICE,
            scans[0].organisation_id,
            day,
            _facts(people=list(people), count=len(people)),
        )


def _bulk(who: object, shift_id: UUID | None, scans: Sequence[_Scanned]) -> Iterator[Found]:
    """Yield the first moment at which one phone or one leader scanned many people at one shift; once a shift."""
    start = 0
    for end, last in enumerate(scans):
        while last.at - scans[start].at > BULK_WITHIN:
            start += 1
        people = {one.volunteer_id for one in scans[start : end + 1] if one.volunteer_id}
        if len(people) >= BULK_PEOPLE:
            yield Found(
                anomaly_id(AnomalyKind.BULK_SCANS, who, shift_id),
                AnomalyKind.BULK_SCANS,
                last.organisation_id,
                clock.day_of(last.at),
                _facts(people=list(people), count=len(people), shift=str(shift_id)),
            )
            return


def _services(now: datetime) -> Iterator[Found]:
    """Yield what nobody can have served: at two places at once, or for twelve hours and more of one day."""
    recent = select(Revision.volunteer_id).where(Revision.recorded_at > now - LOOK_BACK)
    found = (
        select(
            Revision.volunteer_id,
            Revision.record_id,
            Revision.organisation_id,
            Revision.served_on,
            Revision.started_at,
            Revision.ended_at,
            Revision.service_minutes,
        )
        .where(
            Revision.volunteer_id.in_(recent),
            Revision.served_on >= clock.day_of(now - SERVED_WITHIN),
            Revision.state.in_(COUNTS),
            is_current(),
        )
        .order_by(Revision.volunteer_id, Revision.started_at, Revision.record_id)
    )
    for _, rows in groupby(session.execute(found), key=attrgetter("volunteer_id")):
        services = list(rows)
        yield from _overlaps(services)
        yield from _long_days(services)


def _overlaps(services: Sequence[Any]) -> Iterator[Found]:
    """Yield pairs of one person's services, in the order of their beginnings, at organisations apart."""
    for index, later in enumerate(services):
        for earlier in services[:index]:
            apart = earlier.organisation_id != later.organisation_id
            if apart and later.started_at - earlier.ended_at < CLOSE_TOGETHER:
                yield Found(
                    anomaly_id(AnomalyKind.OVERLAP, *sorted([earlier.record_id, later.record_id])),
                    AnomalyKind.OVERLAP,
                    later.organisation_id,
                    later.served_on,
                    _facts(records=[earlier.record_id, later.record_id], people=[later.volunteer_id]),
                )


def _long_days(services: Sequence[Any]) -> Iterator[Found]:
    """Yield days of one person that were longer than a day of service should be."""
    for served_on, rows in groupby(services, key=attrgetter("served_on")):
        day = list(rows)
        minutes = sum(row.service_minutes for row in day)
        if minutes >= LONG_DAY_MINUTES:
            yield Found(
                anomaly_id(AnomalyKind.OVER_DAILY, day[0].volunteer_id, served_on),
                AnomalyKind.OVER_DAILY,
                day[-1].organisation_id,
                served_on,
                _facts(records=[row.record_id for row in day], people=[day[0].volunteer_id], minutes=minutes),
            )


def _mutual_approvals(now: datetime) -> Iterator[Found]:
    """Yield pairs of staff of whom each has made a record of the other's final; once a pair and quarter."""
    other = aliased(Revision, name="other")

    def approved(one: Any) -> Any:
        return and_(
            one.number > 1,
            one.state.in_((State.FINAL, State.PENDING_NOTICE)),  # the end of a notice is nobody's act
            one.actor_id != one.volunteer_id,
            one.served_on >= clock.day_of(now - MUTUAL_WITHIN),
        )

    found = (
        select(
            Revision.actor_id,
            Revision.volunteer_id,
            Revision.organisation_id,
            Revision.served_on,
            Revision.record_id,
            other.record_id,
        )
        .join(other, and_(other.actor_id == Revision.volunteer_id, other.volunteer_id == Revision.actor_id))
        .where(Revision.recorded_at > now - LOOK_BACK, approved(Revision), approved(other))
    )
    pairs: dict[tuple[UUID, UUID], list[Any]] = defaultdict(list)
    for row in session.execute(found):
        one, two = sorted([row[0], row[1]])
        pairs[one, two].append(row)
    for (one, two), rows in pairs.items():
        last = max(row.served_on for row in rows)
        records = {record_id for row in rows for record_id in row[-2:]}
        yield Found(
            anomaly_id(AnomalyKind.MUTUAL_APPROVAL, one, two, last.year, (last.month + 2) // 3),
            AnomalyKind.MUTUAL_APPROVAL,
            rows[0].organisation_id,
            last,
            _facts(records=list(records), people=[one, two], count=len(records)),
        )


def _supplements_piling(now: datetime) -> Iterator[Found]:
    """Yield organisations where much of what was recorded in a month was not scanned; once a month."""
    supplements = func.sum(case((Revision.provenance == Provenance.SUPPLEMENT, 1), else_=0))
    today = clock.day_of(now)
    found = (
        select(Revision.organisation_id, supplements, func.count())
        .where(Revision.served_on > today - PILING_WITHIN, Revision.state.in_(COUNTS), is_current())
        .group_by(Revision.organisation_id)
        .having(supplements >= PILING_SUPPLEMENTS)
    )
    for organisation_id, count, records in session.execute(found):
        percent = 100 * int(count) // int(records)
        if percent >= PILING_PERCENT:
            yield Found(
                anomaly_id(AnomalyKind.SUPPLEMENTS_PILING, organisation_id, today.year, today.month),
                AnomalyKind.SUPPLEMENTS_PILING,
                organisation_id,
                today,
                _facts(count=int(count), percent=percent),
            )
