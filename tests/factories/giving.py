"""Gifts, the pool, and who asks for what."""

from uuid import UUID

from tests.factories import kept
from tests.factories.family import relatives
from tests.factories.identity import a_staff_member
from tests.factories.ledger import earned
from timebank.giving import applications, gifts, pool
from timebank.giving.models import Application, Donation, Gift, PoolGrant
from timebank.giving.rules import Priority
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Area


def a_giver(minutes: int = 300) -> tuple[Person, Person]:
    """Enrol a grandmother with some minutes, and her verified grandson."""
    grandmother, grandson = relatives()
    earned(grandmother.id, minutes)
    return grandmother, grandson


def an_offer(giver_id: UUID, recipient: Person, minutes: int = 60, message: str | None = None) -> Gift:
    """Offer minutes to a relative."""
    return kept(lambda: gifts.offer(giver_id=giver_id, to=recipient.volunteer_no, minutes=minutes, message=message))


def a_donation(owner_id: UUID, area_id: UUID, minutes: int) -> Donation:
    """Give minutes to the pool of an area."""
    return kept(lambda: pool.donate(owner_id=owner_id, area_id=area_id, minutes=minutes)[0])


def a_steward(area: Area, role: Role = Role.COORDINATOR) -> Actor:
    """Enrol somebody who answers for the pool of an area."""
    return a_staff_member(role, area_path=area.path)


def an_application(
    person_id: UUID, area: Area, priority: Priority = Priority.AGED_80_ALONE, reason: str = "独居，行动不便"
) -> Application:
    """Put somebody on the list of an area's pool."""
    return kept(lambda: applications.apply(actor=Actor(person_id), area_id=area.id, priority=priority, reason=reason))


def a_request(steward: Actor, area: Area, person_id: UUID, minutes: int = 60) -> PoolGrant:
    """Ask for a grant to somebody."""
    return kept(
        lambda: pool.request(
            actor=steward,
            area_id=area.id,
            person_id=person_id,
            minutes=minutes,
            reason_code=Priority.AGED_80_ALONE,
            reason="上门核实，82 岁独居",
        )
    )
