"""A thin client for WeChat's server API: who opened the mini-program, their phone number, the token, messages, posters.

Secret and token travel in the query string (WeChat's design), so no address of a request may reach a log or an exception:
httpx's own request log is silenced, and its errors are replaced by ours.
"""

import json
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import structlog

from timebank.errors import Refusal
from timebank.identity.errors import (
    WechatCodeInvalid,
    WechatPageMissing,
    WechatPhoneCodeInvalid,
    WechatTooOften,
    WechatUnavailable,
    WechatUserBlocked,
)
from timebank.settings import Settings

SECONDS, CONNECT_SECONDS = 5.0, 2.0
"""How long an answer is waited for, and a connection."""
BUSY = -1
REFUSALS: dict[int, type[Refusal]] = {
    40029: WechatCodeInvalid,
    40163: WechatCodeInvalid,
    40226: WechatUserBlocked,
    45009: WechatTooOften,
    45011: WechatTooOften,
    41030: WechatPageMissing,
}
PHONE_REFUSALS = REFUSALS | dict.fromkeys((40029, 40163), WechatPhoneCodeInvalid)
STALE_TOKEN = frozenset({40001, 40014, 42001})
"""What WeChat says of an access token that is wrong, replaced, or over."""

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PHONE = re.compile(r"[0-9]{5,15}")
_COUNTRY = re.compile(r"[1-9][0-9]{0,3}")
_OPENID = re.compile(r"[!-~]{1,128}")
_TOKEN = re.compile(r"[!-~]{1,1024}")
LONGEST_TOKEN_LIFE = 7_200
LARGEST_PICTURE = 2 << 20
A_MINUTE = 60

