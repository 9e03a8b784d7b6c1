"""What the keys of a report are called today. Names of people are masked unless they may be seen (rules R38, R39)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from timebank.activities.models import Activity
from timebank.activities.rules import CATEGORY_NAMES
from timebank.database import session
from timebank.identity.minors import known_minor
from timebank.identity.models import Person
from timebank.identity.rules import masked_name
from timebank.organisations.models import Area, Organisation
from timebank.records.models import Revision
from timebank.statistics.calendar import name_of
from timebank.statistics.headings import CUTS
from timebank.statistics.rules import PERIODS, PROVENANCE_NAMES, Cut

AT_ONCE = 500
UNKNOWN = "（未登记）"
GROUP, POOL = "团体", "公共池"

Key = tuple[Any, ...]
Names = dict[Any, dict[str, str]]
"""By key: the cells that name it."""


def of(cut: Cut, keys: Collection[Any], *, masked: bool = True) -> Names:
    """Return the cells that name each key of a cut."""
    if cut in PERIODS:
        return {key: {str(cut): name_of(PERIODS[cut], int(key))} for key in keys}
    if cut is Cut.PROVENANCE:
        return {key: {"provenance": str(key), "provenance_name": PROVENANCE_NAMES[key]} for key in keys}
    if cut is Cut.CATEGORY:
        known: dict[str, str] = {str(category): name for category, name in CATEGORY_NAMES.items()}
        return {key: {"category": key, "category_name": known.get(key, UNKNOWN)} for key in keys}
    if cut is Cut.VOLUNTEER:
        return _of_people(keys, masked=masked)
    return _of_things(cut, keys)


def _of_people(keys: Collection[UUID], *, masked: bool) -> Names:
    found: Names = {}
    for some in _some(keys):
        rows = select(Person.id, Person.display_name, Person.volunteer_no, known_minor()).where(Person.id.in_(some))
        for person_id, name, number, minor in session.execute(rows):
            shown = masked_name(name) if masked or minor else name
            found[person_id] = {"volunteer": str(person_id), "display_name": shown, "volunteer_no": number}
    found |= _of_holders([key for key in keys if key not in found])
    nobody = {"display_name": UNKNOWN, "volunteer_no": ""}
    return {key: found.get(key, {"volunteer": str(key), **nobody}) for key in keys}


def _of_holders(keys: Collection[UUID]) -> Names:
    """Return the cells of whoever holds minutes and is no volunteer: a group, or the pool of an area."""
    found: Names = {}
    for said, column, name in ((GROUP, Organisation.id, Organisation.name), (POOL, Area.id, Area.name)):
        for some in _some(keys):
            for key, text in session.execute(select(column, name).where(column.in_(some))):
                found[key] = {"volunteer": str(key), "display_name": f"{said}：{text}", "volunteer_no": ""}
    return found


def _of_things(cut: Cut, keys: Collection[Any]) -> Names:
    names: dict[Any, str] = {}
    column, name = {
        Cut.ORGANISATION: (Organisation.id, Organisation.name),
        Cut.AREA: (Area.path, Area.name),
        Cut.ACTIVITY: (Activity.id, Activity.name),
    }[cut]
    for some in _some(keys):
        names.update((key, text) for key, text in session.execute(select(column, name).where(column.in_(some))))
    names.update(_as_recorded(cut, [key for key in keys if key not in names]))
    return {key: {str(cut): str(key), f"{cut}_name": names.get(key, UNKNOWN)} for key in keys}


def _as_recorded(cut: Cut, keys: Collection[Any]) -> Iterator[tuple[Any, str]]:
    """Yield what records call something that is on no list: an import names activities that were never planned here."""
    columns = {
        Cut.ORGANISATION: (Revision.organisation_id, Revision.organisation_name),
        Cut.ACTIVITY: (Revision.activity_id, Revision.activity_name),
    }
    if cut in columns:
        column, name = columns[cut]
        for some in _some(keys):
            found = select(column, func.max(name)).where(column.in_(some)).group_by(column)
            yield from ((key, text) for key, text in session.execute(found))


def _some(keys: Collection[Any]) -> Iterator[list[Any]]:
    every = list(keys)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


def of_groups(keys: Collection[Key], cuts: Sequence[Cut], *, masked: bool = True) -> dict[Cut, Names]:
    """Return what every key is called, cut by cut."""
    return {
        cut: of(cut, sorted({key[place] for key in keys}, key=str), masked=masked) for place, cut in enumerate(cuts)
    }


def in_order(keys: Iterable[Key], cuts: Sequence[Cut], named: dict[Cut, Names]) -> list[Key]:
    """Return keys by what they are called: the same order on every engine."""

    def place_of(key: Key) -> list[tuple[str, str]]:
        return [(label(cut, named[cut][value]), str(value)) for cut, value in zip(cuts, key, strict=True)]

    return sorted(keys, key=place_of)


def label(cut: Cut, cells: dict[str, str]) -> str:
    """Return what a key is called in a heading."""
    return cells[CUTS[cut][0][0]]
