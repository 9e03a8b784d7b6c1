"""One access token for all processes: asked for once, renewed in time by one of them, forced rarely."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from flask import Flask, current_app
from sqlalchemy import Table, update

from tests.factories.notifications import a_follower, a_wechat_sender, delivered, told, with_template
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.demo.wechat import FakeWechat
from timebank.demo.wechat_messages import TOKEN_PATH
from timebank.identity import wechat_token
from timebank.identity.errors import WechatUnavailable
from timebank.identity.wechat import WechatClient
from timebank.identity.wechat_tables import WechatToken
from timebank.identity.wechat_token import SharedToken
from timebank.ledger.roles import is_read_by_auditors


def shared() -> SharedToken:
    """Return the token as one more process has it."""
    client: WechatClient = current_app.extensions["timebank-wechat"]
    return SharedToken(client, current_app.extensions["timebank-settings"].wechat_app_id)


def put(**values: Any) -> None:
    """Change the stored token."""
    in_unit_of_work(lambda: session.execute(update(WechatToken).values(**values)))


def in_minutes(minutes: float) -> datetime:
    """Return an instant so many minutes from now."""
    return clock.wall() + timedelta(minutes=minutes)


def test_it_is_asked_for_once(app: Flask, fake_wechat: FakeWechat) -> None:
    """Whoever comes later finds it in the database."""
    assert [shared().current() for _ in range(3)] == [fake_wechat.messages.token] * 3
    assert fake_wechat.messages.forced == [False]


def test_it_is_renewed_five_minutes_ahead(app: Flask, fake_wechat: FakeWechat) -> None:
    """At six minutes it is good, at four it is asked for again, in the mode that ends nobody else's."""
    shared().current()
    put(expires_at=in_minutes(6))
    shared().current()
    assert fake_wechat.messages.forced == [False]
    put(expires_at=in_minutes(4))
    shared().current()
    shared().current()
    assert fake_wechat.messages.forced == [False, False]


def test_while_one_renews_the_others_use_the_old_one(app: Flask, fake_wechat: FakeWechat) -> None:
    """As long as it is good."""
    old = shared().current()
    put(expires_at=in_minutes(4), renewing_until=in_minutes(0.3))
    fake_wechat.messages.replace_token()
    assert shared().current() == old
    assert fake_wechat.messages.forced == [False]


def test_whoever_needs_the_new_one_waits_for_it(
    app: Flask, fake_wechat: FakeWechat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one is over: the process waits for who holds the lease, and takes what that one stores."""
    shared().current()
    put(expires_at=in_minutes(-1), renewing_until=in_minutes(5))
    naps = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            put(value="theirs", expires_at=in_minutes(100), renewing_until=None)

    monkeypatch.setattr(wechat_token.time, "sleep", nap)
    assert shared().current() == "theirs"
    assert (len(naps), fake_wechat.messages.forced) == (3, [False])


def test_nobody_waits_for_ever(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an end of the lease in sight it is unavailable."""
    shared().current()
    put(value=None, expires_at=None, renewing_until=in_minutes(5))
    monkeypatch.setattr(wechat_token, "PAUSE_SECONDS", 0)
    for ask in (shared().current, lambda: shared().instead_of("x")):
        with pytest.raises(WechatUnavailable):
            ask()


def test_a_lease_that_ran_out_is_taken(app: Flask, fake_wechat: FakeWechat) -> None:
    """Whoever died while renewing holds nobody up."""
    shared().current()
    put(value=None, expires_at=None, renewing_until=in_minutes(-0.1))
    assert shared().current() == fake_wechat.messages.token


def test_a_failure_gives_the_lease_back(app: Flask, fake_wechat: FakeWechat) -> None:
    """The next one may try at once."""
    fake_wechat.messages.fail_next(TOKEN_PATH, 40125)
    with pytest.raises(WechatUnavailable):
        shared().current()
    assert shared().current() == fake_wechat.messages.token


def test_who_stores_too_late_stores_nothing(
    app: Flask, fake_wechat: FakeWechat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease has passed to another process, whose token stays."""
    client: WechatClient = current_app.extensions["timebank-wechat"]
    ask = client.access_token

    def slowly(*, force: bool = False) -> Any:
        answer = ask(force=force)
        put(value="theirs", expires_at=in_minutes(100), renewing_until=None)
        return answer

    monkeypatch.setattr(client, "access_token", slowly)
    assert shared().current() == "theirs"


@pytest.mark.parametrize("what_happened", ["replace_token", "expire_token"])
def test_a_token_that_wechat_refuses_is_renewed_by_force_once(
    app: Flask, fake_wechat: FakeWechat, what_happened: str
) -> None:
    """40001 or 42001: one forced call, and the message goes out in the same attempt."""
    for name in ("one", "two"):
        told(a_follower(name))
        assert delivered(a_wechat_sender()) == {"sent": 1}
        if name == "one":
            getattr(fake_wechat.messages, what_happened)()
    assert fake_wechat.messages.forced == [False, True]


def test_force_is_used_rarely(app: Flask, fake_wechat: FakeWechat) -> None:
    """WeChat allows it twenty times a day: soon after, the ordinary call has to do; much later, force again."""
    first = shared().instead_of("refused")
    second = shared().instead_of(first)
    assert fake_wechat.messages.forced == [True, False]
    assert second == first
    put(forced_at=in_minutes(-76))
    assert shared().instead_of(second) == fake_wechat.messages.token != second
    assert fake_wechat.messages.forced == [True, False, True]


def test_another_process_may_have_renewed_it_already(app: Flask, fake_wechat: FakeWechat) -> None:
    """Then nothing is forced: the stored one is taken."""
    put_before = shared().current()
    put(value="theirs")
    assert shared().instead_of(put_before) == "theirs"
    assert fake_wechat.messages.forced == [False]


def test_a_token_that_is_refused_again_lets_all_wait(app: Flask, fake_wechat: FakeWechat) -> None:
    """One forced call, one more attempt, then everything waits: no storm of calls."""
    for name in ("one", "two", "three"):
        told(a_follower(name))
    assert delivered(a_wechat_sender(with_template("error:40001"))) == {"queued": 3}
    assert fake_wechat.messages.forced == [False, True]


@pytest.mark.parametrize(
    "answer",
    [{}, {"access_token": 5, "expires_in": 7200}, {"access_token": "x"}, {"access_token": "", "expires_in": 7200},
     {"access_token": "x", "expires_in": "7200"}, {"access_token": "x", "expires_in": True},
     {"access_token": "x", "expires_in": 0}, {"access_token": "x" * 1_025, "expires_in": 7200},
     {"access_token": "令牌", "expires_in": 7200}],
)  # fmt: skip
def test_an_answer_that_is_no_token_is_unavailable(
    app: Flask, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    """Nothing of it is stored."""
    monkeypatch.setattr(WechatClient, "_answer", lambda *_: answer)
    with pytest.raises(WechatUnavailable):
        shared().current()
    assert (
        in_unit_of_work(
            lambda: session.scalar(WechatToken.__table__.select().with_only_columns(WechatToken.value)), write=False
        )
        is None
    )


def test_it_shows_nowhere(app: Flask) -> None:
    """No representation has it, neither of the client's answer nor of what is stored; auditors cannot read the table."""
    assert not is_read_by_auditors(cast("Table", WechatToken.__table__))
    client: WechatClient = current_app.extensions["timebank-wechat"]
    token = client.access_token()
    assert token.value not in repr(token)
    assert token.value not in repr(wechat_token.Known(token.value, None, None))
