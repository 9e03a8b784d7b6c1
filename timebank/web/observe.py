"""What operators see: request ids, one log line a request, metrics, health, and security headers on every answer.

Logs carry the route's pattern, never the address with its query, and nothing of body or headers.
"""

import logging
import os
import re
import sys
import time
from pathlib import Path
from typing import TextIO, cast

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from timebank.database import in_unit_of_work, new_id, session

pages = Blueprint("operations", __name__)
log = structlog.get_logger()

REQUESTS = Counter("timebank_requests_total", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram("timebank_request_seconds", "Time to answer", ["method", "route"])

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_REVISION = re.compile(r"""^(revision|down_revision) = ["'](\w+)["']$""", re.MULTILINE)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class StandardOutput:
    """Standard output as it is when a line is written: loggers outlive what `sys.stdout` was when they were made."""

    def write(self, text: str) -> int:
        """Write to standard output."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Send what was written on its way."""
        sys.stdout.flush()


def set_up_logging() -> None:
    """Write structured JSON lines to standard output, stamped with wall time and the request's id."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", StandardOutput())),
        cache_logger_on_first_use=True,
    )


def init_app(app: Flask) -> None:
    """Observe every request of this application."""
    app.before_request(_begin)
    app.after_request(_end)
    app.register_blueprint(pages)


def _begin() -> None:
    g.started = time.perf_counter()
    offered = request.headers.get("X-Request-Id", "")
    g.request_id = offered if _REQUEST_ID.fullmatch(offered) else str(new_id())
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.started
    route = request.url_rule.rule if request.url_rule else "unmatched"
    # Anyone can invent a method; each would be a new time series, kept for ever.
    method = request.method if request.method in _METHODS else "other"
    REQUESTS.labels(method, route, response.status_code).inc()
    SECONDS.labels(method, route).observe(seconds)
    log.info(
        "http.request_answered",
        method=method,
        route=route,
        status=response.status_code,
        code=g.get("problem_code"),
        milliseconds=round(seconds * 1000, 1),
    )
    structlog.contextvars.unbind_contextvars("request_id")
    response.headers["X-Request-Id"] = g.request_id
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@pages.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process is alive."""
    return {"status": "ok"}


@pages.get("/readyz")
def readyz() -> tuple[dict[str, str], int]:
    """Say whether the database is reachable and migrated to this code's head."""
    try:
        at = in_unit_of_work(
            lambda: session.execute(text("SELECT version_num FROM alembic_version")).scalar(), write=False
        )
    except SQLAlchemyError:
        return {"status": "unavailable", "reason": "database"}, 503
    if at != current_app.extensions["timebank-migration-head"]:
        return {"status": "unavailable", "reason": "migrations"}, 503
    return {"status": "ok"}, 200


@pages.get("/metrics")
def metrics() -> Response:
    """Serve Prometheus metrics; with several workers, of all of them (PROMETHEUS_MULTIPROC_DIR)."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def migration_head(directory: Path) -> str:
    """Return the newest revision that this code brings along: the one that is below no other.

    Read from the files' text, for alembic would run each of them, in every worker. Raises ValueError if there are several.
    """
    found = {name: set[str]() for name in ("revision", "down_revision")}
    for path in (directory / "versions").glob("*.py"):
        for name, revision in _REVISION.findall(path.read_text(encoding="utf-8")):
            found[name].add(revision)
    [head] = found["revision"] - found["down_revision"]
    return head
