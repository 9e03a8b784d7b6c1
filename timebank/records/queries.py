"""What is asked about service records."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, Select, Subquery, Uuid, bindparam, case, func, select
from sqlalchemy.orm import aliased

from timebank.database import session
from timebank.direct import Direct
from timebank.identity.models import Person
from timebank.records.models import Revision
from timebank.records.objection_tables import Objection, ObjectionAnswer
from timebank.records.rules import PENDING, Provenance, SoFar, State

_Later = aliased(Revision, name="later")


def is_current() -> ColumnElement[bool]:
    """Return the condition that a revision is the last of its record. Numbers have no gaps, so one probe tells."""
    later = select(_Later.number).where(_Later.record_id == Revision.record_id, _Later.number == Revision.number + 1)
    return ~later.exists()  # by columns of the unique key only: the probe reads its index and no row


def is_final() -> ColumnElement[bool]:
    """Return the condition that a revision counts: its minutes are honour, and its credit is posted."""
    return Revision.state == State.FINAL


def is_pending() -> ColumnElement[bool]:
    """Return the condition that a revision still waits for somebody."""
    return Revision.state.in_(PENDING)


def current() -> Select[Revision]:
    """Select the current revision of every record, to filter further."""
    return select(Revision).where(is_current())


def records_with_names(*, state: str | None, organisation_id: UUID | None) -> Select[Any]:
    """Select current revisions with number and name of their volunteer, by shown state and organisation; page by keys."""
    found = (
        select(Revision)
        .join(Person, Person.id == Revision.volunteer_id)
        .add_columns(Person.volunteer_no, Person.display_name, Revision.started_at, Revision.record_id)
    )
    if state is not None:
        found = found.where(_is_shown_as(state))
    if organisation_id is not None:
        found = found.where(Revision.organisation_id == organisation_id)
    return found.where(is_current())


def is_frozen(record_id: ColumnElement[UUID] | Any) -> ColumnElement[bool]:
    """Return the condition that an objection to the record of a column waits for its answer."""
    return select(Objection.id).where(Objection.record_id == record_id, ~is_answered()).exists()


def is_answered() -> ColumnElement[bool]:
    """Return the condition that an objection has its answer."""
    return select(ObjectionAnswer.objection_id).where(ObjectionAnswer.objection_id == Objection.id).exists()


def _is_shown_as(state: str) -> ColumnElement[bool]:
    frozen = is_frozen(Revision.record_id)
    if state == State.FROZEN:
        return frozen
    return ~frozen & (is_pending() if state == "pending" else Revision.state == state)


def current_of(record_id: UUID) -> Revision | None:
    """Return the current revision of one record, as it stands now."""
    found = select(Revision).where(Revision.record_id == record_id).order_by(Revision.number.desc()).limit(1)
    return session.scalars(found).one_or_none()


_TOTALS = (
    select(Revision.provenance, func.sum(Revision.service_minutes))
    .where(Revision.volunteer_id == bindparam("volunteer"), is_final(), is_current())
    .group_by(Revision.provenance)
)


def totals(volunteer_id: UUID) -> dict[Provenance, int]:
    """Return a volunteer's final service minutes by provenance, every provenance named; one statement."""
    rows = session.connection().execute(_TOTALS, {"volunteer": volunteer_id})
    return dict.fromkeys(Provenance, 0) | {Provenance(name): int(minutes) for name, minutes in rows}


_TOTALS_AT = (
    select(Revision.provenance, func.sum(Revision.service_minutes))
    .where(
        Revision.volunteer_id == bindparam("volunteer"),
        Revision.recorded_at <= bindparam("at"),
        is_final(),
        ~select(_Later.id)
        .where(
            _Later.record_id == Revision.record_id,
            _Later.number == Revision.number + 1,
            _Later.recorded_at <= bindparam("at"),
        )
        .exists(),
    )
    .group_by(Revision.provenance)
)


def totals_at(volunteer_id: UUID, at: datetime) -> dict[Provenance, int]:
    """Return the totals as they stood at a past instant: what was corrected later counts as it was then."""
    rows = session.connection().execute(_TOTALS_AT, {"volunteer": volunteer_id, "at": at})
    return dict.fromkeys(Provenance, 0) | {Provenance(name): int(minutes) for name, minutes in rows}


def _adds_to_its_day() -> ColumnElement[bool]:
    """Return the condition that a revision's minutes belong to what its volunteer has served on its day."""
    return Revision.state.in_((*PENDING, State.FINAL))


SO_FAR_COLUMNS = (*(f"{name}_minutes" for name in Provenance), "day_service_minutes", "day_expected_minutes")


def so_far_subquery(*, volunteer_id: ColumnElement[Any], day: ColumnElement[Any]) -> Subquery:
    """Return one row that ``so_far_of`` reads, for a caller's own select: a volunteer's totals and one day's minutes.

    Both arguments may be bind parameters or scalar selects. The row is always there.
    """
    that_day = (Revision.served_on == day) & _adds_to_its_day()
    sums = [
        *(case((is_final() & (Revision.provenance == name), Revision.service_minutes), else_=0) for name in Provenance),
        case((that_day, Revision.service_minutes), else_=0),
        case((that_day, Revision.expected_minutes), else_=0),
    ]
    columns = [func.coalesce(func.sum(value), 0).label(name) for name, value in zip(SO_FAR_COLUMNS, sums, strict=True)]
    return select(*columns).where(Revision.volunteer_id == volunteer_id, is_current()).subquery("so_far")


_SO_FAR = select(so_far_subquery(volunteer_id=bindparam("volunteer", type_=Uuid()), day=bindparam("day", type_=Date())))


def so_far_of(row: Row[Any]) -> SoFar:
    """Return what the columns of ``so_far_subquery`` say in a row."""
    values = [int(getattr(row, name)) for name in SO_FAR_COLUMNS]
    return SoFar(dict(zip(Provenance, values, strict=False)), *values[-2:])


def so_far(*, volunteer_id: UUID, day: date) -> SoFar:
    """Return what a volunteer's records add up to, in all and on one day."""
    return so_far_of(session.connection().execute(_SO_FAR, {"volunteer": volunteer_id, "day": day}).one())


_DAYS = Direct(
    select(
        Revision.volunteer_id,
        Revision.served_on,
        func.sum(Revision.service_minutes),
        func.sum(Revision.expected_minutes),
    )
    .where(
        Revision.volunteer_id.in_(bindparam("volunteers", expanding=True)),
        Revision.served_on.in_(bindparam("days", expanding=True)),
        _adds_to_its_day(),
        is_current(),
    )
    .group_by(Revision.volunteer_id, Revision.served_on)
)


def so_far_of_many(volunteer_ids: Collection[UUID], days: Collection[date]) -> dict[tuple[UUID, date], SoFar]:
    """Return what several people have served on some days, by person and day, in one statement.

    Totals by provenance are left out, and so are days without any service.
    """
    sent = _DAYS.send(session.connection(), {"volunteers": list(volunteer_ids), "days": list(days)})
    return {
        (volunteer_id, day): SoFar(day_service_minutes=int(service), day_expected_minutes=int(expected))
        for volunteer_id, day, service, expected in sent.rows()
    }
