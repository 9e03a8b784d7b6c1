"""What devices there are, how long their codes live, and what is kept of codes and tokens."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

CODE_LENGTH = 8
CODE_LIFE = timedelta(minutes=15)
"""So long a code enrols a device: the time to walk from the office to the counter."""
SEEN_EVERY = timedelta(minutes=5)
"""That a device was seen is written at most so often, not with each request."""
MAX_TOKEN = 200


class DeviceKind(StrEnum):
    """What a device is for: a shop's till with a clerk signed in, or a screen that shows codes with nobody signed in."""

    TILL = "till"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The device that a request comes from: it is bound to one site."""

    id: UUID
    site_id: UUID
    kind: DeviceKind


def new_token() -> str:
    """Return a fresh device token of 256 random bits."""
    return secrets.token_urlsafe(32)


def code_hash(code: str, key: bytes) -> bytes:
    """Return what is kept of an enrolment code: eight characters could be guessed from a hash without a key."""
    return hmac.digest(key, b"device-code\n" + code.encode(), hashlib.sha256)
