"""Records on public notice and what is said against them, made by the services themselves."""

from datetime import datetime
from uuid import UUID

from tests.factories.identity import a_person
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_record
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.policies.rules import Policy
from timebank.policies.service import resolve
from timebank.records import finalising, objections
from timebank.records.models import Revision
from timebank.records.objection_tables import Objection
from timebank.records.rules import Flag

NOTICE_OVER = datetime.fromisoformat("2026-11-06T00:00:00+08:00")
"""Three working days after the Monday of ``NINE_O_CLOCK``, when the last of them is over."""


def an_organisation_with_notice(
    days: int = 3, *, approval: str = "clean_auto", since: datetime = NINE_O_CLOCK
) -> Organisation:
    """Add an organisation whose records go on public notice for so many working days."""
    organisation = an_organisation()
    with clock.at(since):
        a_policy("notice_days", days, organisation_id=organisation.id)
        a_policy("approval", approval, organisation_id=organisation.id)
    return organisation


def policy_at(organisation: Organisation, at: datetime = NINE_O_CLOCK) -> Policy:
    """Return what holds for an organisation."""
    return in_unit_of_work(lambda: resolve(organisation_id=organisation.id, area_path="0573.01", at=at), write=False)


def a_record_on_notice(
    *, organisation: Organisation | None = None, volunteer_id: UUID | None = None, started_at: datetime = NINE_O_CLOCK
) -> Revision:
    """Record two clean hours of an organisation with three days of notice."""
    where = organisation or an_organisation_with_notice()
    return a_record(
        volunteer_id=volunteer_id, organisation=where, started_at=started_at, policy=policy_at(where, started_at)
    )


def a_record_to_review(*, organisation: Organisation) -> Revision:
    """Record two hours that a coordinator must look at, under the organisation's own policy."""
    return a_record(organisation=organisation, flags=frozenset({Flag.LATE}), policy=policy_at(organisation))


def an_objection(record_id: UUID, who: UUID | None = None, reason: str = "当天我没有看到这位志愿者。") -> Objection:
    """Object to a record, as somebody new if nobody is named."""
    actor = Actor(who or a_person().id)
    return in_unit_of_work(lambda: objections.make(actor=actor, record_id=record_id, reason=reason))


def swept(*, at: datetime | None = None, limit: int = 50) -> int:
    """Let the end of the notices be written, at an instant; return how many records became final."""
    with clock.at(at or clock.now()):
        return in_unit_of_work(lambda: finalising.sweep(limit=limit)).finalised
