"""What volunteers are told of their records: that one is final, rejected or corrected, or an objection answered.

Nobody is told what their own request has just answered: whoever checks out reads it on the screen.
"""

from datetime import datetime
from uuid import UUID

from timebank.notifications.rules import Topic
from timebank.notifications.service import News
from timebank.records.models import Revision
from timebank.records.objection_tables import Objection
from timebank.records.rules import State


def news_of(revision: Revision, before: Revision | None, *, actor_id: UUID) -> News | None:
    """Return what a new revision has to tell its volunteer, given who has acted and what the record said ``before``."""
    topic = _topic(revision, before)
    volunteer_id = revision.volunteer_id
    if topic is None or actor_id == volunteer_id:
        return None
    facts: dict[str, str | int] = {
        "activity": revision.activity_name,
        "served_on": revision.served_on.isoformat(),
        "record_id": str(revision.record_id),
    }
    if topic is not Topic.RECORD_REJECTED:
        facts |= {"service_minutes": revision.service_minutes, "credited_minutes": revision.credited_minutes}
    return News(person_id=volunteer_id, topic=topic, facts=facts, at=revision.recorded_at, about=str(revision.id))


def news_of_answer(objection: Objection, about: Revision, *, at: datetime) -> News:
    """Return what an answered objection tells whoever has made it; the words of the answer stay with the record."""
    return News(
        person_id=objection.objector_id,
        topic=Topic.OBJECTION_ANSWERED,
        facts={
            "activity": about.activity_name,
            "served_on": about.served_on.isoformat(),
            "record_id": str(objection.record_id),
            "objection_id": str(objection.id),
        },
        at=at,
    )


def _topic(revision: Revision, before: Revision | None) -> Topic | None:
    if before is not None and revision.correction_id not in {None, before.correction_id}:
        return Topic.RECORD_CORRECTED
    if before is not None and revision.state == before.state:
        return None
    if revision.state == State.FINAL:
        return Topic.RECORD_FINAL
    return Topic.RECORD_REJECTED if revision.state == State.REJECTED else None
