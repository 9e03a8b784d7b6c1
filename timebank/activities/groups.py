"""For whom somebody serves: for themself, or as a member of a group, whose account then earns the minutes (rule R24)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, select, update

from timebank import clock
from timebank.activities import queries
from timebank.activities.errors import GroupsEarnNothing, NothingToWithdraw, ShiftOver
from timebank.activities.models import SignUp
from timebank.database import session
from timebank.errors import NotFound
from timebank.organisations import members
from timebank.organisations.errors import NotAMember
from timebank.policies import service as policies
from timebank.policies.rules import GroupAccounts


def serve_for(*, shift_id: UUID, volunteer_id: UUID, organisation_id: UUID | None) -> SignUp:
    """Say for which group one serves at a shift; None: for oneself. The choice holds when the stay ends.

    After the time to check out nobody chooses any more: whoever forgot to has left with the end of the shift. Raises
    NotFound, ShiftOver, NothingToWithdraw (not signed up), NotAMember, GroupsEarnNothing (policy ``group_accounts``).
    """
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    policy = policies.resolve(
        organisation_id=context.organisation_id,
        area_path=context.area_path,
        at=context.ends_at,
        known_number=context.policy_number,
    )
    if context.closed_at is not None or clock.now() > context.ends_at + timedelta(minutes=policy.close_after_minutes):
        raise ShiftOver
    if organisation_id is not None:
        if policy.group_accounts == GroupAccounts.NONE:
            raise GroupsEarnNothing
        if not session.scalar(select(members.belongs(person_id=volunteer_id, organisation_id=organisation_id))):
            raise NotAMember
    chosen = session.scalars(
        update(SignUp).where(*queries.live(shift_id, volunteer_id)).values(group_id=organisation_id).returning(SignUp),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if chosen is None:
        raise NothingToWithdraw
    return chosen


def group_of(shift_id: Any, volunteer_id: Any) -> ScalarSelect[UUID | None]:
    """Return the group that somebody serves for at a shift and still belongs to, for the select of a stay."""
    return (
        select(SignUp.group_id)
        .where(
            *queries.live(shift_id, volunteer_id),
            SignUp.group_id.is_not(None),
            members.belongs(person_id=SignUp.volunteer_id, organisation_id=SignUp.group_id),
        )
        .scalar_subquery()
    )
