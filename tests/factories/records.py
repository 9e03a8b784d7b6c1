"""Service records, made by the service itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.factories.identity import a_person
from tests.factories.organisations import an_area, an_organisation
from timebank.database import in_unit_of_work, new_id
from timebank.organisations.models import Organisation
from timebank.policies.rules import BUILT_IN, Policy
from timebank.records import service
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance, Served, SourceType
from timebank.records.service import Recorded

NINE_O_CLOCK = datetime(2026, 11, 2, 1, tzinfo=UTC)
"""Nine in the morning of a Monday in Shanghai."""


def a_service(
    *,
    volunteer_id: UUID | None = None,
    minutes: int = 120,
    started_at: datetime = NINE_O_CLOCK,
    provenance: Provenance = Provenance.SELF_SCAN,
    flags: frozenset[Flag] = frozenset(),
    organisation: Organisation | None = None,
    source_id: UUID | None = None,
) -> Served:
    """Return the evidence of a service; nothing is written."""
    return Served(
        volunteer_id=volunteer_id or new_id(),
        source_type=SourceType.ATTENDANCE,
        source_id=source_id or new_id(),
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=minutes, seconds=59),
        provenance=provenance,
        flags=flags,
        activity_id=new_id(),
        activity_name="社区食堂帮厨",
        content="为老人备餐、送餐。",
        organisation_id=organisation.id if organisation else new_id(),
        organisation_name=organisation.name if organisation else "三色堇志愿服务队",
        area_id=organisation.area_id if organisation else new_id(),
        area_path="0573.01",
        shift_id=None,
        place="邻里中心",
        leader_id=None,
    )


def recorded(served: Served, policy: Policy = BUILT_IN) -> Recorded:
    """Record a service in a unit of work of its own, at the instant when it ended."""
    return in_unit_of_work(
        lambda: service.record_service(served=served, policy=policy, actor_id=served.volunteer_id, now=served.ended_at)
    )


def a_record(
    *,
    volunteer_id: UUID | None = None,
    organisation: Organisation | None = None,
    minutes: int = 120,
    started_at: datetime = NINE_O_CLOCK,
    provenance: Provenance = Provenance.SELF_SCAN,
    flags: frozenset[Flag] = frozenset(),
    policy: Policy = BUILT_IN,
) -> Revision:
    """Record a service of somebody, by default two hours of a new volunteer: final, and credited at once."""
    served = a_service(
        volunteer_id=volunteer_id or a_person().id,
        organisation=organisation or an_organisation(area_id=an_area().id),
        minutes=minutes,
        started_at=started_at,
        provenance=provenance,
        flags=flags,
    )
    return recorded(served, policy).revision


def a_pending_record(*, volunteer_id: UUID | None = None, organisation: Organisation | None = None) -> Revision:
    """Record two hours that a coordinator must look at."""
    return a_record(volunteer_id=volunteer_id, organisation=organisation, flags=frozenset({Flag.LATE}))
