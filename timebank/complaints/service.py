"""The verbs: complain, answer. An answer moves no minutes: whoever finds false hours requests a correction as ever."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert

from timebank import clock, working_days
from timebank.activities.models import Activity
from timebank.complaints import queries
from timebank.complaints.errors import ComplaintAnswered, TooManyComplaints
from timebank.complaints.models import Complaint, ComplaintAnswer
from timebank.complaints.rules import ANSWER_WORKING_DAYS, MAX_OPEN, Kind, Outcome
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as people
from timebank.identity.family import refuse_own_family
from timebank.identity.former import goes_on, going_on
from timebank.identity.rules import Actor, Role
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.records.overlaps import lock_person
from timebank.records.service import DECIDERS

READERS = (*DECIDERS, Role.AUDITOR)


def complain(
    *,
    complainant_id: UUID,
    organisation_id: UUID,
    kind: Kind,
    words: str,
    activity_id: UUID | None = None,
    volunteer_no: str | None = None,
) -> UUID:
    """Report something about an organisation, an activity of it or a volunteer; return the complaint's id.

    The answer is the same whether or not anybody has the number: nobody learns who exists. Raises Invalid for an
    organisation that is none or an activity that is not its own, TooManyComplaints.
    """
    lock_person(complainant_id)
    if register.organisation_with_path(organisation_id) is None:
        raise _unknown("/organisation_id", "没有这个组织。 There is no such organisation.")
    activity = session.get(Activity, activity_id) if activity_id else None
    if activity_id and (activity is None or activity.organisation_id != organisation_id):
        raise _unknown("/activity_id", "这个组织没有这项活动。 The organisation has no such activity.")
    if queries.open_by(complainant_id) >= MAX_OPEN:
        raise TooManyComplaints(limit=MAX_OPEN)
    volunteer = people.person_by_number(volunteer_no) if volunteer_no else None
    now = clock.now()
    limit = working_days.deadline(now, ANSWER_WORKING_DAYS)
    values: dict[str, Any] = {
        "id": new_id(),
        "complainant_id": complainant_id,
        "organisation_id": organisation_id,
        "activity_id": activity_id,
        "volunteer_id": volunteer.id if volunteer else None,
        "kind": kind,
        "words": words,
        "made_at": now,
        "due_on": limit.on,
        "provisional": limit.provisional,
    }
    session.connection().execute(insert(Complaint), values)
    return values["id"]  # type: ignore[no-any-return]


def _unknown(pointer: str, detail: str) -> Invalid:
    return Invalid(errors=[{"pointer": pointer, "detail": detail}])


def seen(*, actor: Actor, complaint_id: UUID) -> Any:
    """Return a complaint, its answer and its subject to who made it and to staff in scope; not to who it is about.

    Raises NotFound.
    """
    row = queries.one(complaint_id)
    if row is None:
        raise NotFound
    complaint = row.Complaint
    if goes_on(complaint.complainant_id) != actor.person_id:
        scope.organisation_for(actor, *READERS, organisation_id=complaint.organisation_id)
        if complaint.volunteer_id and goes_on(complaint.volunteer_id) == actor.person_id:
            raise NotFound
    return row


def answer(*, actor: Actor, complaint_id: UUID, outcome: Outcome, answer: str) -> None:
    """Answer a complaint: staff of the organisation or of the area above it who have no part in it.

    Raises NotFound, OwnFamily (who made it, whom it is about, and their relatives), ComplaintAnswered.
    """
    row = queries.one(complaint_id)
    if row is None:
        raise NotFound
    complaint = row.Complaint
    scope.organisation_for(actor, *DECIDERS, organisation_id=complaint.organisation_id)
    concerned = [one for one in (complaint.complainant_id, complaint.volunteer_id) if one]
    refuse_own_family(actor.person_id, *going_on(concerned).values())
    if row.ComplaintAnswer is not None:
        raise ComplaintAnswered
    now = clock.now()
    values = {
        "complaint_id": complaint_id,
        "outcome": outcome,
        "answer": answer,
        "answered_by": actor.person_id,
        "answered_at": now,
    }
    session.connection().execute(insert(ComplaintAnswer), values)
    facts = {
        "organisation": row.organisation_name,
        "made_on": clock.day_of(complaint.made_at).isoformat(),
        "complaint_id": str(complaint_id),
    }
    told = goes_on(complaint.complainant_id)
    notifications.tell(person_id=told, topic=Topic.COMPLAINT_ANSWERED, facts=facts, at=now)
