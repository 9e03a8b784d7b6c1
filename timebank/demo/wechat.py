"""A fake WeChat server: the paths that we call, with WeChat's own error codes.

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

from timebank.demo.wechat_messages import FakeMessages, error, openid_of

__all__ = ["FakeWechat", "openid_of", "serving"]

StartResponse = Callable[..., Any]
MAX_BODY = 1 << 16


class FakeWechat:
    """A WSGI application that answers for one mini-program: sign-in, access token, subscribe messages, phones, codes."""

    def __init__(self, *, app_id: str, secret: str) -> None:
        self._app_id = app_id
        self._secret = secret
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self.messages = FakeMessages(app_id=app_id, secret=secret)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; WeChat says 200 even when it means an error."""
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        if environ["PATH_INFO"] == "/sns/jscode2session":
            answer: dict[str, Any] | bytes | None = self._answer(query)
        else:
            body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), MAX_BODY))
            answer = self.messages.answer(environ["PATH_INFO"], query, body)
        if answer is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        if isinstance(answer, bytes):
            start_response("200 OK", [("Content-Type", "image/png")])
            return [answer]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [json.dumps(answer).encode()]

    def _answer(self, query: dict[str, str]) -> dict[str, Any]:
        if query.get("appid") != self._app_id:
            return error(40013)
        if query.get("secret") != self._secret:
            return error(40125)
        kind, _, rest = query.get("js_code", "").partition(":")
        if not rest or query.get("grant_type") != "authorization_code":
            return error(40029)
        if kind == "error" and rest.lstrip("-").isdigit():
            return error(int(rest))
        if kind not in {"demo", "once", "busy"}:
            return error(40029)
        if kind != "demo":
            first = self._first_time(query["js_code"])
            if kind == "once" and not first:
                return error(40163)
            if kind == "busy" and first:
                return error(-1)
        return {"openid": openid_of(rest.split(":")[0]), "session_key": "c2Vzc2lvbi1rZXktb2YtdGhlLWZha2U="}

    def _first_time(self, code: str) -> bool:
        with self._lock:
            first = code not in self._seen
            self._seen.add(code)
            return first


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
