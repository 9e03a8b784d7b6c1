"""What figures are made of: one select a source, each with the same dimensions, grouped by whatever cuts are wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, or_, select, union_all
from sqlalchemy.orm import aliased

from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.rules import ShiftState, SignUpState
from timebank.attendance.models import Attendance
from timebank.attendance.rules import State as AttendanceState
from timebank.clock import now
from timebank.database import session
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope
from timebank.organisations.models import Area
from timebank.records import queries as records
from timebank.records.deltas import COUNTED
from timebank.records.models import Revision
from timebank.records.rules import PENDING, State
from timebank.statistics.calendar import number_of, seconds, shanghai_day
from timebank.statistics.questions import HoursFilter, Question
from timebank.statistics.rules import PERIODS, PROVENANCES, Cut, Grain, Measure
from timebank.statistics.summary import delta, summary

READERS = (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN)

Row = dict[str, Any]
Column = Any
"""A column of a table, a model or a subquery: SQLAlchemy has no one type for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, in which roles; what these do not cover is in no figure, nor what ``also`` does not reach."""

    actor: Actor
    roles: tuple[Role, ...] = READERS
    also: "Asker | None" = None

    def reaches(self, organisation_id: Column) -> ColumnElement[bool]:
        """Return the condition that an organisation lies in the scope."""
        own = scope.organisations_of(self.actor, *self.roles, column=organisation_id)
        return and_(own, self.also.reaches(organisation_id)) if self.also else own

    def reaches_everything(self) -> bool:
        """Whether a grant covers the whole bank."""
        own = scope.covers_path(self.actor, *self.roles, path="")
        return own and (self.also is None or self.also.reaches_everything())


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Rows to be counted: where they come from, and which column is which dimension."""

    source: FromClause
    day: Column
    dimensions: Mapping[Cut, Column]
    where: Sequence[ColumnElement[bool]] = field(default_factory=list)


def grouped(
    facts: Facts, question: Question, asker: Asker | None, measures: Mapping[str, ColumnElement[Any]]
) -> Select[Any]:
    """Return the select of ``measures`` by the question's cuts, over what the asker reaches (None: everything)."""
    source: Any = facts.source
    keys: list[ColumnElement[Any]] = []
    for cut in question.every_cut:
        if cut in PERIODS:
            keys.append(number_of(PERIODS[cut], facts.day).label(cut))
        elif cut is Cut.CATEGORY:
            keys.append(func.coalesce(Activity.category, "").label(cut))
        elif cut is Cut.AREA and question.level:
            at_level = _areas_at(question.level)
            source = source.outerjoin(at_level, at_level.c.leaf == facts.dimensions[cut])
            keys.append(func.coalesce(at_level.c.path, facts.dimensions[cut]).label(cut))
        else:
            keys.append(facts.dimensions[cut].label(cut))
    if Cut.CATEGORY in question.every_cut or question.wanted.category:
        source = source.outerjoin(Activity, Activity.id == facts.dimensions[Cut.ACTIVITY])
    counted = [column.label(name) for name, column in measures.items()]
    found: Select[Any] = select(*keys, *counted).select_from(source)
    found = found.where(*facts.where, *conditions(facts, question.wanted))
    if asker is not None:
        found = found.where(asker.reaches(facts.dimensions[Cut.ORGANISATION]))
    return found.group_by(*keys)


def read(statement: Select[Any]) -> list[Row]:
    """Return the rows of a select by the names of their columns."""
    return [dict(row) for row in session.execute(statement).mappings()]


def conditions(facts: Facts, wanted: HoursFilter) -> list[ColumnElement[bool]]:
    """Return what a filter asks of facts."""
    found: list[ColumnElement[bool]] = []
    if wanted.first_day:
        found.append(facts.day >= wanted.first_day)
    if wanted.last_day:
        found.append(facts.day <= wanted.last_day)
    if wanted.area_path:
        found.append(_below(facts.dimensions[Cut.AREA], wanted.area_path))
    if wanted.organisation_id:
        found.append(facts.dimensions[Cut.ORGANISATION] == wanted.organisation_id)
    if wanted.activity_id:
        found.append(facts.dimensions[Cut.ACTIVITY] == wanted.activity_id)
    if wanted.category:
        found.append(Activity.category == wanted.category)
    return found


def _below(column: Column, path: str) -> ColumnElement[bool]:
    """Return the condition that a path lies in a subtree; not LIKE, which ignores case on SQLite."""
    return or_(column == path, func.substr(column, 1, len(path) + 1) == path + ".")


def _areas_at(level: int) -> FromClause:
    """Return which area of a level each area lies in."""
    leaf, above = aliased(Area, name="leaf"), aliased(Area, name="above")
    inside = or_(
        leaf.path == above.path, func.substr(leaf.path, 1, func.length(above.path) + 1) == above.path.concat(".")
    )
    found = select(leaf.path.label("leaf"), above.path.label("path")).join_from(
        leaf, above, and_(above.level == level, inside)
    )
    return found.subquery("at_level")


def figures(question: Question) -> Facts:
    """Return the hour figures: the summary, and what has not been folded into it yet, in one select, so in one snapshot."""
    names = ("served_on", "area_path", "organisation_id", "activity_id", "provenance", "policy_number", *COUNTED)
    grain = _grain(question)
    folded = select(*(summary.c[name] for name in names)).where(summary.c.grain == grain)
    both = union_all(folded, select(*(delta.c[name] for name in names))).subquery("figures")
    return Facts(source=both, day=both.c.served_on, dimensions=_dimensions(both.c))


