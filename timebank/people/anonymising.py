"""What becomes of each thing that is held about somebody who leaves (网络数据安全管理条例 24, rule R36).

The evidence of service and the ledger stay under ids that lead to nobody; texts about them, their sign-in, numbers and
relations go. What is append-only stays as it is: docs/privacy.md says where people's own words stand, and why.
"""

from uuid import UUID

from sqlalchemy import delete, or_, select, update

from timebank import clock
from timebank.activities import sign_ups, waiting
from timebank.activities.calendar_tables import CalendarFeed
from timebank.activities.models import Shift, SignUp
from timebank.activities.rules import SignUpState
from timebank.activities.waiting_rules import STILL_WAITING
from timebank.activities.waiting_tables import WaitingPlace
from timebank.certificates import service as certificates
from timebank.codes.alphabet import random_reference
from timebank.database import NIL, Base, session
from timebank.files.models import FileAttachment, FileUpload
from timebank.giving.models import Application, Gift, PoolGrant
from timebank.giving.rules import ApplicationState
from timebank.identity import documents, households, states
from timebank.identity.binding_tables import Invite, Phone
from timebank.identity.models import (
    FamilyRelation,
    Guardian,
    Household,
    HouseholdMember,
    Password,
    RecoveryCode,
    WechatIdentity,
)
from timebank.identity.rules import OPEN_RELATION, PersonState, RelationState, new_volunteer_no
from timebank.imports.models import ImportedContact, ImportedNumber
from timebank.notifications.models import Notification, Subscription
from timebank.organisations.models import Member
from timebank.organisations.profile_tables import Profile
from timebank.people.rules import GONE, GONE_NAME
from timebank.records.supplement_tables import Supplement
from timebank.records.supplements import EVIDENCED
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_tables import Entitlement
from timebank.shop.intake.donation_tables import Donation
from timebank.shop.rules import DonorKind
from timebank.web.idempotency import IdempotentReply

_DELETED = (
    WechatIdentity,
    Phone,
    Invite,
    RecoveryCode,
    Password,
    Profile,
    CalendarFeed,
    Notification,
    Subscription,
    ImportedNumber,
    ImportedContact,
)
_UNSEEN = {"synchronize_session": False}


def anonymise(person_id: UUID, *, reason: str) -> None:
    """Make of somebody a person whom nobody can name, and close their account; again it changes nothing.

    Whoever calls has locked the person and knows that nothing is open.
    """
    session.flush()
    _leave_shifts(person_id)
    _forget_relations(person_id)
    _forget_giving(person_id)
    _forget_shop(person_id)
    _forget_files(person_id)
    certificates.erase_holder(person_id=person_id)
    documents.forget(person_id)
    for model in _DELETED:
        _drop(model, person_id)
    session.execute(delete(IdempotentReply).where(IdempotentReply.actor_id == person_id), execution_options=_UNSEEN)
    _forget_person(person_id, reason)
    session.expire_all()


def _drop(model: type[Base], person_id: UUID) -> None:
    column = model.__table__.c.person_id
    session.execute(delete(model).where(column == person_id), execution_options=_UNSEEN)


def _forget_person(person_id: UUID, reason: str) -> None:
    person = states.change(person_id=person_id, to=PersonState.CLOSED, by=NIL, reason=reason)
    if person.display_name == GONE_NAME:
        return
    person.display_name = GONE_NAME
    person.birth_on = person.birth_entered_by = None
    # What a paper card or an old certificate says names nobody any more.
    person.volunteer_no, person.member_ref = new_volunteer_no(), random_reference(8)
    session.flush()


def _leave_shifts(person_id: UUID) -> None:
    """Give up the places on what is still to come: somebody else can have them."""
    coming = (Shift.ends_at > clock.now(), Shift.closed_at.is_(None))
    held = select(SignUp.shift_id).join(Shift, Shift.id == SignUp.shift_id)
    held = held.where(SignUp.volunteer_id == person_id, SignUp.state == SignUpState.LIVE, *coming)
    for shift_id in sorted(session.scalars(held)):
        sign_ups.withdraw(shift_id=shift_id, volunteer_id=person_id)
    waits = select(WaitingPlace.shift_id).join(Shift, Shift.id == WaitingPlace.shift_id)
    waits = waits.where(WaitingPlace.volunteer_id == person_id, WaitingPlace.state.in_(STILL_WAITING))
    for shift_id in sorted(session.scalars(waits.where(Shift.starts_at > clock.now(), *coming))):
        waiting.leave(shift_id=shift_id, volunteer_id=person_id)


