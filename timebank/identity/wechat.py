"""A thin client for WeChat's server API: who opened the mini-program, the access token, messages to subscribers.

Secret and token travel in the query string (WeChat's design), so no address of a request may reach a log or an exception:
httpx's own request log is silenced, and its errors are replaced by ours.
"""

import logging
import re
import ssl
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog

from timebank.errors import Refusal
from timebank.identity.errors import WechatCodeInvalid, WechatTooOften, WechatUnavailable, WechatUserBlocked
from timebank.settings import Settings

TIMEOUT = httpx.Timeout(5.0, connect=2.0)
BUSY = -1
REFUSALS: dict[int, type[Refusal]] = {
    40029: WechatCodeInvalid,
    40163: WechatCodeInvalid,
    40226: WechatUserBlocked,
    45011: WechatTooOften,
}

_OPENID = re.compile(r"[!-~]{1,128}")
_TOKEN = re.compile(r"[!-~]{1,1024}")
LONGEST_TOKEN_LIFE = 7_200
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


class WechatClient:
    """Calls WeChat, or the fake one of tests and demo, at the configured base address."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context()

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

    def _ask(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what WeChat answers; once more when it is busy. Raises WechatUnavailable."""
        answer = self._answer(method, path, query, body)
        return self._answer(method, path, query, body) if answer.get("errcode") == BUSY else answer

    def _answer(
        self, method: str, path: str, query: dict[str, str] | None, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        try:
            with httpx.Client(
                base_url=self._settings.wechat_base_url,
                timeout=TIMEOUT,
                verify=self._tls,
                trust_env=not self._settings.is_demo,  # a proxy of the environment cannot reach a fake on loopback
            ) as client:
                answer = client.request(method, path, params=query, json=body).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("wechat.unreachable", reason=type(error).__name__)
            raise WechatUnavailable from None
        if not isinstance(answer, dict):
            raise WechatUnavailable
        return answer


def _refusal_for(errcode: Any) -> Refusal:
    kind = REFUSALS.get(errcode) if isinstance(errcode, int) else None
    if kind is None:
        # What no user can mend (a wrong app id or secret, say) has to reach the operator; the number tells nothing else.
        log.error("wechat.refused", errcode=errcode if isinstance(errcode, int) else "none")
        return WechatUnavailable()
    return kind(retry_after_seconds=A_MINUTE) if kind is WechatTooOften else kind()
