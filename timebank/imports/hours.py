"""Past hours: each line becomes a service record of provenance ``import``, which waits for a second person (rule R09).

A line is on record already if its person has a record of the same activity and minutes of check-in and check-out, or if
an import made one of it before, whatever has become of that since. No line may take time that is taken otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from timebank import clock
from timebank.activities.models import Activity
from timebank.database import session
from timebank.identity.family import relatives_of
from timebank.identity.rules import Actor, PersonState
from timebank.imports import people, places, taken
from timebank.imports.activities import Called, on_record
from timebank.imports.faults import Code
from timebank.imports.lines import Line, Lines
from timebank.imports.people import Known
from timebank.imports.places import Place
from timebank.imports.rules import Counts, Done
from timebank.imports.spans import Span, span_of
from timebank.imports.taken import Claim, Taken
from timebank.organisations.models import Area
from timebank.policies import queries as versions
from timebank.policies import service as policies
from timebank.records import history
from timebank.records.history import Past
from timebank.records.rules import Provenance, Served, SourceType

_NAMESPACE = UUID("6d1f0c3e-52f1-5b7a-9c55-0b8a1d6b7e21")
"""Of the ids of what imports are made from: the same service has the same one, in whatever file it stands."""


@dataclass(slots=True, eq=False)
class Service:
    """A service that a line tells of."""

    line: Line
    place: Place
    person: Known
    activity: Activity
    span: Span
    is_new: bool = True

    @property
    def claim(self) -> Claim:
        """What it claims of its person's time."""
        return Claim(self.person.person_id, self.activity.id, self.span)

    @property
    def source_id(self) -> UUID:
        """The id that the same service has in every file."""
        minutes = (self.span.started_at, self.span.ended_at)
        told = (self.place.organisation_id, self.person.person_id, self.activity.id, *map(taken.minute_of, minutes))
        return uuid5(_NAMESPACE, "|".join(map(str, told)))


