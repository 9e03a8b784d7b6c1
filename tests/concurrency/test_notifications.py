"""Several workers at once: each message once, one call for the token."""

import dataclasses
import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask, current_app

from tests.factories.identity import a_person
from tests.factories.notifications import SERVED, a_follower, delivered, messages_of, remaining_of, told
from tests.servers import ROOT, environment_of
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.demo.wechat import FakeWechat
from timebank.identity.wechat_token import SharedToken
from timebank.notifications import service
from timebank.notifications.rules import State, Topic
from timebank.notifications.senders import LogSender, Message, Outcome, Verdict

WORKERS = 6
TEMPLATES = json.dumps({"record_final": {"id": "T1", "fields": {"thing1": "activity", "number2": "service_minutes"}}})


class Counting(LogSender):
    """A sender that counts how often it has sent each message."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send(self, message: Message) -> Outcome:
        """Count."""
        with self._lock:
            self.sent[str(message.id)] += 1
        return Outcome(Verdict.SENT)


def test_workers_at_once_send_each_message_once(app: Flask) -> None:
    """Six workers, two people with forty messages each, thirty accepted: sixty go out, each once."""
    people, sender, start = [a_follower(name, accepts=30) for name in ("a", "b")], Counting(), Barrier(WORKERS)
    for _ in range(40):
        for person_id in people:
            told(person_id)

    def work(_: int) -> None:
        with app.app_context():
            start.wait()
            while delivered(sender, limit=7):
                pass
            session.remove()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))

    assert set(sender.sent.values()) == {1}
    assert len(sender.sent) == 60
    for person_id in people:
        states = Counter(message.state for message in messages_of(person_id))
        assert states == {State.SENT: 30, State.NOT_WANTED: 10}
        assert remaining_of(person_id) == 0


def test_the_same_fact_told_at_once_is_told_once(app: Flask) -> None:
    """Six tell one person the same thing at the same time: nobody fails, one message."""
    person_id, start = a_person().id, Barrier(WORKERS)

    def tell(_: int) -> None:
        with app.app_context():
            start.wait()
            in_unit_of_work(
                lambda: service.tell(person_id=person_id, topic=Topic.RECORD_FINAL, facts=SERVED, at=clock.now())
            )
            session.remove()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(tell, range(WORKERS)))
    assert len(messages_of(person_id)) == 1


def test_threads_ask_for_the_token_once(app: Flask, fake_wechat: FakeWechat) -> None:
    """Six need a token and there is none: one asks, all get the same; the same when WeChat refuses it."""
    app_id = app.extensions["timebank-settings"].wechat_app_id
    start = Barrier(WORKERS)

    def both(_: int) -> tuple[str, str]:
        with app.app_context():
            token = SharedToken(current_app.extensions["timebank-wechat"], app_id)
            start.wait()
            first = token.current()
            start.wait()
            second = token.instead_of(first)
            session.remove()
            return first, second

    with ThreadPoolExecutor(WORKERS) as pool:
        found = set(pool.map(both, range(WORKERS)))
    assert len(found) == 1
    assert fake_wechat.messages.forced == [False, True]


def test_processes_share_one_token_and_send_each_message_once(app: Flask, fake_wechat: FakeWechat) -> None:
    """Two worker processes on one database: one call for the token, every message once, no secret in what they write."""
    person_id = a_follower(accepts=50)
    for _ in range(50):
        told(person_id)
    settings = dataclasses.replace(app.extensions["timebank-settings"], wechat_templates=TEMPLATES)
    command = [sys.executable, "-c", "from timebank.commands import main; main()", "notifications", "send"]
    workers = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment_of(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [worker.communicate(timeout=120)[0] for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0], said
    assert len(fake_wechat.messages.sent) == 50
    assert {message.state for message in messages_of(person_id)} == {State.SENT}
    assert fake_wechat.messages.forced == [False]
    assert "access-token" not in "".join(said)
    assert settings.wechat_secret not in "".join(said)
