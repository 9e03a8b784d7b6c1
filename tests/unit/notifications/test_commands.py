"""``timebank notifications send``: once, or again and again until it is told to stop."""

import json
import os
import signal
import threading
from collections import Counter
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tests.factories.notifications import a_follower, told
from timebank.commands import cli
from timebank.demo.wechat import FakeWechat
from timebank.errors import Busy
from timebank.notifications import commands, templates
from timebank.notifications.rules import State
from timebank.notifications.senders import LogSender, WechatSender

TEMPLATES = json.dumps({"record_final": {"id": "T1", "fields": {"thing1": "activity"}}})


def run(app: Flask, *arguments: str) -> Result:
    """Run ``timebank notifications send``."""
    result: Result = app.test_cli_runner().invoke(cli, ["notifications", "send", *arguments])
    return result


def test_it_says_what_became_of_them(app: Flask) -> None:
    """Without templates messages are logged; the line counts them by state."""
    told(a_follower())
    result = run(app)
    assert result.exit_code == 0, result.output
    assert "notification.would_be_sent" in result.output
    assert result.output.splitlines()[-1] == "queued=0 sent=1 failed=0 given_up=0 not_wanted=0"


def test_with_templates_wechat_sends(app: Flask, fake_wechat: FakeWechat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting decides who carries messages out."""
    assert isinstance(commands.sender_of(app), LogSender)
    monkeypatch.setitem(app.extensions, "timebank-templates", templates.read(TEMPLATES))
    assert isinstance(commands.sender_of(app), WechatSender)
    told(a_follower())
    assert "sent=1" in run(app).output
    assert [message["template_id"] for message in fake_wechat.messages.sent] == ["T1"]


def test_it_watches_until_it_is_told_to_stop(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away for a moment does not end it; SIGTERM does, in order."""
    runs: list[Counter[State] | Exception] = [Counter({State.SENT: 2}), Busy(), Counter()]
    rounds = []

    def one_round(*_: Any, **__: Any) -> Counter[State]:
        rounds.append(len(rounds))
        if len(rounds) == len(runs):
            os.kill(os.getpid(), signal.SIGTERM)
        outcome = runs[len(rounds) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(commands, "send_due", one_round)
    monkeypatch.setattr(threading.Event, "wait", lambda self, _seconds: self.is_set())
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        result = run(app, "--watch", "5")
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)

    assert result.exit_code == 0, result.output
    assert len(rounds) == 3
    assert "sent=2" in result.output
    assert "notification.database_away" in result.output
