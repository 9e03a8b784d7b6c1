"""Looking up what a code names at the counter; it changes nothing.

Codes work only for the staff of the shop. What names nothing leaves a trace, and ten traces in ten minutes lock the
device or the clerk out (``lock_outs``); a genuine code that cannot be used here says why and is no miss. Nobody is ever
looked up by name or telephone number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, true

from timebank import clock
from timebank.codes.book import CodeBook
from timebank.codes.errors import TokenFromFuture, TokenInvalid, TokenMalformed
from timebank.codes.layouts import Code, Kind, Member, Pickup
from timebank.codes.normalise import pickup_number
from timebank.database import session
from timebank.errors import Refusal
from timebank.identity import queries as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.shop import queries
from timebank.shop.counter.errors import CodeOfAnotherShop, NotACounterCode
from timebank.shop.counter.lock_outs import missed, refuse_locked_out
from timebank.shop.errors import CodeAmbiguous
from timebank.shop.models import Redemption
from timebank.shop.redemption.reservations import refuse_closed
from timebank.shop.rules import RedemptionState, state_at
from timebank.shop.staff import sites_of


@dataclass(frozen=True, slots=True)
class Found:
    """What a code names: a redemption with its owner, or a member; and what (else) is held for them here.

    ``site_id`` is the shop, unless a member code was looked up by a clerk of several.
    """

    person: Person
    redemption: Redemption | None
    held: list[Redemption]
    site_id: UUID | None


def lookup(*, actor: Actor, scanned: str, book: CodeBook, site_id: UUID | None = None) -> Found:
    """Return what a pickup QR, eight digits or a member code names at the actor's shops (or one of them).

    Raises CounterLocked, CodeNotFound (which leaves a trace), CodeOfAnotherShop, NotACounterCode, CodeAmbiguous,
    TokenExpired, TokenFromFuture, and for a redemption that is no longer held AlreadyHandedOver, RedemptionCancelled or
    HoldExpired.
    """
    refuse_locked_out(actor)
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
            raise _elsewhere(actor, code)
        return _redemption_found(redemption, now)
    person = _member(actor, code.reference)
    here = site_id or (actor.device.site_id if actor.device else None)
    return Found(person, None, queries.held_for(person.id, now, at_sites), here)


def _by_digits(actor: Actor, digits: str, at_sites: ColumnElement[bool], now: datetime) -> Redemption:
    matches = queries.by_pickup_code(digits, at_sites)
    if not matches:
        raise missed(actor)
    held = [one for one in matches if state_at(one.state, one.expires_at, now) is RedemptionState.HELD]
    if len(held) > 1:
        raise CodeAmbiguous
    return (held or matches)[0]


def _redemption_found(redemption: Redemption, now: datetime) -> Found:
    refuse_closed(redemption, now)
    held = queries.held_for(redemption.person_id, now, Site.id == redemption.site_id)
    others = [one for one in held if one.id != redemption.id]
    return Found(session.get_one(Person, redemption.person_id), redemption, others, redemption.site_id)


def member_at_counter(*, actor: Actor, scanned: str, book: CodeBook) -> tuple[Member, Person]:
    """Return the member code in ``scanned`` and whose it is.

    Raises CounterLocked, CodeNotFound (which leaves a trace), NotACounterCode, TokenExpired, TokenFromFuture.
    """
    refuse_locked_out(actor)
    if pickup_number(scanned) is not None:
        raise NotACounterCode
    code = _read(actor, scanned, book, (Kind.MEMBER,), clock.now())
    if not isinstance(code, Member):
        raise missed(actor)
    return code, _member(actor, code.reference)


def _read(actor: Actor, scanned: str, book: CodeBook, kinds: tuple[Kind, ...], now: datetime) -> Code:
    try:
        return book.read(scanned, now=now, kinds=kinds)
    except TokenMalformed as error:
        raise missed(actor) from error
    except TokenInvalid as error:
        if _is_genuine(scanned, book, now):
            raise NotACounterCode from error
        raise missed(actor) from error


def _is_genuine(scanned: str, book: CodeBook, now: datetime) -> bool:
    """Whether we have signed what was scanned, whatever it is for and however old."""
    try:
        book.read(scanned, now=now, late=timedelta.max)
    except TokenInvalid:
        return False
    except TokenFromFuture:
        return True
    return True


def _elsewhere(actor: Actor, code: Pickup) -> Refusal:
    """Return why a genuine pickup code finds nothing here: it is another shop's, or of nothing at all."""
    known = queries.by_ref(code.reference, true())
    return missed(actor) if known is None else CodeOfAnotherShop()


def _member(actor: Actor, member_ref: str) -> Person:
    person = identity.person_by_member_ref(member_ref)
    if person is None:
        raise missed(actor)
    return person
