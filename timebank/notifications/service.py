"""The verbs: tell somebody something, accept messages of a topic, mark as read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.database import is_sqlite, new_id, session
from timebank.direct import Direct
from timebank.notifications.models import Notification, Subscription
from timebank.notifications.rules import MAX_REMAINING, Facts, Reply, State, Topic, facts_as_text, sameness

_TELL = Direct(postgresql.insert(Notification).on_conflict_do_nothing(index_elements=["same"]))
_TELL_ON_SQLITE = Direct(sqlite.insert(Notification).on_conflict_do_nothing(index_elements=["same"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one person is to be told. Of two with the same ``about`` (default: the facts) the second tells nothing."""

    person_id: UUID
    topic: Topic
    facts: Facts
    at: datetime
    about: str | None = None


def tell(*, person_id: UUID, topic: Topic, facts: Facts, at: datetime, about: str | None = None) -> None:
    """Tell somebody something, in the transaction in which it becomes true; one INSERT.

    Args:
        person_id: whom.
        topic: what kind of news it is.
        facts: what ``rules.FACTS`` says for the topic, and ids; nothing that says who somebody is.
        at: the instant of the fact (business time).
        about: what makes two messages the same one, when the facts themselves do not; the second tells nothing.

    Raises ValueError for facts that are not the topic's: a fault of the program.
    """
    tell_many([News(person_id=person_id, topic=topic, facts=facts, at=at, about=about)])


def tell_many(news: Iterable[News]) -> int:
    """Tell many people something, in one round trip; return how much of it they had not been told."""
    waiting_since = clock.wall()
    rows = [_row(one, waiting_since) for one in news]
    if not rows:
        return 0
    insert = _TELL_ON_SQLITE if is_sqlite() else _TELL
    return insert.send_all(session.connection(), rows).written()


def _row(news: News, waiting_since: datetime) -> dict[str, Any]:
    facts = facts_as_text(news.topic, news.facts)
    return {
        "id": new_id(),
        "person_id": news.person_id,
        "topic": news.topic,
        "facts": facts,
        "same": sameness(person_id=news.person_id, topic=news.topic, about=facts if news.about is None else news.about),
        "state": State.QUEUED,
        "attempts": 0,
        "next_attempt_at": waiting_since,
        "last_error": None,
        "created_at": news.at,
        "sent_at": None,
        "read_at": None,
    }


def subscribe(*, person_id: UUID, replies: Mapping[Topic, Reply]) -> None:
    """Count what a person has accepted; the other replies take nothing back, for WeChat keeps what was accepted."""
    accepted = sorted(topic for topic, reply in replies.items() if reply is Reply.ACCEPT)
    if not accepted:
        return
    now = clock.wall()
    dialect: Any = sqlite if is_sqlite() else postgresql
    insert = dialect.insert(Subscription).values(
        [{"person_id": person_id, "topic": topic, "remaining": 1, "changed_at": now} for topic in accepted]
    )
    fewest = func.min if is_sqlite() else func.least
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["person_id", "topic"],
            set_={"remaining": fewest(Subscription.remaining + 1, MAX_REMAINING), "changed_at": now},
        )
    )


def mark_read(*, person_id: UUID, ids: Sequence[UUID]) -> int:
    """Mark a person's own messages as read; return how many were not yet. Others' are left alone."""
    marked = session.execute(
        update(Notification)
        .where(Notification.person_id == person_id, Notification.id.in_(ids), Notification.read_at.is_(None))
        .values(read_at=clock.wall())
    )
    return int(getattr(marked, "rowcount", 0))
