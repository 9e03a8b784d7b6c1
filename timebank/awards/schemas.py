"""What goes in and out of the endpoints of awards."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from timebank.awards.models import Award
from timebank.identity.rules import masked_name
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500
MAX_FILES = 5


class AwardBody(Schema):
    """An award, and what staff have seen of it."""

    organisation_id = fields.UUID(required=True)
    volunteer_no = PlainText(required=True, max_length=20)
    name = PlainText(required=True, max_length=120)
    awarding_unit = PlainText(required=True, max_length=120)
    awarded_on = fields.Date(required=True)
    evidence_note = PlainText(
        required=True, max_length=500, metadata={"description": "看过什么 · what staff have seen"}
    )
    file_ids = fields.List(fields.UUID(), validate=validate.Length(max=MAX_FILES), load_default=list)


class AwardWithdrawalBody(Schema):
    """Why an award is taken back."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class AwardQuery(PageQuery):
    """Whose awards."""

    organisation = fields.UUID()


class MyAwardOut(Schema):
    """An award of mine."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    awarding_unit = fields.String(required=True)
    awarded_on = fields.Date(required=True)
    organisation_id = fields.UUID(required=True, metadata={"description": "登记单位 · who has entered it"})
    entered_at = Instant(required=True)
    file_ids = fields.List(fields.UUID(), required=True)


class AwardOut(MyAwardOut):
    """An award and whose it is, masked."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True)
    evidence_note = fields.String(required=True)


def my_award_out(award: Award, file_ids: Sequence[UUID]) -> dict[str, Any]:
    """Return an award as its volunteer sees it."""
    names = ("id", "name", "awarding_unit", "awarded_on", "organisation_id", "entered_at")
    return {name: getattr(award, name) for name in names} | {"file_ids": file_ids}


def award_out(award: Award, file_ids: Sequence[UUID], *, volunteer_no: str, display_name: str) -> dict[str, Any]:
    """Return an award as staff see it."""
    return my_award_out(award, file_ids) | {
        "volunteer_no": volunteer_no,
        "volunteer_name": masked_name(display_name),
        "evidence_note": award.evidence_note,
    }
