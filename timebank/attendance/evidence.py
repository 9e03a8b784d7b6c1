"""What a stay at a shift says to the records: who served where, from when to when, and how that is known."""

from datetime import datetime
from typing import Any

from timebank.activities.queries import ShiftContext
from timebank.records.rules import Flag, Provenance, Served, SourceType


def served(
    stay: Any,
    context: ShiftContext,
    *,
    ended_at: datetime,
    provenance: Provenance,
    flags: frozenset[Flag],
    started_at: datetime | None = None,
) -> Served:
    """Return the evidence of a stay (a row with ``queries.STAY``); it began when it says, or at ``started_at``."""
    return Served(
        volunteer_id=stay.volunteer_id,
        source_type=SourceType.ATTENDANCE,
        source_id=stay.attendance_id,
        started_at=started_at or stay.checked_in_at,
        ended_at=ended_at,
        provenance=provenance,
        flags=flags,
        activity_id=context.activity_id,
        activity_name=context.activity_name,
        content=context.content,
        organisation_id=context.organisation_id,
        organisation_name=context.organisation_name,
        area_id=context.area_id,
        area_path=context.area_path,
        shift_id=context.shift_id,
        place=context.place,
        leader_id=context.leader_id,
        group_id=stay.group_id,
    )
