"""Emptying the outbox: what is sent, what is not, what is tried again, and what a dead worker leaves behind."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.factories.identity import a_person
from tests.factories.notifications import (
    SERVED,
    TEMPLATES,
    a_follower,
    a_wechat_sender,
    accepted,
    delivered,
    messages_of,
    remaining_of,
    time_passes,
    told,
    with_template,
)
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.demo.wechat import FakeWechat, openid_of
from timebank.demo.wechat_messages import SEND_PATH, TOKEN_PATH
from timebank.identity.errors import WechatUnavailable
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.identity.wechat import WechatClient
from timebank.notifications.models import Notification
from timebank.notifications.rules import MAX_ATTEMPTS, State, Topic
from timebank.notifications.senders import LogSender, Message, Outcome, Verdict


class Scripted(LogSender):
    """A sender that does as it is told, and remembers what it was given."""

    def __init__(self, *outcomes: Outcome | BaseException) -> None:
        self._outcomes = list(outcomes)
        self.sent: list[Message] = []

    def send(self, message: Message) -> Outcome:
        """Do the next thing."""
        self.sent.append(message)
        outcome = self._outcomes.pop(0) if self._outcomes else Outcome(Verdict.SENT)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def waiting_minutes(message: Notification) -> int:
    """Return in how many minutes a message will be tried again, rounded."""
    return round((message.next_attempt_at - clock.wall()).total_seconds() / 60)


def test_an_accepted_message_is_sent_once(app: Flask, fake_wechat: FakeWechat) -> None:
    """WeChat gets template, page and values that fit; the acceptance is used up; a second run sends nothing."""
    person_id = a_follower()
    told(person_id)

    assert delivered(a_wechat_sender()) == {"sent": 1}
    assert delivered(a_wechat_sender()) == {}

    assert fake_wechat.messages.sent == [
        {
            "touser": openid_of("zhang"),
            "template_id": "tmpl-record",
            "page": "pages/records",
            "lang": "zh_CN",
            "data": {
                "thing1": {"value": "助老理发"},
                "date2": {"value": "2026年11月2日"},
                "number3": {"value": "120"},
                "phrase4": {"value": "服务记录已"},
            },
        }
    ]
    (message,) = messages_of(person_id)
    assert (message.state, message.attempts, message.last_error) == (State.SENT, 1, None)
    assert message.sent_at is not None
    assert remaining_of(person_id) == 0


def test_one_acceptance_is_one_message(app: Flask, fake_wechat: FakeWechat) -> None:
    """Of three messages the two that were accepted go out; the third stays in the inbox only."""
    person_id = a_follower(accepts=2)
    for _ in range(3):
        told(person_id)

    assert delivered(a_wechat_sender()) == {"sent": 2, "not_wanted": 1}
    assert len(fake_wechat.messages.sent) == 2
    assert len(messages_of(person_id)) == 3


def test_topics_of_one_template_spend_what_was_accepted_of_it(app: Flask, fake_wechat: FakeWechat) -> None:
    """WeChat counts by template: one acceptance is one message, whichever of the topics it is on, and 43101 ends both."""
    person_id, shared = a_follower(accepts=2), TEMPLATES | {Topic.RECORD_CORRECTED: TEMPLATES[Topic.RECORD_FINAL]}
    for topic in (Topic.RECORD_CORRECTED, Topic.RECORD_CORRECTED, Topic.RECORD_FINAL):
        told(person_id, topic, SERVED | {"record_id": str(new_id())})
    assert delivered(a_wechat_sender(shared)) == {"sent": 2, "not_wanted": 1}
    assert len(fake_wechat.messages.sent) == 2
    accepted(person_id, times=2)
    fake_wechat.messages.fail_next(SEND_PATH, 43101)
    told(person_id, Topic.RECORD_CORRECTED, SERVED | {"record_id": str(new_id())})
    assert delivered(a_wechat_sender(shared)) == {"not_wanted": 1}
    assert remaining_of(person_id) == 0


def test_nobody_is_written_to_who_did_not_ask(app: Flask, fake_wechat: FakeWechat) -> None:
    """Without an acceptance on that very topic, without WeChat, or with a closed account: the inbox only."""
    other_topic, without_wechat, dead = a_follower("li", topic=Topic.ARRIVAL), a_person().id, a_follower("zhao")
    accepted(without_wechat)

    def close() -> None:
        session.get_one(Person, dead, populate_existing=True).state = PersonState.DECEASED

    in_unit_of_work(close)
    for person_id in (other_topic, without_wechat, dead):
        told(person_id)

    assert delivered(a_wechat_sender()) == {"not_wanted": 3}
    assert fake_wechat.messages.sent == fake_wechat.messages.forced == []
    assert remaining_of(other_topic, Topic.ARRIVAL) == remaining_of(without_wechat) == 1


@pytest.mark.parametrize(
    ("errcode", "state", "remaining"),
    [
        (43101, State.NOT_WANTED, 0),
        (40003, State.FAILED, 3),
        (40037, State.FAILED, 3),
        (41030, State.FAILED, 3),
        (47003, State.FAILED, 3),
        (-1, State.QUEUED, 2),
        (48001, State.QUEUED, 2),
    ],
)
def test_each_error_of_wechat_has_its_end(
    app: Flask, fake_wechat: FakeWechat, errcode: int, state: State, remaining: int
) -> None:
    """A refusal is final and forgets what was accepted; a bad message fails; what may pass is tried again later."""
    person_id = a_follower(accepts=3)
    told(person_id)

    assert delivered(a_wechat_sender(with_template(f"error:{errcode}"))) == {str(state): 1}
    (message,) = messages_of(person_id)
    assert (message.state, message.attempts, message.last_error) == (state, 1, str(errcode))
    assert message.next_attempt_at > clock.wall()
    assert remaining_of(person_id) == remaining


def test_a_busy_moment_is_tried_again_at_once(app: Flask, fake_wechat: FakeWechat) -> None:
    """-1 once is nobody's trouble."""
    told(a_follower())
    assert delivered(a_wechat_sender(with_template("busy:once"))) == {"sent": 1}


