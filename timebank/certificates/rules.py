"""What a certificate says, how it is numbered and hashed, and what can become of it. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from timebank.codes.errors import TokenMalformed
from timebank.codes.normalise import normalise
from timebank.records.rules import Provenance

CHECK_LENGTH = 6
"""Characters at the end of a number that nobody can guess: whoever counts numbers up finds nobody's certificate."""
TOKEN_LENGTH = 26
"""Characters of what the QR code carries: 130 random bits."""
SALT_LENGTH = 26
MAX_ENTRIES = 1_000
"""Records on one certificate; whoever has more chooses a period."""
VERSION = 1
"""Of the canonical form that is hashed."""


class Channel(StrEnum):
    """Who asked: the volunteer on their own phone, or staff for somebody without one."""

    SELF = "self"
    STAFF = "staff"


class Status(StrEnum):
    """What can be relied on: all of it, no longer what it says, or nothing."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


def status_of(*, revoked: bool, superseded: bool) -> Status:
    """Return the status that follows from the facts; a revocation is final."""
    if revoked:
        return Status.REVOKED
    return Status.SUPERSEDED if superseded else Status.VALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certified service, as the revision says it (令67 art 7: activity, date, place, content, time)."""

    record_id: UUID
    revision_id: UUID
    revision: int
    activity_name: str
    content: str
    served_on: date
    place: str
    provenance: Provenance
    service_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Everybody who is named: the holder, and who answers at the recording unit. ``holder_name`` is gone once erased.

    ``document`` is masked before it comes here. ``salt`` keeps the hash from being guessed back into a name.
    """

    holder_name: str | None
    document: str | None
    volunteer_no: str | None
    person_in_charge: str | None
    handler: str | None
    contact: str | None
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All that a certificate says."""

    number: str
    organisation_id: UUID
    organisation_name: str
    first_on: date | None
    last_on: date | None
    issued_on: date
    verify_url: str
    seal_n: int | None
    seal_hash: str | None
    names: Names
    entries: tuple[Entry, ...]

    @property
    def service_minutes(self) -> int:
        """Whole minutes of all entries."""
        return sum(entry.service_minutes for entry in self.entries)

    @property
    def served_from(self) -> date:
        """The day of the first service."""
        return min(entry.served_on for entry in self.entries)

    @property
    def served_until(self) -> date:
        """The day of the last service."""
        return max(entry.served_on for entry in self.entries)

    def canonical(self) -> bytes:
        """Return the one form that is hashed: JSON in UTF-8, keys sorted, no blanks."""
        said: dict[str, Any] = {
            "version": VERSION,
            "number": self.number,
            "organisation": {"id": str(self.organisation_id), "name": self.organisation_name},
            "period": {"first_on": _day(self.first_on), "last_on": _day(self.last_on)},
            "issued_on": self.issued_on.isoformat(),
            "verify_url": self.verify_url,
            "seal": {"n": self.seal_n, "hash": self.seal_hash} if self.seal_n else None,
            "names": {name: getattr(self.names, name) for name in Names.__dataclass_fields__},
            "entries": [_entry(entry) for entry in self.entries],
            "service_minutes": self.service_minutes,
        }
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """Return the SHA-256 of the canonical form, hex."""
        return hashlib.sha256(self.canonical()).hexdigest()


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "record_id": str(entry.record_id),
        "revision": entry.revision,
        "activity_name": entry.activity_name,
        "content": entry.content,
        "served_on": entry.served_on.isoformat(),
        "place": entry.place,
        "provenance": str(entry.provenance),
        "service_minutes": entry.service_minutes,
    }


def by_provenance(entries: Iterable[Entry]) -> dict[Provenance, int]:
    """Return the minutes of each provenance, every one named (rule R09)."""
    totals = dict.fromkeys(Provenance, 0)
    for entry in entries:
        totals[entry.provenance] += entry.service_minutes
    return totals


def hours(minutes: int) -> str:
    """Return minutes as hours with one decimal, rounded down: nobody is certified time that they did not serve."""
    tenths = minutes * 10 // 60
    return f"{tenths // 10}.{tenths % 10}"


def number_of(*, year: int, sequence: int, check: str) -> str:
    """Return a number as it is printed: ``2026-000012-K7Q2MX``; the middle has no gaps in an organisation's year."""
    return f"{year}-{sequence:06}-{check}"


def asked_for(code: str) -> str | None:
    """Return the token or number that somebody has scanned or typed, as it is kept; None if it can be neither.

    Blanks and hyphens do not matter, nor do small letters, full-width ones, and O for 0.
    """
    try:
        plain = normalise("".join(code.replace("-", "").replace("－", "").split()))
    except TokenMalformed:
        return None
    if len(plain) == TOKEN_LENGTH:
        return plain
    year, sequence, check = plain[:4], plain[4:-CHECK_LENGTH], plain[-CHECK_LENGTH:]
    return f"{year}-{sequence}-{check}" if len(sequence) >= CHECK_LENGTH else None
