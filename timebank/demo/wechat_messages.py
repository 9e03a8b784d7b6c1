"""The part of the fake WeChat that needs an access token: it gives one, takes messages, tells numbers, draws codes.

A template ``error:<errcode>`` is answered with that error, ``busy:<name>`` with -1 the first time; any other is taken and
kept. Codes of the phone button are those of signing in, with the number for the name: ``demo:13800000000``,
``once:13800000000:<nonce>``, ``busy:…``, ``error:<errcode>``. What the real one does by itself, a test makes it do: ``fail_next``, ``replace_token``, ``expire_token``.
"""

import json
import re
import threading
from collections import defaultdict, deque
from typing import Any

from timebank.documents import qr

TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105 - a path
SEND_PATH = "/cgi-bin/message/subscribe/send"
PHONE_PATH = "/wxa/business/getuserphonenumber"
CODE_PATH = "/wxa/getwxacodeunlimit"
PATHS = frozenset({TOKEN_PATH, SEND_PATH, PHONE_PATH, CODE_PATH})

MESSAGES = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40169: "invalid length for scene, or the data is not json string",
    40226: "code blocked",
    41030: "invalid page",
    42001: "access_token expired",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
}

SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]+")
SHAPES = {
    "thing": re.compile(r"[^\n]{1,20}"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "number": re.compile(r"[0-9]{1,32}"),
    "time": re.compile(r"\d{4}年\d{1,2}月\d{1,2}日 \d{1,2}:\d{2}"),
    "date": re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"),
}


def openid_of(name: str) -> str:
    """Return the openid that the fake server gives to ``demo:<name>``."""
    return f"openid-{name}"


def error(errcode: int, more: str = "") -> dict[str, Any]:
    """Return WeChat's answer for an error."""
    return {"errcode": errcode, "errmsg": MESSAGES.get(errcode, "unknown") + more}


class FakeMessages:
    """Gives the token, takes messages, tells numbers, draws codes; remembers what was asked for."""

    def __init__(self, *, app_id: str, secret: str) -> None:
        self._credentials = (app_id, secret)
        self._lock = threading.Lock()
        self._number = 0
        self._expired: set[str] = set()
        self._failing: defaultdict[str, deque[int]] = defaultdict(deque)
        self._seen: set[tuple[str, str]] = set()
        self.forced: list[bool] = []
        """For each token that was asked for: whether by force."""
        self.sent: list[dict[str, Any]] = []
        """The messages that were taken."""
        self.drawn: list[dict[str, Any]] = []
        """The codes that were drawn."""
        self._calls = {SEND_PATH: self._take, PHONE_PATH: self._tell_phone, CODE_PATH: self._draw}

    @property
    def token(self) -> str:
        """The one token that is good now."""
        return f"fake-access-token-{self._number}"

    def fail_next(self, path: str, *errcodes: int) -> None:
        """Answer the next calls of a path with these errors."""
        self._failing[path].extend(errcodes)

    def replace_token(self) -> None:
        """Let the token be no longer the latest: somebody else has forced a new one."""
        self._number += 1

    def expire_token(self) -> None:
        """Let the token be expired."""
        self._expired.add(self.token)
        self._number += 1

    def answer(self, path: str, query: dict[str, str], body: bytes) -> dict[str, Any] | bytes | None:
        """Answer one call, with a picture where one was asked for; None for a path that is not ours."""
        if path not in PATHS:
            return None
        with self._lock:
            if self._failing[path]:
                return error(self._failing[path].popleft())
            try:
                told = json.loads(body)
            except ValueError:
                return error(47001)
            if not isinstance(told, dict):
                return error(47001)
            if path == TOKEN_PATH:
                return self._give_token(told)
            if (token := query.get("access_token", "")) != self.token:
                return error(42001 if token in self._expired else 40001)
            return self._calls[path](told)

    def _give_token(self, told: dict[str, Any]) -> dict[str, Any]:
        if told.get("grant_type") != "client_credential":
            return error(40002)
        if told.get("appid") != self._credentials[0]:
            return error(40013)
        if told.get("secret") != self._credentials[1]:
            return error(40125)
        force = told.get("force_refresh", False) is True
        self.forced.append(force)
        self._number += force
        return {"access_token": self.token, "expires_in": 7_200}

    def _tell_phone(self, told: dict[str, Any]) -> dict[str, Any]:
        code = str(told.get("code", ""))
        kind, _, rest = code.partition(":")
        number = rest.split(":")[0]
        if kind == "error" and rest.lstrip("-").isdigit():
            return error(int(rest))
        if kind not in {"demo", "once", "busy"} or not number.isdigit():
            return error(40029)
        first = ("phone", code) not in self._seen
        self._seen.add(("phone", code))
        if (kind == "once" and not first) or (kind == "busy" and first):
            return error(40163 if kind == "once" else -1)
        mark = {"timestamp": 1_700_000_000, "appid": self._credentials[0]}
        phone = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": mark}
        return error(0) | {"phone_info": phone}

    def _draw(self, told: dict[str, Any]) -> dict[str, Any] | bytes:
        scene, page = told.get("scene"), told.get("page", "")
        if not isinstance(scene, str) or not 1 <= len(scene) <= 32:
            return error(40169)
        if not SCENE.fullmatch(scene):
            return error(40129)
        if not isinstance(page, str) or page.startswith("/") or (told.get("check_path", True) and "missing" in page):
            return error(41030)
        if not 280 <= told.get("width", 430) <= 1280:
            return error(47001)
        self.drawn.append(told)
        return qr.png(scene)

    def _take(self, told: dict[str, Any]) -> dict[str, Any]:
        openid, template = str(told.get("touser", "")), str(told.get("template_id", ""))
        if not openid.startswith(openid_of("")):
            return error(40003)
        kind, _, rest = template.partition(":")
        if not template:
            return error(40037)
        if kind == "error":
            return error(int(rest))
        if kind == "busy" and (openid, template) not in self._seen:
            self._seen.add((openid, template))
            return error(-1)
        if str(told.get("page", "")).startswith("/"):
            return error(41030)
        if bad := _bad_field(told.get("data")):
            return error(47003, f" data.{bad}.value invalid")
        self.sent.append(told)
        return error(0)


def _bad_field(data: Any) -> str | None:
    """Return the first keyword whose value WeChat would refuse."""
    if not isinstance(data, dict) or not data:
        return "?"
    for keyword, field in data.items():
        shape = SHAPES.get(re.sub(r"\d+$", "", keyword))
        value = field.get("value") if isinstance(field, dict) else None
        if shape is None or not isinstance(value, str) or not shape.fullmatch(value):
            return str(keyword)
    return None
