"""Gifts between relatives (rule R22): offered by one, accepted by the other, and only then do minutes move.

Nothing is held meanwhile. The acceptance locks the gift, then (in the ledger) both wallets, and posts in the same
transaction; whoever comes second finds it decided.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select

from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import new_id, session
from timebank.errors import NotFound
from timebank.giving.errors import AlreadyAccepted, GiftClosed, GiftExpired, GiftNotCovered, GiftsOff, NotRelatives
from timebank.giving.models import Gift
from timebank.giving.rules import OFFER_LIFETIME, GiftState, gift_state_at
from timebank.identity import family
from timebank.identity.errors import OtherPersonDecides
from timebank.identity.models import FamilyRelation
from timebank.identity.states import refuse_inactive
from timebank.ledger import gifts as ledger
from timebank.ledger import queries as accounts
from timebank.ledger.errors import DebtOutstanding, InsufficientMinutes
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.organisations import queries as register
from timebank.policies import service as policies
from timebank.policies.rules import Gift as PolicyOnGifts


def offer(*, giver_id: UUID, to: str, minutes: int, message: str | None = None) -> Gift:
    """Offer minutes to a verified direct relative, named by the relation's id or by their volunteer number.

    Raises PersonNotActive, NotRelatives (also for a number that nobody has), GiftsOff, DebtOutstanding,
    InsufficientMinutes. The last two look at this moment only: what counts is the moment of acceptance.
    """
    refuse_inactive(giver_id)
    found = family.direct_relation(giver_id, _named(to))
    if found is None:
        raise NotRelatives
    relation, recipient_id = found
    now = clock.now()
    _policy_number(relation, now)
    state = accounts.account_state(giver_id, now)
    if state.debt_minutes:
        raise DebtOutstanding(debt_minutes=state.debt_minutes)
    if state.available_minutes < minutes:
        raise InsufficientMinutes(needed_minutes=minutes, available_minutes=state.available_minutes)
    gift = Gift(
        id=new_id(),
        giver_id=giver_id,
        recipient_id=recipient_id,
        relation_id=relation.id,
        minutes=minutes,
        message=message,
        state=GiftState.OFFERED,
        offered_at=now,
        expires_at=now + OFFER_LIFETIME,
    )
    session.add(gift)
    session.flush()
    notifications.tell(
        person_id=recipient_id,
        topic=Topic.GIFT_OFFERED,
        facts={"minutes": minutes, "expires_at": utc_text(gift.expires_at), "gift_id": str(gift.id)},
        at=now,
    )
    return gift


def accept(*, recipient_id: UUID, gift_id: UUID) -> Gift:
    """Accept a gift: its minutes move now. The relation, the policy and the giver's minutes are looked at again.

    Raises NotFound, OtherPersonDecides, AlreadyAccepted, GiftClosed, GiftExpired, PersonNotActive, NotRelatives,
    GiftsOff, GiftNotCovered (which tells the recipient nothing about the giver's account).
    """
    gift = _locked(gift_id, recipient_id)
    if gift.recipient_id != recipient_id:
        raise OtherPersonDecides
    now = clock.now()
    _refuse_closed(gift, now)
    refuse_inactive(recipient_id)
    found = family.direct_relation(recipient_id, gift.relation_id)
    if found is None:
        raise NotRelatives
    policy_number = _policy_number(found[0], now)
    try:
        ledger.gift(
            transfer_id=gift.id,
            from_owner_id=gift.giver_id,
            to_owner_id=recipient_id,
            minutes=gift.minutes,
            source_id=gift.id,
            actor_id=recipient_id,
        )
    except (InsufficientMinutes, DebtOutstanding) as short:
        raise GiftNotCovered from short
    gift.policy_number = policy_number
    return _closed(gift, GiftState.ACCEPTED, now)


def decline(*, recipient_id: UUID, gift_id: UUID) -> Gift:
    """Refuse a gift. Raises as ``accept`` does; a second time changes nothing."""
    return _without_effect(recipient_id, gift_id, GiftState.DECLINED)


def withdraw(*, giver_id: UUID, gift_id: UUID) -> Gift:
    """Take back an offer that nobody has accepted. Raises as ``accept`` does; a second time changes nothing."""
    return _without_effect(giver_id, gift_id, GiftState.WITHDRAWN)


def _without_effect(person_id: UUID, gift_id: UUID, state: GiftState) -> Gift:
    gift = _locked(gift_id, person_id)
    if person_id != (gift.recipient_id if state is GiftState.DECLINED else gift.giver_id):
        raise OtherPersonDecides
    if gift.state == state:
        return gift
    now = clock.now()
    _refuse_closed(gift, now)
    return _closed(gift, state, now)


def _named(to: str) -> UUID | str:
    try:
        return UUID(to)
    except ValueError:
        return to


def gifts_of(person_id: UUID) -> Select[Gift]:
    """Select the gifts that a person has offered or been offered."""
    return select(Gift).where(or_(Gift.giver_id == person_id, Gift.recipient_id == person_id))


def _locked(gift_id: UUID, person_id: UUID) -> Gift:
    gift = session.get(Gift, gift_id, with_for_update={"key_share": True}, populate_existing=True)
    if gift is None or person_id not in {gift.giver_id, gift.recipient_id}:
        raise NotFound
    return gift


def _refuse_closed(gift: Gift, now: datetime) -> None:
    match gift_state_at(gift.state, gift.expires_at, now):
        case GiftState.ACCEPTED:
            raise AlreadyAccepted
        case GiftState.DECLINED | GiftState.WITHDRAWN as state:
            raise GiftClosed(state=state)
        case GiftState.EXPIRED:
            raise GiftExpired(expired_at=utc_text(gift.expires_at))


def _closed(gift: Gift, state: GiftState, now: datetime) -> Gift:
    gift.state = state
    gift.closed_at = now
    session.flush()
    return gift


def _policy_number(relation: FamilyRelation, now: datetime) -> int:
    """Return the version of the rules of whoever verified the relation. Raises GiftsOff if they allow no gifts."""
    verified_at = register.organisation_with_path(relation.organisation_id)
    if verified_at is None:
        raise NotFound
    policy = policies.resolve(organisation_id=relation.organisation_id, area_path=verified_at[1], at=now)
    if policy.gift == PolicyOnGifts.NONE:
        raise GiftsOff
    return policy.number
