"""The verbs: enter a training, enter who took part, withdraw a participation. Nothing of it is service, nothing is credited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import insert, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as identity
from timebank.identity.family import refuse_own_family
from timebank.identity.former import goes_on
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, Role
from timebank.organisations import scope
from timebank.training import queries
from timebank.training.errors import ParticipationDiffers, ParticipationWithdrawn, TrainingDayFull
from timebank.training.models import ParticipationWithdrawal, Training, TrainingParticipation

CLERKS = (Role.COORDINATOR, Role.ADMIN)
READERS = (*CLERKS, Role.AUDITOR)
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Who took part, by number, and for how long (None: for all of it)."""

    volunteer_no: str
    learning_minutes: int | None = None


def enter(
    *, actor: Actor, organisation_id: UUID, name: str, content: str, held_on: date, learning_minutes: int
) -> Training:
    """Enter a course that an organisation of the actor's has held; minutes are learning minutes.

    Raises NotFound outside the actor's scope, Invalid for a day to come.
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    now = clock.now()
    if held_on > clock.day_of(now):
        raise Invalid(errors=[{"pointer": "/held_on", "detail": "培训还没有举行。 The day is still to come."}])
    values = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "name": name,
        "content": content,
        "held_on": held_on,
        "learning_minutes": learning_minutes,
        "entered_by": actor.person_id,
        "entered_at": now,
    }
    session.connection().execute(insert(Training), values)
    return Training(**values)


def take_part(*, actor: Actor, training_id: UUID, participants: Sequence[Participant]) -> Training:
    """Enter who took part, all of them or nobody; who is on the list with the same minutes stays there.

    Raises NotFound, OwnFamily (nobody enters themselves or a relative), ParticipationDiffers, TrainingDayFull, Invalid
    for numbers that nobody has, that stand there twice, or for more minutes than the training had.
    """
    training = seen(actor=actor, training_id=training_id, roles=CLERKS)
    people = _people(participants)
    refuse_own_family(actor.person_id, *(person.id for person in people))
    minutes = {
        person.id: _minutes(one, training, place)
        for place, (one, person) in enumerate(zip(participants, people, strict=True))
    }
    entries = queries.entries_of(training_id, minutes)
    for person_id, (_, entered) in entries.items():
        if entered is not None and entered != minutes[person_id]:
            raise ParticipationDiffers(entered_minutes=entered)
    missing = {one: length for one, length in minutes.items() if entries.get(one, (0, None))[1] is None}
    _refuse_long_days(training.held_on, missing)
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "training_id": training_id,
            "volunteer_id": person_id,
            "number": entries.get(person_id, (0, None))[0] + 1,
            "learning_minutes": length,
            "entered_by": actor.person_id,
            "entered_at": now,
        }
        for person_id, length in missing.items()
    ]
    if rows:
        session.connection().execute(insert(TrainingParticipation), rows)
    return training


def _people(participants: Sequence[Participant]) -> list[Person]:
    """Return the people of a list, locked, in its order; or raise Invalid naming each line that names nobody."""
    numbers = [one.volunteer_no for one in participants]
    named = identity.numbered(numbers)
    found = session.scalars(
        select(Person)
        .where(Person.id.in_(named.values()), Person.state == PersonState.ACTIVE)
        .order_by(Person.id)
        .with_for_update(key_share=True)  # what they learn on one day is added up, one list after the other
    )
    active = {person.id: person for person in found}
    known = {number: active[person_id] for number, person_id in named.items() if person_id in active}
    errors = []
    for place, number in enumerate(numbers):
        pointer = f"/participants/{place}/volunteer_no"
        if number not in known:
            errors.append({"pointer": pointer, "detail": "没有这个编号的志愿者。 Nobody has this number."})
        elif known[number] in (known.get(earlier) for earlier in numbers[:place]):
            errors.append({"pointer": pointer, "detail": "这个编号在名单里重复。 This number stands here twice."})
    if errors:
        raise Invalid(errors=errors)
    return [known[number] for number in numbers]


def _minutes(one: Participant, training: Training, place: int) -> int:
    minutes = one.learning_minutes or training.learning_minutes
    if minutes > training.learning_minutes:
        pointer = f"/participants/{place}/learning_minutes"
        raise Invalid(errors=[{"pointer": pointer, "detail": "不能长于培训本身。 Not longer than the training."}])
    return minutes


def _refuse_long_days(day: date, missing: dict[UUID, int]) -> None:
    before = queries.minutes_on(day, missing)
    for person_id, minutes in missing.items():
        if before.get(person_id, 0) + minutes > DAY_MINUTES:
            raise TrainingDayFull(entered_minutes=before.get(person_id, 0), learning_minutes=minutes)


def withdraw(*, actor: Actor, participation_id: UUID, reason: str) -> Training:
    """Take back a participation that was entered by mistake. Raises NotFound, OwnFamily, ParticipationWithdrawn."""
    participation = session.get(TrainingParticipation, participation_id)
    if participation is None:
        raise NotFound
    training = seen(actor=actor, training_id=participation.training_id, roles=CLERKS)
    refuse_own_family(actor.person_id, goes_on(participation.volunteer_id))
    if session.get(ParticipationWithdrawal, participation_id) is not None:
        raise ParticipationWithdrawn
    values = {
        "participation_id": participation_id,
        "reason": reason,
        "withdrawn_by": actor.person_id,
        "withdrawn_at": clock.now(),
    }
    session.connection().execute(insert(ParticipationWithdrawal), values)
    return training


def seen(*, actor: Actor, training_id: UUID, roles: Sequence[Role] = READERS) -> Training:
    """Return a training of the actor's organisations. Raises NotFound."""
    training = session.get(Training, training_id)
    if training is None:
        raise NotFound
    scope.organisation_for(actor, *roles, organisation_id=training.organisation_id)
    return training