def test_a_topic_without_a_template_fails_by_name(app: Flask, fake_wechat: FakeWechat) -> None:
    """The operator sees which template is missing; WeChat is not asked."""
    person_id = a_follower(topic=Topic.RECORD_REJECTED)
    told(person_id, Topic.RECORD_REJECTED, {"activity": "护绿", "served_on": "2026-11-02"})

    assert delivered(a_wechat_sender()) == {"failed": 1}
    assert messages_of(person_id)[0].last_error == "NO_TEMPLATE"


def test_it_is_tried_five_times_with_growing_waits(app: Flask) -> None:
    """One minute, then 5, 25, 125; after the fifth attempt it is given up and the acceptance is given back."""
    person_id, sender = a_follower(), Scripted(*[Outcome(Verdict.LATER, "-1")] * 9)
    told(person_id)
    waits = []
    for _ in range(MAX_ATTEMPTS - 1):
        assert delivered(sender) == {"queued": 1}
        assert delivered(sender) == {}
        waits.append(waiting_minutes(messages_of(person_id)[0]))
        time_passes()

    assert delivered(sender) == {"given_up": 1}
    time_passes()
    assert delivered(sender) == {}
    assert waits == [1, 5, 25, 125]
    assert len(sender.sent) == MAX_ATTEMPTS
    assert remaining_of(person_id) == 1


def test_a_days_limit_stops_the_run(app: Flask, fake_wechat: FakeWechat) -> None:
    """45009: nothing is tried for two hours, and no message has lost an attempt or an acceptance."""
    people = [a_follower(f"f{n}") for n in range(4)]
    for person_id in people:
        told(person_id)
    fake_wechat.messages.fail_next(SEND_PATH, 45009)

    assert delivered(a_wechat_sender()) == {"queued": 4}
    messages = [messages_of(person_id)[0] for person_id in people]
    assert {(message.attempts, waiting_minutes(message)) for message in messages} == {(0, 120)}
    assert {remaining_of(person_id) for person_id in people} == {1}
    assert delivered(a_wechat_sender()) == {}

    time_passes()
    assert delivered(a_wechat_sender()) == {"sent": 4}


