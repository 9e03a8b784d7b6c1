"""What keeps somebody from being forgotten: what is still open of theirs, and would be lost or left to others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, or_, select

from timebank import clock
from timebank.attendance.models import Attendance
from timebank.attendance.rules import State as AttendanceState
from timebank.complaints.models import Complaint, ComplaintAnswer
from timebank.database import session
from timebank.giving.models import Gift, PoolGrant
from timebank.giving.rules import GiftState, GrantState
from timebank.identity import guardians
from timebank.identity.models import GrantedRole
from timebank.ledger import queries as ledger
from timebank.people.errors import ErasureBlocked
from timebank.records.correction_tables import Correction, CorrectionDecision
from timebank.records.models import Revision, ServiceRecord
from timebank.records.objection_tables import Objection
from timebank.records.queries import is_answered, is_current, is_frozen, is_pending
from timebank.records.supplement_queries import is_open
from timebank.records.supplement_tables import Supplement
from timebank.shop.intake.donation_tables import Donation, DonationState
from timebank.shop.models import Redemption
from timebank.shop.queries import is_waiting


class Blocker(StrEnum):
    """What is open."""

    OPEN_ATTENDANCE = "OPEN_ATTENDANCE"
    OPEN_REDEMPTION = "OPEN_REDEMPTION"
    OPEN_HOLD = "OPEN_HOLD"
    PENDING_GIFT = "PENDING_GIFT"
    PENDING_RECORD = "PENDING_RECORD"
    FROZEN_RECORD = "FROZEN_RECORD"
    OPEN_OBJECTION = "OPEN_OBJECTION"
    OPEN_CORRECTION = "OPEN_CORRECTION"
    OPEN_SUPPLEMENT = "OPEN_SUPPLEMENT"
    OPEN_COMPLAINT = "OPEN_COMPLAINT"
    OPEN_DONATION = "OPEN_DONATION"
    OPEN_GRANT = "OPEN_GRANT"
    GUARDIAN = "GUARDIAN"
    STAFF_ROLE = "STAFF_ROLE"


WHAT_TO_DO = {
    Blocker.OPEN_ATTENDANCE: "还没有签退，请先签退。 Check out first.",
    Blocker.OPEN_REDEMPTION: "有未提货的兑换单，请提货或取消。 Collect or cancel what is reserved.",
    Blocker.OPEN_HOLD: "有冻结的时间币，请先完成或取消对应的兑换。 Minutes are set aside: finish or cancel what they are for.",
    Blocker.PENDING_GIFT: "有未处理的赠予，请接受、谢绝或撤回。 Accept, decline or withdraw the open gift.",
    Blocker.PENDING_RECORD: "有服务记录在审核或公示中，请等待结果。 A record is being reviewed or on notice: wait for it.",
    Blocker.FROZEN_RECORD: "有服务记录因异议冻结，请等待答复。 A record is frozen by an objection: wait for its answer.",
    Blocker.OPEN_OBJECTION: "您提出的异议还没有答复，请等待。 Your objection waits for its answer.",
    Blocker.OPEN_CORRECTION: "有更正在等待审批，请等待。 A correction waits for its approval.",
    Blocker.OPEN_SUPPLEMENT: "有补录在等待审核，请等待或联系组织。 A supplement waits for its reviewers.",
    Blocker.OPEN_COMPLAINT: "您的投诉还没有答复，请等待。 Your complaint waits for its answer.",
    Blocker.OPEN_DONATION: "有捐物还没有答复，请取消或等待。 Cancel the donation that you offered, or wait for the answer.",
    Blocker.OPEN_GRANT: "公共池发放在等待审批，请等待。 A grant from the pool waits for its approval.",
    Blocker.GUARDIAN: "您是未成年人的监护人，请先到组织变更监护登记。 You answer for a minor: have that changed first.",
    Blocker.STAFF_ROLE: "您还担任工作角色，请管理员先收回。 You hold a role of staff: have it taken back first.",
}


@dataclass(frozen=True, slots=True)
class Look:
    """Whom to look at, and when."""

    person_id: UUID
    now: datetime


def blockers_of(person_id: UUID) -> list[Blocker]:
    """Return what is open of somebody's, in the order of ``Blocker``."""
    look = Look(person_id, clock.now())
    asked = _asked(look)
    found = session.execute(select(*(exists(question).label(blocker) for blocker, question in asked.items()))).one()
    blockers = {blocker for blocker, is_there in zip(asked, found, strict=True) if is_there}
    if ledger.account_state(person_id, look.now).held_minutes:
        blockers.add(Blocker.OPEN_HOLD)
    if guardians.wards_of(person_id):
        blockers.add(Blocker.GUARDIAN)
    return [blocker for blocker in Blocker if blocker in blockers]


def refuse_open(person_id: UUID) -> None:
    """Raise ErasureBlocked if anything is open."""
    if found := blockers_of(person_id):
        raise ErasureBlocked(
            blockers=[str(blocker) for blocker in found],
            errors=[{"pointer": f"/blockers/{blocker}", "detail": WHAT_TO_DO[blocker]} for blocker in found],
        )


def _asked(look: Look) -> dict[Blocker, Select[Any]]:
    """Return what is asked of the database, one question for each blocker."""
    me = look.person_id
    return _of_service(me) | {
        Blocker.OPEN_REDEMPTION: select(Redemption.id).where(Redemption.person_id == me, is_waiting(look.now)),
        Blocker.PENDING_GIFT: select(Gift.id).where(
            or_(Gift.giver_id == me, Gift.recipient_id == me),
            Gift.state == GiftState.OFFERED,
            Gift.expires_at > look.now,
        ),
        Blocker.OPEN_DONATION: select(Donation.id).where(
            Donation.donor_id == me, Donation.state == DonationState.OFFERED
        ),
        Blocker.OPEN_GRANT: select(PoolGrant.id).where(
            PoolGrant.person_id == me, PoolGrant.state == GrantState.REQUESTED
        ),
        Blocker.STAFF_ROLE: select(GrantedRole.id).where(GrantedRole.person_id == me),
    }


def _of_service(me: UUID) -> dict[Blocker, Select[Any]]:
    answered = exists().where(ComplaintAnswer.complaint_id == Complaint.id)
    decided = exists().where(CorrectionDecision.correction_id == Correction.id)
    return {
        Blocker.OPEN_ATTENDANCE: select(Attendance.id).where(
            Attendance.volunteer_id == me, Attendance.state == AttendanceState.OPEN
        ),
        Blocker.PENDING_RECORD: select(Revision.id).where(Revision.volunteer_id == me, is_current(), is_pending()),
        Blocker.FROZEN_RECORD: select(ServiceRecord.id).where(
            ServiceRecord.volunteer_id == me, is_frozen(ServiceRecord.id)
        ),
        Blocker.OPEN_OBJECTION: select(Objection.id).where(Objection.objector_id == me, ~is_answered()),
        Blocker.OPEN_CORRECTION: select(Correction.id).where(Correction.volunteer_id == me, ~decided),
        Blocker.OPEN_COMPLAINT: select(Complaint.id).where(Complaint.complainant_id == me, ~answered),
        Blocker.OPEN_SUPPLEMENT: select(Supplement.id).where(Supplement.volunteer_id == me, is_open()),
    }
