"""What goes in and out of the endpoints of posters and cards."""

from marshmallow import fields, validate
from webargs.fields import DelimitedList

from timebank.web.fields import Instant
from timebank.web.schemas import Schema

MAX_CARDS = 100


class PosterQuery(Schema):
    """As what the poster is wanted."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "svg", "png", "pdf"]))


class RolledPosterOut(Schema):
    """A poster that is good from now on; the ones before are not."""

    shift_id = fields.UUID(required=True)
    serial = fields.Integer(required=True)
    issued_at = Instant(required=True)


class PosterOut(RolledPosterOut):
    """The poster of a shift, and the code on it."""

    token = fields.String(required=True)


class RolledCardOut(Schema):
    """A volunteer's card that is good from now on; the ones before are not."""

    person_id = fields.UUID(required=True)
    serial = fields.Integer(required=True)
    issued_at = Instant(required=True)


class CardsQuery(Schema):
    """Whose cards to print."""

    ids = DelimitedList(
        fields.UUID(),
        required=True,
        validate=validate.Length(min=1, max=MAX_CARDS),
        metadata={"description": "志愿者编号，逗号分隔，至多 100 个 · ids of people, with commas"},
    )
