"""Whose lines they are: the organisation of each line, within the importer's scope; what lies outside does not exist."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from timebank.database import session
from timebank.errors import Forbidden
from timebank.identity.rules import Actor, Role
from timebank.imports.errors import OrganisationNeeded
from timebank.imports.faults import Code
from timebank.imports.lines import Line, Lines
from timebank.imports.people import some_at_once
from timebank.organisations import scope
from timebank.organisations.models import Area, Organisation

IMPORTERS = (Role.COORDINATOR, Role.ADMIN)


class Place(NamedTuple):
    """An organisation, and the area that it is registered in."""

    organisation_id: UUID
    name: str
    area_id: UUID
    area_path: str


def of_lines(lines: Lines, actor: Actor, organisation_id: UUID | None) -> dict[int, Place]:
    """Return the organisation of each line by the line's number; lines without one are noted as faults.

    ``organisation_id`` is that of lines that name none. Raises Forbidden for whoever may import nothing, NotFound outside
    the actor's scope, OrganisationNeeded.
    """
    if not actor.holds(*IMPORTERS):
        raise Forbidden
    if organisation_id is None and not lines.layout.names_organisations:
        raise OrganisationNeeded
    default = None
    if organisation_id is not None:
        scope.organisation_for(actor, *IMPORTERS, organisation_id=organisation_id)
        default = next(iter(_found(Organisation.id == organisation_id)))
    named = _by_name(actor, {line["organisation"] for line in lines.good if line["organisation"]})
    places: dict[int, Place] = {}
    for line in lines.good:
        name = line["organisation"]
        place = named.get(name) if name else default
        if place is not None:
            places[line.number] = place
        else:
            lines.fault(line.number, "organisation", Code.ORGANISATION_UNKNOWN if name else Code.ORGANISATION_MISSING)
    return places


def _by_name(actor: Actor, names: Collection[str]) -> dict[str, Place]:
    mine = scope.organisations_of(actor, *IMPORTERS, column=Organisation.id)
    return {
        place.name: place
        for piece in some_at_once(sorted(names))
        for place in _found(mine, Organisation.name.in_(piece))
    }


def _found(*conditions: object) -> list[Place]:
    found = select(Organisation.id, Organisation.name, Area.id, Area.path).join(Area, Area.id == Organisation.area_id)
    return [Place(*row) for row in session.execute(found.where(*conditions))]  # type: ignore[arg-type]


def areas(paths: Collection[str]) -> dict[str, UUID]:
    """Return the areas that there are of these paths."""
    found: dict[str, UUID] = {}
    for piece in some_at_once(sorted(paths)):
        rows = select(Area.path, Area.id).where(Area.path.in_(piece))
        found.update((path, area_id) for path, area_id in session.execute(rows))
    return found


def lock(places: Collection[Place]) -> None:
    """Let imports of one organisation come one after the other: the second finds what the first has made."""
    ids = {place.organisation_id for place in places}
    for piece in some_at_once(sorted(ids)):
        locked = select(Organisation.id).where(Organisation.id.in_(piece)).order_by(Organisation.id)
        session.execute(locked.with_for_update(key_share=True)).all()


def good(lines: Lines, places: dict[int, Place]) -> list[Line]:
    """Return the lines whose organisation is known."""
    return [line for line in lines.good if line.number in places]
