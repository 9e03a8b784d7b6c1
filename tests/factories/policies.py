"""Policy values."""

from datetime import date
from typing import Any
from uuid import UUID

from tests.factories import kept
from tests.factories.organisations import THE_BANK
from timebank import clock
from timebank.policies import service
from timebank.policies.models import PolicyVersion


def a_policy(
    key: str,
    value: Any,
    *,
    organisation_id: UUID | None = None,
    area_id: UUID | None = None,
    effective_on: date | None = None,
) -> PolicyVersion:
    """Set a value for an organisation, an area or the whole bank; from today on if no day is given."""
    return kept(
        lambda: service.set_value(
            actor=THE_BANK,
            key=key,
            value=value,
            effective_on=effective_on or clock.day_of(clock.now()),
            organisation_id=organisation_id,
            area_id=area_id,
        )
    )
