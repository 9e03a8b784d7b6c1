"""What goes in and out of the endpoints that annul and adjust attendances."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from timebank.records.correction_schemas import CorrectionOut
from timebank.records.schemas import RecordOut
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema


class AnnulBody(Schema):
    """Why an attendance was none."""

    reason = PlainText(required=True, max_length=500)


class AdjustBody(AnnulBody):
    """When somebody really came or left: either end or both."""

    checked_in_at = Instant()
    checked_out_at = Instant()

    @validates_schema
    def one_at_least(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse an adjustment of nothing."""
        if not {"checked_in_at", "checked_out_at"} & data.keys():
            raise ValidationError("请至少填一个时间。 Give either time, or both.", "checked_in_at")


class AmendedAttendance(Schema):
    """The attendance as it stands now: the times of a correction hold for the record, once it is approved."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    state = fields.String(required=True)
    checked_in_at = Instant(required=True)
    checked_out_at = Instant(required=True, allow_none=True)
    in_provenance = fields.String(required=True)
    out_provenance = fields.String(required=True, allow_none=True)
    flags = fields.List(fields.String(), required=True)


class AmendedOut(Schema):
    """What has become of an attendance, its record, and the correction that waits for another person's approval."""

    id = fields.UUID(required=True, metadata={"description": "这次作废或更正的编号 · of this amendment"})
    kind = fields.String(required=True)
    reason = fields.String(required=True)
    amended_at = Instant(required=True)
    attendance = fields.Nested(AmendedAttendance, required=True)
    record = fields.Nested(RecordOut, required=True, allow_none=True)
    correction = fields.Nested(CorrectionOut, required=True, allow_none=True)
