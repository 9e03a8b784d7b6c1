"""What a record earns when its minutes change: by the policy version that made it, within the caps of its day."""

from datetime import datetime

from timebank.clock import day_of
from timebank.policies import service as policies
from timebank.policies.rules import Policy
from timebank.records import queries
from timebank.records.models import Revision
from timebank.records.rules import PENDING, Provenance, State, earned

__all__ = ["policy_of", "recomputed"]


def policy_of(revision: Revision) -> Policy:
    """Return the very policy that made a record: as of the version that it names, on the day on which the service ended."""
    return policies.resolve(
        organisation_id=revision.organisation_id,
        area_path=revision.area_path,
        at=revision.ended_at,
        known_number=revision.policy_number,
    )


def recomputed(current: Revision, *, service_minutes: int, started_at: datetime) -> int:
    """Return what ``service_minutes`` from ``started_at`` on earn in the place of what the record says now.

    The policy is the one that made the record; what the other records of the day earn or
    will earn counts towards a daily cap (rules R01, R20).
    """
    policy = policy_of(current)
    day = day_of(started_at)
    others = queries.so_far(volunteer_id=current.volunteer_id, day=day).day_expected_minutes
    if current.served_on == day and current.state in (*PENDING, State.FINAL):
        others -= current.expected_minutes
    return earned(service_minutes, provenance=Provenance(current.provenance), policy=policy, earned_that_day=others)
