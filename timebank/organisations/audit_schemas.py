"""What goes in and out of the endpoint of the audit log."""

from marshmallow import fields, validate

from timebank.identity.audit import Verb
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema


class AuditQuery(PageQuery):
    """Which notes."""

    person = fields.UUID(metadata={"description": "操作人或涉及的人 · who acted, or whom it concerned"})
    target = PlainText(max_length=80, metadata={"description": "对象的编号 · id or number of what was acted on"})
    verb = fields.String(validate=validate.OneOf([str(verb) for verb in Verb]))
    since = Instant(data_key="from", metadata={"description": "从此时起 · from this instant on"})
    until = Instant(data_key="to", metadata={"description": "到此时之前 · before this instant"})


class AuditNoteOut(Schema):
    """One act: who, in which role, what, to what or whom, and why."""

    id = fields.UUID(required=True)
    noted_at = Instant(required=True)
    actor_id = fields.UUID(
        required=True, metadata={"description": "全零为系统或命令行 · all zeros: by itself, or an operator"}
    )
    role = fields.String(required=True)
    verb = fields.String(required=True, validate=validate.OneOf([str(verb) for verb in Verb]))
    outcome = fields.String(required=True, allow_none=True)
    target_kind = fields.String(required=True, metadata={"example": "correction"})
    target = fields.String(required=True, allow_none=True)
    person_id = fields.UUID(required=True, allow_none=True)
    organisation_id = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    request_id = fields.String(required=True, allow_none=True)
