"""From what a phone sends to what was scanned: a code, or the ticket that a code became."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank.codes.book import CodeBook
from timebank.codes.errors import TokenMalformed
from timebank.codes.layouts import Kind
from timebank.codes.signing import Keys
from timebank.codes.tickets import read_ticket

TICKET = "T"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What came with a request: a code or a ticket, the shift of a staff scan, and a keyed hash of the device's id."""

    token: str | None = None
    ticket: str | None = None
    shift_id: UUID | None = None
    device_hash: bytes | None = None

    @property
    def hash(self) -> bytes:
        """What is kept of it: enough to know it again, useless to whoever reads the table."""
        return hashlib.sha256((self.token or self.ticket or "").encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A genuine scan in time: the reference of a point or of a member, and the instant that counts."""

    kind: str
    reference: str
    at: datetime

    @property
    def of_member(self) -> bool:
        """Whether a member's code was scanned, so that the scanner is staff."""
        return self.kind == Kind.MEMBER


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
            return Seen(kind=TICKET, reference=ticket.point, at=ticket.scanned_at)
        if presented.token is None:
            raise TokenMalformed
        code = self.book.read(presented.token, now=now, kinds=kinds)
        return Seen(kind=code.kind, reference=code.reference, at=now)
