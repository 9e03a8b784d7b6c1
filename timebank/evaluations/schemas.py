"""What goes in and out of the endpoints of evaluations."""

from typing import Any

from marshmallow import fields

from timebank.evaluations.rules import HIGHEST, LOWEST, Rater
from timebank.identity.rules import masked_name
from timebank.records.models import Revision
from timebank.web.fields import Instant, PlainText, QueryNumber, WholeNumber
from timebank.web.schemas import PageQuery, Schema

MAX_WORDS = 500
MAX_WORDS_ON_PAPER = 400
"""What the page of an invitation takes: a browser counts a line's end as one character and sends two."""


class EvaluationBody(Schema):
    """How it was: 1 (poor) to 5 (excellent), and words."""

    score = WholeNumber(required=True, minimum=LOWEST, maximum=HIGHEST)
    words = PlainText(max_length=MAX_WORDS)


class EvaluationForm(Schema):
    """The same from the page of an invitation, where everything is text."""

    score = QueryNumber(required=True, minimum=LOWEST, maximum=HIGHEST)
    words = PlainText(min_length=0, max_length=MAX_WORDS)


class ReplyBody(Schema):
    """What the volunteer says to it."""

    words = PlainText(required=True, max_length=MAX_WORDS)


class EvaluationRemovalBody(Schema):
    """Why an evaluation is removed."""

    reason = PlainText(required=True, max_length=MAX_WORDS)


class EvaluationQuery(PageQuery):
    """Which evaluations."""

    organisation = fields.UUID()
    volunteer_no = PlainText(
        max_length=20, metadata={"description": "某位志愿者的，如认定星级时 · of one volunteer, as for a star"}
    )


class InvitationOut(Schema):
    """A new invitation; its address is shown this once."""

    path = fields.String(
        required=True, metadata={"description": "交给服务对象的地址，用一次 · for whoever was served; good once"}
    )
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "完整地址；没有设置 TIMEBANK_PUBLIC_URL 为空 · the whole of it; null without a public address"
        },
    )
    qr_svg = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "完整地址的二维码（SVG），打印后交给老人 · the same as a QR picture, to print"},
    )
    expires_at = Instant(required=True)


class InvitedOut(Schema):
    """What an invitation asks about; the volunteer's name is masked."""

    volunteer_name = fields.String(required=True)
    activity_name = fields.String(required=True)
    organisation_name = fields.String(required=True)
    served_on = fields.Date(required=True)
    expires_at = Instant(required=True)


class MyEvaluationOut(Schema):
    """What was said about a service of mine; not by whom."""

    id = fields.UUID(required=True)
    record_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    served_on = fields.Date(required=True)
    rater = fields.Enum(Rater, by_value=True, required=True)
    score = fields.Integer(required=True)
    words = fields.String(required=True, allow_none=True)
    late = fields.Boolean(required=True)
    evaluated_at = Instant(required=True)
    reply = fields.String(required=True, allow_none=True)


class MyEvaluationsPage(Schema):
    """What was said about my services."""

    average_tenths = fields.Integer(
        required=True, allow_none=True, metadata={"description": "平均分的十倍：47 即 4.7 分 · tenths: 47 is 4.7"}
    )
    count = fields.Integer(required=True)
    items = fields.List(fields.Nested(MyEvaluationOut), required=True)
    next = fields.String(required=True, allow_none=True)


class EvaluationOut(MyEvaluationOut):
    """What was said, and about whose service, masked."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True)
    organisation_id = fields.UUID(required=True)


def my_evaluation_out(row: Any) -> dict[str, Any]:
    """Return an evaluation as its volunteer sees it."""
    made = row.Evaluation
    names = ("id", "record_id", "activity_name", "served_on", "score", "words", "late", "evaluated_at")
    return {name: getattr(made, name) for name in names} | {"rater": Rater(made.rater), "reply": row.reply}


def evaluation_out(row: Any) -> dict[str, Any]:
    """Return an evaluation as staff see it."""
    return my_evaluation_out(row) | {
        "volunteer_no": row.volunteer_no,
        "volunteer_name": masked_name(row.display_name),
        "organisation_id": row.Evaluation.organisation_id,
    }


def invited_out(revision: Revision, *, display_name: str, expires_at: Any) -> dict[str, Any]:
    """Return what an invitation asks about."""
    return {
        "volunteer_name": masked_name(display_name),
        "activity_name": revision.activity_name,
        "organisation_name": revision.organisation_name,
        "served_on": revision.served_on,
        "expires_at": expires_at,
    }
