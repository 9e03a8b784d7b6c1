"""The verbs of devices: make a code, enrol with it, roll, revoke, and know a device again. Scope is the caller's question.

A device proves itself by a token of which only the hash is kept. Rolling and revoking end the old token at once, and
every session that was opened on the device with it.
"""

import hashlib
import hmac
import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import delete, select, update

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.codes.layouts import utc_text
from timebank.codes.normalise import typed_reference
from timebank.database import new_id, session
from timebank.identity import audit, queries
from timebank.identity.audit import Verb
from timebank.identity.device_errors import DeviceCodeInvalid, DeviceEnrolmentLocked, DeviceGone, DeviceRevoked
from timebank.identity.device_models import Device, DeviceCode, DeviceSession
from timebank.identity.device_rules import (
    CODE_LENGTH,
    CODE_LIFE,
    MAX_TOKEN,
    SEEN_EVERY,
    DeviceKind,
    Enrolled,
    code_hash,
    new_token,
)
from timebank.identity.models import FailedSignIn, SignedInSession
from timebank.identity.rules import LOCK_OUT_AFTER, LOCK_OUT_WINDOW, token_hash


def new_code(
    *, site_id: UUID, kind: DeviceKind, name: str, made_by: UUID, key: bytes, device_id: UUID | None = None
) -> tuple[str, datetime]:
    """Return a code that enrols one device at a site, once, and until when. Old codes are forgotten by the way."""
    now = clock.wall()
    session.execute(delete(DeviceCode).where(DeviceCode.expires_at < now - timedelta(days=1)))
    code = random_reference(CODE_LENGTH)
    made = DeviceCode(
        code_hash=code_hash(code, key),
        site_id=site_id,
        kind=kind,
        name=name,
        device_id=device_id,
        made_by=made_by,
        expires_at=now + CODE_LIFE,
    )
    session.add(made)
    session.flush()
    return code, made.expires_at


def enrol(*, code: str, address: str, key: bytes, stands: Callable[[UUID, UUID], bool]) -> tuple[Device, str]:
    """Use a code up and return the device with its token, which is told this once.

    Of two tablets with one code one is enrolled. ``stands`` says whether who made the code still answers for its site.
    Wrong codes are counted by a keyed hash of the address. Raises DeviceEnrolmentLocked, and DeviceCodeInvalid (which
    leaves a trace).
    """
    guess = hmac.digest(key, b"device-enrolment\n" + address.encode(), hashlib.sha256)
    _refuse_locked_out(guess)
    now = clock.wall()
    used = session.scalars(
        update(DeviceCode)
        .where(
            DeviceCode.code_hash == code_hash(typed_reference(code), key),
            DeviceCode.used_at.is_(None),
            DeviceCode.expires_at > now,
        )
        .values(used_at=now)
        .returning(DeviceCode)
    ).one_or_none()
    if used is None or not stands(used.made_by, used.site_id):
        refusal = DeviceCodeInvalid()
        refusal.leaves_trace(partial(_keep_failure, guess))
        raise refusal
    token = new_token()
    device = _with_token(used, token_hash(token))
    audit.note(actor=None, verb=Verb.ENROL, kind="device", target=device.id, person_id=used.made_by)
    return device, token


def _with_token(code: DeviceCode, kept: bytes) -> Device:
    now = clock.wall()
    if code.device_id is not None:
        known = session.get_one(Device, code.device_id, with_for_update=True, populate_existing=True)
        if known.revoked_at is not None:
            raise DeviceGone
        known.token_hash, known.last_seen_at = kept, now
        session.flush()
        return known
    device = Device(
        id=new_id(),
        site_id=code.site_id,
        kind=code.kind,
        name=code.name,
        token_hash=kept,
        added_by=code.made_by,
        enrolled_at=now,
        last_seen_at=now,
    )
    session.add(device)
    session.flush()
    return device


