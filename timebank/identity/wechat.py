"""A thin client for WeChat's server API: who opened the mini-program.

The secret travels in the query string (WeChat's design), so no address of a request may reach a log or an exception:
httpx's own request log is silenced, and its errors are replaced by ours.
"""

import logging
import re
import ssl
from dataclasses import dataclass
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
A_MINUTE = 60

log = structlog.get_logger()
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class OpenId:
    """Who WeChat says it is: unique per mini-program. The session_key stays behind."""

    app_id: str
    openid: str


class WechatClient:
    """Calls WeChat, or the fake one of tests and demo, at the configured base address."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context()

    def who_is(self, code: str) -> OpenId:
        """Exchange the code of ``wx.login`` (once, within 5 minutes) for an openid; one retry when WeChat is busy.

        Raises WechatCodeInvalid, WechatUserBlocked, WechatTooOften or WechatUnavailable.
        """
        answer = self._code_to_session(code)
        if answer.get("errcode") == BUSY:
            answer = self._code_to_session(code)
        errcode = answer.get("errcode", 0)
        if errcode:
            raise _refusal_for(errcode)
        openid = answer.get("openid")
        if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
            raise WechatUnavailable
        return OpenId(self._settings.wechat_app_id, openid)

    def _code_to_session(self, code: str) -> dict[str, Any]:
        query = {
            "appid": self._settings.wechat_app_id,
            "secret": self._settings.wechat_secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        try:
            with httpx.Client(
                base_url=self._settings.wechat_base_url,
                timeout=TIMEOUT,
                verify=self._tls,
                trust_env=not self._settings.is_demo,  # a proxy of the environment cannot reach a fake on loopback
            ) as client:
                answer = client.get("/sns/jscode2session", params=query).raise_for_status().json()
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
