"""Lock-outs of the counter: ten codes that name nothing within ten minutes, from one enrolled device or one clerk.

On a device whatever was missed on it counts, whoever missed it; without one, whatever the clerk has missed, wherever: who
was locked out on a device goes on guessing nowhere else. Nobody can lock a colleague out who works elsewhere. Somebody
else who answers for the shop may end a lock-out; that is kept. The codes themselves are not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.identity import devices
from timebank.identity import queries as identity
from timebank.identity.rules import Actor
from timebank.shop import queries
from timebank.shop.counter.errors import NotLockedOut, OwnLockOut
from timebank.shop.counter.models import LockLift
from timebank.shop.errors import CodeNotFound, CounterLocked
from timebank.shop.models import MissedCode
from timebank.shop.queries import Shop
from timebank.shop.rules import LOCK_OUT_AFTER, LOCK_OUT_WINDOW
from timebank.shop.staff import managed_shop, works_at

_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class LockOut:
    """A device or a clerk that is locked out, what it is called, and until when."""

    device_id: UUID | None
    clerk_id: UUID | None
    name: str
    until: datetime


def refuse_locked_out(actor: Actor) -> None:
    """Raise CounterLocked if the actor's device, or without one the actor, is locked out."""
    until = _locked_until(actor.device.id if actor.device else None, actor.person_id)
    if until is not None:
        seconds = max(1, math.ceil((until - clock.wall()).total_seconds()))
        raise CounterLocked(
            wait_minutes=math.ceil(seconds / 60),
            retry_after_seconds=seconds,
            until=utc_text(until),
            until_local=f"{until.astimezone(clock.SHANGHAI):%H:%M}",
        )


def missed(actor: Actor) -> CodeNotFound:
    """Return the refusal of a code that names nothing; it leaves a trace, and ten of them lock out."""
    refusal = CodeNotFound()
    refusal.leaves_trace(partial(_keep_miss, actor.person_id, actor.device.id if actor.device else None))
    return refusal


def _keep_miss(clerk_id: UUID, device_id: UUID | None) -> None:
    session.add(MissedCode(id=new_id(), clerk_id=clerk_id, device_id=device_id, missed_at=clock.wall()))


def _counted(device_id: UUID | None, clerk_id: UUID | None) -> list[ColumnElement[bool]]:
    """Return the conditions of the misses that count on a device, or against a clerk who works without one."""
    if device_id is not None:
        ours, lifts = MissedCode.device_id == device_id, LockLift.device_id == device_id
    else:
        ours, lifts = MissedCode.clerk_id == clerk_id, LockLift.clerk_id == clerk_id
    lifted = select(func.max(LockLift.lifted_at)).where(lifts).scalar_subquery()
    return [
        ours,
        MissedCode.missed_at > clock.wall() - LOCK_OUT_WINDOW,
        MissedCode.missed_at > func.coalesce(lifted, _LONG_AGO),
    ]


def _locked_until(device_id: UUID | None, clerk_id: UUID | None) -> datetime | None:
    """Return until when: the tenth of the latest misses has to leave the window."""
    tenth = (
        select(MissedCode.missed_at)
        .where(*_counted(device_id, clerk_id))
        .order_by(MissedCode.missed_at.desc())
        .offset(LOCK_OUT_AFTER - 1)
        .limit(1)
    )
    missed_at: datetime | None = session.scalar(tenth)
    return missed_at + LOCK_OUT_WINDOW if missed_at is not None else None


def at_shop(*, actor: Actor, site_id: UUID) -> list[LockOut]:
    """Return what is locked out at a shop that the actor answers for. Raises NotFound."""
    shop = managed_shop(actor, queries.shop(site_id))
    recent = session.execute(
        select(MissedCode.device_id, MissedCode.clerk_id)
        .where(MissedCode.missed_at > clock.wall() - LOCK_OUT_WINDOW)
        .distinct()
    ).all()
    tills = {row.device_id for row in recent if row.device_id is not None}
    clerks = {row.clerk_id for row in recent}
    return [*_devices_locked(sorted(tills), shop), *_clerks_locked(sorted(clerks), shop)]


def _devices_locked(device_ids: Sequence[UUID], shop: Shop) -> list[LockOut]:
    found = []
    for device_id in device_ids:
        device = devices.device(device_id)
        until = _locked_until(device_id, None)
        if device is not None and device.site_id == shop.id and until is not None:
            found.append(LockOut(device_id, None, device.name, until))
    return found


def _clerks_locked(clerk_ids: Sequence[UUID], shop: Shop) -> list[LockOut]:
    names = queries.names(clerk_ids) if clerk_ids else {}
    found = []
    for clerk_id in clerk_ids:
        until = _locked_until(None, clerk_id)
        if until is not None and works_at(identity.actor_of(clerk_id), shop):
            found.append(LockOut(None, clerk_id, names[clerk_id], until))
    return found


def lift(*, actor: Actor, site_id: UUID, reason: str, device_id: UUID | None, clerk_id: UUID | None) -> LockLift:
    """End the lock-out of a device of a shop, or of a clerk who works there, from now on.

    Raises NotFound, NotLockedOut, and OwnLockOut for somebody whose own misses are counted in it.
    """
    shop = managed_shop(actor, queries.shop(site_id))
    if device_id is not None:
        device = devices.device(device_id)
        if device is None or device.site_id != shop.id:
            raise NotFound
    elif clerk_id is None or not works_at(identity.actor_of(clerk_id), shop):
        raise NotFound
    if _locked_until(device_id, clerk_id) is None:
        raise NotLockedOut
    own = select(MissedCode.id).where(*_counted(device_id, clerk_id), MissedCode.clerk_id == actor.person_id).limit(1)
    if session.scalar(own) is not None:
        raise OwnLockOut
    made = LockLift(
        id=new_id(),
        site_id=site_id,
        device_id=device_id,
        clerk_id=clerk_id if device_id is None else None,
        reason=reason,
        lifted_by=actor.person_id,
        lifted_at=clock.wall(),
    )
    session.add(made)
    session.flush()
    return made
