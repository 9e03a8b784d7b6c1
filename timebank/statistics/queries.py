"""The one select behind the hours report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, case, extract, func, or_, select

from timebank.database import session
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.organisations.models import Area
from timebank.records import queries as records
from timebank.statistics.rules import PROVENANCES, Cut

READERS = (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursFilter:
    """Which records are counted; days are inclusive, an area takes its whole subtree."""

    first_day: date | None = None
    last_day: date | None = None
    area_path: str | None = None
    organisation_id: UUID | None = None


def hours(*, actor: Actor, cuts: Sequence[Cut], wanted: HoursFilter) -> list[dict[str, Any]]:
    """Return one row per group, over what the actor's roles reach, in the order of the cuts."""
    record = records.current().where(records.is_final()).subquery()
    keys = _keys(record)
    chosen = [column for cut in cuts for column in keys[cut]]
    statement = _joined(select(*chosen, *_measures(record)).select_from(record), record, cuts)
    statement = statement.where(*_conditions(record, wanted))
    statement = statement.where(scope.organisations_of(actor, *READERS, column=record.c.organisation_id))
    order = [keys[cut][-1] for cut in cuts] + [keys[cut][0] for cut in cuts]
    statement = statement.group_by(*(keys[cut][0] for cut in cuts)).order_by(*order)
    return [dict(row) for row in session.execute(statement).mappings()]


def _keys(record: Subquery) -> dict[Cut, list[ColumnElement[Any]]]:
    """Return the columns of each cut: what is grouped by, then what it is called."""
    month = extract("year", record.c.served_on) * 100 + extract("month", record.c.served_on)
    return {
        Cut.ORGANISATION: [
            record.c.organisation_id.label("organisation"),
            func.max(record.c.organisation_name).label("organisation_name"),
        ],
        Cut.AREA: [record.c.area_path.label("area"), func.max(Area.name).label("area_name")],
        Cut.ACTIVITY: [
            record.c.activity_id.label("activity"),
            func.max(record.c.activity_name).label("activity_name"),
        ],
        Cut.VOLUNTEER: [
            record.c.volunteer_id.label("volunteer"),
            func.max(Person.display_name).label("display_name"),
            func.max(Person.volunteer_no).label("volunteer_no"),
        ],
        Cut.MONTH: [month.label("month")],
    }


def _measures(record: Subquery) -> list[ColumnElement[Any]]:
    by_provenance = [
        func.sum(case((record.c.provenance == name, record.c.service_minutes), else_=0)).label(name)
        for name in PROVENANCES
    ]
    return [
        func.count(record.c.volunteer_id.distinct()).label("people"),
        func.count().label("person_times"),
        func.sum(record.c.service_minutes).label("service_minutes"),
        func.sum(record.c.credited_minutes).label("credited_minutes"),
        *by_provenance,
    ]


def _joined(statement: Select[Any], record: Subquery, cuts: Sequence[Cut]) -> Select[Any]:
    if Cut.AREA in cuts:
        statement = statement.join(Area, Area.id == record.c.area_id)
    if Cut.VOLUNTEER in cuts:
        statement = statement.join(Person, Person.id == record.c.volunteer_id)
    return statement


def _conditions(record: Subquery, wanted: HoursFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.first_day:
        conditions.append(record.c.served_on >= wanted.first_day)
    if wanted.last_day:
        conditions.append(record.c.served_on <= wanted.last_day)
    if wanted.area_path:
        path = wanted.area_path
        conditions.append(or_(record.c.area_path == path, record.c.area_path.like(path + ".%")))
    if wanted.organisation_id:
        conditions.append(record.c.organisation_id == wanted.organisation_id)
    return conditions
