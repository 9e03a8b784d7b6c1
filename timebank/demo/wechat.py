"""A fake WeChat server: the one path that signing in needs, with WeChat's own error codes.

The demo and the tests run it on loopback; it speaks what the real one speaks, so the client under test is the real one.
Codes: ``demo:<name>`` signs in the openid of that name, again and again; ``once:<name>:<nonce>`` works once, as WeChat's
do; ``busy:<name>:<nonce>`` is answered with -1 the first time; ``error:<errcode>`` gets that error; anything else is 40029.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from werkzeug.serving import WSGIRequestHandler, make_server

StartResponse = Callable[..., Any]

MESSAGES = {
    -1: "system error",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    45011: "api minute-quota reach limit, must slower, retry next minute",
}


def openid_of(name: str) -> str:
    """Return the openid that the fake server gives to ``demo:<name>``."""
    return f"openid-{name}"


class FakeWechat:
    """A WSGI application that answers ``/sns/jscode2session`` for one mini-program."""

    def __init__(self, *, app_id: str, secret: str) -> None:
        self._app_id = app_id
        self._secret = secret
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; WeChat says 200 even when it means an error."""
        if environ["PATH_INFO"] != "/sns/jscode2session":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [json.dumps(self._answer(query)).encode()]

    def _answer(self, query: dict[str, str]) -> dict[str, Any]:
        if query.get("appid") != self._app_id:
            return _error(40013)
        if query.get("secret") != self._secret:
            return _error(40125)
        kind, _, rest = query.get("js_code", "").partition(":")
        if not rest or query.get("grant_type") != "authorization_code":
            return _error(40029)
        if kind == "error" and rest.lstrip("-").isdigit():
            return _error(int(rest))
        if kind not in {"demo", "once", "busy"}:
            return _error(40029)
        if kind != "demo":
            first = self._first_time(query["js_code"])
            if kind == "once" and not first:
                return _error(40163)
            if kind == "busy" and first:
                return _error(-1)
        return {"openid": openid_of(rest.split(":")[0]), "session_key": "c2Vzc2lvbi1rZXktb2YtdGhlLWZha2U="}

    def _first_time(self, code: str) -> bool:
        with self._lock:
            first = code not in self._seen
            self._seen.add(code)
            return first


def _error(errcode: int) -> dict[str, Any]:
    return {"errcode": errcode, "errmsg": MESSAGES.get(errcode, "unknown")}


class _Quiet(WSGIRequestHandler):
    """Logs nothing: WeChat's addresses carry the secret."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug names it so
        """Drop the line."""


@contextmanager
def serving(wechat: FakeWechat, *, port: int = 0) -> Iterator[str]:
    """Serve on loopback from a thread and yield the base address; port 0 takes a free one."""
    server = make_server("127.0.0.1", port, wechat, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, name="fake-wechat", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
