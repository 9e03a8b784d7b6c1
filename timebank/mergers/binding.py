"""How somebody without a phone comes to the mini-program later: their openid leads to the account that they have.

By the number that WeChat tells, which staff had entered, or by a code on paper from staff; never by a name. The account
that the openid had until then must be empty: whatever has something of its own is merged by two staff.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.database import Base, is_sqlite, new_id, session
from timebank.errors import NotFound
from timebank.identity import former, invites, phones
from timebank.identity.binding_errors import AlreadyBound, InviteInvalid, MergeNeeded, NotForStaff, PhoneAmbiguous
from timebank.identity.binding_tables import Phone
from timebank.identity.models import Person, WechatIdentity
from timebank.identity.phones import Keys
from timebank.identity.rules import PersonState
from timebank.mergers import checks
from timebank.mergers.carrying import carry_over, lock_both
from timebank.mergers.errors import AlreadyMerged
from timebank.mergers.models import MergeHint
from timebank.mergers.moving import Merging
from timebank.mergers.treatments import RULES
from timebank.organisations import scope
from timebank.organisations.papers import CLERKS

LIGHT = frozenset(
    {
        "calendar_feed",
        "file_upload",
        "identity_consent",
        "identity_phone",
        "identity_session",
        "identity_state_change",
        "identity_wechat",
        "merge_hint",
        "merge_request",
        "notification",
        "notification_subscription",
        "people_profile",
        "scan",
        "surplus_consent",
    }
)
"""What an account may have on its first day and still be empty: it follows by itself, and no minutes hang on it."""


@dataclass(frozen=True, slots=True)
class Match:
    """Who has the number that WeChat has told of somebody: nobody else, one person, or several."""

    people: tuple[Person, ...]


def tell_phone(*, person_id: UUID, number: str, keys: Keys) -> Match:
    """Keep the number that WeChat tells of somebody, and return who else has it: they confirm before anything is bound."""
    phones.note(person_id=person_id, number=number, by=person_id, keys=keys)
    others = [session.get_one(Person, one) for one in phones.holders(number, keys=keys) if one != person_id]
    return Match(tuple(others))


def bind_by_phone(*, person_id: UUID, keys: Keys) -> Person:
    """Let the openid of somebody lead to the one other person who has the number that WeChat has told.

    Bound already, it changes nothing. Raises NotFound, PhoneAmbiguous, and as ``_bind``.
    """
    if former.is_merged(person_id):
        return session.get_one(Person, former.goes_on(person_id))
    mine = session.get(Phone, person_id)
    if mine is None or mine.organisation_id is not None:
        raise NotFound
    same = (
        select(Phone.person_id)
        .join(Person, Person.id == Phone.person_id)
        .where(Phone.number_hash == mine.number_hash, Phone.person_id != person_id, Person.state == PersonState.ACTIVE)
    )
    others = list(session.scalars(same))
    if not others:
        raise NotFound
    if len(others) > 1:
        raise PhoneAmbiguous
    return _bind(person_id, others[0], keys)


def bind_by_invite(*, person_id: UUID, code: str, keys: Keys, phone_keys: Keys) -> Person:
    """Let the openid of somebody lead to the person whom an invite names, and use the invite up.

    One that was made by staff who may make none any more is worth nothing. The same again changes nothing. Raises InviteInvalid, and as ``_bind``.
    """
    # The people first, then the invite, as whoever merges or forgets them does.
    lock_both(_of(person_id, former.goes_on(invites.named(code, keys=keys)), phone_keys))
    invite = invites.locked(code, keys=keys)
    if invite.used_for == person_id and former.goes_on(person_id) == former.goes_on(invite.person_id):
        return session.get_one(Person, former.goes_on(person_id))
    invites.refuse_spent(invite)
    if not scope.still_answers(invite.made_by, *CLERKS, organisation_id=invite.organisation_id):
        raise InviteInvalid
    bound = _bind(person_id, former.goes_on(invite.person_id), phone_keys)
    invite.used_at, invite.used_for = clock.wall(), person_id
    session.flush()
    return bound


def _bind(guest_id: UUID, person_id: UUID, phone_keys: Keys) -> Person:
    """Close the empty account of an openid and let the openid sign in the person.

    Raises AlreadyMerged, NotForStaff (either has a role), AlreadyBound, and MergeNeeded, which leaves a trace that
    suggests the two to staff.
    """
    if guest_id == person_id:
        return session.get_one(Person, person_id)
    merging = _of(guest_id, person_id, phone_keys)
    guest, person = lock_both(merging)
    if any(one.state != PersonState.ACTIVE for one in (guest, person)):
        raise AlreadyMerged
    if any(checks.holds_a_role(one) for one in (guest_id, person_id)):
        raise NotForStaff
    apps = select(WechatIdentity.app_id).where(WechatIdentity.person_id == guest_id)
    bound = select(WechatIdentity.openid).where(WechatIdentity.person_id == person_id, WechatIdentity.app_id.in_(apps))
    if session.scalars(bound.limit(1)).first() is not None:
        raise AlreadyBound
    if not is_empty(guest_id):
        refusal = MergeNeeded()
        refusal.leaves_trace(partial(_keep_hint, guest_id, person_id))
        raise refusal
    carry_over(merging, source_id=new_id())
    return person


def _of(guest_id: UUID, person_id: UUID, phone_keys: Keys) -> Merging:
    return Merging(old_id=guest_id, person_id=person_id, by=guest_id, at=clock.now(), phone_keys=phone_keys)


def is_empty(person_id: UUID) -> bool:
    """Whether an account has nothing of its own: no service, no minutes, no place, no relative, no role. One statement."""
    anything = [
        select(Base.metadata.tables[table].c[column]).where(Base.metadata.tables[table].c[column] == person_id).exists()
        for table, column in RULES
        if table not in LIGHT
    ]
    return not session.scalar(select(or_(*anything)))


def _keep_hint(guest_id: UUID, person_id: UUID) -> None:
    # On SQLite the guard of the table fires before conflict handling; whoever writes there is alone.
    if session.get(MergeHint, (guest_id, person_id)) is not None:
        return
    dialect = sqlite if is_sqlite() else postgresql
    hint = dialect.insert(MergeHint).values(person_id=guest_id, other_id=person_id, found_at=clock.now())
    session.execute(hint.on_conflict_do_nothing())
