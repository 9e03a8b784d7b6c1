"""Signing in from WeChat, against a server that speaks as WeChat does."""

import contextvars
import dataclasses
import json
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.api.identity.conftest import SignIn
from tests.factories.mergers import a_guest
from timebank.database import db, in_unit_of_work, session
from timebank.demo.wechat import openid_of, serving
from timebank.identity import wechat as client_of_wechat
from timebank.identity.models import Person, PersonState, WechatIdentity
from timebank.identity.wechat import WechatClient
from timebank.settings import Settings

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def count(table: type[Any]) -> int:
    """Return how many rows a table has."""
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_new_openid_becomes_a_volunteer(client: FlaskClient, wechat: SignIn) -> None:
    """The answer has tokens and the person, and the token works at once."""
    answer = wechat("demo:zhang")
    body = answer.json

    assert answer.status_code == 200
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "person"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 1800)
    assert body["person"]["roles"] == ["volunteer"]
    assert len(body["person"]["volunteer_no"]) == 10
    assert body["person"]["display_name"] == f"志愿者{body['person']['volunteer_no'][-4:]}"
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert client.get("/api/v1/areas", headers=headers).status_code == 200


def test_the_same_openid_is_the_same_person(wechat: SignIn) -> None:
    """Signing in again opens another session of the same person."""
    first, again, other = wechat("demo:zhang"), wechat("once:zhang:2"), wechat("demo:li")

    assert first.json["person"] == again.json["person"]
    assert first.json["refresh_token"] != again.json["refresh_token"]
    assert other.json["person"]["id"] != first.json["person"]["id"]
    assert (count(Person), count(WechatIdentity)) == (2, 2)


def test_first_sign_ins_at_once_make_one_person(app: Flask) -> None:
    """Twenty phones of one new openid, at the same time: one person, twenty sessions."""

    def sign_in(_: int) -> Any:
        phone = FlaskClient(app, app.response_class)
        return contextvars.Context().run(lambda: phone.post("/api/v1/auth/wechat", json={"code": "demo:wang"}))

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(sign_in, range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["person"]["id"] for answer in answers}) == 1
    assert (count(Person), count(WechatIdentity)) == (1, 1)


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("error:40029", 401, "WECHAT_CODE_INVALID"),
        ("error:40163", 401, "WECHAT_CODE_INVALID"),
        ("nonsense", 401, "WECHAT_CODE_INVALID"),
        ("error:40226", 403, "WECHAT_USER_BLOCKED"),
        ("error:45011", 429, "WECHAT_TOO_OFTEN"),
        ("error:-1", 503, "WECHAT_UNAVAILABLE"),
        ("error:40013", 503, "WECHAT_UNAVAILABLE"),
        ("error:40125", 503, "WECHAT_UNAVAILABLE"),
        ("error:99999", 503, "WECHAT_UNAVAILABLE"),
    ],
)
def test_each_error_of_wechat_is_a_refusal_of_ours(wechat: SignIn, code: str, status: int, name: str) -> None:
    """The user learns what to do; WeChat's number and words stay inside; nobody is enrolled."""
    answer = wechat(code)

    assert (answer.status_code, answer.json["code"]) == (status, name)
    assert answer.json["retryable"] == (status in {429, 503})
    assert code not in answer.text
    assert count(Person) == 0


def test_too_often_asks_for_a_minute(wechat: SignIn) -> None:
    """WeChat counts by the minute, so does Retry-After."""
    assert wechat("error:45011").headers["Retry-After"] == "60"


def test_a_code_works_once(wechat: SignIn) -> None:
    """WeChat's codes are good once; the second use is refused."""
    assert [wechat("once:zhang:1").status_code for _ in range(2)] == [200, 401]


def test_a_busy_moment_of_wechat_is_tried_again(wechat: SignIn) -> None:
    """-1 once is not noticed by anybody."""
    assert wechat("busy:zhang:1").status_code == 200


@pytest.mark.parametrize("code", ["", " ", "x" * 257, "a\x00", "\ud800", 5, None, ["demo:zhang"]])
def test_a_code_that_cannot_be_one_does_not_reach_wechat(client: FlaskClient, code: Any) -> None:
    """It is refused as a value."""
    body = json.dumps({"code": code})
    answer = client.post("/api/v1/auth/wechat", data=body, content_type="application/json")

    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/code")


