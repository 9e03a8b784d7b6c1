"""Who may come in: guards that run before a body is parsed, and the actor that they find."""

from uuid import UUID

from flask import g

from timebank.database import in_unit_of_work, session
from timebank.errors import Forbidden
from timebank.identity import queries
from timebank.identity.rules import Actor, Role
from timebank.web import tokens
from timebank.web.blueprint import Guard


def signed_in() -> None:
    """Let in whoever brings a good token; costs no query."""
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


def actor() -> Actor:
    """Return who acts, with their grants as they stand now (one query a request, none before it is asked for)."""
    if "actor" not in g:
        who = person_id()
        # Inside a unit of work its own transaction serves; before it (in a guard) a short reading one does.
        inside = session().in_transaction()
        grants = queries.grants_of(who) if inside else in_unit_of_work(lambda: queries.grants_of(who), write=False)
        g.actor = Actor(who, grants)
    found: Actor = g.actor
    return found
