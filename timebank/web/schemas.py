"""The base of all schemas, and the shapes that every list and every problem share."""

from typing import Any, Self

from marshmallow import RAISE, fields
from marshmallow import Schema as MarshmallowSchema

from timebank.web.fields import PlainText, QueryNumber

MAX_PAGE = 200
MAX_CURSOR = 2_000


class Schema(MarshmallowSchema):
    """A schema that refuses unknown fields."""

    class Meta:
        unknown = RAISE

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        # flask-smorest copies what it documents of a view at each of its decorators, and all of it for each application.
        # Nobody changes a schema once it is made.
        return self


class PageQuery(Schema):
    """Query of a list: where to go on, and how many items at most."""

    after = PlainText(
        min_length=0,
        max_length=MAX_CURSOR,
        metadata={"description": "上一页 next 中的位置 · cursor from the page before"},
    )
    limit = QueryNumber(minimum=1, maximum=MAX_PAGE, load_default=50)


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of ``item``: ``{"items": [...], "next": "/api/v1/…?after=…" or null}``."""
    name = item.__name__.removesuffix("Schema") + "Page"
    body: dict[str, Any] = {
        "__doc__": f"A page of {item.__name__}.",
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(required=True, allow_none=True),
    }
    return type(name, (Schema,), body)


class ErrorPointer(Schema):
    """What is wrong with one value."""

    pointer = fields.String(required=True, metadata={"description": "JSON pointer into the body or query"})
    detail = fields.String(required=True)


class Problem(Schema):
    """RFC 9457 problem details, with our stable code."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    code = fields.String(required=True)
    retryable = fields.Boolean(required=True)
    context = fields.Dict(required=True)
    errors = fields.List(fields.Nested(ErrorPointer))
    request_id = fields.String(required=True)