def _grain(question: Question) -> Grain:
    """Return the coarsest grain that answers a question: months will do if whole months are asked for."""
    wanted = question.wanted
    asked = {*question.every_cut, *wanted.cuts()}
    starts = wanted.first_day is None or wanted.first_day.day == 1
    ends = wanted.last_day is None or _is_last_of_month(wanted.last_day)
    return Grain.MONTH if starts and ends and not asked & {Cut.ACTIVITY, Cut.CATEGORY} else Grain.DAY


def _is_last_of_month(day: date) -> bool:
    return day == date.max or (day + timedelta(days=1)).day == 1


def _dimensions(columns: Any) -> dict[Cut, Column]:
    return {
        Cut.ORGANISATION: columns.organisation_id,
        Cut.AREA: columns.area_path,
        Cut.ACTIVITY: columns.activity_id,
        Cut.PROVENANCE: columns.provenance,
    }


def standing() -> Facts:
    """Return the current final records themselves."""
    return Facts(
        source=Revision.__table__,
        day=Revision.served_on,
        dimensions=_dimensions(Revision) | {Cut.VOLUNTEER: Revision.volunteer_id},
        where=[records.is_final(), records.is_current()],
    )


def first_services() -> Facts:
    """Return of everybody the first current final record in the whole bank: where and when they were new."""
    turn = func.row_number().over(
        partition_by=Revision.volunteer_id, order_by=(Revision.served_on, Revision.started_at, Revision.record_id)
    )
    ranked = select(Revision, turn.label("turn")).where(records.is_final(), records.is_current()).subquery("ranked")
    return Facts(
        source=ranked,
        day=ranked.c.served_on,
        dimensions=_dimensions(ranked.c) | {Cut.VOLUNTEER: ranked.c.volunteer_id},
        where=[ranked.c.turn == 1],
    )


def hour_sums(columns: Any) -> dict[str, ColumnElement[Any]]:
    """Return the sums of hour figures, split by provenance, over summary and deltas."""
    sums = {name: func.sum(columns[name]) for name in COUNTED}
    return sums | _split(columns.provenance, columns.service_minutes)


def record_sums() -> dict[str, ColumnElement[Any]]:
    """Return the same sums over records."""
    return {
        "person_times": func.count(),
        "service_minutes": func.sum(Revision.service_minutes),
        "credited_minutes": func.sum(Revision.credited_minutes),
        **_split(Revision.provenance, Revision.service_minutes),
    }


def _split(provenance: Any, minutes: Any) -> dict[str, ColumnElement[Any]]:
    return {name: func.sum(case((provenance == name, minutes), else_=0)) for name in PROVENANCES}


def sign_ups() -> tuple[Facts, dict[str, ColumnElement[Any]]]:
    """Return the places that were kept until their shift was over, and who did not come: no attendance and no record."""
    activity = aliased(Activity, name="organised")
    came = (
        select(Attendance.id)
        .where(
            Attendance.shift_id == SignUp.shift_id,
            Attendance.volunteer_id == SignUp.volunteer_id,
            Attendance.state != AttendanceState.ANNULLED,
        )
        .exists()
    )
    recorded = (
        select(Revision.id)
        .where(
            Revision.volunteer_id == SignUp.volunteer_id,
            Revision.shift_id == SignUp.shift_id,
            Revision.state.in_((*PENDING, State.FINAL)),
            records.is_current(),
        )
        .exists()
    )
    places = (
        select(
            SignUp.volunteer_id,
            activity.organisation_id,
            activity.id.label("activity_id"),
            Area.path.label("area_path"),
            shanghai_day(Shift.starts_at).label("day"),
            case((or_(came, recorded), 0), else_=1).label("missed"),
        )
        .join_from(SignUp, Shift, Shift.id == SignUp.shift_id)
        .join(activity, activity.id == Shift.activity_id)
        .join(Area, Area.id == activity.area_id)
        .where(SignUp.state == SignUpState.LIVE, Shift.state == ShiftState.OPEN, Shift.ends_at <= now())
        .subquery("places")
    )
    dimensions = {
        Cut.ORGANISATION: places.c.organisation_id,
        Cut.AREA: places.c.area_path,
        Cut.ACTIVITY: places.c.activity_id,
        Cut.VOLUNTEER: places.c.volunteer_id,
    }
    measures = {Measure.SIGN_UPS: func.count(), Measure.NO_SHOWS: func.sum(places.c.missed)}
    return Facts(source=places, day=places.c.day, dimensions=dimensions), {str(k): v for k, v in measures.items()}


def approvals() -> tuple[Facts, dict[str, ColumnElement[Any]]]:
    """Return the records that waited for somebody and then became final, and how many seconds that took."""
    waited, first = aliased(Revision, name="waited"), aliased(Revision, name="first")
    source = Revision.__table__.join(
        waited, and_(waited.record_id == Revision.record_id, waited.number == Revision.number - 1)
    ).join(first, and_(first.record_id == Revision.record_id, first.number == 1))
    facts = Facts(
        source=source,
        day=Revision.served_on,
        dimensions=_dimensions(Revision) | {Cut.VOLUNTEER: Revision.volunteer_id},
        where=[Revision.state == State.FINAL, waited.state.in_(PENDING)],
    )
    took = func.sum(seconds(Revision.recorded_at) - seconds(first.recorded_at))
    return facts, {str(Measure.APPROVALS): func.count(), "approval_seconds": took}
