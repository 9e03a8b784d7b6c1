"""Roles, states, and the lifetimes of what people sign in with."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from timebank.identity.device_rules import Enrolled

REFRESH_LIFETIME = timedelta(days=30)
LOCK_OUT_AFTER = 10
LOCK_OUT_WINDOW = timedelta(minutes=10)


class Role(StrEnum):
    """What a person may do; everyone is a volunteer, the others are granted with a scope."""

    VOLUNTEER = "volunteer"
    COUNTER = "counter"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    ADMIN = "admin"


class PersonState(StrEnum):
    """Whether a person may act: rule R26, each change with who and why."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"
    DECEASED = "deceased"


class Kinship(StrEnum):
    """What somebody is to somebody else. All of them count where nobody may decide for a relative.

    They are the 近亲属 of 民法典 1045: spouse, parents, children, siblings, grandparents, grandchildren.
    """

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"


DIRECT = frozenset(Kinship) - {Kinship.SIBLING}
"""直系亲属, who may be given minutes (rule R22): the spouse and the direct line, up and down."""

_SEEN_FROM_THERE = {
    Kinship.PARENT: Kinship.CHILD,
    Kinship.CHILD: Kinship.PARENT,
    Kinship.GRANDPARENT: Kinship.GRANDCHILD,
    Kinship.GRANDCHILD: Kinship.GRANDPARENT,
}


def seen_from_there(kinship: Kinship) -> Kinship:
    """Return what the one is to the other, given what the other is to the one."""
    return _SEEN_FROM_THERE.get(kinship, kinship)


class RelationState(StrEnum):
    """How far a family relation is: proposed by one, confirmed by the other, verified by staff; or rejected, or ended."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    VERIFIED = "verified"
    REJECTED = "rejected"
    ENDED = "ended"


OPEN_RELATION = (RelationState.PROPOSED, RelationState.CONFIRMED, RelationState.VERIFIED)


class Purpose(StrEnum):
    """What somebody may agree to, each by itself (PIPL 29: what is sensitive needs a consent of its own).

    ``service_record``: that service is recorded (令67 art 6). ``location``: that a phone's place is held against the
    fence of a site at check-in; only inside or outside and a rounded distance are kept (rule R37). ``minor_service``:
    that somebody under 18 serves, given by a guardian (rule R38).
    """

    SERVICE_RECORD = "service_record"
    LOCATION = "location"
    MINOR_SERVICE = "minor_service"


class Via(StrEnum):
    """Who spoke: the person, their guardian, or staff who enter a paper form."""

    SELF = "self"
    GUARDIAN = "guardian"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role and where it holds: one organisation, or an area subtree (``""`` is the whole bank)."""

    role: Role
    organisation_id: UUID | None = None
    area_path: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A shop that a clerk is bound to: of that organisation's shops their counter grant reaches those only."""

    organisation_id: UUID
    site_id: UUID


@dataclass(frozen=True, slots=True)
class Reach:
    """A role that was found to reach an organisation when somebody acted there."""

    role: Role
    organisation_id: UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with every grant they hold at this moment, and the enrolled device that they act on, if they do.

    ``acted`` grows by what their grants were found to reach, so that the audit log knows in which role they acted where.
    """

    person_id: UUID
    grants: tuple[Grant, ...] = ()
    posts: tuple[Post, ...] = ()
    device: Enrolled | None = None
    acted: list[Reach] = field(default_factory=list, compare=False, repr=False)

    def holds(self, *roles: Role) -> bool:
        """Whether any grant carries one of ``roles``, wherever it holds."""
        return any(grant.role in roles for grant in self.grants)

    def role_names(self) -> list[str]:
        """Return the names of all roles, ``volunteer`` first."""
        return [Role.VOLUNTEER, *sorted({grant.role for grant in self.grants})]


def new_volunteer_no() -> str:
    """Return a random volunteer number of ten digits, the last a Luhn check digit; it says nothing about its person.

    Rule R18: our own number; the document number is never shown.
    """
    digits = f"{secrets.randbelow(9 * 10**8) + 10**8}"
    return digits + str(luhn_digit(digits))


def name_until_given(volunteer_no: str) -> str:
    """Return what somebody is called until they give their name: it is no name, and is certified to nobody."""
    return f"志愿者{volunteer_no[-4:]}"


def is_volunteer_no(text: str) -> bool:
    """Whether ``text`` can be a volunteer number: ten digits, the last of which checks the others."""
    digits = text.isascii() and text.isdigit() and len(text) == 10
    return digits and luhn_digit(text[:-1]) == int(text[-1])


def luhn_digit(digits: str) -> int:
    """Return the Luhn check digit of ``digits``: it catches every mistyped digit and most swaps."""
    doubled = [int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def new_refresh_token() -> str:
    """Return a fresh refresh token of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is kept of a refresh token: enough to know it again, useless to whoever reads the table."""
    return hashlib.sha256(token.encode()).digest()


def masked_name(name: str) -> str:
    """Return a name as lists, counters and exports show it (rule R39): its first character, and not how long it is."""
    return name[:1] + "*" * min(2, max(1, len(name) - 1))
