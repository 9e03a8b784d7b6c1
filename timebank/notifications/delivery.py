"""Emptying the outbox: claim, commit, send, commit what came of it.

At least once: whoever dies between sending and the last commit leaves a claimed message whose lease runs out, and it is
sent again. Several workers may run at once; a claimed message is left alone by the others until its lease runs out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, update

from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import PersonState
from timebank.notifications import queries
from timebank.notifications.models import Notification, Subscription
from timebank.notifications.rules import (
    FIRST_WAIT,
    LEASE,
    MAX_ATTEMPTS,
    MAX_REMAINING,
    State,
    Topic,
    facts_from_text,
    fresh_for,
    wait_after,
)
from timebank.notifications.senders import Message, Outcome, Sender, Verdict

AT_ONCE = 30
"""Claimed together: even if each of them has to wait for WeChat, they are sent within their lease."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send, for the ``attempt``-th time; ``counted`` is the topic that it spends."""

    message: Message
    person_id: UUID
    attempt: int
    counted: Topic


def send_due(sender: Sender, *, app_id: str, limit: int = 500) -> Counter[State]:
    """Send what is due, at most ``limit`` messages; return how many ended in which state (QUEUED: to be tried again)."""
    became: Counter[State] = Counter()
    while limit > 0:
        taken = min(limit, AT_ONCE)
        claimed, ended = in_unit_of_work(partial(_claim, sender, app_id, taken))
        became.update(ended)
        for index, one in enumerate(claimed):
            outcome = sender.send(one.message)
            if outcome.tried:
                became[in_unit_of_work(partial(_settle, one, outcome))] += 1
            if outcome.verdict is Verdict.ALL_LATER:
                log.warning("notification.not_now", error=outcome.error)
                rest = claimed[index + outcome.tried :]
                became[State.QUEUED] += in_unit_of_work(partial(_put_back, rest, outcome))
                return became
        if len(claimed) + len(ended) < taken:
            break
        limit -= taken
    return became


def _claim(sender: Sender, app_id: str, limit: int) -> tuple[list[Claimed], list[State]]:
    """Claim what is due; end what needs no sending, and return the states in which that ended."""
    now = clock.wall()
    claimed: list[Claimed] = []
    ended: list[State] = []
    # In the order of what they may spend: two workers never wait for each other in a circle.
    due = [(row, sender.counted_as(Topic(row.topic))) for row in queries.due(app_id=app_id, at=now, limit=limit)]
    for row, counted in sorted(due, key=lambda one: (one[0].person_id, one[1])):
        end = _end_without_sending(row)
        if end is None and row.attempts == 0 and not _spend(row.person_id, counted):
            end = State.NOT_WANTED, None
        if end is not None:
            ended.append(end[0])
            _end(row, counted, *end)
            continue
        _change(row.id, row.attempts, {"attempts": row.attempts + 1, "next_attempt_at": now + LEASE})
        message = Message(id=row.id, topic=Topic(row.topic), facts=facts_from_text(row.facts), openid=row.openid)
        claimed.append(Claimed(message, row.person_id, row.attempts + 1, counted))
    return claimed, ended


def _end_without_sending(row: Row[Any]) -> tuple[State, str | None] | None:
    """Return how a message ends that is not sent, and why; None if it is to be sent."""
    if row.attempts >= MAX_ATTEMPTS:
        return State.GIVEN_UP, "LOST"  # the worker of the last attempt never came back
    if clock.now() - row.created_at > fresh_for(Topic(row.topic)):
        return State.GIVEN_UP, "STALE"
    if row.openid is None or row.person_state != PersonState.ACTIVE:
        return State.NOT_WANTED, None
    return None


def _end(row: Row[Any], counted: Topic, state: State, error: str | None) -> None:
    _change(row.id, row.attempts, {"state": state, "last_error": error})
    if row.attempts:
        _give_back(row.person_id, counted)


def _settle(claimed: Claimed, outcome: Outcome) -> State:
    """Write what came of an attempt; return the state that the message is in now as far as this worker knows."""
    message, now = claimed.message, clock.wall()
    state, values = _after(claimed.attempt, outcome)
    if state is State.SENT:
        # Also when another worker has claimed it since: it has arrived.
        changed = _change(message.id, None, {"state": state, "sent_at": now, "last_error": None})
    else:
        changed = _change(message.id, claimed.attempt, {"state": state, "last_error": outcome.error, **values})
    if changed and outcome.verdict is Verdict.NOT_WANTED:
        _forget(claimed.person_id, claimed.counted)
    elif changed and state in {State.FAILED, State.GIVEN_UP}:
        _give_back(claimed.person_id, claimed.counted)
    tell = log.error if state is State.FAILED else log.info
    tell("notification.tried", notification_id=str(message.id), topic=message.topic, state=state, error=outcome.error)
    return state


def _after(attempt: int, outcome: Outcome) -> tuple[State, dict[str, Any]]:
    """Return the state after an attempt, and when to try again."""
    if outcome.verdict is Verdict.SENT:
        return State.SENT, {}
    if outcome.verdict in {Verdict.NOT_WANTED, Verdict.FAILED}:
        return State(outcome.verdict), {}
    if attempt >= MAX_ATTEMPTS:
        return State.GIVEN_UP, {}
    return State.QUEUED, {"next_attempt_at": clock.wall() + max(wait_after(attempt), outcome.wait)}


def _put_back(rest: Sequence[Claimed], outcome: Outcome) -> int:
    """Put back what was claimed and not tried, and return how many that are; it was no attempt."""
    again = clock.wall() + max(FIRST_WAIT, outcome.wait)
    for one in rest:
        put_back = {"attempts": one.attempt - 1, "next_attempt_at": again}
        if _change(one.message.id, one.attempt, put_back) and one.attempt == 1:
            _give_back(one.person_id, one.counted)
    return len(rest)


def _change(notification_id: UUID, attempts: int | None, values: dict[str, Any]) -> bool:
    """Change a queued message, if so many attempts are counted (None: however many); return whether it was changed."""
    of_ours = [] if attempts is None else [Notification.attempts == attempts]
    return _changed(
        update(Notification)
        .where(Notification.id == notification_id, Notification.state == State.QUEUED, *of_ours)
        .values(values)
    )


def _spend(person_id: UUID, topic: str) -> bool:
    """Take one of the messages that a person has accepted; False if there is none left."""
    change = _of(person_id, topic).where(Subscription.remaining > 0).values(remaining=Subscription.remaining - 1)
    return _changed(change)


def _give_back(person_id: UUID, topic: str) -> None:
    """Give back an accepted message that WeChat has not used up."""
    change = _of(person_id, topic).where(Subscription.remaining < MAX_REMAINING)
    _changed(change.values(remaining=Subscription.remaining + 1))


def _forget(person_id: UUID, topic: str) -> None:
    """Count no accepted message any more: WeChat says that there is none."""
    _changed(_of(person_id, topic).values(remaining=0))


def _of(person_id: UUID, topic: str) -> Any:
    return update(Subscription).where(Subscription.person_id == person_id, Subscription.topic == topic)


def _changed(change: Any) -> bool:
    result = session.execute(change.execution_options(synchronize_session=False))
    return bool(getattr(result, "rowcount", 0))
