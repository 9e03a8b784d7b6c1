"""What goes in and out of the endpoints of public notices and objections."""

from datetime import datetime
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Row

from timebank.clock import day_of
from timebank.identity.rules import masked_name
from timebank.records.models import Revision
from timebank.records.objection_rules import ObjectionState, Outcome
from timebank.records.objection_tables import Objection, ObjectionAnswer
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import PageQuery, Schema

MINUTES_A_DAY = 1_440


class NoticeQuery(PageQuery):
    """Whose notices; all of the bank without any."""

    organisation = fields.UUID()
    area = fields.UUID(metadata={"description": "该区域及下级 · an area with all below it"})


class NoticeOut(Schema):
    """A record on public notice: masked (rule R39), without anything that names its volunteer."""

    record_id = fields.UUID(required=True, metadata={"description": "提出异议用 · to object to it"})
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    activity_name = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    organisation_name = fields.String(required=True)
    served_on = fields.Date(required=True)
    service_minutes = fields.Integer(required=True)
    ends_on = fields.Date(required=True, metadata={"description": "公示的最后一天 · last day of the notice"})
    provisional = fields.Boolean(required=True)


class ObjectionBody(Schema):
    """What is wrong with the record."""

    reason = PlainText(required=True, max_length=500)


class ObjectionAnswerBody(Schema):
    """The answer; an objection that is upheld says what the record is to say: minutes, both times, or nothing more."""

    outcome = fields.Enum(Outcome, by_value=True, required=True)
    answer = PlainText(required=True, max_length=500)
    service_minutes = WholeNumber(minimum=1, maximum=MINUTES_A_DAY)
    started_at = Instant()
    ended_at = Instant()
    annul = YesOrNo(metadata={"description": "该服务不成立 · there was no such service"})


class ObjectionOut(Schema):
    """An objection, and its answer once there is one."""

    id = fields.UUID(required=True)
    record_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in ObjectionState]))
    reason = fields.String(required=True)
    made_at = Instant(required=True)
    due_on = fields.Date(required=True, metadata={"description": "最迟答复日 · answered by then"})
    provisional = fields.Boolean(required=True)
    overdue = fields.Boolean(required=True)
    answer = fields.String(required=True, allow_none=True)
    answered_at = Instant(required=True, allow_none=True)
    correction_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "另须他人批准的更正 · a correction that another person has to approve"},
    )
    activity_name = fields.String(required=True)
    organisation_name = fields.String(required=True)
    served_on = fields.Date(required=True)


class StaffObjectionOut(ObjectionOut):
    """An objection in a coordinator's list."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    by_volunteer = fields.Boolean(required=True, metadata={"description": "本人提出 · made by the volunteer"})


class ObjectionQuery(PageQuery):
    """Which objections; a coordinator's list holds what lies in their scope, what is due first coming first."""

    state = fields.String(validate=validate.OneOf([str(state) for state in ObjectionState]))
    organisation = fields.UUID()


def notice_out(row: Row[Any]) -> dict[str, Any]:
    """Return what ``NoticeOut`` shows of a row of ``notices.listed``."""
    revision: Revision = row[0]
    return {
        "record_id": revision.record_id,
        "volunteer_name": masked_name(row.display_name),
        "activity_name": revision.activity_name,
        "organisation_id": revision.organisation_id,
        "organisation_name": revision.organisation_name,
        "served_on": revision.served_on,
        "service_minutes": revision.service_minutes,
        "ends_on": row.ends_on,
        "provisional": row.provisional,
    }


def objection_out(
    objection: Objection, answer: ObjectionAnswer | None, revision: Revision, *, now: datetime
) -> dict[str, Any]:
    """Return what ``ObjectionOut`` shows of an objection to a revision."""
    return {
        "id": objection.id,
        "record_id": objection.record_id,
        "state": str(answer.outcome) if answer else str(ObjectionState.OPEN),
        "reason": objection.reason,
        "made_at": objection.made_at,
        "due_on": objection.due_on,
        "provisional": objection.provisional,
        "overdue": answer is None and objection.due_on < day_of(now),
        "answer": answer.answer if answer else None,
        "answered_at": answer.answered_at if answer else None,
        "correction_id": answer.correction_id if answer else None,
        "activity_name": revision.activity_name,
        "organisation_name": revision.organisation_name,
        "served_on": revision.served_on,
    }


def staff_objection_out(row: Row[Any], *, now: datetime) -> dict[str, Any]:
    """Return what ``StaffObjectionOut`` shows of a row of ``objection_queries.in_scope``."""
    objection, answer, revision = tuple(row)[:3]
    return objection_out(objection, answer, revision, now=now) | {
        "volunteer_no": row.volunteer_no,
        "volunteer_name": masked_name(row.display_name),
        "by_volunteer": objection.objector_id == revision.volunteer_id,
    }
