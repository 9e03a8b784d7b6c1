"""Who carries messages out: the log, or WeChat. Neither says to a log who somebody is, or what a message says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import structlog

from timebank.errors import Refusal
from timebank.identity.wechat import BUSY, STALE_TOKEN, WechatClient
from timebank.identity.wechat_token import SharedToken
from timebank.notifications.rules import Topic
from timebank.notifications.templates import Template, Templates, counted_as, values

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message on its way to one openid of the mini-program."""

    id: UUID
    topic: Topic
    facts: Mapping[str, Any]
    openid: str = field(repr=False)


class Verdict(StrEnum):
    """What came of sending."""

    SENT = "sent"
    NOT_WANTED = "not_wanted"
    FAILED = "failed"
    LATER = "later"
    ALL_LATER = "all_later"
    """Nothing can be sent now: the messages behind this one need not be tried."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending, why, and how long to wait at least before another try.

    Not ``tried``: it was never this message's turn, so that it has lost no attempt.
    """

    verdict: Verdict
    error: str | None = None
    wait: timedelta = timedelta(0)
    tried: bool = True


class Sender(Protocol):
    """Carries one message out. Raises nothing that a later try could mend."""

    def send(self, message: Message) -> Outcome:
        """Send, outside any transaction; at least once, for an answer may be lost."""

    def counted_as(self, topic: Topic) -> Topic:
        """Return the topic under which accepted messages of one are counted."""


class LogSender:
    """Writes that there is a message: its id and topic, nothing else."""

    def send(self, message: Message) -> Outcome:
        """Write one line."""
        log.info("notification.would_be_sent", notification_id=str(message.id), topic=message.topic)
        return Outcome(Verdict.SENT)

    def counted_as(self, topic: Topic) -> Topic:
        """Count each topic by itself."""
        return topic


A_DAYS_LIMIT = timedelta(hours=2)
WITHOUT_A_TOKEN = timedelta(minutes=5)
OUTCOMES: dict[int, Outcome] = {
    0: Outcome(Verdict.SENT),
    43101: Outcome(Verdict.NOT_WANTED, "43101"),  # refused, or accepted fewer messages than we thought
    40003: Outcome(Verdict.FAILED, "40003"),  # no such openid
    40037: Outcome(Verdict.FAILED, "40037"),  # no such template
    41030: Outcome(Verdict.FAILED, "41030"),  # no such page
    47003: Outcome(Verdict.FAILED, "47003"),  # a value that does not fit
    45009: Outcome(Verdict.ALL_LATER, "45009", A_DAYS_LIMIT, tried=False),  # the day's calls are used up
    BUSY: Outcome(Verdict.LATER, "-1"),
} | {errcode: Outcome(Verdict.ALL_LATER, str(errcode), WITHOUT_A_TOKEN, tried=False) for errcode in STALE_TOKEN}
"""By WeChat's errcode; any other is tried again, and given up in the end."""


class WechatSender:
    """Sends one-time subscription messages (订阅消息) by their templates."""

    def __init__(self, client: WechatClient, token: SharedToken, templates: Templates) -> None:
        self._client = client
        self._token = token
        self._templates = templates

    def counted_as(self, topic: Topic) -> Topic:
        """Count those topics together that share a template, as WeChat does."""
        return counted_as(self._templates, topic)

    def send(self, message: Message) -> Outcome:
        """Send; with a renewed token, once, if WeChat says that the token is no longer good."""
        template = self._templates.get(message.topic)
        if template is None:
            return Outcome(Verdict.FAILED, "NO_TEMPLATE")
        said = _said(template, message)
        try:
            token = self._token.current()
        except Refusal as refusal:
            return Outcome(Verdict.ALL_LATER, refusal.code, WITHOUT_A_TOKEN, tried=False)
        try:
            errcode = self._client.send_message(said, token=token)
            if errcode in STALE_TOKEN:
                errcode = self._client.send_message(said, token=self._token.instead_of(token))
        except Refusal as refusal:
            # Perhaps WeChat is away, perhaps it is this very message: the others wait, but not for it for ever.
            return Outcome(Verdict.ALL_LATER, refusal.code)
        return OUTCOMES.get(errcode) or Outcome(Verdict.LATER, str(errcode)[:24])


def _said(template: Template, message: Message) -> dict[str, Any]:
    said = {
        "touser": message.openid,
        "template_id": template.id,
        "data": values(template, message.topic, message.facts),
        "lang": "zh_CN",
    }
    return said | {"page": template.page} if template.page else said
