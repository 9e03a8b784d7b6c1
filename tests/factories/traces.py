"""Somebody who has left a trace in every table that can hold a word about them."""

from datetime import timedelta
from uuid import UUID

from tests.factories.certificates import AT_NOON, a_certificate, some_records
from tests.factories.files import a_file
from tests.factories.identity import a_person
from tests.factories.organisations import a_shop, an_area, an_organisation
from tests.factories.people import a_document
from timebank import clock
from timebank.activities import calendars
from timebank.database import NIL, Base, in_unit_of_work, new_id, session
from timebank.giving.models import Application, Gift, PoolGrant
from timebank.giving.rules import ApplicationState, GiftState, GrantState, Priority
from timebank.identity.models import (
    FamilyRelation,
    Guardian,
    Household,
    HouseholdMember,
    Password,
    Person,
    WechatIdentity,
)
from timebank.identity.rules import Actor, Kinship, RelationState
from timebank.imports.models import ImportedNumber
from timebank.notifications.models import Notification, Subscription
from timebank.notifications.rules import State, Topic
from timebank.organisations.profile_tables import Profile
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_tables import Entitlement
from timebank.shop.intake.donation_tables import Donation, DonationState
from timebank.shop.rules import DonorKind
from timebank.web.idempotency import IdempotentReply


def somebody_with_traces(word: str) -> Person:
    """Enrol somebody called by a word, and put the word wherever people write about them and it can be taken away."""
    me, other = a_person(word), a_person("陈小宇")
    organisation, area, shop = an_organisation(), an_area(), a_shop()
    some_records(organisation, me.id, 60)
    a_certificate(me.id, organisation.id)
    a_document(me.id)
    a_file(Actor(me.id))

    def leave() -> None:
        for rows in (
            _sign_in(me.id, word, organisation.id),
            _relations(me.id, other.id, word, organisation.id),
            _giving(me.id, other.id, word, area.id),
            _shop(me.id, other.id, word, organisation.id, shop.id),
            _messages(me.id, word),
        ):
            session.add_all(rows)
            session.flush()
        calendars.issue(person_id=me.id)
        session.add(Gift(**_gift(me.id, other.id, word, _relation_of(me.id))))

    in_unit_of_work(leave)
    return me


def _relation_of(person_id: UUID) -> UUID:
    return session.query(FamilyRelation.id).filter(FamilyRelation.proposer_id == person_id).scalar()  # type: ignore[no-any-return]


def _sign_in(me: UUID, word: str, organisation_id: UUID) -> list[Base]:
    now = clock.now()
    return [
        ImportedNumber(organisation_id=organisation_id, number=word, person_id=me),
        WechatIdentity(app_id="wxtest", openid=f"openid-{word}", person_id=me, bound_at=now),
        Password(person_id=me, username=f"user-{word}", password_hash=f"hash-{word}", changed_at=now),
        Profile(
            person_id=me,
            phone=word,
            skills=f'["{word}"]',
            service_types=f'["{word}"]',
            version=1,
            changed_by=me,
            changed_at=now,
        ),
    ]


def _relations(me: UUID, other: UUID, word: str, organisation_id: UUID) -> list[Base]:
    now, here = clock.now(), {"organisation_id": organisation_id, "reason": f"核对{word}的户口簿"}
    house = Household(id=new_id(), entered_by=NIL, entered_at=now, **here)
    session.add(house)
    session.flush()
    return [
        FamilyRelation(
            id=new_id(),
            proposer_id=me,
            relative_id=other,
            volunteer_no=word[:20],
            pair=":".join(sorted((str(me), str(other)))),
            kinship=Kinship.CHILD,
            state=RelationState.VERIFIED,
            proposed_at=now,
            confirmed_at=now,
            decided_at=now,
            decided_by=NIL,
            **here,
        ),
        Guardian(id=new_id(), ward_id=me, guardian_name=f"{word}的母亲", verified_by=NIL, verified_at=now, **here),
        HouseholdMember(id=new_id(), household_id=house.id, person_id=me, from_at=now, entered_by=NIL),
    ]


def _gift(me: UUID, other: UUID, word: str, relation_id: UUID) -> dict[str, object]:
    now = clock.now()
    return {
        "id": new_id(),
        "giver_id": me,
        "recipient_id": other,
        "relation_id": relation_id,
        "minutes": 5,
        "message": f"{word}给你",
        "state": GiftState.DECLINED,
        "offered_at": now,
        "expires_at": now + timedelta(days=1),
        "closed_at": now,
    }


def _giving(me: UUID, other: UUID, word: str, area_id: UUID) -> list[Base]:
    now, about = clock.now(), {"person_id": me, "area_id": area_id, "reason": f"{word}独居", "answer": f"已走访{word}"}
    return [
        Application(
            id=new_id(),
            priority=Priority.AGED_80_ALONE,
            rank=1,
            state=ApplicationState.WAITING,
            applied_at=now,
            applied_by=me,
            **about,
        ),
        PoolGrant(
            id=new_id(),
            minutes=5,
            reason_code=Priority.AGED_80_ALONE,
            state=GrantState.REJECTED,
            requested_by=other,
            requested_at=now,
            decided_by=NIL,
            decided_at=now,
            **about,
        ),
    ]


def _shop(me: UUID, other: UUID, word: str, organisation_id: UUID, site_id: UUID) -> list[Base]:
    now, here = clock.now(), {"organisation_id": organisation_id, "reason": f"{word}腿脚不便"}
    ended = {"ended_at": now, "ended_by": NIL, "end_reason": f"{word}已好转"}
    return [
        Proxy(id=new_id(), person_id=me, proxy_name=f"{word}的邻居", named_by=NIL, named_at=now, **here),
        Proxy(id=new_id(), person_id=other, proxy_id=me, named_by=NIL, named_at=now, **here),
        Entitlement(id=new_id(), person_id=me, kind="low_income", granted_by=NIL, granted_at=now, **here, **ended),
        Entitlement(id=new_id(), person_id=me, kind="low_income", granted_by=NIL, granted_at=now, **here),
        Donation(
            id=new_id(),
            site_id=site_id,
            donor_id=me,
            donor_kind=DonorKind.PERSON,
            donor_name=word,
            note=f"请联系{word}",
            state=DonationState.DECLINED,
            offered_at=now,
            decided_at=now,
            decided_by=NIL,
            decline_reason=f"{word}的米已过期",
        ),
    ]


def _messages(me: UUID, word: str) -> list[Base]:
    now = clock.wall()
    return [
        Notification(
            id=new_id(),
            person_id=me,
            topic=Topic.RECORD_FINAL,
            facts=f'{{"activity": "{word}"}}',
            same=new_id().bytes,
            state=State.QUEUED,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        ),
        Subscription(person_id=me, topic=Topic.RECORD_FINAL, remaining=1, changed_at=now),
        IdempotentReply(
            actor_id=me,
            method="POST",
            route="/x",
            key="1",
            request_hash=b"x",
            status=200,
            body=f'{{"name": "{word}"}}',
            headers="{}",
            stored_at=now,
        ),
    ]


__all__ = ["AT_NOON", "somebody_with_traces"]
