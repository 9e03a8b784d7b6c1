"""The scan ticket: what a first scan becomes, so that a slow sign-in or a location prompt does not expire it.

Opaque and URL-safe: ``t1.`` and 76 characters of base64url over kind, point, instants, volunteer and a MAC. Neither its
length nor its dot can be mistaken for a code.
"""

import base64
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from timebank.clock import microseconds
from timebank.codes import signing
from timebank.codes.errors import TicketExpired, TicketNotYours, TokenInvalid, TokenMalformed
from timebank.codes.layouts import Kind, Poster, Rotating, utc_text
from timebank.codes.signing import Keys

LIFE = timedelta(minutes=5)

_LABEL = "timebank/ticket/1"
_FACTS = struct.Struct(">c8sqq16s")
"""Kind, point, scanned at and expires at (microseconds since 1970), volunteer."""
_MAC_BYTES = 16
# 57 bytes are 76 characters exactly. With padding or spare bits, two texts would decode to the same ticket.
_SHAPE = re.compile(r"t1\.([A-Za-z0-9_-]{76})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Proof that ``volunteer_id`` has scanned the code of ``point`` in time; worth something until ``expires_at``."""

    kind: Kind
    point: str
    scanned_at: datetime
    volunteer_id: UUID
    expires_at: datetime

    @classmethod
    def after_scan(cls, code: Rotating | Poster, *, volunteer_id: UUID, now: datetime) -> Self:
        """Return the ticket for ``code`` scanned at ``now``; a rotating code dates the scan by its own step."""
        return cls(
            kind=code.kind,
            point=code.reference,
            scanned_at=code.starts_at if isinstance(code, Rotating) else now,
            volunteer_id=volunteer_id,
            expires_at=now + LIFE,
        )


def issue_ticket(keys: Keys, ticket: Ticket) -> str:
    """Return the text of ``ticket``, signed with the newest key."""
    facts = _FACTS.pack(
        ticket.kind.encode(),
        ticket.point.encode(),
        microseconds(ticket.scanned_at),
        microseconds(ticket.expires_at),
        ticket.volunteer_id.bytes,
    )
    return "t1." + base64.urlsafe_b64encode(facts + _mac(signing.live(keys)[0], facts)).decode()


def read_ticket(keys: Keys, text: str, *, volunteer_id: UUID, now: datetime) -> Ticket:
    """Return the genuine ticket in ``text`` if it is ``volunteer_id``'s and not over at ``now``.

    Raises:
        TokenMalformed: The text is no ticket.
        TokenInvalid: No live key has signed it.
        TicketNotYours: It belongs to another volunteer.
        TicketExpired: Its five minutes are over.
    """
    ticket = _read_genuine(keys, text)
    if ticket.volunteer_id != volunteer_id:
        raise TicketNotYours
    if now >= ticket.expires_at:
        raise TicketExpired(expired_at=utc_text(ticket.expires_at))
    return ticket


def _read_genuine(keys: Keys, text: str) -> Ticket:
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise TokenMalformed
    raw = base64.urlsafe_b64decode(shape[1])
    facts, given = raw[: _FACTS.size], raw[_FACTS.size :]
    if not any(hmac.compare_digest(given, _mac(key, facts)) for key in signing.live(keys)):
        raise TokenInvalid
    kind, point, scanned_at, expires_at, volunteer = _FACTS.unpack(facts)
    return Ticket(
        kind=Kind(kind.decode()),
        point=point.decode(),
        scanned_at=_instant(scanned_at),
        volunteer_id=UUID(bytes=volunteer),
        expires_at=_instant(expires_at),
    )


def _mac(key: bytes, facts: bytes) -> bytes:
    return signing.digest(key, _LABEL, facts)[:_MAC_BYTES]


def _instant(since_1970: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since_1970)
