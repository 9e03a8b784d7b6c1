"""What goes in and out of the endpoints of corrections."""

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Row

from timebank.identity.rules import masked_name
from timebank.records.correction_rules import CorrectionState
from timebank.records.correction_tables import Correction, CorrectionDecision
from timebank.records.models import Revision
from timebank.web.fields import Instant, PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema

MAX_SERVICE_MINUTES = 1_440


class CorrectionBody(Schema):
    """What a record shall say, in one way: its minutes (0 annuls the record), or both of its times."""

    service_minutes = WholeNumber(
        maximum=MAX_SERVICE_MINUTES, metadata={"description": "更正后的分钟；0 为作废 · 0 annuls the record"}
    )
    started_at = Instant()
    ended_at = Instant()
    reason = PlainText(required=True, max_length=500)


class CorrectionApprovalBody(Schema):
    """A word of the person who approves, if they want to say one: the reason is in the correction."""

    reason = PlainText(max_length=500)


class CorrectionOut(Schema):
    """A correction: what the record said, what it shall say, who asked and who decided."""

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in CorrectionState]))
    record_id = fields.UUID(required=True)
    volunteer_id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    served_on = fields.Date(required=True)
    minutes_before = fields.Integer(required=True, metadata={"description": "原记录的分钟 · what the record said"})
    service_minutes = fields.Integer(required=True, metadata={"description": "更正后的分钟；0 为作废 · 0 annuls"})
    started_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)
    reason = fields.String(required=True)
    requested_by = fields.UUID(required=True)
    requested_at = Instant(required=True)
    decided_by = fields.UUID(required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    decision_reason = fields.String(required=True, allow_none=True)


class StaffCorrectionOut(CorrectionOut):
    """A correction in a coordinator's list."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})


class CorrectionQuery(PageQuery):
    """Which corrections; the list holds what lies in scope."""

    state = fields.String(validate=validate.OneOf([str(state) for state in CorrectionState]))


def correction_out(
    correction: Correction, state: str, decision: CorrectionDecision | None, before: Revision
) -> dict[str, Any]:
    """Return what ``CorrectionOut`` shows of a row of ``correction_queries.corrections``."""
    return {
        "id": correction.id,
        "state": state,
        "record_id": correction.record_id,
        "volunteer_id": correction.volunteer_id,
        "organisation_id": correction.organisation_id,
        "activity_name": before.activity_name,
        "served_on": before.served_on,
        "minutes_before": before.service_minutes,
        "service_minutes": correction.service_minutes,
        "started_at": correction.started_at,
        "ended_at": correction.ended_at,
        "reason": correction.reason,
        "requested_by": correction.requested_by,
        "requested_at": correction.requested_at,
        "decided_by": decision.decided_by if decision else None,
        "decided_at": decision.decided_at if decision else None,
        "decision_reason": decision.reason if decision else None,
    }


def for_staff(row: Row[Any]) -> dict[str, Any]:
    """Return the same of a row, with number and masked name of the volunteer."""
    return correction_out(*tuple(row)[:4]) | {
        "volunteer_no": row.volunteer_no,
        "volunteer_name": masked_name(row.display_name),
    }
