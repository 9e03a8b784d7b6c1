"""Many people enrolled at once, in as many statements as one: rosters of an organisation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from sqlalchemy import Table, select

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.database import new_id, session
from timebank.direct import Rows
from timebank.identity.models import Person
from timebank.identity.rules import PersonState, new_volunteer_no

_PEOPLE = Rows(cast("Table", Person.__table__))
_ASKED_AT_ONCE = 4_000


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to enrol; ``birth_on`` is staff's word, if it is given (rule R04)."""

    person_id: UUID
    display_name: str
    birth_on: date | None = None


def newcomer(display_name: str, birth_on: date | None = None) -> Newcomer:
    """Return somebody to enrol, with an id of their own."""
    return Newcomer(new_id(), display_name, birth_on)


def enrol_many(*, newcomers: Sequence[Newcomer], by: UUID) -> None:
    """Add people, each with a number of their own. ``by`` is who enters their birth dates."""
    now = clock.now()
    columns: dict[str, object] = dict.fromkeys(_PEOPLE.columns)
    rows = [
        columns
        | {
            "id": one.person_id,
            "volunteer_no": number,
            "member_ref": reference,
            "display_name": one.display_name,
            "state": PersonState.ACTIVE,
            "created_at": now,
            "birth_on": one.birth_on,
            "birth_entered_by": by if one.birth_on else None,
        }
        for one, number, reference in zip(newcomers, _numbers(len(newcomers)), _references(), strict=False)
    ]
    _PEOPLE.insert_mappings(session.connection(), rows)


def _numbers(wanted: int) -> list[str]:
    """Return numbers that nobody has: of ten thousand drawn at once two are the same every other time."""
    found: set[str] = set()
    while len(found) < wanted:
        drawn = {new_volunteer_no() for _ in range(min(wanted - len(found), _ASKED_AT_ONCE))} - found
        taken = session.scalars(select(Person.volunteer_no).where(Person.volunteer_no.in_(drawn)))
        found |= drawn.difference(taken)
    return list(found)


def _references() -> Iterator[str]:
    """Yield references that differ from each other; one that somebody has makes the whole be tried again."""
    drawn: set[str] = set()
    while True:
        reference = random_reference(8)
        if reference not in drawn:
            drawn.add(reference)
            yield reference