log = structlog.get_logger()
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class OpenId:
    """Who WeChat says it is: unique per mini-program. The session_key stays behind."""

    app_id: str
    openid: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What proves to WeChat that the mini-program's owner calls, and for how many seconds from now."""

    value: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that WeChat has drawn."""

    content: bytes = field(repr=False)
    media_type: str


class TokenRefused(Exception):
    """WeChat does not take this access token (any more); the call may be made again with another one."""


class WechatClient:
    """Calls WeChat, or the fake one of tests and demo, at the configured base address."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Whom this machine trusts, read once: it takes 60 ms and two megabytes."""
        return ssl.create_default_context()

    def who_is(self, code: str) -> OpenId:
        """Exchange the code of ``wx.login`` (once, within 5 minutes) for an openid; one retry when WeChat is busy.

        Raises WechatCodeInvalid, WechatUserBlocked, WechatTooOften or WechatUnavailable.
        """
        query = {
            "appid": self._settings.wechat_app_id,
            "secret": self._settings.wechat_secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = self._ask("GET", "/sns/jscode2session", query=query)
        errcode = answer.get("errcode", 0)
        if errcode:
            raise _refusal_for(errcode)
        openid = answer.get("openid")
        if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
            raise WechatUnavailable
        return OpenId(self._settings.wechat_app_id, openid)

    def access_token(self, *, force: bool = False) -> AccessToken:
        """Ask for the access token: without ``force`` the one that is good now, with it a new one (20 a day at most).

        Raises WechatUnavailable, or WechatTooOften when the day's calls are used up.
        """
        asked = {
            "grant_type": "client_credential",
            "appid": self._settings.wechat_app_id,
            "secret": self._settings.wechat_secret,
            "force_refresh": force,
        }
        answer = self._ask("POST", "/cgi-bin/stable_token", body=asked)
        if errcode := answer.get("errcode", 0):
            raise _refusal_for(errcode)
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value) or type(seconds) is not int or seconds < 1:
            raise WechatUnavailable
        return AccessToken(value, min(seconds, LONGEST_TOKEN_LIFE))

    def send_message(self, message: dict[str, Any], *, token: str) -> int:
        """Send a message to somebody who has accepted its template; return WeChat's errcode, 0 when it was taken.

        Raises WechatUnavailable when there was no answer: then nobody knows whether it was sent.
        """
        answer = self._ask("POST", "/cgi-bin/message/subscribe/send", query={"access_token": token}, body=message)
        errcode = answer.get("errcode")
        if type(errcode) is not int:
            raise WechatUnavailable
        return errcode

    def phone_of(self, code: str, *, token: str) -> str:
        """Exchange the code of the ``getPhoneNumber`` button (once, within 5 minutes) for a number, with its country: ``+86…``.

        WeChat asks 0.03 yuan for each number. Raises WechatPhoneCodeInvalid, WechatTooOften, WechatUnavailable, TokenRefused.
        """
        query = {"access_token": token}
        answer = self._ask("POST", "/wxa/business/getuserphonenumber", query=query, body={"code": code})
        if errcode := answer.get("errcode", 0):
            raise _refused(errcode, PHONE_REFUSALS)
        told = answer.get("phone_info")
        if not isinstance(told, dict):
            raise WechatUnavailable
        number, country = told.get("purePhoneNumber"), str(told.get("countryCode"))
        mark = told.get("watermark")
        ours = isinstance(mark, dict) and mark.get("appid") == self._settings.wechat_app_id
        if not ours or not isinstance(number, str) or not _PHONE.fullmatch(number) or not _COUNTRY.fullmatch(country):
            raise WechatUnavailable
        return f"+{country}{number}"

    def code_picture(self, scene: str, *, page: str, token: str) -> Picture:
        """Return the mini-program's own round code (小程序码) that opens ``page`` with ``scene``; it is good for ever.

        Without a page it opens the first one. Raises WechatPageMissing, WechatTooOften, WechatUnavailable, TokenRefused;
        ValueError, a fault of the program, for a scene of more than 32 characters or other ones than WeChat lets pass.
        """
        if not _SCENE.fullmatch(scene):
            raise ValueError("WeChat takes a scene of 1 to 32 characters, letters, digits and a few signs")
        body: dict[str, Any] = {"scene": scene, "check_path": True, "env_version": "release", "width": 1_280}
        if page:
            body["page"] = page
        query = {"access_token": token}
        answer = self._drawn(query, body)
        if isinstance(answer, dict) and answer.get("errcode") == BUSY:
            answer = self._drawn(query, body)
        if isinstance(answer, dict):
            raise _refused(answer.get("errcode"))
        return answer

    def _drawn(self, query: dict[str, str], body: dict[str, Any]) -> Picture | dict[str, Any]:
        """Return the picture, or what WeChat says instead; only the content tells the two apart. Raises WechatUnavailable."""
        content = self._fetched("POST", "/wxa/getwxacodeunlimit", query, body)
        for magic, media_type in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n", "image/png")):
            if content.startswith(magic) and len(content) <= LARGEST_PICTURE:
                return Picture(content, media_type)
        return _object(content)

    def _ask(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what WeChat answers; once more when it is busy. Raises WechatUnavailable."""
        answer = self._answer(method, path, query, body)
        return self._answer(method, path, query, body) if answer.get("errcode") == BUSY else answer

    def _answer(
        self, method: str, path: str, query: dict[str, str] | None, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        return _object(self._fetched(method, path, query, body))

    def _fetched(self, method: str, path: str, query: dict[str, str] | None, body: dict[str, Any] | None) -> bytes:
        import httpx

        try:
            with httpx.Client(
                base_url=self._settings.wechat_base_url,
                timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
                verify=self._tls,
                trust_env=not self._settings.is_demo,  # a proxy of the environment cannot reach a fake on loopback
            ) as client:
                return client.request(method, path, params=query, json=body).raise_for_status().content
        except httpx.HTTPError as error:
            log.warning("wechat.unreachable", reason=type(error).__name__)
            raise WechatUnavailable from None


def _object(content: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer is. Raises WechatUnavailable."""
    try:
        answer = json.loads(content)
    except ValueError as error:
        log.warning("wechat.unreachable", reason=type(error).__name__)
        raise WechatUnavailable from None
    if not isinstance(answer, dict):
        raise WechatUnavailable
    return answer


def _refused(errcode: Any, refusals: Mapping[int, type[Refusal]] = REFUSALS) -> Refusal | TokenRefused:
    """Return what an errcode means for a call with an access token; without one 40001 is a wrong secret."""
    stale = isinstance(errcode, int) and errcode in STALE_TOKEN
    return TokenRefused() if stale else _refusal_for(errcode, refusals)


def _refusal_for(errcode: Any, refusals: Mapping[int, type[Refusal]] = REFUSALS) -> Refusal:
    kind = refusals.get(errcode) if isinstance(errcode, int) else None
    if kind is None:
        # What no user can mend (a wrong app id or secret, say) has to reach the operator; the number tells nothing else.
        log.error("wechat.refused", errcode=errcode if isinstance(errcode, int) else "none")
        return WechatUnavailable()
    return kind(retry_after_seconds=A_MINUTE) if kind is WechatTooOften else kind()
