"""Activities as another system had them: added where an organisation has none of that name; nothing is overwritten."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from timebank.activities.entering import Entered, enter_many
from timebank.activities.models import Activity
from timebank.database import new_id, session
from timebank.identity.rules import Actor, PersonState
from timebank.imports import people, places
from timebank.imports.faults import Code
from timebank.imports.lines import Line, Lines
from timebank.imports.places import IMPORTERS, Place
from timebank.imports.rules import Counts, Done
from timebank.imports.values import out_and_in
from timebank.organisations import scope
from timebank.organisations.rules import covers

Called = tuple[UUID, str]
"""What an activity is known by: its organisation and its name."""


def on_record(places_of: Collection[Place], names: Collection[str]) -> dict[Called, list[Activity]]:
    """Return the activities of organisations that have one of these names, as a file can hold it."""
    organisations = {place.organisation_id for place in places_of}
    every = select(Activity.id, Activity.name).where(Activity.organisation_id.in_(organisations))
    called = sorted(activity_id for activity_id, name in session.execute(every) if out_and_in(name) in names)
    found: dict[Called, list[Activity]] = {}
    for piece in people.some_at_once(called):
        for activity in session.scalars(select(Activity).where(Activity.id.in_(piece))):
            found.setdefault((activity.organisation_id, out_and_in(activity.name)), []).append(activity)
    return found


class _Leaders:
    """Who leads, by the numbers that lines name."""

    def __init__(self, numbers: Collection[tuple[UUID, str]]) -> None:
        self._found = people.by_number(numbers) if numbers else {}
        self._known = people.known({person for those in self._found.values() for person in those})

    def of(self, organisation_id: UUID, number: str | None) -> UUID | Code | None:
        """Return whom a number means at an organisation, None for none, or why it means nobody."""
        if number is None:
            return None
        found = self._found.get((organisation_id, number), set())
        if len(found) != 1:
            return Code.AMBIGUOUS if found else Code.PERSON_UNKNOWN
        [person_id] = found
        return person_id if self._known[person_id].state == PersonState.ACTIVE else Code.PERSON_NOT_ACTIVE


class Activities:
    """What a file of activities would do, and does."""

    def __init__(self, lines: Lines, of_lines: dict[int, Place], actor: Actor) -> None:
        self.counts = Counts(lines=lines.counted)
        self._lines = lines
        self._actor = actor
        self._new: dict[Called, tuple[Line, Entered]] = {}
        self._seen: dict[Called, list[tuple[Line, Entered]]] = {}
        good = places.good(lines, of_lines)
        self._areas = places.areas({line["area"] for line in good if line["area"]})
        self._leaders = _Leaders(
            {(of_lines[one.number].organisation_id, one["leader"]) for one in good if one["leader"]}
        )
        known = on_record(of_lines.values(), {line["activity"] for line in good})
        for line in good:
            self._look_at(line, of_lines[line.number], known)

    def _look_at(self, line: Line, place: Place, known: dict[Called, list[Activity]]) -> None:
        area_id = self._area_of(line, place)
        if area_id is None:
            self._lines.fault(line.number, "area", Code.AREA_UNKNOWN)
            return
        leader = self._leaders.of(place.organisation_id, line["leader"])
        if isinstance(leader, Code):
            self._lines.fault(line.number, "leader", leader)
            return
        called = (place.organisation_id, line["activity"])
        entered = Entered(
            activity_id=new_id(),
            organisation_id=place.organisation_id,
            area_id=area_id,
            name=line["activity"],
            category=line["category"],
            content=line["content"],
            leader_id=leader,
        )
        seen = self._seen.setdefault(called, [])
        there = known.get(called, [])
        if any(_says_the_same(one, entered) for _, one in seen):
            self.counts.merged += 1
        elif any(_says_the_same(one, entered) for one in there):
            self.counts.unchanged += 1
            seen.append((line, entered))
        elif seen:
            other = seen[0][0].number
            self._lines.fault(line.number, "activity", Code.CONTRADICTS_LINE, other=other, what="内容 content")
        elif there:
            self._lines.fault(line.number, "activity", Code.ACTIVITY_DIFFERS)
        else:
            self.counts.created += 1
            self._new[called] = (line, entered)
            seen.append((line, entered))

    def _area_of(self, line: Line, place: Place) -> UUID | None:
        """Return where it takes place: in the organisation's own area, below it, or where the importer's grant reaches."""
        if not line["area"] or line["area"] == place.area_path:
            return place.area_id
        path = line["area"]
        within = covers(place.area_path, path) or scope.covers_path(self._actor, *IMPORTERS, path=path)
        return self._areas.get(path) if within else None

    def carry_out(self, actor: Actor) -> list[tuple[int, Done, UUID]]:
        """Write it; return what each line has made."""
        enter_many(activities=[entered for _, entered in self._new.values()], by=actor.person_id)
        return [(line.number, Done.CREATED, entered.activity_id) for line, entered in self._new.values()]


def _says_the_same(one: Activity | Entered, other: Entered) -> bool:
    """Whether ``other``, of a line, says nothing else; a line that names no leader says nothing of one."""
    leader = other.leader_id in {None, one.leader_id}
    same = (one.category, one.area_id) == (other.category, other.area_id)
    return leader and same and out_and_in(one.content) == other.content