class Hours:
    """What a file of past hours would do, and does."""

    def __init__(self, lines: Lines, of_lines: dict[int, Place], actor: Actor, *, reason: str, locked: bool) -> None:
        self.counts = Counts(lines=lines.counted)
        self._lines = lines
        self._actor = actor
        self._reason = reason
        self._now = clock.now()
        self._relatives = relatives_of(actor.person_id)
        good = places.good(lines, of_lines)
        numbers = {(of_lines[line.number].organisation_id, line["number"]) for line in good}
        by_number = people.by_number(numbers)
        if locked:
            people.lock({person for found in by_number.values() for person in found})
        self._known = people.known({person for found in by_number.values() for person in found})
        activities = on_record(of_lines.values(), {line["activity"] for line in good})
        told = [self._service(line, of_lines[line.number], by_number, activities) for line in good]
        self._services = self._once_each([service for service in told if service is not None])
        on_file = taken.around([one.claim for one in self._services])
        for service in self._services:
            self._hold_against_record(service, on_file)
        self._refuse_overlaps()
        self._refuse_full_days(on_file)

    def _service(
        self,
        line: Line,
        place: Place,
        by_number: dict[tuple[UUID, str], set[UUID]],
        activities: dict[Called, list[Activity]],
    ) -> Service | None:
        before = len(self._lines.faults)
        person = self._person(line, by_number.get((place.organisation_id, line["number"]), set()))
        found = activities.get((place.organisation_id, line["activity"]), [])
        if len(found) != 1:
            self._lines.fault(line.number, "activity", Code.AMBIGUOUS if found else Code.ACTIVITY_UNKNOWN)
        span = span_of(line, self._now, self._lines)
        if len(self._lines.faults) > before or person is None or span is None:
            return None
        return Service(line, place, person, found[0], span)

    def _person(self, line: Line, found: set[UUID]) -> Known | None:
        if len(found) != 1:
            self._lines.fault(line.number, "number", Code.AMBIGUOUS if found else Code.PERSON_UNKNOWN)
            return None
        person = self._known[next(iter(found))]
        if not person.is_called(line["name"]):
            self._lines.fault(line.number, "name", Code.NAME_DIFFERS)
        elif person.state != PersonState.ACTIVE:
            self._lines.fault(line.number, "", Code.PERSON_NOT_ACTIVE)
        elif person.person_id == self._actor.person_id:
            self._lines.fault(line.number, "", Code.OWN_SERVICE)
        elif person.person_id in self._relatives:
            self._lines.fault(line.number, "", Code.RELATIVES_SERVICE)
        return person

    def _once_each(self, services: Iterable[Service]) -> list[Service]:
        """Merge lines that tell of the same service; two that give it other minutes contradict each other."""
        seen: dict[UUID, Service] = {}
        for service in services:
            earlier = seen.setdefault(service.source_id, service)
            if earlier is service:
                continue
            if earlier.span.minutes == service.span.minutes:
                self.counts.merged += 1
            else:
                self._lines.fault(
                    service.line.number,
                    "minutes",
                    Code.CONTRADICTS_LINE,
                    other=earlier.line.number,
                    what="时长 minutes",
                )
        return list(seen.values())

    def _hold_against_record(self, service: Service, on_file: Taken) -> None:
        """Say whether a service is on record already, or takes time that is taken."""
        same = on_file.same(service.claim)
        if same is not None or service.source_id in on_file.sources:
            service.is_new = False
            if same is not None and same.minutes != service.span.minutes:
                self._lines.fault(service.line.number, "minutes", Code.RECORDED_OTHERWISE, recorded=same.minutes)
            else:
                self.counts.unchanged += 1
            return
        other = on_file.sharing(service.claim)
        if other is not None:
            service.is_new = False
            self._lines.fault(service.line.number, "starts", Code.OVERLAPS_RECORD, **other.told())
            return
        self.counts.created += 1

    def _refuse_overlaps(self) -> None:
        """Note which lines tell that somebody was in two places at once."""
        last: Service | None = None
        for one in sorted(filter(_is_new, self._services), key=lambda one: (one.person.person_id, one.span.started_at)):
            if last is None or last.person.person_id != one.person.person_id:
                last = one
                continue
            if one.span.started_at < last.span.ended_at:
                first, second = sorted((last.line.number, one.line.number))
                self._lines.fault(second, "starts", Code.OVERLAPS_LINE, other=first)
            if one.span.ended_at > last.span.ended_at:
                last = one

    def _refuse_full_days(self, on_file: Taken) -> None:
        added: dict[tuple[UUID, date], int] = {}
        for one in self._services:
            if one.is_new:
                day = (one.person.person_id, one.span.served_on)
                added[day] = added.get(day, on_file.served(*day)) + one.span.minutes
                if added[day] > taken.MOST:
                    numbers = {"minutes": added[day], "most": taken.MOST}
                    self._lines.fault(one.line.number, "served_on", Code.DAY_TOO_FULL, **numbers)

    def carry_out(self, actor: Actor) -> list[tuple[int, Done, UUID]]:
        """Make the records; return what each line has made."""
        new = [one for one in self._services if one.is_new]
        areas = _areas({one.activity.area_id for one in new})
        number = versions.latest_number()
        past = [
            Past(served, _policy(served, number))
            for served in (_served(one, *areas[one.activity.area_id]) for one in new)
        ]
        made = history.record_history(services=past, actor_id=actor.person_id, reason=self._reason, now=self._now)
        return [(one.line.number, Done.CREATED, record_id) for one, record_id in zip(new, made, strict=True)]


def _is_new(service: Service) -> bool:
    return service.is_new


def _policy(served: Served, number: int) -> Any:
    return policies.resolve(
        organisation_id=served.organisation_id, area_path=served.area_path, at=served.ended_at, known_number=number
    )


def _areas(area_ids: set[UUID]) -> dict[UUID, tuple[str, str]]:
    rows = select(Area.id, Area.path, Area.name).where(Area.id.in_(area_ids))
    return {area_id: (path, name) for area_id, path, name in session.execute(rows)}


def _served(one: Service, area_path: str, area_name: str) -> Served:
    activity = one.activity
    return Served(
        volunteer_id=one.person.person_id,
        source_type=SourceType.IMPORT,
        source_id=one.source_id,
        started_at=one.span.started_at,
        ended_at=one.span.ended_at,
        provenance=Provenance.IMPORT,
        activity_id=activity.id,
        activity_name=activity.name,
        content=activity.content,
        organisation_id=one.place.organisation_id,
        organisation_name=one.place.name,
        area_id=activity.area_id,
        area_path=area_path,
        shift_id=None,
        place=one.line["place"] or area_name,
        leader_id=activity.leader_id,
        stated_minutes=one.span.minutes,
    )
