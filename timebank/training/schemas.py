"""What goes in and out of the endpoints of training."""

from collections.abc import Iterable
from typing import Any

from marshmallow import fields, validate

from timebank.identity.rules import masked_name
from timebank.training.models import Training
from timebank.web.fields import Instant, PlainText, WholeNumber
from timebank.web.schemas import PageQuery, Schema

MAX_PARTICIPANTS = 200
MAX_REASON = 500


class TrainingBody(Schema):
    """A course on one day."""

    organisation_id = fields.UUID(required=True)
    name = PlainText(required=True, max_length=120)
    content = PlainText(required=True, max_length=2000)
    held_on = fields.Date(required=True)
    learning_minutes = WholeNumber(required=True, minimum=1, maximum=1440)


class ParticipantBody(Schema):
    """Who took part; without minutes for all of it."""

    volunteer_no = PlainText(required=True, max_length=20)
    learning_minutes = WholeNumber(minimum=1, maximum=1440)


class ParticipantsBody(Schema):
    """Who took part."""

    participants = fields.List(
        fields.Nested(ParticipantBody), required=True, validate=validate.Length(min=1, max=MAX_PARTICIPANTS)
    )


class ParticipationWithdrawalBody(Schema):
    """Why a participation is taken back."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class TrainingQuery(PageQuery):
    """Whose trainings."""

    organisation = fields.UUID()


class TrainingOut(Schema):
    """A training and how many took part."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    name = fields.String(required=True)
    content = fields.String(required=True)
    held_on = fields.Date(required=True)
    learning_minutes = fields.Integer(required=True)
    entered_at = Instant(required=True)
    participants = fields.Integer(required=True)


class ParticipantOut(Schema):
    """Who took part, masked."""

    id = fields.UUID(required=True, metadata={"description": "这项登记的编号 · id of the participation"})
    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True)
    learning_minutes = fields.Integer(required=True)


class TrainingWithListOut(TrainingOut):
    """A training with its list."""

    people = fields.List(fields.Nested(ParticipantOut), required=True)


class MyTrainingOut(Schema):
    """A training that I took part in."""

    name = fields.String(required=True)
    content = fields.String(required=True)
    organisation_name = fields.String(required=True)
    held_on = fields.Date(required=True)
    learning_minutes = fields.Integer(required=True)


class MyTrainingsPage(Schema):
    """What I have learnt: a sum of its own, which is no service time."""

    learning_minutes = fields.Integer(required=True)
    items = fields.List(fields.Nested(MyTrainingOut), required=True)
    next = fields.String(required=True, allow_none=True)


def training_out(training: Training, participants: int) -> dict[str, Any]:
    """Return a training as ``TrainingOut`` shows it."""
    names = ("id", "organisation_id", "name", "content", "held_on", "learning_minutes", "entered_at")
    return {name: getattr(training, name) for name in names} | {"participants": participants}


def with_list(training: Training, rows: Iterable[Any]) -> dict[str, Any]:
    """Return a training with who took part."""
    listed = [
        {
            "id": row.TrainingParticipation.id,
            "volunteer_no": row.volunteer_no,
            "volunteer_name": masked_name(row.display_name),
            "learning_minutes": row.TrainingParticipation.learning_minutes,
        }
        for row in rows
    ]
    return training_out(training, len(listed)) | {"people": listed}


def my_training_out(row: Any) -> dict[str, Any]:
    """Return one of somebody's own trainings."""
    return {
        "name": row.Training.name,
        "content": row.Training.content,
        "organisation_name": row.organisation_name,
        "held_on": row.held_on,
        "learning_minutes": row.learning_minutes,
    }
