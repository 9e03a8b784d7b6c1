"""The verbs: add and change an activity, publish and close a shift; places are taken and given up in ``sign_ups``."""

from collections.abc import Container, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update

from timebank import clock
from timebank.activities import qualification_rules, queries, risks, roles
from timebank.activities.errors import ShiftInPast
from timebank.activities.models import Activity, Shift
from timebank.activities.queries import ShiftContext
from timebank.activities.roles import Wanted
from timebank.activities.rules import POINT_LENGTH, ShiftState, refuse_impossible_times
from timebank.activities.sign_ups import before_withdrawal, sign_up, take_place, withdraw
from timebank.codes.alphabet import random_reference
from timebank.constraints import retry_on
from timebank.database import UtcDateTime, new_id, session
from timebank.errors import Forbidden, Invalid, NotFound
from timebank.identity import queries as people
from timebank.identity.rules import Actor, Role
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.web.errors import PreconditionFailed

__all__ = [
    "MANAGERS",
    "add_activity",
    "before_withdrawal",
    "change_activity",
    "close",
    "leads",
    "publish_shift",
    "sign_up",
    "take_place",
    "withdraw",
]

MANAGERS = (Role.COORDINATOR, Role.ADMIN)

retry_on("uq_shift_point_ref")


def add_activity(
    *,
    actor: Actor,
    organisation_id: UUID,
    area_id: UUID,
    name: str,
    category: str,
    content: str,
    leader_id: UUID | None = None,
    risky: bool = False,
    insurance_ref: str | None = None,
    risk_notice: str | None = None,
    required: Sequence[str] = (),
    activity_id: UUID | None = None,
) -> Activity:
    """Add an activity to an organisation in the actor's scope. Raises NotFound, Invalid."""
    scope.organisation_for(actor, *MANAGERS, organisation_id=organisation_id)
    _refuse_unknown(area_id=area_id, leader_id=leader_id)
    activity = Activity(
        id=activity_id or new_id(),
        organisation_id=organisation_id,
        area_id=area_id,
        name=name,
        category=category,
        content=content,
        leader_id=leader_id,
        risky=risky,
        insurance_ref=insurance_ref,
        risk_notice=risk_notice,
        required=qualification_rules.as_text(required),
        version=1,
        created_by=actor.person_id,
        created_at=clock.now(),
    )
    session.add(activity)
    session.flush()
    return activity


def change_activity(
    *,
    actor: Actor,
    activity_id: UUID,
    organisation_id: UUID,
    area_id: UUID,
    name: str,
    category: str,
    content: str,
    leader_id: UUID | None = None,
    risky: bool = False,
    insurance_ref: str | None = None,
    risk_notice: str | None = None,
    required: Sequence[str] = (),
    versions: Container[str] | None = None,
) -> Activity:
    """Give an activity new values; what was recorded under the old ones stays as it was.

    ``versions`` are the versions that the caller has seen (None: whatever it is now). Raises NotFound,
    PreconditionFailed, Invalid (also for another organisation: an activity stays where it was organised).
    """
    activity = session.get(Activity, activity_id, with_for_update={"key_share": True}, populate_existing=True)
    if activity is None:
        raise NotFound
    scope.organisation_for(actor, *MANAGERS, organisation_id=activity.organisation_id)
    if versions is not None and str(activity.version) not in versions:
        raise PreconditionFailed
    if organisation_id != activity.organisation_id:
        raise Invalid(
            errors=[{"pointer": "/organisation_id", "detail": "活动不能换组织。 It stays with its organisation."}]
        )
    _refuse_unknown(area_id=area_id, leader_id=leader_id)
    activity.area_id = area_id
    activity.name = name
    activity.category = category
    activity.content = content
    activity.leader_id = leader_id
    activity.risky = risky
    activity.insurance_ref = insurance_ref
    activity.risk_notice = risk_notice
    activity.required = qualification_rules.as_text(required)
    activity.version += 1
    session.flush()
    return activity


