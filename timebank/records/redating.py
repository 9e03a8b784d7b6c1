"""A record that still waits gets other times: a late check-out came after all, or a coordinator put them right."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from timebank.errors import NotFound
from timebank.policies.rules import Policy
from timebank.records import objections, queries, revisions
from timebank.records.errors import RecordNotPending
from timebank.records.locks import lock
from timebank.records.models import Revision
from timebank.records.revisions import Recorded
from timebank.records.rules import PENDING, Served, SoFar, assess
from timebank.records.service import assessed_values


def redate(
    *,
    record_id: UUID,
    served: Served,
    policy: Policy,
    actor_id: UUID,
    now: datetime,
    reason: str | None = None,
    so_far: SoFar | None = None,
) -> Recorded:
    """Append what a pending record says now, assessed afresh; without any doubt left it may become final at once.

    ``so_far`` is what ``queries.so_far`` says for the service's new day, this very record included, if the caller has
    read it. Raises NotFound, RecordFrozen, and RecordNotPending when somebody has decided already, perhaps a moment ago.
    """
    lock(record_id)
    current = queries.current_of(record_id)
    if current is None:
        raise NotFound
    if current.state not in PENDING:
        raise RecordNotPending
    objections.refuse_frozen(record_id)
    if so_far is None:
        so_far = queries.so_far(volunteer_id=served.volunteer_id, day=served.served_on)
    assessed = assess(served, policy, _without(so_far, current, served))
    values = assessed_values(served, assessed, policy=policy, actor_id=actor_id, reason=reason, now=now)
    return revisions.change(current, **values)


def _without(so_far: SoFar, current: Revision, served: Served) -> SoFar:
    """Return what the day adds up to but for the record itself: it must not count against its own cap."""
    if current.served_on != served.served_on:
        return so_far
    return replace(
        so_far,
        day_service_minutes=so_far.day_service_minutes - current.service_minutes,
        day_expected_minutes=so_far.day_expected_minutes - current.expected_minutes,
    )
