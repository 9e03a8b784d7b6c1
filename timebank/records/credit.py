"""What a record earns when its minutes change: by the policy version that made it, within the caps of its day."""

from datetime import datetime

from timebank.clock import day_of
from timebank.policies import service as policies
from timebank.records import queries
from timebank.records.models import Revision
from timebank.records.rules import PENDING, Provenance, State, earned

__all__ = ["recomputed"]


def recomputed(current: Revision, *, service_minutes: int, started_at: datetime) -> int:
    """Return what ``service_minutes`` from ``started_at`` on earn in the place of what the record says now.

    The policy is that of the version which the record names, on its day; what the other records of the day earn or
    will earn counts towards a daily cap (rules R01, R20).
    """
    policy = policies.resolve(
        organisation_id=current.organisation_id,
        area_path=current.area_path,
        at=started_at,
        known_number=current.policy_number,
    )
    day = day_of(started_at)
    others = queries.so_far(volunteer_id=current.volunteer_id, day=day).day_expected_minutes
    if current.served_on == day and current.state in (*PENDING, State.FINAL):
        others -= current.expected_minutes
    return earned(service_minutes, provenance=Provenance(current.provenance), policy=policy, earned_that_day=others)
