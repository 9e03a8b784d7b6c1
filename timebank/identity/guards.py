"""Who may come in: guards that run before a body is parsed, and the actor that they find."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from flask import g, request

from timebank.database import in_unit_of_work, session
from timebank.errors import Forbidden
from timebank.identity import devices, queries
from timebank.identity.device_errors import DeviceNotForThis, NotOnItsDevice
from timebank.identity.device_rules import DeviceKind, Enrolled
from timebank.identity.rules import Actor, Role
from timebank.web import tokens
from timebank.web.blueprint import Guard
from timebank.web.errors import SessionExpired, Unauthenticated

Found = TypeVar("Found")

DEVICE_TOKEN = "X-Device-Token"  # noqa: S105 - the name of a header


def signed_in() -> None:
    """Let in whoever brings a good token; that their session still stands is asked in the unit of work."""
    tokens.let_in()


def signing_out() -> None:
    """Let in whoever brings a good token, also of a session that has been ended: who signs out twice has signed out."""
    tokens.bearer()


def requires(*roles: Role) -> Guard:
    """Return a guard that lets in whoever holds one of ``roles`` now, wherever; scope is the service's question."""

    def guard() -> None:
        if not actor().holds(*roles):
            raise Forbidden

    guard.roles = roles  # type: ignore[attr-defined]
    return guard


def person_id() -> UUID:
    """Return who is signed in."""
    return tokens.bearer().person_id


def a_device() -> None:
    """Let in a device that proves itself by its token; nobody needs to be signed in.

    Raises Unauthenticated without a token, DeviceRevoked with one that is none.
    """
    if device() is None:
        raise Unauthenticated


def a_screen() -> None:
    """Let in a screen. Raises Unauthenticated, DeviceRevoked, DeviceNotForThis."""
    a_device()
    _refuse_other_kinds(device(), DeviceKind.SCREEN)


def signed_in_or_a_screen() -> None:
    """Let in whoever brings a good token, and a screen with nobody signed in."""
    if on_a_screen():
        a_screen()
    else:
        signed_in()


def on_a_screen() -> bool:
    """Whether the request brings a device's token and nobody's own."""
    return DEVICE_TOKEN in request.headers and "Authorization" not in request.headers


a_device.security = a_screen.security = [{"device": []}]  # type: ignore[attr-defined]
signed_in_or_a_screen.security = [{"bearer": []}, {"device": []}]  # type: ignore[attr-defined]


def device() -> Enrolled | None:
    """Return the enrolled device that the request names, None if it names none. Raises DeviceRevoked.

    That it was seen is written every few minutes, and only before the work begins.
    """
    if DEVICE_TOKEN not in request.headers:
        return None
    if "device" not in g:
        found, stale = _looked_up(lambda: devices.recognised(request.headers[DEVICE_TOKEN]))
        if stale and not session().in_transaction():
            in_unit_of_work(lambda: devices.seen(found.id))
        g.device = found
    known: Enrolled = g.device
    return known


def actor() -> Actor:
    """Return who acts, with their grants as they stand now (one query a request, none before it is asked for).

    A session that was ended acts no more. Whoever acts on an enrolled device is bound to its shop, and a session that was
    opened on one acts on that one only: leaving the header out frees nobody.

    Raises SessionExpired, DeviceRevoked, DeviceNotForThis, NotOnItsDevice.
    """
    if "actor" not in g:
        who = person_id()
        on = device()
        _refuse_other_kinds(on, DeviceKind.TILL)
        bearer = tokens.bearer()
        found = _looked_up(lambda: queries.actor_in(who, bearer.session_id))
        if found is None:
            raise SessionExpired
        if bearer.device_id is not None and (on is None or on.id != bearer.device_id):
            raise NotOnItsDevice
        tokens.let_in()
        tokens.session_stands()
        g.actor = replace(found, device=on) if on else found
    acting: Actor = g.actor
    return acting


def _refuse_other_kinds(on: Enrolled | None, kind: DeviceKind) -> None:
    if on is not None and on.kind is not kind:
        raise DeviceNotForThis(kind=on.kind)


def _looked_up(look: Callable[[], Found]) -> Found:
    """Look inside the unit of work that is under way, or (in a guard) in a short reading one."""
    return look() if session().in_transaction() else in_unit_of_work(look, write=False)
