"""What goes in and out of the endpoints of files."""

from marshmallow import fields

from timebank.files.rules import Use
from timebank.web.schemas import Schema


class UploadQuery(Schema):
    """What the file is for: a picture, or evidence, which may also be a PDF."""

    use = fields.Enum(Use, by_value=True, load_default=Use.PICTURE)


class FileOut(Schema):
    """A file that is kept: what it has become, not what was sent."""

    id = fields.UUID(required=True)
    sha256 = fields.String(required=True)
    media_type = fields.String(required=True)
    bytes = fields.Integer(required=True)
