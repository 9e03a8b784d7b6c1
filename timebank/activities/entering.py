"""Many activities entered at once, as another system had them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import Table

from timebank import clock
from timebank.activities.models import Activity
from timebank.database import session
from timebank.direct import Rows

_ACTIVITIES = Rows(cast("Table", Activity.__table__))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An activity to enter. It is not risky: whoever knows that it is says so, with the insurance (rule R14)."""

    activity_id: UUID
    organisation_id: UUID
    area_id: UUID
    name: str
    category: str
    content: str
    leader_id: UUID | None = None


def enter_many(*, activities: Sequence[Entered], by: UUID) -> None:
    """Add activities; the scope and that their areas exist is the caller's question."""
    now = clock.now()
    columns: dict[str, object] = dict.fromkeys(_ACTIVITIES.columns)
    rows = [
        columns
        | {
            "id": one.activity_id,
            "organisation_id": one.organisation_id,
            "area_id": one.area_id,
            "name": one.name,
            "category": one.category,
            "content": one.content,
            "leader_id": one.leader_id,
            "version": 1,
            "created_by": by,
            "created_at": now,
            "risky": False,
        }
        for one in activities
    ]
    _ACTIVITIES.insert_mappings(session.connection(), rows)
