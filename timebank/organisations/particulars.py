"""Sex, area and skills of many people at once, as an organisation's own roster has them: only what nobody has said yet."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import Table, select

from timebank import clock
from timebank.database import session
from timebank.direct import Rows
from timebank.organisations.profile_tables import Profile

_PROFILES = Rows(cast("Table", Profile.__table__))
_AT_ONCE = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What is said of somebody; None and no skills are what is not said."""

    sex: str | None = None
    area_id: UUID | None = None
    skills: tuple[str, ...] = ()

    def beyond(self, known: "Particulars") -> "Particulars":
        """Return what of this is not known yet: what somebody has said of themself stays as they said it."""
        return Particulars(
            sex=None if known.sex else self.sex,
            area_id=None if known.area_id else self.area_id,
            skills=() if known.skills else self.skills,
        )


NOTHING = Particulars()


def known(person_ids: Collection[UUID]) -> dict[UUID, Particulars]:
    """Return what is on record of people; whoever has no profile is left out."""
    return {
        profile.person_id: Particulars(
            sex=profile.sex, area_id=profile.area_id, skills=tuple(json.loads(profile.skills or "[]"))
        )
        for profile in _profiles(person_ids)
    }


def add_many(*, given: Mapping[UUID, Particulars], by: UUID) -> None:
    """Write what nobody has said yet of these people; that the areas exist is the caller's question."""
    there = {profile.person_id: profile for profile in _profiles(given)}
    columns: dict[str, object] = dict.fromkeys(_PROFILES.columns)
    changed: dict[str, object] = {"changed_by": by, "changed_at": clock.now()}
    new = [
        columns | changed | {"person_id": person_id, "version": 1} | _kept(said)
        for person_id, said in given.items()
        if person_id not in there
    ]
    _PROFILES.insert_mappings(session.connection(), new)
    for person_id, profile in there.items():
        _add(profile, given[person_id], changed)
    session.flush()


def _add(profile: Profile, said: Particulars, changed: dict[str, object]) -> None:
    """Write what is still missing: somebody may have said it themself since it was looked for."""
    missing = {name: value for name, value in _kept(said).items() if value and not getattr(profile, name)}
    if missing:
        for name, value in (missing | changed | {"version": profile.version + 1}).items():
            setattr(profile, name, value)


def _kept(said: Particulars) -> dict[str, object]:
    skills = json.dumps(said.skills, ensure_ascii=False) if said.skills else None
    return {"sex": said.sex, "area_id": said.area_id, "skills": skills}


def _profiles(person_ids: Collection[UUID]) -> list[Profile]:
    found: list[Profile] = []
    ids = sorted(person_ids)
    for start in range(0, len(ids), _AT_ONCE):
        piece = ids[start : start + _AT_ONCE]
        rows = select(Profile).where(Profile.person_id.in_(piece)).order_by(Profile.person_id)
        found += session.scalars(rows.execution_options(populate_existing=True))
    return found
