"""The list of what is late, over HTTP."""

from typing import Any, cast

from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from timebank import clock
from timebank.attendance import overdue
from timebank.identity.guards import actor, requires
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, Schema, page_of

blueprint = Blueprint("overdue", __name__, description="逾期未记录 · what is late")


class OverdueQuery(PageQuery):
    """Whose; all in one's scope without any."""

    organisation = fields.UUID()


class OverdueOut(Schema):
    """A service that should have been decided by ``due_on``: what waits, or has no end."""

    kind = fields.String(required=True, validate=validate.OneOf(overdue.KINDS))
    id = fields.UUID(required=True)
    waits_for = fields.String(required=True, validate=validate.OneOf(overdue.WAITS_FOR))
    organisation_id = fields.UUID(required=True)
    organisation_name = fields.String(required=True)
    activity_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    shift_id = fields.UUID(required=True, allow_none=True)
    ended_on = fields.Date(required=True)
    due_on = fields.Date(required=True)
    provisional = fields.Boolean(
        required=True,
        metadata={"description": "期限跨到节假日安排未公布的年份 · runs into a year not announced yet"},
    )
    days_late = fields.Integer(required=True)
    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})


@blueprint.endpoint(
    "GET",
    "/records/overdue",
    guard=requires(*overdue.READERS),
    query=OverdueQuery,
    answer=(200, page_of(OverdueOut)),
)
def list_overdue(query: dict[str, Any]) -> dict[str, Any]:
    """逾期清单：活动结束后 10 个工作日内未处理完的记录、补录和未签退的签到，最久的在前。"""
    now = clock.now()
    late = overdue.overdue(actor(), now=now, organisation_id=query.get("organisation"))
    by = cast("list[InstrumentedAttribute[Any]]", [late.c.ended_at, late.c.id])
    listed = page(select(late), by=by, query=query, scalars=False)
    return listed | {"items": [overdue.overdue_out(row, now) for row in listed["items"]]}
