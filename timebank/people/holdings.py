"""What the bank holds about somebody: every table with a person in it, as the export shows it (PIPL 45, rule R39).

One line for each table, in the order in which people read it. A test walks the whole database and asks for what is
missing here; what is left out stands in that test with its reason.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Select, Table, or_, select

from timebank.activities.calendar_tables import CalendarFeed
from timebank.activities.models import Activity, RiskAcceptance, SignUp
from timebank.activities.qualification_tables import VerifiedQualification
from timebank.activities.waiting_tables import WaitingPlace
from timebank.attendance.models import Attendance, ClientRef, LateScan, Scan
from timebank.attendance.no_show_tables import NoShow, NoShowExplanation
from timebank.awards.models import Award
from timebank.certificates.models import Certificate, CertificateNames
from timebank.complaints.models import Complaint, ComplaintAnswer
from timebank.database import Base
from timebank.evaluations.models import Evaluation
from timebank.files.models import FileUpload
from timebank.giving.models import Application, Gift, PoolGrant, SurplusConsent
from timebank.giving.models import Donation as PoolDonation
from timebank.identity.binding_tables import Invite, Phone
from timebank.identity.device_models import ClerkSite
from timebank.identity.document_models import Document, SealedNumber
from timebank.identity.former import belongs
from timebank.identity.models import (
    Consent,
    FamilyRelation,
    GrantedRole,
    Guardian,
    HouseholdMember,
    Password,
    Person,
    SignedInSession,
    WechatIdentity,
)
from timebank.identity.state_models import StateChange
from timebank.imports.models import ImportedNumber
from timebank.mergers.models import MergeRequest
from timebank.notifications.models import Notification, Subscription
from timebank.organisations.models import Member
from timebank.organisations.profile_tables import Profile
from timebank.people.models import Disclosure, ErasureRequest
from timebank.records.correction_tables import Correction
from timebank.records.models import Revision, ServiceRecord
from timebank.records.objection_tables import Objection, ObjectionAnswer
from timebank.records.supplement_tables import FraudFinding, Supplement
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_tables import Entitlement
from timebank.shop.intake.donation_tables import Donation, DonationLine
from timebank.shop.models import Receipt, Redemption, RedemptionLine
from timebank.stars.models import StarObjection, StarProposal
from timebank.training.models import TrainingParticipation

SECRETS = frozenset({"member_ref", "password_hash", "salt"})
"""What proves or hides something: it says nothing about anybody, and a copy of it could be misused."""
_PEOPLE = ("_by", "actor_id", "clerk_id", "reviewer_id", "leader_id")


@dataclass(frozen=True, slots=True)
class Holding:
    """One table: what it is called in the export, and which of its columns name the person.

    ``through`` is the table that names them where this one does not, and the column that leads there.
    """

    name: str
    title: str
    model: type[Base]
    whose: tuple[str, ...]
    through: tuple[str, type[Base]] | None = None
    omitted: frozenset[str] = field(default=frozenset())

    @property
    def table(self) -> Table:
        """The table."""
        table: Table = self.model.__table__  # type: ignore[assignment]
        return table

    def rows_of(self, person_id: UUID) -> Select[*tuple[Any, ...]]:
        """Select everything in it about somebody, in the order of its key; rows of accounts merged into theirs, too."""
        return select(*self._shown()).where(self._condition(person_id)).order_by(*self.table.primary_key)

    def _shown(self) -> list[ColumnElement[Any]]:
        hidden = SECRETS | self.omitted
        return [
            column
            for column in self.table.columns
            if not isinstance(column.type, LargeBinary) and column.name not in hidden
        ]

    def _condition(self, person_id: UUID) -> ColumnElement[bool]:
        if self.through is None:
            return or_(*(belongs(self.table.c[name], person_id) for name in self.whose))
        leads, parent = self.through
        keys: Table = parent.__table__  # type: ignore[assignment]
        (key,) = keys.primary_key
        theirs = select(key).where(or_(*(belongs(keys.c[name], person_id) for name in self.whose)))
        return self.table.c[leads].in_(theirs)


def names_people(name: str, holding: Holding) -> bool:
    """Whether a column names somebody: the person themself is told so, of others only that there was somebody."""
    column = holding.table.c[name]
    is_key = any(key.target_fullname == "identity_person.id" for key in column.foreign_keys)
    return is_key or name in holding.whose or name.endswith(_PEOPLE)


_PERSON, _VOLUNTEER = ("person_id",), ("volunteer_id",)

HOLDINGS = (
    Holding("person", "账户", Person, ("id",)),
    Holding("profile", "个人资料", Profile, _PERSON),
    Holding("document", "证件（末四位）", Document, _PERSON),
    Holding("sealed_document", "证件号码密文", SealedNumber, _PERSON),
    Holding("account_states", "账户状态变更", StateChange, _PERSON),
    Holding("wechat", "微信绑定", WechatIdentity, _PERSON),
    Holding("phone", "手机号（末四位）", Phone, _PERSON),
    Holding("invites", "绑定邀请", Invite, _PERSON),
    Holding("merge_requests", "账户合并", MergeRequest, ("old_id", "person_id")),
    Holding("sign_in", "登录账号", Password, _PERSON),
    Holding("sessions", "登录记录", SignedInSession, _PERSON),
    Holding("roles", "工作角色", GrantedRole, _PERSON),
    Holding("shops_of_clerk", "所属柜台", ClerkSite, _PERSON),
    Holding("consents", "授权同意", Consent, _PERSON),
    Holding("guardians", "监护关系", Guardian, ("ward_id", "guardian_id")),
    Holding("family", "亲属关系", FamilyRelation, ("proposer_id", "relative_id")),
    Holding("households", "户成员", HouseholdMember, _PERSON),
    Holding("groups", "团体成员", Member, _PERSON),
    Holding("disclosures", "个人信息查看记录", Disclosure, _PERSON),
    Holding("erasures", "注销申请", ErasureRequest, _PERSON),
    Holding("qualifications", "资质", VerifiedQualification, _PERSON),
    Holding("activities_led", "负责的活动", Activity, ("leader_id",)),
    Holding("sign_ups", "报名", SignUp, _VOLUNTEER),
    Holding("risks_accepted", "风险告知确认", RiskAcceptance, _VOLUNTEER, ("sign_up_id", SignUp)),
    Holding("waiting_places", "候补", WaitingPlace, _VOLUNTEER),
    Holding("absences", "未到记录", NoShow, _VOLUNTEER, ("sign_up_id", SignUp)),
    Holding("absences_explained", "未到说明", NoShowExplanation, _VOLUNTEER, ("sign_up_id", SignUp)),
    Holding("calendars", "日历订阅", CalendarFeed, _PERSON),
    Holding("attendances", "签到签退", Attendance, _VOLUNTEER),
    Holding("scans", "扫码", Scan, ("volunteer_id", "actor_id")),
    Holding("scan_references", "扫码编号", ClientRef, _PERSON),
    Holding("late_scans", "补传扫码", LateScan, _VOLUNTEER),
    Holding("records", "服务记录", ServiceRecord, _VOLUNTEER),
    Holding("record_revisions", "服务记录各版本", Revision, _VOLUNTEER),
    Holding("corrections", "更正", Correction, _VOLUNTEER),
    Holding("objections", "异议", Objection, ("objector_id",)),
    Holding("objection_answers", "异议答复", ObjectionAnswer, ("objector_id",), ("objection_id", Objection)),
    Holding("supplements", "补录", Supplement, _VOLUNTEER),
    Holding("findings", "核查结论", FraudFinding, _PERSON),
    Holding("certificates", "证明", Certificate, _VOLUNTEER),
    Holding("certificate_names", "证明所载姓名", CertificateNames, _VOLUNTEER, ("certificate_id", Certificate)),
    Holding("stars", "星级评定", StarProposal, _VOLUNTEER),
    Holding("star_objections", "星级异议", StarObjection, ("objector_id",)),
    Holding("awards", "表彰奖励", Award, _VOLUNTEER),
    Holding("trainings", "培训", TrainingParticipation, _VOLUNTEER),
    Holding("evaluations", "评价", Evaluation, ("volunteer_id", "evaluated_by")),
    Holding("complaints", "投诉", Complaint, ("complainant_id",)),
    Holding("complaint_answers", "投诉答复", ComplaintAnswer, ("complainant_id",), ("complaint_id", Complaint)),
    Holding("imported_numbers", "导入时的编号", ImportedNumber, _PERSON),
    Holding("gifts", "赠予", Gift, ("giver_id", "recipient_id")),
    Holding("pool_donations", "捐入公共池", PoolDonation, ("owner_id",)),
    Holding("pool_applications", "公共池申请", Application, _PERSON),
    Holding("pool_grants", "公共池发放", PoolGrant, _PERSON),
    Holding("surplus_consents", "超额时间处理同意", SurplusConsent, _PERSON),
    Holding("redemptions", "兑换", Redemption, _PERSON),
    Holding("redemption_lines", "兑换物品", RedemptionLine, _PERSON, ("redemption_id", Redemption)),
    Holding("receipts", "小票", Receipt, _PERSON, ("redemption_id", Redemption)),
    Holding("proxies", "代领", Proxy, ("person_id", "proxy_id")),
    Holding("free_quotas", "免费额度", Entitlement, _PERSON),
    Holding("donations", "捐物", Donation, ("donor_id",)),
    Holding("donation_lines", "捐物明细", DonationLine, ("donor_id",), ("donation_id", Donation)),
    Holding("files", "上传的文件", FileUpload, _PERSON),
    Holding("messages", "消息", Notification, _PERSON),
    Holding("subscriptions", "消息订阅", Subscription, _PERSON),
)
