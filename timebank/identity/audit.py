"""The audit log: one line for each act of staff that somebody may ask about later (rules R38, R39; 网络安全法 21).

What is done over HTTP says so where its endpoint is declared (``identity.audited``) and is noted in the same unit of work.
What happens by itself, or without anybody signed in, is noted by whoever does it. Nothing is ever removed: access logs
are due for six months, registers of exports for three years, and a line is short.
"""

import re
from enum import StrEnum
from uuid import UUID

import structlog

from timebank import clock
from timebank.database import NIL, new_id, session
from timebank.identity.audit_models import AuditNote
from timebank.identity.rules import Actor, Grant, Role

MAX_REASON = 500

SYSTEM, OPERATOR = "system", "operator"
"""Roles of nobody: what happens by itself, and whoever sits at the terminal."""

AT_THE_TERMINAL = Actor(NIL, (Grant(Role.ADMIN, area_path=""),))
"""An administrator of the whole bank, and no person of it."""

_LONG_NUMBER = re.compile(r"\d(?:[\s._·\-–—－]?\d){6,}[0-9Xx]?")


class Verb(StrEnum):
    """What was done. Whether a decision was a yes or a no stands in the note's ``outcome`` where the verb leaves it open."""

    ENTER = "enter"
    CHANGE = "change"
    REQUEST = "request"
    APPROVE = "approve"
    REJECT = "reject"
    DECIDE = "decide"
    CORRECT = "correct"
    POST = "post"
    ISSUE = "issue"
    END = "end"
    REVOKE = "revoke"
    LIFT = "lift"
    READ = "read"
    UNMASK = "unmask"
    EXPORT = "export"
    SHARE = "share"
    LOCK_OUT = "lock_out"
    ENROL = "enrol"


def note(
    *,
    actor: Actor | None,
    verb: Verb,
    kind: str,
    target: UUID | str | None = None,
    person_id: UUID | None = None,
    organisation_id: UUID | None = None,
    outcome: str | None = None,
    reason: str | None = None,
) -> None:
    """Note an act, in the unit of work that does it.

    Args:
        actor: who acts; None for what happens by itself.
        verb: what is done.
        kind: what it is done to, as a noun: ``correction``, ``person``.
        target: the id or number of that.
        person_id: whom it concerns.
        organisation_id: in whose scope it is done, where the actor's reach does not say so.
        outcome: how it was decided.
        reason: in the actor's own words; long numbers, which may be somebody's, are left out of it.
    """
    reach = actor.acted[-1] if actor and actor.acted else None
    session.add(
        AuditNote(
            id=new_id(),
            noted_at=clock.wall(),
            actor_id=actor.person_id if actor else NIL,
            role=_role_of(actor),
            verb=verb,
            outcome=outcome,
            target_kind=kind,
            target=None if target is None else str(target)[:80],
            person_id=person_id,
            organisation_id=reach.organisation_id if reach else organisation_id,
            reason=without_numbers(reason)[:MAX_REASON] if reason else None,
            request_id=structlog.contextvars.get_contextvars().get("request_id"),
        )
    )


def _role_of(actor: Actor | None) -> str:
    if actor is None:
        return SYSTEM
    if actor.person_id == NIL:
        return OPERATOR
    return str(actor.acted[-1].role) if actor.acted else ",".join(actor.role_names())


def without_numbers(text: str) -> str:
    """Return ``text`` without telephone and document numbers: these lines can never be changed (rule R36)."""
    return _LONG_NUMBER.sub("…", text)
