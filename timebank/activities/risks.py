"""Risky activities (rule R14; 志愿服务条例 12, 16, 17).

Insured and explained before anybody is asked, accepted before anybody serves, and done by those who are qualified.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from timebank import clock
from timebank.activities import qualifications, queries
from timebank.activities.errors import InsuranceRequired, RiskNotAccepted
from timebank.activities.models import Activity, RiskAcceptance, ShiftRole, SignUp
from timebank.activities.queries import ShiftContext
from timebank.constraints import retry_on
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity import consents
from timebank.identity import queries as people
from timebank.identity.ages import ADULT, is_under, refuse_minor
from timebank.identity.rules import Purpose
from timebank.policies import service as policies

# Two clicks at once: the second look finds what the first one has kept.
retry_on("pk_risk_acceptance")

_KEEP = insert(RiskAcceptance)


def refuse_uninsured(*, risky: bool, insurance_ref: str | None, risk_notice: str | None) -> None:
    """Raise InsuranceRequired if an activity is risky and lacks its insurance or its notice."""
    if risky and (not insurance_ref or not risk_notice):
        raise InsuranceRequired


def is_insured(activity: Activity) -> bool:
    """Whether shifts of an activity may be published: it is not risky, or has its insurance and its notice."""
    return not activity.risky or bool(activity.insurance_ref and activity.risk_notice)


def refuse_sign_up(
    context: ShiftContext, volunteer_id: UUID, *, role: ShiftRole | None = None, accepts_risk: bool
) -> None:
    """Raise why somebody may not take a place for their age, what they lack, or the risk; all on the day of the shift.

    Raises NotFound, NotForMinors, GuardianRequired, QualificationMissing, InsuranceRequired, RiskNotAccepted.
    """
    person = people.person(volunteer_id)
    if person is None:
        raise NotFound
    day = clock.day_of(context.starts_at)
    if is_under(ADULT, person.birth_on, day):
        policy = policies.resolve(
            organisation_id=context.organisation_id,
            area_path=context.area_path,
            at=clock.now(),
            known_number=context.policy_number,
        )
        consent = consents.latest(volunteer_id, Purpose.MINOR_SERVICE)
        consented = consent is not None and consent.given
        refuse_minor(
            birth_on=person.birth_on, day=day, min_age=policy.min_age, risky=context.risky, consented=consented
        )
    qualifications.refuse_unqualified(context, volunteer_id, required=role.required if role else None)
    refuse_uninsured(risky=context.risky, insurance_ref=context.insurance_ref, risk_notice=context.risk_notice)
    if context.risky and not accepts_risk:
        raise RiskNotAccepted(risk_notice=context.risk_notice)


def accept(sign_up: SignUp, context: ShiftContext, now: datetime) -> None:
    """Keep that the holder of a place has accepted the risks, word for word."""
    session.connection().execute(
        _KEEP,
        {
            "sign_up_id": sign_up.id,
            "activity_version": context.activity_version,
            "notice": context.risk_notice,
            "insurance_ref": context.insurance_ref,
            "accepted_at": now,
        },
    )


def accept_anew(context: ShiftContext, volunteer_id: UUID, now: datetime) -> SignUp | None:
    """Let somebody who holds a place accept the risks as they read now; None if they have done so before."""
    held = session.scalars(select(SignUp).where(*queries.live(context.shift_id, volunteer_id))).one_or_none()
    if held is None:
        return None
    same = select(RiskAcceptance.sign_up_id).where(
        RiskAcceptance.sign_up_id == held.id, RiskAcceptance.notice == context.risk_notice
    )
    if session.scalars(same.limit(1)).first() is not None:
        return None
    accept(held, context, now)
    return held