def test_a_message_without_an_answer_holds_up_the_others_only_so_long(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Perhaps WeChat is away, perhaps it chokes on this one: its attempts are counted, those of the others are not."""
    people = [a_follower(f"f{n}") for n in range(3)]
    for person_id in people:
        told(person_id)
    with monkeypatch.context() as patched:
        patched.setattr(WechatClient, "send_message", unanswered)
        for _ in range(2):
            assert delivered(a_wechat_sender()) == {"queued": 3}
            time_passes()

    messages = [messages_of(person_id)[0] for person_id in people]
    assert sum(message.attempts for message in messages) == 2
    assert sum(remaining_of(person_id) for person_id in people) == sum(message.attempts == 0 for message in messages)
    assert delivered(a_wechat_sender()) == {"sent": 3}


def unanswered(*_: object, **__: object) -> int:
    """Be WeChat when it does not answer."""
    raise WechatUnavailable


@pytest.mark.parametrize("errcode", [-1, 40013, 40125, 45011])
def test_without_a_token_nothing_is_lost(app: Flask, fake_wechat: FakeWechat, errcode: int) -> None:
    """When WeChat gives no token, everything waits."""
    person_id = a_follower()
    told(person_id)
    fake_wechat.messages.fail_next(TOKEN_PATH, errcode, errcode)

    assert delivered(a_wechat_sender()) == {"queued": 1}
    assert [(message.attempts, waiting_minutes(message)) for message in messages_of(person_id)] == [(0, 5)]
    time_passes()
    fake_wechat.messages._failing.clear()
    assert delivered(a_wechat_sender()) == {"sent": 1}
    assert remaining_of(person_id) == 0


def test_what_a_dead_worker_has_claimed_is_sent_by_the_next(app: Flask) -> None:
    """A worker dies in the middle: the others leave its message alone until its lease is over, then send it."""
    person_id, second = a_follower(), Scripted()
    told(person_id)
    with pytest.raises(SystemExit):
        delivered(Scripted(SystemExit()))

    assert delivered(second) == {}
    assert waiting_minutes(messages_of(person_id)[0]) == 10
    time_passes()
    assert delivered(second) == {"sent": 1}
    assert messages_of(person_id)[0].attempts == 2
    assert remaining_of(person_id) == 0


def test_a_worker_that_dies_on_the_last_attempt_is_not_waited_for(app: Flask) -> None:
    """Nothing is tried a sixth time."""
    person_id, last = a_follower(), Scripted()
    told(person_id)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            delivered(Scripted(SystemExit()))
        time_passes()

    assert delivered(last) == {"given_up": 1}
    assert (last.sent, messages_of(person_id)[0].last_error) == ([], "LOST")
    assert remaining_of(person_id) == 1


@pytest.mark.parametrize(("late", "ends"), [(Verdict.SENT, State.SENT), (Verdict.FAILED, State.QUEUED)])
def test_a_worker_that_comes_back_late_spoils_nothing(app: Flask, late: Verdict, ends: State) -> None:
    """Its lease is over and another has claimed the message: that it was sent counts, that it failed does not."""
    person_id = a_follower()
    told(person_id)

    class Overtaken(LogSender):
        def send(self, message: Message) -> Outcome:
            time_passes()
            with pytest.raises(SystemExit):
                delivered(Scripted(SystemExit()))
            return Outcome(late, "40003" if late is Verdict.FAILED else None)

    delivered(Overtaken())
    (message,) = messages_of(person_id)
    assert (message.state, message.attempts, message.last_error) == (ends, 2, None)
    assert remaining_of(person_id) == 0


@pytest.mark.parametrize(
    ("topic", "facts", "age"),
    [
        (Topic.RECORD_FINAL, SERVED, timedelta(days=3, minutes=1)),
        (
            Topic.ARRIVAL,
            {"activity": "护绿", "checked_in_at": "2026-11-02T00:58:30Z", "ends_at": "2026-11-02T03:00:00Z"},
            timedelta(hours=2, minutes=1),
        ),
    ],
    ids=["a record", "an arrival"],
)
def test_old_news_is_not_sent(app: Flask, topic: Topic, facts: dict[str, object], age: timedelta) -> None:
    """What a worker finds that was off for long stays in the inbox; a moment earlier it would have been sent."""
    person_id = a_follower(accepts=2, topic=topic)
    told(person_id, topic, facts, at=clock.now() - age)
    told(person_id, topic, facts | {"shift_id": str(new_id())}, at=clock.now() - age + timedelta(minutes=2))

    assert delivered(Scripted()) == {"given_up": 1, "sent": 1}
    assert remaining_of(person_id, topic) == 1


def test_a_limit_is_a_limit(app: Flask) -> None:
    """A run sends so many and no more; the next one goes on."""
    person_id, sender = a_follower(accepts=40), Scripted()
    for _ in range(40):
        told(person_id)
    assert [delivered(sender, limit=35), delivered(sender, limit=35), delivered(sender)] == [
        {"sent": 35},
        {"sent": 5},
        {},
    ]


def test_logs_say_neither_who_nor_what(app: Flask, fake_wechat: FakeWechat, capfd: pytest.CaptureFixture[str]) -> None:
    """Ids and topics only: no name, no openid, no words of the message, no token and no secret, whatever goes wrong."""
    person_id = a_follower("openly", accepts=9)
    told(person_id)
    assert delivered(LogSender()) == {"sent": 1}
    for template in ("error:47003", "error:40001", "error:43101"):
        told(person_id)
        accepted(person_id)
        delivered(a_wechat_sender(with_template(template)))
        time_passes()
    fake_wechat.messages.fail_next(TOKEN_PATH, 40125)
    delivered(a_wechat_sender())

    logs = "".join(capfd.readouterr())
    assert str(messages_of(person_id)[0].id) in logs
    assert "notification.would_be_sent" in logs
    settings = app.extensions["timebank-settings"]
    secrets = ["张桂芳", openid_of("openly"), "助老理发", "access-token", settings.wechat_secret, str(person_id)]
    assert [secret for secret in secrets if secret in logs] == []
