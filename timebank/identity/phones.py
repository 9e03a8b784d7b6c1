"""Telephone numbers by which people are known again: entered by staff, or told by WeChat; kept as keyed hashes only."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import delete, select, update

from timebank import clock
from timebank.database import session
from timebank.errors import Invalid
from timebank.identity.binding_tables import Phone
from timebank.identity.models import Person
from timebank.identity.rules import PersonState

Keys = Sequence[bytes]
"""The keys of the hash, newest first: what an older one has hashed is found as long as its secret is in the settings."""

Follower = Callable[[UUID, str | None, UUID], None]
"""Told whose number has changed, to which (None: it was forgotten), and by whom."""

_followers: list[Follower] = []

_MAINLAND = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")
_ABROAD = re.compile(r"\+[1-9][0-9]{6,14}")


def follower(follow: Follower) -> Follower:
    """Have ``follow`` told of each number that is entered or forgotten: whoever keeps it elsewhere in clear follows."""
    if follow not in _followers:
        _followers.append(follow)
    return follow


def typed_number(text: str) -> str:
    """Return a number as WeChat would tell it (``+8613800000000``), from what staff have typed.

    Raises Invalid for what is no mobile number of the mainland and no number with its country.
    """
    plain = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text))
    if match := _MAINLAND.fullmatch(plain):
        return f"+86{match[1]}"
    if _ABROAD.fullmatch(plain) and not plain.startswith("+86"):
        return plain
    detail = "手机号有误，请核对 11 位数字；境外号码请带“+”和国家代码。 Not a mobile number."
    raise Invalid(errors=[{"pointer": "/phone", "detail": detail}])


def number_hash(number: str, key: bytes) -> bytes:
    """Return what is kept of a number: eleven digits could be guessed from a hash without a key."""
    return hmac.digest(key, b"phone\n" + number.encode(), hashlib.sha256)


def note(*, person_id: UUID, number: str, by: UUID, keys: Keys, organisation_id: UUID | None = None) -> Phone:
    """Keep somebody's number in the place of the one before."""
    _lock(person_id)
    _renew(number, keys)
    phone = session.get(Phone, person_id, populate_existing=True) or Phone(person_id=person_id)
    phone.number_hash, phone.last_four = number_hash(number, keys[0]), number[-4:]
    phone.entered_by, phone.organisation_id, phone.entered_at = by, organisation_id, clock.now()
    session.add(phone)
    session.flush()
    for follow in _followers:
        follow(person_id, number, by)
    return phone


def _renew(number: str, keys: Keys) -> None:
    """Hash a number anew that an older key has hashed: those who have it are one number's again, without any key."""
    before = [number_hash(number, key) for key in keys[1:]]
    if before:
        theirs = update(Phone).where(Phone.number_hash.in_(before)).values(number_hash=number_hash(number, keys[0]))
        session.execute(theirs.execution_options(synchronize_session=False))


def _lock(person_id: UUID) -> None:
    """Lock whose number changes, as whoever changes their profile does: the second sees what the first has written."""
    session.get(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)


def is_proven(person_id: UUID, number: str | None, *, keys: Keys) -> bool:
    """Whether a number is the one that WeChat has told of somebody; what they or staff have typed is not."""
    known = session.get(Phone, person_id)
    return known is not None and known.organisation_id is None and is_one(known, mobile(number), keys=keys)


def is_one(known: Phone, number: str | None, *, keys: Keys) -> bool:
    """Whether what is kept of a number is of this one."""
    return number is not None and known.number_hash in [number_hash(number, key) for key in keys]


def mobile(number: str | None) -> str | None:
    """Return a number as WeChat would tell it; None for a fixed line, or none at all."""
    try:
        return typed_number(number) if number else None
    except Invalid:
        return None


def drop_other(person_id: UUID, number: str | None, *, keys: Keys) -> None:
    """Remove what is kept of somebody's number unless it is this one: they are reached by another now, or by none."""
    known = session.get(Phone, person_id)
    if known is not None and not is_one(known, number, keys=keys):
        session.delete(known)
        session.flush()


def holders(number: str, *, keys: Keys) -> list[UUID]:
    """Return every active person who has a number."""
    found = (
        select(Phone.person_id)
        .join(Person, Person.id == Phone.person_id)
        .where(Phone.number_hash.in_([number_hash(number, key) for key in keys]), Person.state == PersonState.ACTIVE)
    )
    return sorted(session.scalars(found))


def forget(person_id: UUID, *, by: UUID) -> None:
    """Remove what is kept of somebody's number, here and where it stands in clear."""
    _lock(person_id)
    for follow in _followers:
        follow(person_id, None, by)
    session.execute(delete(Phone).where(Phone.person_id == person_id))
