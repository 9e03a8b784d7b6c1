"""Many services at once: recorded in as many statements as one, and credited in one posting batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table

from timebank.database import new_id, session
from timebank.direct import Rows
from timebank.policies.rules import Policy
from timebank.records import overlaps, queries, revisions
from timebank.records.models import Revision, ServiceRecord
from timebank.records.rules import Served, SoFar, assess
from timebank.records.service import first_values, record_values

_RECORDS = Rows(cast("Table", ServiceRecord.__table__))


def record_many(
    *, services: Sequence[Served], policy: Policy, actor_id: UUID, now: datetime, batch_id: UUID | None = None
) -> list[Revision]:
    """Make the records of many people's services, one each, and post the credits of those that are final at once.

    All or nothing. ``batch_id`` goes into every transfer of the posting. Raises AlreadyRecorded (by its constraint).

    Returns:
        The first revisions, in the order given.
    """
    if not services:
        return []
    people = {served.volunteer_id for served in services}
    if len(people) < len(services):
        raise ValueError("one service a person: what the day adds up to is read once for all")
    overlaps.lock_day(people, policy)
    days = queries.so_far_of_many(people, {served.served_on for served in services})
    nothing = SoFar()
    records, values = [], []
    for served in services:
        record_id = new_id()
        so_far = days.get((served.volunteer_id, served.served_on), nothing) if days else nothing
        assessed = assess(served, policy, so_far)
        records.append(record_values(served, record_id=record_id, now=now))
        values.append(first_values(served, assessed, record_id=record_id, policy=policy, actor_id=actor_id, now=now))
    _RECORDS.insert_mappings(session.connection(), records)
    return revisions.append_many(values, batch_id=batch_id)
