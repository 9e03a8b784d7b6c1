"""Calendars over HTTP: a secret link is made and revoked by its owner, and read by whatever phone has it.

The token stands in the address, so it is in no log: those carry the route's pattern only (``web.observe``).
"""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields

from timebank.activities import calendar_file, calendars
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.web.blueprint import Blueprint, public
from timebank.web.fields import Instant
from timebank.web.limits import CALENDARS
from timebank.web.schemas import Schema

blueprint = Blueprint("calendars", __name__, description="日历订阅 · calendars")


class CalendarLinkOut(Schema):
    """A new link; it is shown this once."""

    path = fields.String(
        required=True, metadata={"description": "订阅地址，请勿转发 · subscribe to it; keep it secret"}
    )


class CalendarOut(Schema):
    """Whether there is a link that is good, and since when; the link itself is not kept."""

    issued_at = Instant(required=True, allow_none=True)


@blueprint.endpoint("POST", "/me/calendar", guard=signed_in, answer=(201, CalendarLinkOut))
def issue_my_calendar() -> dict[str, str]:
    """我的日历：生成订阅地址，手机日历可显示我报名的场次。每次生成新的，旧的立即失效。"""
    return _link(calendars.issue(person_id=person_id()))


@blueprint.endpoint("GET", "/me/calendar", guard=signed_in, answer=(200, CalendarOut))
def show_my_calendar() -> dict[str, Any]:
    """我的订阅地址是否有效、何时生成。"""
    return {"issued_at": calendars.issued_at(person_id=person_id())}


@blueprint.endpoint("DELETE", "/me/calendar", guard=signed_in, answer=(204, None))
def revoke_my_calendar() -> None:
    """作废我的订阅地址。"""
    calendars.revoke(person_id=person_id())


@blueprint.endpoint(
    "POST",
    "/organisations/<uuid:organisation_id>/calendar",
    guard=requires(*calendars.PUBLISHERS),
    answer=(201, CalendarLinkOut),
    audited=noted(Verb.ISSUE, "calendar", target="organisation_id"),
)
def issue_calendar(organisation_id: UUID) -> dict[str, str]:
    """组织的日历：生成订阅地址，内含全部场次，不含任何人的信息。每次生成新的，旧的立即失效。"""
    calendars.refuse_foreign(actor(), organisation_id)
    return _link(calendars.issue(person_id=person_id(), organisation_id=organisation_id))


@blueprint.endpoint(
    "DELETE",
    "/organisations/<uuid:organisation_id>/calendar",
    guard=requires(*calendars.PUBLISHERS),
    answer=(204, None),
    audited=noted(Verb.REVOKE, "calendar", target="organisation_id"),
)
def revoke_calendar(organisation_id: UUID) -> None:
    """作废组织的订阅地址。"""
    calendars.refuse_foreign(actor(), organisation_id)
    calendars.revoke(person_id=person_id(), organisation_id=organisation_id)


@blueprint.endpoint(
    "GET",
    "/calendars/<string(maxlength=64):token>.ics",
    guard=public,
    answer=(200, None),
    limit=CALENDARS,
    media_types=(calendar_file.MEDIA_TYPE,),
)
def read_calendar(token: str) -> Response:
    """日历文件（iCalendar），凭订阅地址读取；取消的场次标为 CANCELLED。地址作废后为 404。"""
    name, entries = calendars.read(token)
    return Response(calendar_file.written(name, entries), content_type=f"{calendar_file.MEDIA_TYPE}; charset=utf-8")


def _link(token: str) -> dict[str, str]:
    return {"path": f"/api/v1/calendars/{token}.ics"}
