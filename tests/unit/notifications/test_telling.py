"""Telling commits with the fact, says each thing once, and costs one statement."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import Statements
from tests.factories.identity import a_person
from tests.factories.notifications import SERVED, messages_of, told
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.notifications import service
from timebank.notifications.rules import FACTS, State, Topic, wait_after
from timebank.notifications.sentences import SENTENCES
from timebank.notifications.service import News

ZHANG = "王秀英"


def test_what_is_told_waits_to_be_sent(app: Flask) -> None:
    """A new message is queued, unread and due at once; its instant is the fact's."""
    person, at = a_person(), clock.now() - timedelta(hours=3)
    message = told(person.id, at=at)

    assert (message.state, message.attempts, message.sent_at, message.read_at) == (State.QUEUED, 0, None, None)
    assert message.created_at == at
    assert message.next_attempt_at <= clock.wall()


def test_the_same_fact_tells_once(app: Flask) -> None:
    """The same facts, or the same ``about``, tell one person once; another person is told too."""
    first, second = a_person(), a_person()
    for _ in range(2):
        told(first.id, facts=SERVED)
        told(first.id, facts=SERVED | {"service_minutes": 30}, about="the record")
        told(first.id, facts=SERVED | {"service_minutes": 60}, about="the record")
    told(second.id, facts=SERVED)

    assert len(messages_of(first.id)) == 2
    assert len(messages_of(second.id)) == 1


def test_what_did_not_become_true_is_not_told(app: Flask) -> None:
    """A transaction that fails takes its messages with it."""
    person = a_person()

    def fail() -> None:
        service.tell(person_id=person.id, topic=Topic.RECORD_FINAL, facts=SERVED, at=clock.now())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        in_unit_of_work(fail)
    assert messages_of(person.id) == []


def test_many_are_told_in_one_statement(app: Flask, statements: Statements) -> None:
    """A whole shift is told by one INSERT, one person by one, nobody by none."""
    people = [a_person().id for _ in range(30)]
    news = [
        News(person_id=person_id, topic=Topic.RECORD_FINAL, facts=SERVED | {"record_id": str(new_id())}, at=clock.now())
        for person_id in people
    ]
    for some, cost in ((news, 1), (news[:1], 1), ([], 0)):
        with statements() as sent:
            in_unit_of_work(lambda told=some: service.tell_many(told))  # type: ignore[misc]
        assert len([sql for sql in sent if "notification" in sql]) == cost
    assert [len(messages_of(person_id)) for person_id in people] == [1] * 30


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {name: value for name, value in SERVED.items() if name != "activity"},
        SERVED | {"name": ZHANG},
        SERVED | {"service_minutes": 1.5},
        SERVED | {"service_minutes": True},
        SERVED | {"activity": None},
        SERVED | {"activity": "长" * 1_000},
    ],
    ids=["none", "one missing", "one too many", "a fraction", "a truth", "nothing", "too long"],
)
def test_facts_are_exactly_the_topics(app: Flask, facts: dict[str, object]) -> None:
    """Whatever the topic does not name is refused as a fault of the program: so nobody's name gets in by the way."""
    with pytest.raises(ValueError, match=r"facts|told"):
        service.tell(person_id=a_person().id, topic=Topic.RECORD_FINAL, facts=facts, at=clock.now())  # type: ignore[arg-type]


def test_every_topic_has_facts_and_words() -> None:
    """Nothing can be told that has no sentence; a remark fits into WeChat's twenty characters."""
    assert set(FACTS) == set(SENTENCES) == set(Topic)
    assert max(len(sentence.remark) for sentence in SENTENCES.values()) <= 20


def test_waits_grow() -> None:
    """One minute, then five times as long each time."""
    assert [wait_after(attempts) for attempts in (1, 2, 3, 4)] == [timedelta(minutes=m) for m in (1, 5, 25, 125)]
