"""Activities, shifts and sign-ups."""

from datetime import date, datetime, timedelta
from uuid import UUID

from tests.factories import kept
from tests.factories.identity import a_person
from tests.factories.organisations import THE_BANK, an_organisation
from timebank import clock
from timebank.activities import places, qualifications, service, waiting
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.qualification_tables import VerifiedQualification
from timebank.activities.roles import Wanted
from timebank.activities.rules import Category
from timebank.activities.waiting_tables import WaitingPlace
from timebank.database import in_unit_of_work, session
from timebank.organisations.models import Organisation

RISKS = "高温下户外作业，可能中暑"


def an_activity(
    name: str = "助老理发",
    *,
    organisation_id: UUID | None = None,
    leader_id: UUID | None = None,
    category: str = Category.ELDER_CARE,
    risky: bool = False,
) -> Activity:
    """Add an activity in the area of its organisation, of a new one if none is given; a risky one is insured."""
    owner = organisation_id or an_organisation().id

    def add() -> Activity:
        return service.add_activity(
            actor=THE_BANK,
            organisation_id=owner,
            area_id=session.get_one(Organisation, owner).area_id,
            name=name,
            category=category,
            content="为社区高龄老人上门理发。",
            leader_id=leader_id,
            risky=risky,
            insurance_ref="平安-2026-0017" if risky else None,
            risk_notice=RISKS if risky else None,
        )

    return kept(add)


def a_shift(
    *,
    starts_at: datetime,
    ends_at: datetime,
    activity_id: UUID | None = None,
    capacity: int = 20,
    site_id: UUID | None = None,
) -> Shift:
    """Publish a shift, an hour before it starts or now, whichever is earlier."""
    activity = activity_id or an_activity().id
    with clock.at(min(clock.now(), starts_at - timedelta(hours=1))):
        return kept(
            lambda: service.publish_shift(
                actor=THE_BANK,
                activity_id=activity,
                starts_at=starts_at,
                ends_at=ends_at,
                capacity=capacity,
                site_id=site_id,
            )
        )


def an_open_shift(
    *,
    activity_id: UUID | None = None,
    capacity: int = 20,
    started_ago: timedelta = timedelta(minutes=10),
    length: timedelta = timedelta(hours=3),
    site_id: UUID | None = None,
) -> Shift:
    """Publish a shift that has started ten minutes ago and lasts three hours."""
    starts_at = clock.now() - started_ago
    return a_shift(
        starts_at=starts_at, ends_at=starts_at + length, activity_id=activity_id, capacity=capacity, site_id=site_id
    )


def a_coming_shift(*, activity_id: UUID | None = None, capacity: int = 20, site_id: UUID | None = None) -> Shift:
    """Publish a shift that starts tomorrow and lasts two hours."""
    starts_at = clock.now() + timedelta(days=1)
    return a_shift(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        activity_id=activity_id,
        capacity=capacity,
        site_id=site_id,
    )


def a_sign_up(shift_id: UUID, volunteer_id: UUID | None = None) -> SignUp:
    """Sign a volunteer up for a shift, a new one if none is given."""
    who = volunteer_id or a_person().id
    return kept(lambda: service.sign_up(shift_id=shift_id, volunteer_id=who))


def a_full_shift(
    capacity: int = 1, *, starts_in: timedelta = timedelta(days=4), **where: UUID
) -> tuple[Shift, list[UUID]]:
    """Publish a shift that is full, and return it with those who hold its places."""
    starts_at = clock.now() + starts_in
    shift = a_shift(starts_at=starts_at, ends_at=starts_at + timedelta(hours=2), capacity=capacity, **where)
    return shift, [a_sign_up(shift.id).volunteer_id for _ in range(capacity)]


def a_turn(shift_id: UUID, volunteer_id: UUID | None = None, *, role_id: UUID | None = None) -> WaitingPlace:
    """Let somebody wait for a place on a full shift, a new person if none is given."""
    who = volunteer_id or a_person().id
    return kept(lambda: waiting.join(shift_id=shift_id, volunteer_id=who, role_id=role_id))


def a_shift_with_roles(*roles: Wanted, activity_id: UUID | None = None) -> tuple[Shift, dict[str, UUID]]:
    """Publish a shift with roles, four days from now, and return it with their ids by name."""
    activity = activity_id or an_activity().id
    starts_at = clock.now() + timedelta(days=4)
    shift = kept(
        lambda: service.publish_shift(
            actor=THE_BANK,
            activity_id=activity,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            wanted=roles,
        )
    )
    there = in_unit_of_work(lambda: [(role.name, role.id) for role in places.roles_of(shift.id)], write=False)
    return shift, dict(there)


def a_qualification(
    person_id: UUID, kind: str, *, valid_until: date | None = None, organisation_id: UUID | None = None
) -> VerifiedQualification:
    """Have staff verify a qualification that holds since last year."""
    place = organisation_id or an_organisation().id
    return in_unit_of_work(
        lambda: qualifications.verify(
            actor=THE_BANK,
            person_id=person_id,
            organisation_id=place,
            kind=kind,
            reason="看过原件",
            valid_from=clock.day_of(clock.now()) - timedelta(days=365),
            valid_until=valid_until,
        )
    )


def taken_of(shift_id: UUID) -> int:
    """Return how many places of a shift are taken now."""
    return in_unit_of_work(lambda: session.get_one(Shift, shift_id, populate_existing=True).taken, write=False)
