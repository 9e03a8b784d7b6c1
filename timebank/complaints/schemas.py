"""What goes in and out of the endpoints of complaints."""

from datetime import date
from typing import Any

from marshmallow import fields, validate

from timebank.complaints.rules import Kind, Outcome, State
from timebank.identity.rules import masked_name
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_WORDS = 1000
MAX_ANSWER = 500


class ComplaintBody(Schema):
    """What is reported, and about whom."""

    organisation_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([str(one) for one in Kind]))
    words = PlainText(required=True, max_length=MAX_WORDS)
    activity_id = fields.UUID(allow_none=True)
    volunteer_no = PlainText(max_length=20, allow_none=True)


class ComplaintAnswerBody(Schema):
    """Whether it is right, and what follows from it."""

    outcome = fields.String(required=True, validate=validate.OneOf([str(one) for one in Outcome]))
    answer = PlainText(required=True, max_length=MAX_ANSWER)


class ComplaintQuery(PageQuery):
    """Which complaints."""

    organisation = fields.UUID()
    state = fields.String(validate=validate.OneOf([str(one) for one in State]))


class MyComplaintOut(Schema):
    """A complaint and what it came to."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    organisation_name = fields.String(required=True)
    activity_id = fields.UUID(required=True, allow_none=True)
    kind = fields.Enum(Kind, by_value=True, required=True)
    words = fields.String(required=True)
    state = fields.Enum(State, by_value=True, required=True)
    made_at = Instant(required=True)
    due_on = fields.Date(required=True)
    provisional = fields.Boolean(required=True)
    answer = fields.String(required=True, allow_none=True)
    answered_at = Instant(required=True, allow_none=True)


class ComplaintOut(MyComplaintOut):
    """A complaint as staff see it: about whom, masked; not by whom."""

    volunteer_no = fields.String(required=True, allow_none=True)
    volunteer_name = fields.String(required=True, allow_none=True)
    overdue = fields.Boolean(required=True)


class UpheldOut(Schema):
    """A complaint about me that was upheld; neither its words nor who has made it."""

    id = fields.UUID(required=True)
    organisation_name = fields.String(required=True)
    kind = fields.Enum(Kind, by_value=True, required=True)
    answer = fields.String(required=True)
    answered_at = Instant(required=True)


def my_complaint_out(row: Any) -> dict[str, Any]:
    """Return a complaint as whoever has made it sees it."""
    complaint, answer = row.Complaint, row.ComplaintAnswer
    names = ("id", "organisation_id", "activity_id", "words", "made_at", "due_on", "provisional")
    return {name: getattr(complaint, name) for name in names} | {
        "organisation_name": row.organisation_name,
        "kind": Kind(complaint.kind),
        "state": State(answer.outcome) if answer else State.OPEN,
        "answer": answer.answer if answer else None,
        "answered_at": answer.answered_at if answer else None,
    }


def complaint_out(row: Any, today: date) -> dict[str, Any]:
    """Return a complaint as staff see it."""
    return my_complaint_out(row) | {
        "volunteer_no": row.volunteer_no,
        "volunteer_name": masked_name(row.display_name) if row.display_name else None,
        "overdue": row.ComplaintAnswer is None and row.Complaint.due_on < today,
    }


def upheld_out(row: Any) -> dict[str, Any]:
    """Return an upheld complaint as the volunteer sees it whom it is about."""
    return {
        "id": row.Complaint.id,
        "organisation_name": row.organisation_name,
        "kind": Kind(row.Complaint.kind),
        "answer": row.ComplaintAnswer.answer,
        "answered_at": row.ComplaintAnswer.answered_at,
    }
