"""Proxy collection: somebody whom a person has named, or staff for them, fetches what is reserved or buys for them (R30).

A clerk never serves the person whose proxy they are (rule R35).
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, or_, select

from timebank import clock
from timebank.database import new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity import queries as identity
from timebank.identity.errors import PersonNotActive
from timebank.identity.family import refuse_own_family
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState, masked_name
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS
from timebank.shop.allowance.errors import ClerkIsProxy, ProxyNotValid
from timebank.shop.allowance.proxy_tables import Collection as Collected
from timebank.shop.allowance.proxy_tables import Proxy


def name_oneself(*, person_id: UUID, volunteer_no: str, name: str) -> Proxy:
    """Name somebody who may collect for oneself, by their volunteer number and their name.

    Both must fit: a number that nobody has and one whose holder is called otherwise get the same answer, so that trying
    numbers tells nothing (rule R18). Raises Invalid, ProxyExists (constraint).
    """
    return _named(person_id=person_id, proxy_id=_by_number(volunteer_no, person_id, name=name), by=person_id)


def enter(
    *,
    actor: Actor,
    person_id: UUID,
    organisation_id: UUID,
    reason: str,
    volunteer_no: str | None = None,
    name: str | None = None,
) -> Proxy:
    """Enter a proxy for somebody who has no phone: a volunteer, or a name. Nobody enters themself.

    Raises NotFound, Invalid, ClerkIsProxy, OwnFamily, ProxyExists (by its constraint).
    """
    scope.organisation_for(actor, *CLERKS, organisation_id=organisation_id)
    if identity.person(person_id) is None:
        raise NotFound
    proxy_id = _by_number(volunteer_no, person_id) if volunteer_no is not None else None
    if proxy_id == actor.person_id:
        raise ClerkIsProxy
    refuse_own_family(actor.person_id, person_id, proxy_id)
    return _named(
        person_id=person_id,
        proxy_id=proxy_id,
        proxy_name=None if proxy_id else name,
        organisation_id=organisation_id,
        reason=reason,
        by=actor.person_id,
    )


def _by_number(volunteer_no: str, person_id: UUID, *, name: str | None = None) -> UUID:
    person = identity.person_by_number(volunteer_no)
    wrong = person is None or person.state != PersonState.ACTIVE or person.id == person_id
    if person is None or wrong or name not in {None, person.display_name}:
        detail = "没有可以代领的志愿者用这个编号和姓名，请核对。 Nobody who may collect has this number and name; check both."
        raise Invalid(errors=[{"pointer": "/volunteer_no", "detail": detail}])
    return person.id


def _named(
    *,
    person_id: UUID,
    proxy_id: UUID | None,
    by: UUID,
    proxy_name: str | None = None,
    organisation_id: UUID | None = None,
    reason: str | None = None,
) -> Proxy:
    proxy = Proxy(
        id=new_id(),
        person_id=person_id,
        proxy_id=proxy_id,
        proxy_name=proxy_name,
        organisation_id=organisation_id,
        reason=reason,
        named_by=by,
        named_at=clock.now(),
    )
    session.add(proxy)
    session.flush()
    return proxy


def revoke(*, person_id: UUID, proxy_id: UUID) -> None:
    """End a naming: the person may, and the one who was named; again it changes nothing. Raises NotFound."""
    proxy = _locked(proxy_id)
    if person_id not in {proxy.person_id, proxy.proxy_id}:
        raise NotFound
    _end(proxy, person_id)


def end(*, actor: Actor, person_id: UUID, proxy_id: UUID) -> Proxy:
    """End a naming that staff have entered, in the actor's scope. Raises NotFound."""
    proxy = _locked(proxy_id)
    if proxy.person_id != person_id or proxy.organisation_id is None:
        raise NotFound
    scope.organisation_for(actor, *CLERKS, organisation_id=proxy.organisation_id)
    _end(proxy, actor.person_id)
    return proxy


def _locked(proxy_id: UUID) -> Proxy:
    proxy = session.get(Proxy, proxy_id, with_for_update={"key_share": True}, populate_existing=True)
    if proxy is None:
        raise NotFound
    return proxy


