"""Who has a free quota: entered by staff with a reason, ended by staff, seen by them and by the person alone (rule R30).

A quota holds at the shops of the organisation that entered it. How much it gives is the policy's of the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as identity
from timebank.identity.family import refuse_own_family
from timebank.identity.rules import Actor
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.policies import service as policies
from timebank.policies.free_quotas import FreeQuota, QuotaUnit
from timebank.policies.rules import Policy
from timebank.shop.allowance import quotas
from timebank.shop.allowance.quota_tables import Entitlement, QuotaMove

LAPSED = "到期 · lapsed"
"""Why an entitlement was ended whose last day had passed when another was entered."""


def grant(
    *, actor: Actor, person_id: UUID, organisation_id: UUID, kind: str, reason: str, until_on: date | None = None
) -> Entitlement:
    """Enter a free quota of one of the policy's kinds for somebody.

    Raises NotFound, Invalid for a kind that the policy has not or a last day gone by, OwnFamily, FreeQuotaExists (by
    its constraint).
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    if identity.person(person_id) is None:
        raise NotFound
    refuse_own_family(actor.person_id, person_id)
    now = clock.now()
    today = clock.day_of(now)
    if all(quota.kind != kind for quota in policy_of(organisation_id, now).free_quota):
        detail = "本地规则没有这种免费额度。 The policy has no such kind of free quota."
        raise Invalid(errors=[{"pointer": "/kind", "detail": detail}])
    if until_on is not None and until_on < today:
        raise Invalid(errors=[{"pointer": "/until_on", "detail": "不能早于今天。 Must not lie in the past."}])
    _end_lapsed(person_id, organisation_id, today, by=actor.person_id)
    entitlement = Entitlement(
        id=new_id(),
        person_id=person_id,
        organisation_id=organisation_id,
        kind=kind,
        reason=reason,
        until_on=until_on,
        granted_by=actor.person_id,
        granted_at=now,
    )
    session.add(entitlement)
    session.flush()
    return entitlement


def _end_lapsed(person_id: UUID, organisation_id: UUID, today: date, *, by: UUID) -> None:
    lapsed = session.scalars(
        _live_of(person_id)
        .where(Entitlement.organisation_id == organisation_id, Entitlement.until_on < today)
        .with_for_update(key_share=True)
    ).one_or_none()
    if lapsed is not None:
        lapsed.ended_at, lapsed.ended_by, lapsed.end_reason = clock.now(), by, LAPSED
        session.flush()


def end(*, actor: Actor, entitlement_id: UUID, reason: str) -> Entitlement:
    """End a free quota; what is held keeps its promise. Again it changes nothing. Raises NotFound, OwnFamily."""
    entitlement = session.get(Entitlement, entitlement_id, with_for_update={"key_share": True}, populate_existing=True)
    if entitlement is None:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=entitlement.organisation_id)
    refuse_own_family(actor.person_id, entitlement.person_id)
    if entitlement.ended_at is None:
        entitlement.ended_at, entitlement.ended_by, entitlement.end_reason = clock.now(), actor.person_id, reason
        session.flush()
    return entitlement


def listed(*, actor: Actor, organisation_id: UUID) -> Select[Entitlement]:
    """Select the free quotas of an organisation in the actor's scope. Raises NotFound."""
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    return select(Entitlement).where(Entitlement.organisation_id == organisation_id)


def _live_of(person_id: UUID) -> Select[Entitlement]:
    return select(Entitlement).where(Entitlement.person_id == person_id, Entitlement.ended_at.is_(None))


def policy_of(organisation_id: UUID, at: datetime) -> Policy:
    """Return the policy of an organisation. Raises NotFound."""
    found = register.organisation_with_path(organisation_id)
    if found is None:
        raise NotFound
    return policies.resolve(organisation_id=organisation_id, area_path=found[1], at=at)


@dataclass(frozen=True, slots=True)
class Standing:
    """A free quota that can be used today: what it began with in this period, and what is left of it."""

    entitlement: Entitlement
    quota: FreeQuota
    unit: QuotaUnit
    size: int
    left: int
    renews_on: date


def standing(person_id: UUID) -> list[Standing]:
    """Return the free quotas that somebody can use today; what is due counts as free again."""
    now = clock.now()
    today = clock.day_of(now)
    found = []
    for entitlement in session.scalars(_live_of(person_id).order_by(Entitlement.granted_at, Entitlement.id)):
        quota = quotas.quota_of(entitlement, policy_of(entitlement.organisation_id, now), today)
        if quota is not None:
            found.append(_standing(entitlement, quota, today, now))
    return found


def _standing(entitlement: Entitlement, quota: FreeQuota, today: date, now: datetime) -> Standing:
    """Return what is left: a period keeps the size and the unit that it was opened with."""
    renews_on = quota.renews_on(today)
    chain_id = quotas.chain_of(entitlement, quota.period_on(today))
    last = quotas.last_move(chain_id, quota.period_on(today))
    if last is None:
        return Standing(entitlement, quota, quota.unit, quota.size, quota.size, renews_on)
    opened = session.get_one(QuotaMove, (chain_id, last.period_on, 1))
    due = quotas.due_holds(chain_id, last.period_on, now).order_by(None).subquery()
    freed = session.scalar(select(func.sum(due.c.held))) if last.held_after else None
    left = last.balance_after + int(freed or 0)
    return Standing(entitlement, quota, QuotaUnit(last.unit), opened.amount, left, renews_on)


def names_of(entitlements: Sequence[Entitlement]) -> dict[UUID, Any]:
    """Return the people of entitlements."""
    return identity.people(one.person_id for one in entitlements)
