"""What people are told of, which facts each kind of news is made of, and when a message is tried again."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

Facts = Mapping[str, str | int]
"""Names of activities, goods and shops, minutes, instants (``…_at``, RFC 3339), days (``…_on``) and ids (``…_id``); no person's data."""

MAX_FACTS = 1_000
MAX_ATTEMPTS = 5
LEASE = timedelta(minutes=10)
"""How long a worker that has claimed messages may take; after that another one sends what is left."""
FIRST_WAIT = timedelta(minutes=1)
MAX_REMAINING = 1_000


class Topic(StrEnum):
    """What somebody may be told of; a person accepts each of them for itself."""

    ARRIVAL = "arrival"
    FORGOTTEN_CHECK_OUT = "forgotten_check_out"
    RECORD_FINAL = "record_final"
    RECORD_REJECTED = "record_rejected"
    RECORD_CORRECTED = "record_corrected"
    OBJECTION_ANSWERED = "objection_answered"
    GIFT_OFFERED = "gift_offered"
    MINUTES_EXPIRING = "minutes_expiring"
    PLACE_OFFERED = "place_offered"
    PLACE_LAPSED = "place_lapsed"
    SHIFT_CHANGED = "shift_changed"
    SHIFT_CANCELLED = "shift_cancelled"
    NO_SHOW = "no_show"
    NO_SHOW_LIFTED = "no_show_lifted"
    EVALUATED = "evaluated"
    COMPLAINT_ANSWERED = "complaint_answered"
    GOODS_RECALLED = "goods_recalled"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_LAPSED = "erasure_lapsed"


class State(StrEnum):
    """What has become of a message; whoever it is for can read it in the mini-program in every state."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    NOT_WANTED = "not_wanted"


class Reply(StrEnum):
    """What ``wx.requestSubscribeMessage`` says that a person has chosen for one template."""

    ACCEPT = "accept"
    REJECT = "reject"
    BAN = "ban"
    FILTER = "filter"


FACTS: dict[Topic, frozenset[str]] = {
    Topic.ARRIVAL: frozenset({"activity", "checked_in_at", "ends_at"}),
    Topic.FORGOTTEN_CHECK_OUT: frozenset({"activity", "ends_at"}),
    Topic.RECORD_FINAL: frozenset({"activity", "served_on", "service_minutes", "credited_minutes"}),
    Topic.RECORD_REJECTED: frozenset({"activity", "served_on"}),
    Topic.RECORD_CORRECTED: frozenset({"activity", "served_on", "service_minutes", "credited_minutes"}),
    Topic.OBJECTION_ANSWERED: frozenset({"activity", "served_on"}),
    Topic.GIFT_OFFERED: frozenset({"minutes", "expires_at"}),
    Topic.MINUTES_EXPIRING: frozenset({"minutes", "expires_on"}),
    Topic.PLACE_OFFERED: frozenset({"activity", "starts_at", "confirm_by_at"}),
    Topic.PLACE_LAPSED: frozenset({"activity", "starts_at"}),
    Topic.SHIFT_CHANGED: frozenset({"activity", "starts_at", "ends_at"}),
    Topic.SHIFT_CANCELLED: frozenset({"activity", "starts_at"}),
    Topic.NO_SHOW: frozenset({"activity", "served_on"}),
    Topic.NO_SHOW_LIFTED: frozenset({"activity", "served_on"}),
    Topic.EVALUATED: frozenset({"activity", "served_on"}),
    Topic.COMPLAINT_ANSWERED: frozenset({"organisation", "made_on"}),
    Topic.GOODS_RECALLED: frozenset({"goods", "shop", "recalled_on"}),
    Topic.ERASURE_ASKED: frozenset({"due_at"}),
    Topic.ERASURE_LAPSED: frozenset({"asked_on"}),
}
"""What a topic's sentence is made of. Besides, facts may hold ids."""

SOMEBODY = frozenset({"ward_id"})
"""Facts that name a person besides the one who is told, by id."""

FRESH_FOR: dict[Topic, timedelta] = {Topic.ARRIVAL: timedelta(hours=2)}
"""What is no news any more after a while; the rest may come late."""
FRESH_FOR_OTHERS = timedelta(days=3)


def fresh_for(topic: Topic) -> timedelta:
    """Return how long after the fact a message is still worth sending: a worker that was off for a week says nothing old."""
    return FRESH_FOR.get(topic, FRESH_FOR_OTHERS)


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode  # ``dumps`` makes an encoder each time


def facts_as_text(topic: Topic, facts: Facts) -> str:
    """Return facts as they are kept. Raises ValueError, a fault of the program, if they are not what the topic says."""
    beside = {name for name in facts if not name.endswith("_id")}
    if beside != FACTS[topic]:
        raise ValueError(f"{topic} is told with {sorted(FACTS[topic])}, not with {sorted(beside)}")
    if any(isinstance(value, bool) or not isinstance(value, str | int) for value in facts.values()):
        raise ValueError("facts are texts and whole numbers")
    text = _encode(dict(facts))
    if len(text) > MAX_FACTS:
        raise ValueError("too many facts")
    return text


def facts_from_text(text: str) -> dict[str, Any]:
    """Return the facts that were kept."""
    facts: dict[str, Any] = json.loads(text)
    return facts


def sameness(*, person_id: UUID, topic: Topic, about: str) -> bytes:
    """Return what two messages share exactly if they tell one person the same thing."""
    return hashlib.sha256(f"{person_id}\n{topic}\n{about}".encode()).digest()


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: 1, 5, 25, 125 minutes."""
    return FIRST_WAIT * int(5 ** (attempts - 1))