def _end(proxy: Proxy, by: UUID) -> None:
    if proxy.ended_at is None:
        proxy.ended_at, proxy.ended_by = clock.now(), by
        session.flush()


def in_force(*, proxy_id: UUID, person_id: UUID, actor: Actor) -> Proxy:
    """Return a naming by which somebody collects for a person now, at the counter of ``actor``.

    It is locked, so that it is revoked before or after, and not in between. Raises ProxyNotValid, ClerkIsProxy.
    """
    found = select(Proxy).where(Proxy.id == proxy_id, Proxy.person_id == person_id, Proxy.ended_at.is_(None))
    return _at_the_counter(session.scalars(_locking(found)).one_or_none(), actor)


def principal_of(*, proxy_id: UUID, holder_id: UUID, actor: Actor) -> Proxy:
    """Return the naming by which the holder of a member code buys for somebody. Raises ProxyNotValid, ClerkIsProxy."""
    found = select(Proxy).where(Proxy.id == proxy_id, Proxy.proxy_id == holder_id, Proxy.ended_at.is_(None))
    return _at_the_counter(session.scalars(_locking(found)).one_or_none(), actor)


def _locking(found: Select[Proxy]) -> Select[Proxy]:
    return found.with_for_update(read=True).execution_options(populate_existing=True)


def _at_the_counter(proxy: Proxy | None, actor: Actor) -> Proxy:
    if proxy is None:
        raise ProxyNotValid
    if actor.person_id == proxy.proxy_id:
        raise ClerkIsProxy
    holder = identity.person(proxy.proxy_id) if proxy.proxy_id else None
    if holder is not None and holder.state != PersonState.ACTIVE:
        raise PersonNotActive
    return proxy


def note_collected(*, redemption_id: UUID, proxy: Proxy, clerk_id: UUID) -> None:
    """Keep who took the goods away for whom."""
    session.add(Collected(redemption_id=redemption_id, proxy_id=proxy.id, clerk_id=clerk_id, collected_at=clock.now()))
    session.flush()


def collected_by(redemption_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the masked name of the proxy who took the goods of each redemption away; most have none."""
    found = session.execute(
        select(Collected.redemption_id, Proxy)
        .join(Proxy, Proxy.id == Collected.proxy_id)
        .where(Collected.redemption_id.in_(redemption_ids))
    ).all()
    names = names_of([proxy for _, proxy in found]) if found else {}
    return {redemption_id: names[proxy.id] for redemption_id, proxy in found}


def of(person_id: UUID) -> Select[Proxy]:
    """Select everybody whom a person has named, or staff for them, ended ones too."""
    return select(Proxy).where(Proxy.person_id == person_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """A naming as the counter sees it: the other's name, masked, and whether they can show a member code."""

    id: UUID
    name: str
    volunteer: bool


def shown_to_counter(person_id: UUID) -> tuple[list[Shown], list[Shown]]:
    """Return who may collect for somebody, and for whom they may collect; one statement."""
    found = (
        select(Proxy, Person.display_name)
        .outerjoin(
            Person,
            or_(
                (Proxy.person_id == person_id) & (Person.id == Proxy.proxy_id),
                (Proxy.proxy_id == person_id) & (Person.id == Proxy.person_id),
            ),
        )
        .where(Proxy.ended_at.is_(None), or_(Proxy.person_id == person_id, Proxy.proxy_id == person_id))
        .order_by(Proxy.named_at, Proxy.id)
    )
    theirs: list[Shown] = []
    others: list[Shown] = []
    for proxy, name in session.execute(found):
        shown = Shown(proxy.id, masked_name(proxy.proxy_name or name or ""), proxy.proxy_name is None)
        (theirs if proxy.person_id == person_id else others).append(shown)
    return theirs, others


def names_of(proxies: Collection[Proxy]) -> dict[UUID, str]:
    """Return the masked name of each naming's proxy."""
    people = identity.people(proxy.proxy_id for proxy in proxies)
    return {
        proxy.id: masked_name(proxy.proxy_name or (people[proxy.proxy_id].display_name if proxy.proxy_id else ""))
        for proxy in proxies
    }
