"""Every error as ``application/problem+json`` (RFC 9457), in one shape, wherever it comes from."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from timebank import errors
from timebank.constraints import disk_is_full, violated_constraint
from timebank.errors import Refusal
from timebank.web import errors as web_errors
from timebank.web.field_messages import in_both_languages

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

MOST_ERRORS = 100
"""A body of a mebibyte can hold a hundred thousand unknown fields; nobody reads that many."""

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Answer every exception of this application with a problem."""
    app.register_error_handler(Refusal, from_refusal)
    app.register_error_handler(IntegrityError, from_integrity_error)
    app.register_error_handler(OperationalError, from_operational_error)
    app.register_error_handler(HTTPException, from_http_exception)


def from_refusal(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Render a refusal in the caller's language; ``retry_after_seconds`` in its context becomes the header."""
    title, detail = refusal.explain(english=_prefers_english())
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
    # What is named in `errors` came from outside and may hold a lone surrogate, which UTF-8 cannot.
    text = json.dumps(body, ensure_ascii=False, default=str).encode(errors="replace")
    response = Response(text, refusal.status, headers, mimetype=MEDIA_TYPE)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refusal.retryable:
        response.headers.setdefault("Retry-After", str(refusal.context.get("retry_after_seconds", 1)))
    g.problem_code = refusal.code
    return response


def _prefers_english() -> bool:
    """Whether English comes before Chinese; werkzeug's best match would take it before ``zh-CN``."""
    wanted = [tag.lower().partition("-")[0] for tag, quality in request.accept_languages if quality]
    return next((language for language in wanted if language in {"zh", "en"}), "zh") == "en"


def from_integrity_error(error: IntegrityError) -> Response:
    """Turn a violated constraint into the refusal that claims it: a lost race is a clean 409, never a 500."""
    constraint = violated_constraint(error)
    kind = errors.refusal_for(constraint) if constraint else None
    if kind is None:
        log.error("database.constraint_violated", constraint=constraint)
        kind = errors.Conflict
    return from_refusal(kind())


def from_operational_error(error: OperationalError) -> Response:
    """Turn a database that cannot be reached or cannot go on into a refusal that may be retried."""
    log.error("database.unavailable", exc_info=error)
    return from_refusal(errors.StorageFull() if disk_is_full(error) else errors.Busy())


def from_http_exception(error: HTTPException) -> Response:
    """Turn what Flask, werkzeug and webargs raise into a problem; a status without a code of its own into a general one."""
    status = error.code or 500
    if isinstance(error, InternalServerError):
        log.error("http.fault", exc_info=error.original_exception or error)
    kind = _BY_STATUS.get(status, web_errors.BadRequest if status < 500 else web_errors.InternalFault)
    messages = (getattr(error, "data", None) or {}).get("messages") or {}
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return from_refusal(kind(errors=list(islice(pointers(messages), MOST_ERRORS))), headers)


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
            yield {"pointer": path, "detail": in_both_languages(str(text))}


def slug(code: str) -> str:
    """Return the last part of a problem's type: ``OUT_OF_STOCK`` becomes ``out-of-stock``."""
    return code.lower().replace("_", "-")
