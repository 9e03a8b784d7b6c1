"""Who hears that a guardian wants a ward forgotten, and that it came to nothing: whoever can take it back (PIPL 31, rule R38).

That are the guardians, the ward from 14 on, and the staff over the organisations that know the guardians, but none of the
ward's relatives, who decide nothing here. Nobody is named: whoever has a part in it looks the ward up by the id.
"""

from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import session
from timebank.identity import family, former
from timebank.identity import queries as identity
from timebank.identity.ages import CHILD, is_under
from timebank.identity.models import Guardian, Person
from timebank.identity.rules import PersonState
from timebank.notifications import service as notifications
from timebank.notifications.rules import Facts, Topic
from timebank.notifications.service import News
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.people.models import ErasureRequest


def guardian_asked(request: ErasureRequest) -> None:
    """Tell of a guardian's request, and until when it can be taken back."""
    _tell(request, Topic.ERASURE_ASKED, {"due_at": utc_text(request.due_at)})


def lapsed(request: ErasureRequest) -> None:
    """Tell that a guardian's request has ended with their guardianship, and nothing is erased."""
    _tell(request, Topic.ERASURE_LAPSED, {"asked_on": clock.day_of(request.asked_at).isoformat()})


def _tell(request: ErasureRequest, topic: Topic, facts: Facts) -> None:
    told = {**facts, "erasure_id": str(request.id), "ward_id": str(request.person_id)}
    notifications.tell_many(
        News(person_id=one, topic=topic, facts=told, at=clock.now(), about=str(request.id))
        for one in sorted(_concerned(request))
    )


def _concerned(request: ErasureRequest) -> set[UUID]:
    ward_id = request.person_id
    entries = list(session.scalars(select(Guardian).where(Guardian.ward_id == ward_id)))
    staff = scope.staff_over({entry.organisation_id for entry in entries}, *CLERKS)
    hearers = {former.goes_on(request.asked_by), *(staff - family.relatives_of(ward_id) - {ward_id})}
    hearers |= {entry.guardian_id for entry in entries if entry.guardian_id and entry.ended_at is None}
    ward = session.get_one(Person, ward_id)
    if not is_under(CHILD, ward.birth_on, clock.day_of(clock.now())):
        hearers.add(ward_id)
    return {person.id for person in identity.people(hearers).values() if person.state != PersonState.CLOSED}
