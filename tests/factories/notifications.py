"""What people are told, and what they have accepted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select, update

from tests.factories.identity import a_person
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.demo.wechat import openid_of
from timebank.identity import service as identity
from timebank.identity.wechat import OpenId
from timebank.identity.wechat_token import SharedToken
from timebank.notifications import delivery, service
from timebank.notifications.models import Notification, Subscription
from timebank.notifications.rules import Reply, State, Topic
from timebank.notifications.senders import Sender, WechatSender
from timebank.notifications.templates import Template, Templates
from timebank.settings import Settings

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


def a_follower(name: str = "zhang", *, accepts: int = 1, topic: Topic = Topic.RECORD_FINAL) -> UUID:
    """Enrol somebody who signs in from the mini-program and has accepted so many messages."""
    person = a_person("张桂芳")
    settings: Settings = current_app.extensions["timebank-settings"]
    who = OpenId(settings.wechat_app_id, openid_of(name))
    in_unit_of_work(lambda: identity.bind_openid(person_id=person.id, who=who))
    accepted(person.id, topic, times=accepts)
    return person.id


TEMPLATES: Templates = {
    Topic.RECORD_FINAL: Template(
        "tmpl-record",
        "pages/records",
        {"thing1": "activity", "date2": "served_on", "number3": "service_minutes", "phrase4": "remark"},
    ),
    Topic.ARRIVAL: Template("tmpl-arrival", "", {"thing1": "activity", "time2": "ends_at", "thing3": "remark"}),
}


def with_template(template_id: str) -> Templates:
    """Return the templates, with another one for records."""
    return TEMPLATES | {Topic.RECORD_FINAL: Template(template_id, "", {"thing1": "activity"})}


def a_wechat_sender(templates: Templates = TEMPLATES) -> WechatSender:
    """Return a sender that talks to the fake WeChat server of the test."""
    app_id = current_app.extensions["timebank-settings"].wechat_app_id
    client = current_app.extensions["timebank-wechat"]
    return WechatSender(client, SharedToken(client, app_id), templates)


def delivered(sender: Sender, *, limit: int = 500) -> dict[str, int]:
    """Send what is due; return how many ended in which state."""
    app_id = current_app.extensions["timebank-settings"].wechat_app_id
    return {str(state): count for state, count in delivery.send_due(sender, app_id=app_id, limit=limit).items()}


def time_passes() -> None:
    """Let every waiting message be due, as if its wait or its worker's lease were over."""
    due = update(Notification).where(Notification.state == State.QUEUED).values(next_attempt_at=clock.wall())
    in_unit_of_work(lambda: session.execute(due))
