"""What people are told, and what they have accepted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.notifications import service
from timebank.notifications.models import Notification, Subscription
from timebank.notifications.rules import Reply, Topic

SERVED = {"activity": "助老理发", "served_on": "2026-11-02", "service_minutes": 120, "credited_minutes": 120}
"""The facts of a record that is final."""


def told(
    person_id: UUID,
    topic: Topic = Topic.RECORD_FINAL,
    facts: dict[str, Any] | None = None,
    *,
    at: datetime | None = None,
    about: str | None = None,
) -> Notification:
    """Tell somebody something; without facts, that one more record of theirs is final."""
    facts = facts or SERVED | {"record_id": str(new_id())}
    in_unit_of_work(
        lambda: service.tell(person_id=person_id, topic=topic, facts=facts, at=at or clock.now(), about=about)
    )
    return messages_of(person_id)[0]


def accepted(person_id: UUID, topic: Topic = Topic.RECORD_FINAL, *, times: int = 1) -> None:
    """Accept so many messages on a topic."""
    for _ in range(times):
        in_unit_of_work(lambda: service.subscribe(person_id=person_id, replies={topic: Reply.ACCEPT}))


def messages_of(person_id: UUID) -> list[Notification]:
    """Return what somebody was told, newest first."""
    found = select(Notification).where(Notification.person_id == person_id)
    newest = found.order_by(Notification.created_at.desc(), Notification.id.desc())
    return in_unit_of_work(lambda: list(session.scalars(newest.execution_options(populate_existing=True))), write=False)


def remaining_of(person_id: UUID, topic: Topic = Topic.RECORD_FINAL) -> int:
    """Return how many more messages somebody has accepted on a topic."""
    found = select(Subscription.remaining).where(Subscription.person_id == person_id, Subscription.topic == topic)
    return in_unit_of_work(lambda: session.scalar(found) or 0, write=False)
