"""Every error as ``application/problem+json`` (RFC 9457), in one shape, wherever it comes from."""

import json
from collections.abc import Iterator
from typing import Any

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException, InternalServerError

from timebank import errors
from timebank.database import violated_constraint
from timebank.errors import Refusal
from timebank.web import errors as web_errors

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:timebank:problems:"

_BY_STATUS: dict[int, type[Refusal]] = {
    400: web_errors.BadRequest,
    401: web_errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: web_errors.MethodNotAllowed,
    412: web_errors.PreconditionFailed,
    413: web_errors.BodyTooLarge,
    415: web_errors.UnsupportedMediaType,
    422: errors.Invalid,
    429: web_errors.RateLimited,
    500: web_errors.InternalFault,
    503: errors.Busy,
}

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Answer every exception of this application with a problem."""
    app.register_error_handler(Refusal, from_refusal)
    app.register_error_handler(IntegrityError, from_integrity_error)
    app.register_error_handler(HTTPException, from_http_exception)


def from_refusal(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Render a refusal in the caller's language."""
    english = request.accept_languages.best_match(["zh", "en"]) == "en"
    title, detail = refusal.explain(english=english)
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + slug(refusal.code),
        "title": title,
        "status": refusal.status,
        "detail": detail,
        "instance": request.path,
        "code": refusal.code,
        "retryable": refusal.retryable,
        "context": refusal.context,
        "request_id": g.get("request_id", ""),
    }
    if refusal.errors:
        body["errors"] = refusal.errors
    response = Response(json.dumps(body, ensure_ascii=False, default=str), refusal.status, mimetype=MEDIA_TYPE)
    response.headers.update(headers or {})
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refusal.retryable:
        response.headers.setdefault("Retry-After", "1")
    g.problem_code = refusal.code
    return response


def from_integrity_error(error: IntegrityError) -> Response:
    """Turn a violated constraint into the refusal that claims it: a lost race is a clean 409, never a 500."""
    constraint = violated_constraint(error)
    kind = errors.refusal_for(constraint) if constraint else None
    if kind is None:
        log.error("database.constraint_violated", constraint=constraint)
        kind = errors.Conflict
    return from_refusal(kind())


def from_http_exception(error: HTTPException) -> Response:
    """Turn what Flask, werkzeug, webargs and the limiter raise into a problem."""
    status = error.code or 500
    if isinstance(error, InternalServerError):
        log.error("http.fault", exc_info=error.original_exception or error)
    kind = _BY_STATUS.get(status)
    data: dict[str, Any] = getattr(error, "data", None) or {}
    if status == 400 and "json" in (data.get("messages") or {}):
        kind = web_errors.MalformedBody
    if kind is None:
        response = error.get_response()
        if status < 400:
            return Response(response.get_data(), status, dict(response.headers))
        kind = _other(error)
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return from_refusal(kind(errors=list(pointers(data.get("messages") or {}))), headers)


def _other(error: HTTPException) -> type[Refusal]:
    """Return a refusal for a status that no code of ours names (a request line that is too long, say)."""
    return web_errors.BadRequest if (error.code or 500) < 500 else web_errors.InternalFault


def pointers(messages: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield one JSON pointer and text for each message that webargs and marshmallow collected."""
    for location, found in messages.items():
        yield from _walk(f"/{location}" if location == "query" else "", found)


def _walk(path: str, found: Any) -> Iterator[dict[str, str]]:
    if isinstance(found, dict):
        for key, value in found.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from _walk(path + step, value)
    else:
        for text in found if isinstance(found, list) else [found]:
            yield {"pointer": path, "detail": str(text)}


def slug(code: str) -> str:
    """Return the last part of a problem's type: ``OUT_OF_STOCK`` becomes ``out-of-stock``."""
    return code.lower().replace("_", "-")
