"""What goes in and out of the endpoints of document numbers."""

from marshmallow import fields, validate

from timebank.identity.document_rules import MAX_NUMBER, DocumentKind
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema

KINDS = [str(kind) for kind in DocumentKind]


class DocumentBody(Schema):
    """A document's kind and number; only a keyed hash and the last four characters are kept."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    number = PlainText(required=True, max_length=MAX_NUMBER, load_only=True)


class DocumentOut(Schema):
    """That a number is on record; the number is not repeated."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    masked = fields.String(required=True, metadata={"description": "脱敏，只显示末四位 · the last four characters"})
    seen_by_staff = fields.Boolean(
        required=True, metadata={"description": "工作人员核对过证件 · staff saw the document"}
    )
    entered_at = Instant(required=True)
