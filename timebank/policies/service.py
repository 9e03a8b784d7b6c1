"""The verbs: set a value from a day on, and resolve what holds at one place on one day."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Pool

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import NIL, db, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor, Role
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.policies import queries
from timebank.policies.errors import PolicyRaced
from timebank.policies.keys import KEYS, read_value
from timebank.policies.models import PolicyVersion
from timebank.policies.rules import BUILT_IN, Policy, ScopeKind
from timebank.policies.versions import Version, policy_of

retry_on(*PolicyRaced.constraints)

Check = Callable[[Any], None]
_checks: dict[str, Check] = {}

_REMEMBERED = 10_000
# What was resolved belongs to a connection pool: whoever reconnects, perhaps to another database, starts afresh.
_resolved: WeakKeyDictionary[Pool, dict[tuple[object, ...], Policy]] = WeakKeyDictionary()


def resolve(*, organisation_id: UUID, area_path: str, at: datetime, known_number: int | None = None) -> Policy:
    """Return the policy of an organisation in an area on the day of ``at``.

    Each key comes from the organisation, else from the deepest area, else from the bank, else from the built-in set;
    in one scope the version that took effect last decides.

    Args:
        organisation_id: whose policy; NIL asks for the area's.
        area_path: where; empty asks for the whole bank.
        at: the instant whose Asia/Shanghai day decides.
        known_number: what ``queries.latest_number_subquery()`` yielded in the caller's own select. With it the answer
            comes from memory when nothing has changed (no statement); without it, from one statement. The number that
            a record names gives exactly the policy that made the record.
    """
    if known_number == 0:
        return BUILT_IN
    on = clock.day_of(at)
    if known_number is None:
        return policy_of(queries.versions_reaching(organisation_id=organisation_id, area_path=area_path, on=on))
    remembered = _resolved.setdefault(db.engine.pool, {})
    place = (known_number, organisation_id, area_path, on)
    policy = remembered.get(place)
    if policy is None:
        found = queries.versions_reaching(
            organisation_id=organisation_id, area_path=area_path, on=on, up_to=known_number
        )
        if len(remembered) >= _REMEMBERED:
            remembered.clear()
        policy = remembered[place] = policy_of(found)
    return policy


def reaching(*, organisation_id: UUID | None, area_id: UUID | None, on: date) -> list[Version]:
    """Return the versions that reach an organisation, in an area (default: its own), on a day. Raises NotFound."""
    path = ""
    if organisation_id is not None:
        found = register.organisation_with_path(organisation_id)
        if found is None:
            raise NotFound
        path = found[1]
    if area_id is not None:
        area = register.area(area_id)
        if area is None:
            raise NotFound
        path = area.path
    return queries.versions_reaching(organisation_id=organisation_id or NIL, area_path=path, on=on)


def check_with(key: str, check: Check) -> None:
    """Have ``check`` refuse values of a key that name what does not exist; it is given the plain value."""
    _checks[key] = check


def set_value(
    *,
    actor: Actor,
    key: str,
    value: Any,
    effective_on: date,
    area_id: UUID | None = None,
    organisation_id: UUID | None = None,
) -> PolicyVersion:
    """Set a value from a day on, for an organisation, an area with all below it, or the whole bank.

    Raises Invalid for a key or value that this version does not enforce or a day gone by, NotFound outside the
    actor's scope, PolicyRaced when others were faster three times, and what the key's own check refuses.
    """
    kind, ref = _scope_of(actor, area_id=area_id, organisation_id=organisation_id)
    plain_value = read_value(key, value)
    if KEYS[key].bank_wide and kind is not ScopeKind.BANK:
        raise Invalid(errors=[{"pointer": "/key", "detail": "这项规则只能全行统一设定。 Only for the whole bank."}])
    if check := _checks.get(key):
        check(plain_value)
    now = clock.now()
    if effective_on < clock.day_of(now):
        raise Invalid(errors=[{"pointer": "/effective_on", "detail": "不能早于今天。 Must not lie in the past."}])
    version = PolicyVersion(
        number=queries.latest_number() + 1,
        scope_kind=kind,
        scope_ref=ref,
        key=key,
        value=json.dumps(plain_value),
        effective_on=effective_on,
        created_by=actor.person_id,
        created_at=now,
    )
    session.add(version)
    session.flush()
    return version


def _scope_of(actor: Actor, *, area_id: UUID | None, organisation_id: UUID | None) -> tuple[ScopeKind, str]:
    if area_id is not None and organisation_id is not None:
        raise Invalid(
            errors=[{"pointer": "/area_id", "detail": "区域和组织只能选一个。 Give an area or an organisation."}]
        )
    if organisation_id is not None:
        scope.organisation_for(actor, Role.ADMIN, organisation_id=organisation_id)
        return ScopeKind.ORGANISATION, str(organisation_id)
    if area_id is not None:
        return ScopeKind.AREA, scope.area_for(actor, Role.ADMIN, area_id=area_id).path
    if not scope.covers_path(actor, Role.ADMIN, path=""):
        raise NotFound
    return ScopeKind.BANK, ""
