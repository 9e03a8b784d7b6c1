"""What else is asked of WeChat with the shared token: a phone number, and the code of a poster."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, current_app

from tests.factories.documents import png_code
from timebank.demo.wechat import FakeWechat
from timebank.demo.wechat_messages import CODE_PATH, PHONE_PATH, TOKEN_PATH
from timebank.errors import Refusal
from timebank.identity.wechat import Picture, WechatClient
from timebank.identity.wechat_token import SharedToken

SCENE = "S1A0BCDEFGH001ABCDEFGHJKMNPQR"


def shared() -> SharedToken:
    """Return the token as this process has it."""
    return SharedToken(the_client(), current_app.extensions["timebank-settings"].wechat_app_id)


def the_client() -> WechatClient:
    """Return the application's client."""
    client: WechatClient = current_app.extensions["timebank-wechat"]
    return client


def phone(code: str) -> str:
    """Exchange a code of the phone button."""
    return shared().used(lambda token: the_client().phone_of(code, token=token))


def picture(scene: str = SCENE, page: str = "pages/scan") -> Picture:
    """Have a code drawn."""
    return shared().used(lambda token: the_client().code_picture(scene, page=page, token=token))


def refusal(work: Callable[[], Any]) -> str:
    """Return the code of the refusal that something ends in."""
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value.code


def test_a_code_of_the_phone_button_tells_the_number_once(app: Flask) -> None:
    """With its country, also when WeChat is busy for a moment; the second use of a code is refused."""
    assert phone("demo:13800000001") == "+8613800000001"
    assert phone("busy:13800000001:1") == "+8613800000001"
    assert phone("once:13800000001:1") == "+8613800000001"
    assert refusal(lambda: phone("once:13800000001:1")) == "WECHAT_PHONE_CODE_INVALID"