def _forget_relations(person_id: UUID) -> None:
    now, either = clock.now(), or_(FamilyRelation.proposer_id == person_id, FamilyRelation.relative_id == person_id)
    open_ = update(FamilyRelation).where(either, FamilyRelation.state.in_(OPEN_RELATION))
    ended = {"state": RelationState.ENDED, "ended_at": now, "ended_by": NIL}
    session.execute(open_.values(ended), execution_options=_UNSEEN)
    blank = update(FamilyRelation).where(either).values(volunteer_no="", reason=None)
    session.execute(blank, execution_options=_UNSEEN)
    theirs = or_(Guardian.ward_id == person_id, Guardian.guardian_id == person_id)
    live = update(Guardian).where(theirs, Guardian.ended_at.is_(None)).values(ended_at=now, ended_by=NIL)
    session.execute(live, execution_options=_UNSEEN)
    session.execute(update(Guardian).where(theirs).values(reason=GONE), execution_options=_UNSEEN)
    named = update(Guardian).where(Guardian.ward_id == person_id, Guardian.guardian_name.is_not(None))
    session.execute(named.values(guardian_name=GONE), execution_options=_UNSEEN)
    left = update(Member).where(Member.person_id == person_id, Member.ended_at.is_(None))
    session.execute(left.values(ended_at=now, ended_by=NIL), execution_options=_UNSEEN)
    _leave_household(person_id)


def _leave_household(person_id: UUID) -> None:
    member = households.household_of(person_id)
    if member is not None:
        households.lock(member.household_id)
        member.until_at, member.ended_by = max(clock.now(), member.from_at), NIL
        session.flush()
    lived_in = select(HouseholdMember.household_id).where(HouseholdMember.person_id == person_id)
    still = select(HouseholdMember.household_id).where(HouseholdMember.until_at.is_(None))
    empty = update(Household).where(Household.id.in_(lived_in), Household.id.not_in(still))
    session.execute(empty.values(reason=GONE), execution_options=_UNSEEN)


def _forget_giving(person_id: UUID) -> None:
    now = clock.now()
    said = update(Gift).where(or_(Gift.giver_id == person_id, Gift.recipient_id == person_id))
    session.execute(said.values(message=None), execution_options=_UNSEEN)
    mine = update(Application).where(Application.person_id == person_id)
    waits = mine.where(Application.state == ApplicationState.WAITING)
    withdrawn = {"state": ApplicationState.WITHDRAWN, "closed_at": now, "closed_by": NIL}
    session.execute(waits.values(withdrawn), execution_options=_UNSEEN)
    for model in (Application, PoolGrant):
        why = update(model).where(model.person_id == person_id)
        session.execute(why.values(reason=GONE, answer=None), execution_options=_UNSEEN)


def _forget_shop(person_id: UUID) -> None:
    now = clock.now()
    either = or_(Proxy.person_id == person_id, Proxy.proxy_id == person_id)
    live = update(Proxy).where(either, Proxy.ended_at.is_(None)).values(ended_at=now, ended_by=NIL)
    session.execute(live, execution_options=_UNSEEN)
    session.execute(
        update(Proxy).where(either, Proxy.reason.is_not(None)).values(reason=GONE), execution_options=_UNSEEN
    )
    named = update(Proxy).where(Proxy.person_id == person_id, Proxy.proxy_name.is_not(None))
    session.execute(named.values(proxy_name=GONE), execution_options=_UNSEEN)
    mine = update(Entitlement).where(Entitlement.person_id == person_id)
    ended = {"ended_at": now, "ended_by": NIL, "end_reason": GONE}
    session.execute(mine.where(Entitlement.ended_at.is_(None)).values(ended), execution_options=_UNSEEN)
    over = mine.where(Entitlement.ended_at.is_not(None))
    session.execute(over.values(reason=GONE, end_reason=GONE), execution_options=_UNSEEN)
    gave = update(Donation).where(Donation.donor_id == person_id)
    nameless = {"donor_kind": DonorKind.ANONYMOUS, "donor_name": None, "note": None}
    session.execute(gave.values(nameless), execution_options=_UNSEEN)
    refused = gave.where(Donation.decline_reason.is_not(None)).values(decline_reason=GONE)
    session.execute(refused, execution_options=_UNSEEN)


def _forget_files(person_id: UUID) -> None:
    """Take off what proves their supplements, and forget what they have sent: the sweep removes what nobody uses then."""
    theirs = select(Supplement.id).where(Supplement.volunteer_id == person_id)
    proofs = delete(FileAttachment).where(FileAttachment.owner_kind == EVIDENCED, FileAttachment.owner_id.in_(theirs))
    session.execute(proofs, execution_options=_UNSEEN)
    session.execute(delete(FileUpload).where(FileUpload.person_id == person_id), execution_options=_UNSEEN)
