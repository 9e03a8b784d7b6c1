"""What goes in and out of the endpoints of service records."""

from typing import Any

from marshmallow import fields, validate

from timebank import clock
from timebank.records import deadlines, explanation
from timebank.records.models import Revision
from timebank.records.rules import PENDING, Provenance, State, flags_from_text
from timebank.web.fields import Instant, PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema
from timebank.working_days import Deadline

Shown = dict[str, Any]
"""What ``RecordOut`` shows of a record."""
MAX_DAY_MINUTES = 1_440
SHOWN_STATES = ("pending", "frozen", "final", "rejected")


class RecordOut(Schema):
    """A service record as it stands now."""

    id = fields.UUID(required=True)
    volunteer_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(SHOWN_STATES))
    pending_for = fields.String(required=True, allow_none=True, metadata={"description": "review｜notice"})
    notice_ends_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "公示的最后一天 · last day of the public notice"}
    )
    due_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "待处理记录的期限，活动后 10 个工作日 · a pending record is decided by then"},
    )
    days_late = fields.Integer(required=True)
    provisional = fields.Boolean(
        required=True,
        metadata={"description": "期限跨到节假日安排未公布的年份 · a day above runs into a year not announced yet"},
    )
    provenance = fields.String(required=True, validate=validate.OneOf([str(name) for name in Provenance]))
    flags = fields.List(fields.String(), required=True)
    service_minutes = fields.Integer(required=True, metadata={"description": "服务时长，永久 · honour, permanent"})
    credited_minutes = fields.Integer(required=True, metadata={"description": "已计入余额 · posted to the balance"})
    expected_minutes = fields.Integer(required=True, metadata={"description": "通过后计入 · what it earns when final"})
    served_on = fields.Date(required=True)
    started_at = Instant(required=True)
    ended_at = Instant(required=True)
    activity_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    content = fields.String(required=True)
    place = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    organisation_name = fields.String(required=True)
    shift_id = fields.UUID(required=True, allow_none=True)
    policy_number = fields.Integer(required=True, metadata={"description": "适用规则版本 · version of the rules"})
    reason = fields.String(required=True, allow_none=True)
    correction_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "最近一次更正 · the last correction"}
    )
    group_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "时间币记入哪个团体；null 为本人 · the group whose account earns it; null: one's own"},
    )
    explanation = fields.String(required=True)
    explanation_en = fields.String(required=True)
    recorded_at = Instant(required=True)


class StaffRecordOut(RecordOut):
    """A service record in a coordinator's list."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    waits_because = fields.String(
        required=True, allow_none=True, metadata={"description": "为什么待处理，一句话 · why it waits, in one sentence"}
    )
    waits_because_en = fields.String(required=True, allow_none=True)


class RecordQuery(PageQuery):
    """Which records; a coordinator's list holds what lies in their scope."""

    state = fields.String(validate=validate.OneOf(SHOWN_STATES))
    organisation = fields.UUID()
    order = fields.String(
        load_default="newest",
        validate=validate.OneOf(["newest", "oldest"]),
        metadata={"description": "oldest：等得最久的在前，用于审核 · the longest waiting first, to review"},
    )


class DecisionBody(Schema):
    """Why a record is approved or rejected: a human decides, and says why (个人信息保护法第二十四条)."""

    reason = PlainText(required=True, max_length=500)


class ApprovalBody(DecisionBody):
    """Why a record is approved, and how many of its minutes if not all: over-long ones need no rejection."""

    service_minutes = WholeNumber(
        minimum=1,
        maximum=MAX_DAY_MINUTES,
        metadata={"description": "认定的分钟，不多于记录的；不填为全部 · fewer than recorded; all if not given"},
    )


def record_out(revision: Revision, *, frozen: bool = False, notice: Deadline | None = None) -> Shown:
    """Return what ``RecordOut`` shows of a record's current revision.

    Args:
        revision: what the record says.
        frozen: whether an objection to it waits for an answer (``showing`` asks; nobody has objected to a new one).
        notice: the last day of its public notice.
    """
    pending = revision.state in PENDING
    due = deadlines.due(revision.ended_at) if pending else None
    shown = {name: getattr(revision, name) for name in _AS_THEY_ARE}
    return shown | {
        "id": revision.record_id,
        "state": "frozen" if frozen else shown_state(revision),
        "pending_for": _PENDING_FOR.get(State(revision.state)),
        "notice_ends_on": notice.on if notice else None,
        "due_on": due.on if due else None,
        "days_late": deadlines.days_late(due, clock.now()) if due else 0,
        "provisional": any(limit.provisional for limit in (due, notice) if limit),
        "flags": flags_from_text(revision.flags),
        "explanation": explanation.in_chinese(revision, frozen=frozen),
        "explanation_en": explanation.in_english(revision, frozen=frozen),
    }


def shown_state(revision: Revision) -> str:
    """Return the state of a record as everybody is told it."""
    return "pending" if revision.state in PENDING else str(revision.state)


_PENDING_FOR = {State.PENDING_REVIEW: "review", State.PENDING_NOTICE: "notice"}
_AS_THEY_ARE = tuple(
    name
    for name in RecordOut._declared_fields  # noqa: SLF001 - marshmallow's own name for the fields of a class
    if name in Revision.__table__.columns and name not in {"id", "state", "flags"}
)
