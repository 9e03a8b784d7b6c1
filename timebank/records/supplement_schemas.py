"""What goes in and out of the endpoints of supplements and of findings of fraud."""

from typing import Any

from marshmallow import fields, validate

from timebank.identity.rules import masked_name
from timebank.records.supplement_rules import MAX_EVIDENCE, SupplementState, Verdict
from timebank.records.supplement_tables import FraudFinding, FraudFindingLift, SupplementReview
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

_STATES = [str(state) for state in SupplementState]


class SupplementBody(Schema):
    """A service that nobody scanned: when it was, why it was not scanned, and what shows that it was."""

    shift_id = fields.UUID(required=True)
    volunteer_id = fields.UUID(metadata={"description": "不填为本人 · oneself if not given"})
    started_at = Instant(required=True)
    ended_at = Instant(required=True)
    reason = PlainText(required=True, max_length=500)
    evidence = fields.List(
        PlainText(max_length=64, validate=validate.Regexp(r"[0-9a-f]{64}\Z")),
        required=True,
        validate=validate.Length(min=1, max=MAX_EVIDENCE),
        metadata={
            "description": "签到表、照片等文件的 SHA-256（上传时的答复中有），64 位小写十六进制 · SHA-256 of each file, as POST /files answered it"
        },
    )
    evidence_note = PlainText(max_length=200)


class ReviewBody(Schema):
    """What a reviewer says, and why."""

    decision = fields.String(required=True, validate=validate.OneOf([str(verdict) for verdict in Verdict]))
    reason = PlainText(required=True, max_length=500)


class ReviewOut(Schema):
    """What one reviewer said."""

    reviewer_id = fields.UUID(required=True)
    decision = fields.String(required=True)
    reason = fields.String(required=True)
    reviewed_at = Instant(required=True)


class SupplementOut(Schema):
    """A supplement and where it stands; ``record_id`` once two have approved it."""

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    approvals = fields.Integer(required=True)
    record_id = fields.UUID(required=True, allow_none=True)
    volunteer_id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    started_at = Instant(required=True)
    ended_at = Instant(required=True)
    reason = fields.String(required=True)
    evidence = fields.List(fields.String(), required=True)
    evidence_files = fields.List(
        fields.UUID(), required=True, metadata={"description": "其中已上传的文件 · those that were sent to POST /files"}
    )
    evidence_note = fields.String(required=True, allow_none=True)
    requested_by = fields.UUID(required=True)
    requested_at = Instant(required=True)


class ReviewedSupplementOut(SupplementOut):
    """A supplement with what the reviewers said."""

    reviews = fields.List(fields.Nested(ReviewOut), required=True)


class StaffSupplementOut(SupplementOut):
    """A supplement in a coordinator's list."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})


class SupplementQuery(PageQuery):
    """Which supplements."""

    state = fields.String(validate=validate.OneOf(_STATES))


class FraudFindingBody(Schema):
    """Which record was false, and what shows it."""

    record_id = fields.UUID(required=True)
    reason = PlainText(required=True, max_length=500)


class FraudFindingOut(Schema):
    """A finding of fraud, until when it bans supplements, and what has lifted it."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    record_id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    found_by = fields.UUID(required=True)
    found_at = Instant(required=True)
    banned_until = Instant(required=True)
    lifted_by = fields.UUID(required=True, allow_none=True)
    lifted_at = Instant(required=True, allow_none=True)
    lift_reason = fields.String(required=True, allow_none=True)


class FraudFindingQuery(PageQuery):
    """Which findings; the list holds what lies in scope."""

    person = fields.UUID()


def supplement_out(row: Any) -> dict[str, Any]:
    """Return what ``SupplementOut`` shows of a row of ``supplement_queries.supplements``."""
    found = row.Supplement
    shown = {name: getattr(found, name) for name in _AS_THEY_ARE}
    return shown | {
        "state": row.state,
        "approvals": row.approvals,
        "record_id": row.record_id,
        "activity_name": row.activity_name,
        "evidence": found.evidence.split(","),
    }


def for_staff(row: Any) -> dict[str, Any]:
    """Return the same with number and masked name of the volunteer."""
    return supplement_out(row) | {
        "volunteer_no": row.volunteer_no,
        "volunteer_name": masked_name(row.display_name),
    }


def review_out(review: SupplementReview) -> dict[str, Any]:
    """Return what ``ReviewOut`` shows."""
    return {
        "reviewer_id": review.reviewer_id,
        "decision": review.verdict,
        "reason": review.reason,
        "reviewed_at": review.reviewed_at,
    }


def finding_out(finding: FraudFinding, lift: FraudFindingLift | None) -> dict[str, Any]:
    """Return what ``FraudFindingOut`` shows."""
    return {column.name: getattr(finding, column.name) for column in FraudFinding.__table__.columns} | {
        "lifted_by": lift.lifted_by if lift else None,
        "lifted_at": lift.lifted_at if lift else None,
        "lift_reason": lift.reason if lift else None,
    }


_AS_THEY_ARE = (
    "id",
    "volunteer_id",
    "shift_id",
    "organisation_id",
    "started_at",
    "ended_at",
    "reason",
    "evidence_note",
    "requested_by",
    "requested_at",
)
