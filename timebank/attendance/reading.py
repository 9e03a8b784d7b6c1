"""From what a phone sends to what was scanned: a code, or the ticket that a code became."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank.attendance.arrivals import NOTHING_BROUGHT, Brought
from timebank.codes.book import CodeBook
from timebank.codes.errors import TokenMalformed
from timebank.codes.layouts import Kind, Printed
from timebank.codes.signing import Keys
from timebank.codes.tickets import read_ticket
from timebank.records.rules import Flag

TICKET = "T"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What came with a request: a code or a ticket, the shift of a staff scan, a keyed hash of the device's id, the rest."""

    token: str | None = None
    ticket: str | None = None
    shift_id: UUID | None = None
    device_hash: bytes | None = None
    brought: Brought = NOTHING_BROUGHT

    @property
    def hash(self) -> bytes:
        """What is kept of it: enough to know it again, useless to whoever reads the table."""
        return hashlib.sha256((self.token or self.ticket or "").encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A genuine scan in time: the reference of a point or of a member, and the instant that counts.

    ``serial`` is what a printed code carries: whether it is still the newest, a table knows. ``doubts`` come from the
    scan itself: a poster says nothing about when it was scanned, a late scan was not seen when it happened.
    """

    kind: str
    reference: str
    at: datetime
    serial: int | None = None
    doubts: frozenset[Flag] = frozenset()

    @property
    def of_member(self) -> bool:
        """Whether a member's code or card was scanned, so that the scanner is staff."""
        return self.kind in {Kind.MEMBER, Kind.CARD}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads codes and tickets with the keys of this installation."""

    book: CodeBook
    keys: Keys

    def read(self, presented: Presented, *, actor_id: UUID, now: datetime, kinds: tuple[Kind, ...]) -> Seen:
        """Return what was scanned. Raises TOKEN_MALFORMED, _INVALID, _FROM_FUTURE, _EXPIRED, TICKET_EXPIRED, _NOT_YOURS.

        A ticket dates the scan: who scanned in time is not late because the phone asked for their location first.
        """
        if presented.ticket is not None:
            ticket = read_ticket(self.keys, presented.ticket, volunteer_id=actor_id, now=now)
            return Seen(kind=TICKET, reference=ticket.point, at=ticket.scanned_at, doubts=doubts_of(ticket.kind))
        if presented.token is None:
            raise TokenMalformed
        code = self.book.read(presented.token, now=now, kinds=kinds)
        serial = code.serial if isinstance(code, Printed) else None
        return Seen(kind=code.kind, reference=code.reference, at=now, serial=serial, doubts=doubts_of(code.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Reader):
    """Hands on what was read before: a scan that a phone has kept is read once to be put in its place in time."""

    seen: Seen

    def read(self, presented: Presented, *, actor_id: UUID, now: datetime, kinds: tuple[Kind, ...]) -> Seen:  # noqa: ARG002 - as Reader
        """Return what was scanned."""
        return self.seen


def doubts_of(kind: Kind) -> frozenset[Flag]:
    """Return what is doubtful about every code of a kind: a photo of a poster is as good as the poster."""
    return frozenset({Flag.STATIC_CODE}) if kind is Kind.POSTER else frozenset()
