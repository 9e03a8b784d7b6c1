"""What goes in and out of the endpoints of absences."""

from marshmallow import fields, validate

from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500


class AbsenceReason(Schema):
    """What somebody says to an absence, or why it is lifted."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class AbsenceQuery(PageQuery):
    """Which absences: of one organisation, those that were explained and wait for an answer, of longer ago than a year."""

    organisation = fields.UUID()
    since = Instant(data_key="from", metadata={"description": "场次在此后结束，默认一年以内 · ended after this"})
    explained = fields.String(validate=validate.OneOf(["yes"]), metadata={"description": "待答复 · wait for an answer"})


class AbsenceOut(Schema):
    """An absence: what it was from, what was said, and whether it was lifted. ``id`` is the sign-up's."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    explanation = fields.String(required=True, allow_none=True)
    explained_at = Instant(required=True, allow_none=True)
    lifted_at = Instant(required=True, allow_none=True)
    lift_reason = fields.String(required=True, allow_none=True)


class ListedAbsenceOut(AbsenceOut):
    """An absence as staff see it."""

    organisation_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
