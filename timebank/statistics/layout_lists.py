"""Rosters, activities and hours as files that can be imported: the layouts are those of ``timebank.imports``.

What an export in full names says, an import of it finds on record and leaves as it is. No file ever holds a document
number or a telephone: what is kept of them are keyed hashes (rule R37). Masked names are for looking at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import aliased

from timebank.activities.models import Activity
from timebank.database import session
from timebank.documents.tables import Cell
from timebank.identity.minors import known_minor
from timebank.identity.models import Person
from timebank.identity.rules import PersonState, masked_name
from timebank.imports.catalogue import layouts_of
from timebank.imports.layouts import Layout
from timebank.imports.models import ImportedNumber
from timebank.imports.rules import Kind as Imported
from timebank.organisations.models import Area, Member, Organisation
from timebank.organisations.profile_tables import Profile
from timebank.organisations.queries import within
from timebank.records.models import Revision
from timebank.statistics import queries
from timebank.statistics.pivots import Answer
from timebank.statistics.queries import Asker
from timebank.statistics.questions import HoursFilter, Question
from timebank.streaming import AT_ONCE

GENERIC = "generic"
MINOR = "minor"
"""Of a row: that its volunteer is known to be under 18, whose name and birth date no export shows in full (rule R38)."""

Facts = dict[str, Any]

_Home = aliased(Area, name="home")
_PERSONAL = ("birth_on", "sex", "home_path", "skills")
"""What a masked file leaves out altogether."""


def roster(question: Question, asker: Asker, masked: bool) -> Answer:
    """Return the volunteers who belong to organisations now, in the order in which they have come."""
    number = _number_of(Member.organisation_id, Member.person_id)
    found = (
        select(
            number.label("number"),
            Person.display_name.label("name"),
            Person.birth_on,
            known_minor().label(MINOR),
            Profile.sex,
            Profile.skills,
            _Home.path.label("home_path"),
            Organisation.name.label("organisation_name"),
        )
        .select_from(Member)
        .join(Person, Person.id == Member.person_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Area, Area.id == Organisation.area_id)
        .outerjoin(Profile, Profile.person_id == Member.person_id)
        .outerjoin(_Home, _Home.id == Profile.area_id)
        .where(Member.admitted_at.is_not(None), Member.ended_at.is_(None), Person.state == PersonState.ACTIVE)
        .where(asker.reaches(Member.organisation_id), *_places(question.wanted, Member.organisation_id))
        .order_by(Member.organisation_id, Member.asked_at, Member.id)
    )
    return _answer(layout_of(Imported.ROSTER, question), found, masked=masked)


def activities(question: Question, asker: Asker, masked: bool) -> Answer:
    """Return the activities of organisations, in the order in which they were added."""
    wanted = question.wanted
    found = (
        select(
            Activity.name.label("activity"),
            Activity.category,
            Activity.content,
            Area.path.label("area_path"),
            _number_of(Activity.organisation_id, Person.id).label("leader_number"),
            Organisation.name.label("organisation_name"),
        )
        .select_from(Activity)
        .join(Organisation, Organisation.id == Activity.organisation_id)
        .join(Area, Area.id == Activity.area_id)
        .outerjoin(Person, (Person.id == Activity.leader_id) & (Person.state == PersonState.ACTIVE))
        .where(asker.reaches(Activity.organisation_id), *_places(wanted, Activity.organisation_id))
        .order_by(Activity.organisation_id, Activity.created_at, Activity.id)
    )
    if wanted.activity_id:
        found = found.where(Activity.id == wanted.activity_id)
    if wanted.category:
        found = found.where(Activity.category == wanted.category)
    return _answer(layout_of(Imported.ACTIVITIES, question), found, masked=masked)


def hours(question: Question, asker: Asker, masked: bool) -> Answer:
    """Return current final records by day, check-in and id, under the names of today: by these they are found again."""
    facts = queries.standing()
    found = (
        select(
            _number_of(Revision.organisation_id, Revision.volunteer_id).label("number"),
            Person.display_name.label("name"),
            known_minor().label(MINOR),
            func.coalesce(Activity.name, Revision.activity_name).label("activity"),
            Revision.served_on,
            Revision.started_at,
            Revision.ended_at,
            Revision.service_minutes.label("minutes"),
            Revision.place,
            func.coalesce(Organisation.name, Revision.organisation_name).label("organisation_name"),
        )
        .select_from(Revision)
        .join(Person, Person.id == Revision.volunteer_id)
        .outerjoin(Activity, Activity.id == Revision.activity_id)
        .outerjoin(Organisation, Organisation.id == Revision.organisation_id)
        .where(*facts.where, *queries.conditions(facts, question.wanted), asker.reaches(Revision.organisation_id))
        .order_by(Revision.served_on, Revision.started_at, Revision.record_id)
    )
    return _answer(layout_of(Imported.HOURS, question), found, masked=masked)


def layout_of(kind: Imported, question: Question) -> Layout:
    """Return the layout that a question asks for. Raises ImportLayoutUnknown."""
    return layouts_of(kind, question.layout or GENERIC)[0]


def _number_of(organisation_id: Any, person_id: Any) -> ColumnElement[str]:
    """Return the number that the organisation has given to a person, else the bank's own."""
    given = select(ImportedNumber.number).where(
        and_(ImportedNumber.organisation_id == organisation_id, ImportedNumber.person_id == person_id)
    )
    return func.coalesce(given.scalar_subquery(), Person.volunteer_no)


def _places(wanted: HoursFilter, organisation_id: Any) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.organisation_id:
        found.append(organisation_id == wanted.organisation_id)
    if wanted.area_path:
        found.append(within(wanted.area_path))
    return found


def _answer(layout: Layout, found: Select[*tuple[Any, ...]], *, masked: bool) -> Answer:
    return layout.columns(), _rows(layout, found, masked=masked), {}


def _rows(layout: Layout, found: Select[*tuple[Any, ...]], *, masked: bool) -> Iterator[Sequence[Cell]]:
    rows = session.connection().execute(found, execution_options={"yield_per": AT_ONCE}).mappings()
    for position, row in enumerate(rows, start=1):
        yield layout.row(_shown(row, position, masked=masked))


def _shown(row: Mapping[Any, Any], position: int, *, masked: bool) -> Facts:
    facts: Facts = {**row, "position": position}
    if facts.pop(MINOR, False) or masked:
        facts |= dict.fromkeys(_PERSONAL) | ({"name": masked_name(facts["name"])} if "name" in facts else {})
    return facts