def saying(answer: bytes, status: str = "200 OK", *, after_seconds: float = 0) -> Wsgi:
    """Return a server that always says the same."""

    def serve(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        time.sleep(after_seconds)
        start_response(status, [("Content-Type", "text/plain"), ("Location", "http://127.0.0.1:9/elsewhere")])
        return [answer]

    return serve


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"<html>", "200 OK"), (b"", "200 OK"), (b"[]", "200 OK"), (b"null", "200 OK"), (b"{}", "200 OK"),
        (b'{"openid": 5}', "200 OK"), (b'{"openid": ""}', "200 OK"), (b'{"errcode": "40029"}', "200 OK"),
        (b'{"errcode": [1]}', "200 OK"), (b"\xff\xfe", "200 OK"), (b'{"openid": "o"}', "500 Oh"),
        (b'{"openid": "o"}', "302 Found"), (b'{"openid": "' + b"o" * 129 + b'"}', "200 OK"),
        (b'{"openid": "a\\u0000b"}', "200 OK"), (b'{"openid": "\\ud800"}', "200 OK"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_unavailable(
    *, app: Flask, client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: bytes, status: str
) -> None:
    """Whatever comes back that is no session is 503, and nobody is enrolled."""
    with serving(saying(answer, status)) as address:  # type: ignore[arg-type]
        use(app, settings, monkeypatch, address)
        refused = client.post("/api/v1/auth/wechat", json={"code": "demo:zhang"})

    assert (refused.status_code, refused.json["code"]) == (503, "WECHAT_UNAVAILABLE")
    assert count(Person) == 0


def use(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Let the application call another WeChat."""
    other = WechatClient(dataclasses.replace(settings, wechat_base_url=address))
    monkeypatch.setitem(app.extensions, "timebank-wechat", other)


def test_a_slow_server_is_given_up(
    app: Flask, client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for WeChat."""
    monkeypatch.setattr(client_of_wechat, "SECONDS", 0.1)
    with serving(saying(b'{"openid": "o"}', after_seconds=0.5)) as address:  # type: ignore[arg-type]
        use(app, settings, monkeypatch, address)
        answer = client.post("/api/v1/auth/wechat", json={"code": "demo:zhang"})

    assert (answer.status_code, answer.json["code"]) == (503, "WECHAT_UNAVAILABLE")


def test_no_server_at_all_is_unavailable(
    app: Flask, client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection is 503."""
    use(app, settings, monkeypatch, "http://127.0.0.1:9")

    assert client.post("/api/v1/auth/wechat", json={"code": "demo:zhang"}).status_code == 503


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_does_not_come_between(
    wechat: SignIn, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The fake on loopback is called directly, whatever the machine is set to."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert wechat("demo:zhang").status_code == 200


@pytest.mark.parametrize("code", ["demo:secretcode", "error:40125", "error:40029", "once:secretcode:1"])
def test_secret_code_and_openid_appear_in_no_log_and_no_answer(
    wechat: SignIn, settings: Settings, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, code: str
) -> None:
    """WeChat's address carries the secret: neither it nor code and openid are written down."""
    caplog.set_level(logging.DEBUG)
    answers = [wechat(code), wechat(code)]
    written = "".join(capfd.readouterr()) + caplog.text + "".join(answer.text for answer in answers)

    for private in (settings.wechat_secret, code, openid_of("secretcode"), "jscode2session", "session_key"):
        assert private not in written


def test_a_wrong_secret_reaches_the_operator(wechat: SignIn, capsys: pytest.CaptureFixture[str]) -> None:
    """What no user can mend is in the log, by WeChat's number."""
    wechat("error:40125")

    assert '"event": "wechat.refused"' in (printed := capsys.readouterr().out)
    assert '"errcode": 40125' in printed


def test_a_frozen_person_is_not_signed_in(wechat: SignIn) -> None:
    """Whoever was frozen is told to ask their organisation."""
    person_id = wechat("demo:zhang").json["person"]["id"]
    freeze(person_id)
    answer = wechat("demo:zhang")

    assert (answer.status_code, answer.json["code"]) == (403, "PERSON_NOT_ACTIVE")
    assert count(Person) == 1


def freeze(person_id: str) -> None:
    """Freeze somebody."""

    def work() -> None:
        for person in session.scalars(select(Person)):
            if str(person.id) == person_id:
                person.state = PersonState.FROZEN

    in_unit_of_work(work)


def test_one_openid_of_two_mini_programs_is_two_people(wechat: SignIn) -> None:
    """Who has the same openid elsewhere is not signed in here as somebody else, and whoever is here stays who they are."""
    other = a_guest("zhang", app_id="wxother")
    first, second = (wechat("demo:zhang").json["person"]["id"] for _ in range(2))

    assert first == second != str(other.id)
    assert count(Person) == 2


def test_the_openid_is_stored_under_its_mini_program(wechat: SignIn, settings: Settings) -> None:
    """The same openid of another mini-program would be somebody else; WeChat's session key is nowhere."""
    wechat("demo:zhang")
    stored = session.scalars(select(WechatIdentity)).one()

    assert (stored.app_id, stored.openid) == (settings.wechat_app_id, "openid-zhang")
    assert "session_key" not in {column.name for table in db.metadata.tables.values() for column in table.columns}
