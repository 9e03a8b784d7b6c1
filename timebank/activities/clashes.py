"""Two shifts at one time, of any organisation: nobody serves twice at once, so whoever signs up for both hears of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from timebank.activities.errors import SignUpClash
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState, SignUpState
from timebank.clock import SHANGHAI
from timebank.codes.layouts import utc_text
from timebank.database import session
from timebank.identity.models import Person
from timebank.policies.rules import Overlapping, Policy


def of(*, shift_id: UUID, volunteer_id: UUID, starts_at: datetime, ends_at: datetime) -> list[Row[Any]]:
    """Return the other shifts that somebody has signed up for and that overlap a span, the earliest first."""
    found = (
        select(Shift.id.label("shift_id"), Activity.name.label("activity_name"), Shift.starts_at, Shift.ends_at)
        .join(SignUp, SignUp.shift_id == Shift.id)
        .join(Activity, Activity.id == Shift.activity_id)
        .where(
            SignUp.volunteer_id == volunteer_id,
            SignUp.state == SignUpState.LIVE,
            Shift.id != shift_id,
            Shift.state == ShiftState.OPEN,
            Shift.closed_at.is_(None),
            Shift.starts_at < ends_at,
            Shift.ends_at > starts_at,
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    return list(session.execute(found))


def refuse(context: ShiftContext, volunteer_id: UUID, *, policy: Policy) -> None:
    """Raise SignUpClash where the policy refuses a second shift at one time.

    The person's row is locked first: of two sign-ups at once the second one sees the first.
    """
    if policy.overlapping_sign_ups != Overlapping.REFUSE:
        return
    session.execute(select(Person.id).where(Person.id == volunteer_id).with_for_update(key_share=True))
    found = of(
        shift_id=context.shift_id, volunteer_id=volunteer_id, starts_at=context.starts_at, ends_at=context.ends_at
    )
    if found:
        first = found[0]
        raise SignUpClash(
            shift_id=str(first.shift_id),
            activity=first.activity_name,
            starts_at=utc_text(first.starts_at),
            ends_at=utc_text(first.ends_at),
            starts_at_local=_local(first.starts_at),
            ends_at_local=_local(first.ends_at),
        )


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
