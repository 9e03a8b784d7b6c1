"""Looking up what a code names at the counter; it changes nothing.

Codes work only for the staff of the shop. What names nothing leaves a trace, and ten traces in ten minutes lock the
clerk out; the codes themselves are not kept.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement

from timebank import clock
from timebank.codes.book import CodeBook
from timebank.codes.errors import TokenInvalid, TokenMalformed
from timebank.codes.layouts import Code, Kind, Member, Pickup
from timebank.codes.normalise import pickup_number
from timebank.database import new_id, session
from timebank.identity import queries as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.shop import queries
from timebank.shop.errors import CodeAmbiguous, CodeNotFound, CounterLocked
from timebank.shop.models import MissedCode, Redemption
from timebank.shop.reservations import refuse_closed
from timebank.shop.rules import LOCK_OUT_AFTER, LOCK_OUT_WINDOW, RedemptionState, state_at
from timebank.shop.staff import sites_of


@dataclass(frozen=True, slots=True)
class Found:
    """What a code names: a redemption with its owner, or a member with what is held for them here."""

    person: Person
    redemption: Redemption | None
    held: list[Redemption]


def lookup(*, actor: Actor, scanned: str, book: CodeBook, site_id: UUID | None = None) -> Found:
    """Return what a pickup QR, eight digits or a member code names at the actor's shops (or one of them).

    Raises CounterLocked, CodeNotFound (which leaves a trace), CodeAmbiguous, TokenExpired, TokenFromFuture, and for a
    redemption that is no longer held AlreadyHandedOver, RedemptionCancelled or HoldExpired.
    """
    _refuse_locked_out(actor.person_id)
    at_sites = sites_of(actor)
    if site_id is not None:
        at_sites = at_sites & (Site.id == site_id)
    now = clock.now()
    digits = pickup_number(scanned)
    if digits is not None:
        return _redemption_found(_by_digits(actor, digits, at_sites, now), now)
    code = _read(actor, scanned, book, (Kind.PICKUP, Kind.MEMBER), now)
    if isinstance(code, Pickup):
        redemption = queries.by_ref(code.reference, at_sites)
        if redemption is None:
            raise _missed(actor)
        return _redemption_found(redemption, now)
    person = _member(actor, code.reference)
    return Found(person, None, queries.held_for(person.id, now, at_sites))


def _by_digits(actor: Actor, digits: str, at_sites: ColumnElement[bool], now: datetime) -> Redemption:
    matches = queries.by_pickup_code(digits, at_sites)
    if not matches:
        raise _missed(actor)
    held = [one for one in matches if state_at(one.state, one.expires_at, now) is RedemptionState.HELD]
    if len(held) > 1:
        raise CodeAmbiguous
    return (held or matches)[0]


def _redemption_found(redemption: Redemption, now: datetime) -> Found:
    refuse_closed(redemption, now)
    return Found(session.get_one(Person, redemption.person_id), redemption, [])


def member_at_counter(*, actor: Actor, scanned: str, book: CodeBook) -> tuple[Member, Person]:
    """Return the member code in ``scanned`` and whose it is.

    Raises CounterLocked, CodeNotFound (which leaves a trace), TokenExpired, TokenFromFuture.
    """
    _refuse_locked_out(actor.person_id)
    code = _read(actor, scanned, book, (Kind.MEMBER,), clock.now())
    if not isinstance(code, Member):
        raise _missed(actor)
    return code, _member(actor, code.reference)


def _read(actor: Actor, scanned: str, book: CodeBook, kinds: tuple[Kind, ...], now: datetime) -> Code:
    try:
        return book.read(scanned, now=now, kinds=kinds)
    except (TokenMalformed, TokenInvalid) as error:
        raise _missed(actor) from error


def _member(actor: Actor, member_ref: str) -> Person:
    person = identity.person_by_member_ref(member_ref)
    if person is None:
        raise _missed(actor)
    return person


def _missed(actor: Actor) -> CodeNotFound:
    refusal = CodeNotFound()
    refusal.leaves_trace(partial(_keep_miss, actor.person_id))
    return refusal


def _keep_miss(clerk_id: UUID) -> None:
    session.add(MissedCode(id=new_id(), clerk_id=clerk_id, missed_at=clock.wall()))


def _refuse_locked_out(clerk_id: UUID) -> None:
    misses, first = queries.misses_since(clerk_id, clock.wall() - LOCK_OUT_WINDOW)
    if misses >= LOCK_OUT_AFTER and first is not None:
        seconds = max(1, math.ceil((first + LOCK_OUT_WINDOW - clock.wall()).total_seconds()))
        raise CounterLocked(wait_minutes=math.ceil(seconds / 60), retry_after_seconds=seconds)