def _refuse_locked_out(guess: bytes) -> None:
    failures, first = queries.failures_since(guess, clock.wall() - LOCK_OUT_WINDOW)
    if failures >= LOCK_OUT_AFTER and first is not None:
        until = first + LOCK_OUT_WINDOW
        seconds = max(1, math.ceil((until - clock.wall()).total_seconds()))
        raise DeviceEnrolmentLocked(
            wait_minutes=math.ceil(seconds / 60), retry_after_seconds=seconds, until=utc_text(until)
        )


def _keep_failure(guess: bytes) -> None:
    session.add(FailedSignIn(id=new_id(), guess=guess, failed_at=clock.wall()))


def roll(*, device_id: UUID, by: UUID, key: bytes) -> tuple[str, datetime]:
    """End a device's token at once and return the code with which it fetches a new one. Raises DeviceGone."""
    device = session.get_one(Device, device_id, with_for_update=True, populate_existing=True)
    if device.revoked_at is not None:
        raise DeviceGone
    device.token_hash, device.rolled_at, device.rolled_by = None, clock.wall(), by
    session.flush()
    _end_sessions(device_id)
    return new_code(
        site_id=device.site_id,
        kind=DeviceKind(device.kind),
        name=device.name,
        made_by=by,
        key=key,
        device_id=device_id,
    )


def revoke(*, device_id: UUID, by: UUID) -> Device:
    """End a device for good; a second call changes nothing."""
    device = session.get_one(Device, device_id, with_for_update=True, populate_existing=True)
    if device.revoked_at is None:
        device.token_hash, device.revoked_at, device.revoked_by = None, clock.wall(), by
        session.flush()
        _end_sessions(device_id)
    return device


def _end_sessions(device_id: UUID) -> None:
    """End every session that was opened on a device: whoever has taken it away is signed out with it."""
    opened = select(DeviceSession.session_id).where(DeviceSession.device_id == device_id)
    session.execute(
        update(SignedInSession)
        .where(SignedInSession.id.in_(opened), SignedInSession.revoked_at.is_(None))
        .values(revoked_at=clock.wall()),
        execution_options={"synchronize_session": False},
    )


def remember_session(*, device_id: UUID, session_id: UUID) -> None:
    """Keep on which device a session was opened. Raises DeviceRevoked if it was revoked or rolled a moment ago."""
    device = session.get(Device, device_id, with_for_update={"read": True}, populate_existing=True)
    if device is None or device.token_hash is None:
        raise DeviceRevoked
    session.add(DeviceSession(session_id=session_id, device_id=device_id))
    session.flush()


def device_of_session(session_id: UUID) -> UUID | None:
    """Return the device on which a session was opened; most were opened on none."""
    return session.scalar(select(DeviceSession.device_id).where(DeviceSession.session_id == session_id))


def recognised(token: str) -> tuple[Enrolled, bool]:
    """Return whose token this is, and whether it is time to write that it was seen. Raises DeviceRevoked."""
    if not token or len(token) > MAX_TOKEN:
        raise DeviceRevoked
    found = session.execute(
        select(Device.id, Device.site_id, Device.kind, Device.last_seen_at).where(
            Device.token_hash == token_hash(token)
        )
    ).one_or_none()
    if found is None:
        raise DeviceRevoked
    stale = clock.wall() - found.last_seen_at >= SEEN_EVERY
    return Enrolled(found.id, found.site_id, DeviceKind(found.kind)), stale


def seen(device_id: UUID) -> None:
    """Write that a device was seen, unless somebody else just has."""
    now = clock.wall()
    session.execute(
        update(Device).where(Device.id == device_id, Device.last_seen_at <= now - SEEN_EVERY).values(last_seen_at=now),
        execution_options={"synchronize_session": False},
    )


def device(device_id: UUID) -> Device | None:
    """Return one device."""
    return session.get(Device, device_id)


def names_of(device_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what devices are called."""
    found = select(Device.id, Device.name).where(Device.id.in_(device_ids))
    return {row.id: row.name for row in session.execute(found)}
