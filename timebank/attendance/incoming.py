"""What every request with a scan in it brings along: the keys that read it, and the device that sent it."""

import hmac
from typing import Any

from flask import current_app, request

from timebank.attendance.arrivals import Brought
from timebank.attendance.places import Located
from timebank.attendance.reading import Reader
from timebank.codes.book import CodeBook
from timebank.settings import Settings

MAX_DEVICE_ID = 200


def book() -> CodeBook:
    """Return the book of codes of this application."""
    found: CodeBook = current_app.extensions["timebank-codes"]
    return found


def reader() -> Reader:
    """Return what reads codes and tickets with the keys of this application."""
    return Reader(book(), _settings().keys("codes"))


def brought(body: dict[str, Any], *, kept: bool = False) -> Brought:
    """Return what came with a scan besides its code; a place is looked at and forgotten."""
    location = body.get("location")
    return Brought(
        located=Located(**location) if location else None,
        guardian_present=body.get("guardian_present", False),
        kept=kept,
    )


def device_hash() -> bytes | None:
    """Return a keyed hash of the random id that a phone gives itself; the id itself is never kept."""
    device = request.headers.get("X-Device-Id", "")
    if not 0 < len(device) <= MAX_DEVICE_ID:
        return None
    return hmac.digest(_settings().keys("device")[0], device.encode(), "sha256")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["timebank-settings"]
    return settings
