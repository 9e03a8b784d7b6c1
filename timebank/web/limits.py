"""Rate limits, by person when the token is good and by address otherwise. Counts are kept per process, on wall time."""

from typing import NoReturn

from flask import Flask
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address

from timebank import clock
from timebank.errors import Refusal
from timebank.web import tokens
from timebank.web.errors import RateLimited


def caller() -> str:
    """Return whose requests are counted together: the signed-in person, or the address."""
    try:
        return f"person:{tokens.bearer().person_id}"
    except Refusal:
        return f"address:{get_remote_address()}"


def refuse(breached: RequestLimit) -> NoReturn:
    """Refuse, and say in how many seconds the caller may come back."""
    raise RateLimited(retry_after_seconds=max(1, breached.reset_at - int(clock.wall().timestamp())))


limiter = Limiter(key_func=caller, storage_uri="memory://", strategy="fixed-window", on_breach=refuse)

SIGN_IN = "600/minute"
"""Sign-ins from one address: a street office behind one router, not a guessing machine (guesses lock out sooner)."""
SCANS = "120/minute"
"""Scans, check-ins and check-outs of one person: a team leader with a queue, not a script."""
LOOKUPS = "120/minute"
"""Codes typed or scanned at one counter."""


def init_app(app: Flask) -> None:
    """Count requests of this application."""
    limiter.init_app(app)