def _refuse_unknown(*, area_id: UUID, leader_id: UUID | None) -> None:
    if register.area(area_id) is None:
        raise Invalid(errors=[{"pointer": "/area_id", "detail": "没有这个区域。 No such area."}])
    if leader_id is not None and people.person(leader_id) is None:
        raise Invalid(errors=[{"pointer": "/leader_id", "detail": "没有这个人。 No such person."}])


def publish_shift(
    *,
    actor: Actor,
    activity_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int | None = None,
    wanted: Sequence[Wanted] = (),
    site_id: UUID | None = None,
    shift_id: UUID | None = None,
) -> Shift:
    """Publish a shift of an activity that the actor manages or leads, before it starts (rule R10).

    ``wanted`` are its roles, if it has any; its capacity is then their sum.

    Raises NotFound, Forbidden, Invalid, ShiftInPast, InsuranceRequired (rule R14).
    """
    activity = activity_led_by(actor, activity_id)
    refuse_impossible_times(starts_at, ends_at)
    now = clock.now()
    if starts_at <= now:
        raise ShiftInPast
    risks.refuse_uninsured(risky=activity.risky, insurance_ref=activity.insurance_ref, risk_notice=activity.risk_notice)
    refuse_foreign_site(activity, site_id)
    shift = Shift(
        id=shift_id or new_id(),
        activity_id=activity_id,
        site_id=site_id,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=roles.total(wanted, capacity),
        taken=0,
        point_ref=random_reference(POINT_LENGTH),
        state=ShiftState.OPEN,
        created_by=actor.person_id,
        created_at=now,
        has_roles=bool(wanted),
        version=1,
    )
    session.add(shift)
    session.flush()
    roles.add(shift, wanted)
    return shift


def activity_led_by(actor: Actor, activity_id: UUID) -> Activity:
    """Return an activity whose shifts the actor may publish: its leader, or a manager. Raises NotFound, Forbidden."""
    activity = queries.activity(activity_id)
    if activity is None:
        raise NotFound
    if activity.leader_id != actor.person_id:
        if not actor.holds(*MANAGERS):
            raise Forbidden
        scope.organisation_for(actor, *MANAGERS, organisation_id=activity.organisation_id)
    return activity


def refuse_foreign_site(activity: Activity, site_id: UUID | None) -> None:
    """Raise Invalid for a site that is not one of the activity's organisation."""
    site = register.site(site_id) if site_id is not None else None
    if site_id is not None and (site is None or site.organisation_id != activity.organisation_id):
        raise Invalid(
            errors=[{"pointer": "/site_id", "detail": "该组织没有这个站点。 Not a site of this organisation."}]
        )


def leads(actor: Actor, context: ShiftContext) -> bool:
    """Whether the actor answers for a shift: its activity's leader, or a manager over the organisation."""
    return context.leader_id == actor.person_id or any(
        grant.role in MANAGERS
        and scope.grant_covers(grant, organisation_id=context.organisation_id, area_path=context.organisation_path)
        for grant in actor.grants
    )


def close(*, shift_id: UUID, actor_id: UUID, now: datetime) -> None:
    """Say that a shift is over: nobody comes in any more. The first to say so is remembered.

    The shift is held until the transaction ends, also against whoever checks in: those under way are in before this
    returns, and those who come after it find the shift closed.
    """
    session.connection().execute(_CLOSE, {"shift": shift_id, "closing": now, "closer": actor_id})


# An update alone would not wait for check-ins, which hold the shift only as a foreign key does.
_HELD = select(Shift.id).where(Shift.id == bindparam("shift", type_=Uuid())).with_for_update().scalar_subquery()
_CLOSE = (
    update(Shift)
    .where(Shift.id == _HELD, Shift.closed_at.is_(None))
    .values(closed_at=bindparam("closing", type_=UtcDateTime()), closed_by=bindparam("closer", type_=Uuid()))
)
