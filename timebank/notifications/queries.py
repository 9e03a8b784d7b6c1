"""What is asked about messages, subscriptions, and what is due."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, exists, func, select

from timebank.database import session
from timebank.identity.models import Person, WechatIdentity
from timebank.notifications.models import Notification, Subscription
from timebank.notifications.rules import State, Topic


def inbox(*, person_id: UUID) -> Select[Notification]:
    """Select what a person was told."""
    return select(Notification).where(Notification.person_id == person_id)


def unread(*, person_id: UUID) -> int:
    """Return how many messages a person has not read."""
    return session.scalars(
        select(func.count())
        .select_from(Notification)
        .where(Notification.person_id == person_id, Notification.read_at.is_(None))
    ).one()


def remaining(*, person_id: UUID) -> dict[Topic, int]:
    """Return how many more messages a person has accepted on each topic."""
    found = select(Subscription.topic, Subscription.remaining).where(Subscription.person_id == person_id)
    return dict.fromkeys(Topic, 0) | {Topic(row.topic): row.remaining for row in session.execute(found)}


def wishes(person_id: ColumnElement[UUID], topic: Topic) -> ColumnElement[bool]:
    """Return the condition that a person has accepted a message on a topic, for a caller's own select."""
    return exists().where(Subscription.person_id == person_id, Subscription.topic == topic, Subscription.remaining > 0)


def due(*, app_id: str, at: datetime, limit: int) -> list[Row[Any]]:
    """Return and lock the messages that may be sent now, each with what it needs; rows that others claim are left out.

    ``openid`` is None for whoever has never signed in from this mini-program.
    """
    found = (
        select(
            Notification.id,
            Notification.person_id,
            Notification.topic,
            Notification.facts,
            Notification.attempts,
            Notification.created_at,
            Person.state.label("person_state"),
            _openid(app_id).label("openid"),
        )
        .join(Person, Person.id == Notification.person_id)
        .where(
            Notification.state == State.QUEUED,
            Notification.next_attempt_at <= at,
        )
        .order_by(Notification.next_attempt_at)
        .limit(limit)
        .with_for_update(of=Notification, skip_locked=True)
    )
    return list(session.execute(found))


def _openid(app_id: str) -> ScalarSelect[str]:
    return (
        select(WechatIdentity.openid)
        .where(WechatIdentity.person_id == Notification.person_id, WechatIdentity.app_id == app_id)
        .order_by(WechatIdentity.bound_at.desc())
        .limit(1)
        .scalar_subquery()
    )
