"""The profile: Order 67's eight fields, said by the person, or entered by staff with their consent (令67 art 5, 6)."""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from timebank import clock
from timebank.database import session
from timebank.errors import Invalid, NotFound
from timebank.identity import documents, former, phones
from timebank.identity import service as identity
from timebank.identity.ages import ADULT, is_under
from timebank.identity.errors import MinorProtected, PersonNotActive
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Person
from timebank.identity.phones import Keys
from timebank.identity.rules import Actor, PersonState, masked_name, name_until_given
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS, refuse_unasked
from timebank.organisations.profile_tables import Profile
from timebank.people.rules import Field, masked_birth, masked_phone
from timebank.web.errors import PreconditionFailed

_LISTS = ("skills", "service_types")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A profile in full, as its person sees it; the document number is masked for them as well."""

    person: Person
    sex: str | None
    document: str | None
    area_id: UUID | None
    phone: str | None
    skills: list[str]
    service_types: list[str]
    version: int

    @property
    def missing(self) -> list[Field]:
        """Which of the eight fields nobody has given yet, in the order of Order 67."""
        given = {
            Field.NAME: self.person.display_name != name_until_given(self.person.volunteer_no),
            Field.SEX: self.sex,
            Field.BIRTH_DATE: self.person.birth_on,
            Field.DOCUMENT_NUMBER: self.document,
            Field.AREA: self.area_id,
            Field.CONTACT: self.phone,
            Field.SKILLS: self.skills,
            Field.SERVICE_TYPES: self.service_types,
        }
        return [name for name, value in given.items() if not value]


def shown(person_id: UUID) -> Shown:
    """Return somebody's profile. Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound
    profile = session.get(Profile, person_id)
    return Shown(
        person=person,
        sex=profile.sex if profile else None,
        document=documents.masked_document(person_id),
        area_id=profile.area_id if profile else None,
        phone=profile.phone if profile else None,
        skills=_list(profile.skills) if profile else [],
        service_types=_list(profile.service_types) if profile else [],
        version=profile.version if profile else 0,
    )


def _list(text: str | None) -> list[str]:
    return list(json.loads(text)) if text else []


def change(
    *,
    person_id: UUID,
    display_name: str,
    birth_on: date | None = None,
    values: Mapping[str, Any],
    phone_keys: Keys,
    versions: Container[str] | None = None,
) -> Shown:
    """Change one's own profile; what ``values`` does not name stays. The name is always given, the birth date once.

    ``versions`` are those that the caller has seen (None: whatever it is now). Raises NotFound, PreconditionFailed,
    Invalid (no such area, a birth date that cannot be), BirthDateKnown.
    """
    profile = _locked(person_id, versions)
    identity.change_profile(person_id=person_id, display_name=display_name, birth_on=birth_on)
    _follow(profile, values, phone_keys)
    _write(profile, values, by=person_id)
    return shown(person_id)


def enter(
    *,
    actor: Actor,
    person_id: UUID,
    organisation_id: UUID,
    values: Mapping[str, Any],
    phone_keys: Keys,
    versions: Container[str] | None = None,
) -> Shown:
    """Enter what somebody says about themself, at an organisation and with their consent (令67 art 6).

    Of a merged account it is the profile of who goes on, which ``masked`` shows. Raises NotFound outside the scope,
    OwnFamily, PreconditionFailed, PersonNotActive for a closed account, ConsentRequired, Invalid.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    person_id = former.goes_on(person_id)
    refuse_own_family(actor.person_id, person_id)
    profile = _locked(person_id, versions)
    if session.get_one(Person, person_id).state == PersonState.CLOSED:
        raise PersonNotActive
    refuse_unasked(person_id)
    _follow(profile, values, phone_keys)
    _write(profile, values, by=actor.person_id)
    return shown(person_id)


def _locked(person_id: UUID, versions: Container[str] | None) -> Profile:
    """Return the profile of somebody under lock; a new one where there is none."""
    if session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True) is None:
        raise NotFound
    profile = session.get(Profile, person_id, populate_existing=True) or Profile(person_id=person_id, version=0)
    if versions is not None and str(profile.version) not in versions:
        raise PreconditionFailed
    return profile


def _follow(profile: Profile, values: Mapping[str, Any], keys: Keys) -> None:
    """Let the number by which somebody is known again go where they give another mobile number, or take theirs away.

    A fixed line is beside it, and leaves it.
    """
    before, now = phones.mobile(profile.phone), phones.mobile(values.get("phone"))
    if "phone" in values and (now is not None or (before is not None and values["phone"] is None)):
        phones.drop_other(profile.person_id, now, keys=keys)


def phone_follows(person_id: UUID, number: str | None, by: UUID) -> None:
    """Have the profile name the number that WeChat has told or staff have entered, where it named a mobile number at all."""
    profile = session.get(Profile, person_id, populate_existing=True)
    before = phones.mobile(profile.phone) if profile else None
    if profile is None or before in {None, number}:
        return
    _write(profile, {"phone": number and number.removeprefix("+86")}, by=by)


def _write(profile: Profile, values: Mapping[str, Any], *, by: UUID) -> None:
    area_id = values.get("area_id")
    if area_id is not None and register.area(area_id) is None:
        raise Invalid(errors=[{"pointer": "/area_id", "detail": "没有这个区域。 No such area."}])
    for name, value in values.items():
        kept = json.dumps(list(dict.fromkeys(value)), ensure_ascii=False) if name in _LISTS and value else value
        setattr(profile, name, kept or None)
    profile.version, profile.changed_by, profile.changed_at = profile.version + 1, by, clock.now()
    session.add(profile)
    session.flush()


def masked(*, actor: Actor, person_id: UUID, organisation_id: UUID) -> Shown:
    """Return somebody's profile for staff, masked; a minor's is not for them without approval.

    Raises NotFound outside the scope, MinorProtected.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    found = shown(former.goes_on(person_id))
    if is_under(ADULT, found.person.birth_on, clock.day_of(clock.now())):
        raise MinorProtected
    return found


def as_masked(found: Shown) -> dict[str, Any]:
    """Return a profile as staff see it: a name's first character, a birth year, the ends of numbers."""
    birth_on = found.person.birth_on
    return {
        "person_id": found.person.id,
        "volunteer_no": found.person.volunteer_no,
        "state": found.person.state,
        "display_name": masked_name(found.person.display_name),
        "sex": found.sex,
        "birth_on": masked_birth(birth_on.year if birth_on else None),
        "document": found.document,
        "area_id": found.area_id,
        "phone": masked_phone(found.phone),
        "skills": found.skills,
        "service_types": found.service_types,
        "missing": found.missing,
    }


def as_entered(found: Shown, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a profile as whoever has entered ``values`` sees it: of a minor's nothing that was there before (rule R38)."""
    answer = as_masked(found)
    if not is_under(ADULT, found.person.birth_on, clock.day_of(clock.now())):
        return answer
    hidden = dict.fromkeys(("sex", "birth_on", "document", "area_id", "phone")) | {name: [] for name in _LISTS}
    return answer | {name: nothing for name, nothing in hidden.items() if name not in values}