def test_each_error_of_wechat_about_a_phone_is_a_refusal(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    """The user learns what to do; what only an operator can mend is in the log by its number."""
    expected = {
        40029: "WECHAT_PHONE_CODE_INVALID",
        40163: "WECHAT_PHONE_CODE_INVALID",
        45011: "WECHAT_TOO_OFTEN",
        45009: "WECHAT_TOO_OFTEN",
        -1: "WECHAT_UNAVAILABLE",
        40013: "WECHAT_UNAVAILABLE",
        48001: "WECHAT_UNAVAILABLE",
    }
    assert {errcode: refusal(lambda: phone(f"error:{errcode}")) for errcode in expected} == expected  # noqa: B023 - called at once
    assert '"errcode": 48001' in capsys.readouterr().out


def test_each_error_of_wechat_about_a_picture_is_a_refusal(app: Flask, fake_wechat: FakeWechat) -> None:
    """It says so in JSON where a picture was asked for."""
    expected = {
        41030: "WECHAT_PAGE_MISSING",
        45009: "WECHAT_TOO_OFTEN",
        40169: "WECHAT_UNAVAILABLE",
        40129: "WECHAT_UNAVAILABLE",
        47001: "WECHAT_UNAVAILABLE",
    }
    said = {}
    for errcode in expected:
        fake_wechat.messages.fail_next(CODE_PATH, errcode)
        said[errcode] = refusal(picture)
    assert said == expected
    fake_wechat.messages.fail_next(CODE_PATH, -1, -1)
    assert refusal(picture) == "WECHAT_UNAVAILABLE"
    assert refusal(lambda: picture(page="pages/missing")) == "WECHAT_PAGE_MISSING"


def test_a_picture_holds_its_scene(app: Flask, fake_wechat: FakeWechat) -> None:
    """Drawn for the page, also when WeChat is busy for a moment; without a page WeChat opens the first one."""
    fake_wechat.messages.fail_next(CODE_PATH, -1)
    drawn = picture()
    picture(page="")
    assert (drawn.media_type, png_code(drawn.content)) == ("image/png", SCENE)
    assert [asked.get("page") for asked in fake_wechat.messages.drawn] == ["pages/scan", None]


def test_a_scene_that_wechat_would_refuse_does_not_reach_it(app: Flask, fake_wechat: FakeWechat) -> None:
    """Too long, empty, or with other signs: a fault of the program."""
    for scene in ("", "x" * 33, "a%20", "签到", "a b"):
        with pytest.raises(ValueError, match="scene"):
            picture(scene)
    assert fake_wechat.messages.drawn == []


@pytest.mark.parametrize("path", [PHONE_PATH, CODE_PATH])
def test_a_token_that_wechat_refuses_is_replaced_once(app: Flask, fake_wechat: FakeWechat, path: str) -> None:
    """The call is made again with another one; if that is refused too, WeChat is unavailable: no storm of calls."""
    ask = picture if path == CODE_PATH else lambda: phone("demo:13800000001")
    ask()
    fake_wechat.messages.expire_token()
    ask()
    assert fake_wechat.messages.forced == [False, True]
    for errcodes in ((42001, 40001), (40001, 40014)):
        fake_wechat.messages.fail_next(path, *errcodes)
        assert refusal(ask) == "WECHAT_UNAVAILABLE"
    assert sum(fake_wechat.messages.forced) == 1


def test_a_wrong_secret_is_no_stale_token(app: Flask, fake_wechat: FakeWechat) -> None:
    """Without an access token 40001 means the secret: nothing is renewed, the operator is told."""
    fake_wechat.messages.fail_next(TOKEN_PATH, 40001)
    assert refusal(shared().current) == "WECHAT_UNAVAILABLE"
    assert refusal(lambda: the_client().who_is("error:40001")) == "WECHAT_UNAVAILABLE"


@pytest.mark.parametrize(
    "told",
    [None, 5, {}, {"purePhoneNumber": 138}, {"purePhoneNumber": "138", "countryCode": "86"},
     {"purePhoneNumber": "1380000000x", "countryCode": "86"}, {"purePhoneNumber": "13800000001", "countryCode": "+86"},
     {"purePhoneNumber": "13800000001"}, {"purePhoneNumber": "13800000001", "countryCode": "86", "watermark": {"appid": "other"}}],
)  # fmt: skip
def test_an_answer_that_is_no_number_is_unavailable(app: Flask, monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    """Also a number that was told to another mini-program."""
    if isinstance(told, dict):
        told = {"watermark": {"appid": "wxtest"}} | told
    answer = json.dumps({"errcode": 0, "phone_info": told}).encode()
    monkeypatch.setattr(WechatClient, "_fetched", lambda *_: answer)
    assert refusal(lambda: the_client().phone_of("demo:1", token="x")) == "WECHAT_UNAVAILABLE"


def test_a_country_may_be_a_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents say a number, the real one answers text."""
    info = {"purePhoneNumber": "61234567", "countryCode": 852, "watermark": {"appid": "wxtest"}}
    monkeypatch.setattr(WechatClient, "_fetched", lambda *_: json.dumps({"phone_info": info}).encode())
    assert the_client().phone_of("demo:1", token="x") == "+85261234567"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b"GIF89a", b"\xff\xd8\xff" + bytes(3 << 20)])
def test_an_answer_that_is_no_picture_is_unavailable(
    app: Flask, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Whatever else comes back is told apart by its content; a picture of 3 MiB is none."""
    monkeypatch.setattr(WechatClient, "_fetched", lambda *_: content)
    assert refusal(lambda: the_client().code_picture(SCENE, page="", token="x")) == "WECHAT_UNAVAILABLE"


def test_neither_number_nor_token_nor_code_is_written_down(
    app: Flask, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not when it works, not when it fails."""
    caplog.set_level(logging.DEBUG)
    phone("once:13800000001:secretcode")
    refusal(lambda: phone("once:13800000001:secretcode"))
    refusal(lambda: phone("error:48001"))
    written = "".join(capfd.readouterr()) + caplog.text
    for private in ("13800000001", "secretcode", "fake-access-token", "getuserphonenumber"):
        assert private not in written
