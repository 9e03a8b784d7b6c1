"""What is asked about a volunteer besides how they stand to a shift: part of the same select, no statement of its own."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Row, Select, Uuid, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from timebank.activities.models import Activity, Shift
from timebank.activities.queries import risk_accepted
from timebank.attendance.arrivals import DEVICE_WITHIN, STAFF_BULK_WITHIN, Background
from timebank.attendance.models import Attendance, Scan
from timebank.attendance.places import spot_of
from timebank.attendance.rules import State
from timebank.database import UtcDateTime
from timebank.identity.consents import given_subquery
from timebank.identity.models import Person
from timebank.identity.rules import Purpose
from timebank.organisations.models import Site

_Before = aliased(Attendance, name="before")
_Left = aliased(Attendance, name="left_attendance")
_LeftShift = aliased(Shift, name="left_shift")
_LeftActivity = aliased(Activity, name="left_activity")
_LeftSite = aliased(Site, name="left_site")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a scan was, in whose hand: a volunteer's own phone, or a leader who scans others."""

    day: date
    at: datetime
    device_hash: bytes | None = None
    leader_id: UUID | None = None

    def device(self) -> dict[str, Any]:
        """Return what asks who else has scanned with this phone."""
        return {
            "device": self.device_hash,
            "device_since": self.at - DEVICE_WITHIN,
            "device_until": self.at + DEVICE_WITHIN,
        }

    def values(self) -> dict[str, Any]:
        """Return what asks how somebody stands to a shift."""
        hurry = {"leader": self.leader_id, "hurry_since": self.at - STAFF_BULK_WITHIN, "at": self.at}
        return {"day": self.day, **self.device(), **hurry}


NO_PHONE = Moment(day=date.min, at=datetime(1970, 1, 2, tzinfo=UTC))
"""For whoever ends a stay without any scan."""


def shared_device() -> ColumnElement[bool]:
    """Return whether the phone of the scan has scanned for somebody else, by themselves, around the same time."""
    return exists().where(
        Scan.device_hash == bindparam("device", type_=LargeBinary()),
        Scan.at.between(bindparam("device_since", type_=UtcDateTime()), bindparam("device_until", type_=UtcDateTime())),
        Scan.volunteer_id == Scan.actor_id,
        Scan.volunteer_id != Person.id,
        Scan.refusal.is_(None),
    )


def _scanned_by_leader() -> Any:
    """Return how many other people the leader of a staff scan has scanned at this shift within ten seconds."""
    others = select(func.count(Scan.volunteer_id.distinct())).where(
        Scan.shift_id == Shift.id,
        Scan.at.between(bindparam("hurry_since", type_=UtcDateTime()), bindparam("at", type_=UtcDateTime())),
        Scan.actor_id == bindparam("leader", type_=Uuid()),
        Scan.volunteer_id != Scan.actor_id,
        Scan.volunteer_id != Person.id,
        Scan.refusal.is_(None),
    )
    return others.correlate(Person, Shift).scalar_subquery()


def _left_last() -> Any:
    """Return the id of the attendance that the volunteer has left last, anywhere."""
    found = select(_Before.id).where(
        _Before.volunteer_id == Person.id, _Before.state != State.ANNULLED, _Before.checked_out_at.is_not(None)
    )
    return found.order_by(_Before.checked_out_at.desc()).limit(1).correlate(Person).scalar_subquery()


def with_background(standings: Select[Any]) -> Select[Any]:
    """Return a select with Shift, Activity and Person in it, and what ``background_of`` and ``busy_until`` need besides."""
    return (
        standings.outerjoin(_Left, _Left.id == _left_last())
        .outerjoin(_LeftShift, _LeftShift.id == _Left.shift_id)
        .outerjoin(_LeftActivity, _LeftActivity.id == _LeftShift.activity_id)
        .outerjoin(_LeftSite, _LeftSite.id == _LeftShift.site_id)
        .add_columns(
            Person.birth_on,
            given_subquery(Person.id, Purpose.MINOR_SERVICE).label("guardian_consents"),
            given_subquery(Person.id, Purpose.SERVICE_RECORD).label("service_consent"),
            given_subquery(Person.id, Purpose.LOCATION).label("location_consent"),
            risk_accepted(shift_id=Shift.id, volunteer_id=Person.id).label("risk_accepted"),
            _Left.checked_out_at.label("busy_until"),
            _LeftActivity.organisation_id.label("left_organisation_id"),
            _LeftSite.latitude.label("left_latitude"),
            _LeftSite.longitude.label("left_longitude"),
            shared_device().label("shared_device"),
            _scanned_by_leader().label("scanned_by_leader"),
        )
    )


def background_of(row: Row[Any]) -> Background:
    """Return what a row of ``with_background`` says."""
    return Background(
        birth_on=row.birth_on,
        guardian_consents=bool(row.guardian_consents),
        service_consent=row.service_consent,
        location_consent=bool(row.location_consent),
        risk_accepted=row.risk_accepted,
        left_organisation_id=row.left_organisation_id,
        left_from=spot_of(row.left_latitude, row.left_longitude),
        shared_device=row.shared_device,
        scanned_by_leader=row.scanned_by_leader,
    )
