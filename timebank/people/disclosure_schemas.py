"""What goes in and out of the endpoints of disclosures."""

from marshmallow import fields, validate

from timebank.people.rules import DISCLOSED, DisclosureState
from timebank.web.fields import Instant, PlainText, YesOrNo
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500
_FIELDS = [str(field) for field in DISCLOSED]


class DisclosureBody(Schema):
    """Which data staff have to see in full, at which organisation, and for what."""

    organisation_id = fields.UUID(required=True)
    fields_ = fields.List(
        fields.String(validate=validate.OneOf(_FIELDS)),
        required=True,
        data_key="fields",
        validate=validate.Length(min=1, max=len(_FIELDS)),
    )
    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "通知本人补充材料"})


class DisclosureDecisionBody(Schema):
    """Whether a minor's data may be looked at, and why."""

    approved = YesOrNo(required=True)
    reason = PlainText(required=True, max_length=MAX_REASON)


class DisclosureOut(Schema):
    """Who asked to see whose data, which and why, how it was decided, and how often they were looked at."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    fields_ = fields.List(fields.String(), required=True, data_key="fields")
    reason = fields.String(required=True)
    minor = fields.Boolean(required=True, metadata={"description": "未成年人，须审批 · under 18: needs approval"})
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in DisclosureState]))
    asked_by = fields.UUID(required=True)
    asked_at = Instant(required=True)
    decided_by = fields.UUID(required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    decision_reason = fields.String(required=True, allow_none=True)
    openings = fields.Integer(required=True, metadata={"description": "已查看次数 · times looked at"})


class DataOut(Schema):
    """The data that were asked for, in full; a document number only where the vault has it, else masked."""

    person_id = fields.UUID(required=True)
    name = fields.String()
    birth_date = fields.Date(allow_none=True)
    contact = fields.String(allow_none=True)
    document_number = fields.String(allow_none=True)


class RegisterQuery(PageQuery):
    """A page of the register, of one person or of all in one's scope."""

    person_id = fields.UUID()
