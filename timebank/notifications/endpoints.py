"""One's own inbox, and which messages one accepts from WeChat."""

from typing import Any

from flask import current_app, request

from timebank.identity.guards import person_id, signed_in
from timebank.notifications import queries, schemas, service
from timebank.notifications.models import Notification
from timebank.notifications.rules import Reply, Topic, facts_from_text
from timebank.notifications.sentences import sentence
from timebank.notifications.templates import Templates, counted_as
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

Subscriptions = page_of(schemas.SubscriptionOut)

blueprint = Blueprint("notifications", __name__, description="消息 · what people are told")


@blueprint.endpoint(
    "GET", "/me/notifications", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.NotificationOut))
)
def list_notifications(query: dict[str, Any]) -> dict[str, Any]:
    """我的消息，最新在前；不论是否经微信发出，都在这里。"""
    english = request.accept_languages.best_match(["zh", "en"]) == "en"
    by = [Notification.created_at, Notification.id]
    found = page(queries.inbox(person_id=person_id()), by=by, query=query, descending=True)
    return {**found, "items": [_shown(one, english=english) for one in found["items"]]}


@blueprint.endpoint(
    "POST", "/me/notifications/read", guard=signed_in, body=schemas.ReadBody, answer=(200, schemas.ReadOut)
)
def read_notifications(body: dict[str, Any]) -> dict[str, int]:
    """标为已读；重复提交无妨。"""
    marked = service.mark_read(person_id=person_id(), ids=body["ids"])
    return {"marked": marked, "unread": queries.unread(person_id=person_id())}


@blueprint.endpoint("GET", "/me/subscriptions", guard=signed_in, answer=(200, Subscriptions))
def list_subscriptions() -> dict[str, Any]:
    """我接受的微信订阅消息：每个主题对应的模板，以及还可发送几条。"""
    return _subscriptions()


@blueprint.endpoint(
    "POST",
    "/me/subscriptions",
    guard=signed_in,
    body=schemas.SubscribeBody,
    answer=(200, Subscriptions),
    once=True,
)
def subscribe(body: dict[str, Any]) -> dict[str, Any]:
    """登记 wx.requestSubscribeMessage 的结果：每接受一次，可发送一条；几个主题共用一个模板的，合在一起计。"""
    accepted = {_counted_as(topic) for topic, reply in body["topics"].items() if reply is Reply.ACCEPT}
    service.subscribe(person_id=person_id(), replies=dict.fromkeys(accepted, Reply.ACCEPT))
    return _subscriptions()


def _counted_as(topic: Topic) -> Topic:
    return counted_as(current_app.extensions["timebank-templates"], topic)


def _subscriptions() -> dict[str, Any]:
    templates: Templates = current_app.extensions["timebank-templates"]
    remaining = queries.remaining(person_id=person_id())
    items = [
        {
            "topic": topic,
            "template_id": templates[topic].id if topic in templates else None,
            "remaining": remaining[_counted_as(topic)],
        }
        for topic in Topic
    ]
    return {"items": items, "next": None}


def _shown(told: Notification, *, english: bool) -> dict[str, Any]:
    facts = facts_from_text(told.facts)
    return {
        "id": told.id,
        "topic": told.topic,
        "message": sentence(Topic(told.topic), facts, english=english),
        "facts": facts,
        "created_at": told.created_at,
        "read_at": told.read_at,
    }
