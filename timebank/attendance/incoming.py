"""What every request with a scan in it brings along: the keys that read it, and the device that sent it."""

import hmac

from flask import current_app, request

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


def device_hash() -> bytes | None:
    """Return a keyed hash of the random id that a phone gives itself; the id itself is never kept."""
    device = request.headers.get("X-Device-Id", "")
    if not 0 < len(device) <= MAX_DEVICE_ID:
        return None
    return hmac.digest(_settings().keys("device")[0], device.encode(), "sha256")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["timebank-settings"]
    return settings
