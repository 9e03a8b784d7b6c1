"""Waiting lists over HTTP: wait, look, leave. To take the place that is offered one signs up."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.activities import queries, showing, waiting, waiting_reading, waiting_schemas
from timebank.activities.errors import NotWaiting
from timebank.activities.service import leads
from timebank.activities.waiting_tables import WaitingPlace
from timebank.errors import NotFound
from timebank.identity.guards import actor, person_id, signed_in
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("waiting", __name__, description="候补 · waiting lists")


@blueprint.endpoint(
    "POST",
    "/shifts/<uuid:shift_id>/waiting",
    guard=signed_in,
    body=waiting_schemas.WaitBody,
    answer=(201, waiting_schemas.TurnOut),
)
def wait_for_place(shift_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """名额已满时排候补：有人取消，依次通知并保留名额；在时限内报名即为确认，过时让给下一位。"""
    turn = waiting.join(shift_id=shift_id, volunteer_id=person_id(), **body)
    return waiting_reading.standing_of(turn, clock.now())


@blueprint.endpoint("GET", "/shifts/<uuid:shift_id>/waiting", guard=signed_in, answer=(200, waiting_schemas.TurnOut))
def show_my_turn(shift_id: UUID) -> dict[str, Any]:
    """我在这一场的候补：前面还有几位，是否已有名额、保留到何时。"""
    turn = waiting_reading.turn_at(shift_id, person_id(), clock.now())
    if turn is None:
        raise NotWaiting
    return turn


@blueprint.endpoint("DELETE", "/shifts/<uuid:shift_id>/waiting", guard=signed_in, answer=(204, None))
def stop_waiting(shift_id: UUID) -> None:
    """退出候补，或放弃为我保留的名额；名额让给下一位。"""
    waiting.leave(shift_id=shift_id, volunteer_id=person_id())


@blueprint.endpoint(
    "GET", "/shifts/<uuid:shift_id>/waiting-list", guard=signed_in, answer=(200, waiting_schemas.WaitingListOut)
)
def list_waiting(shift_id: UUID) -> dict[str, Any]:
    """候补名单，按先后；本场负责人、协调员可看，姓名打码。"""
    context = queries.shift_context(shift_id)
    if context is None or not leads(actor(), context):
        raise NotFound
    return {"items": waiting_reading.turns_of_shift(shift_id, clock.now())}


@blueprint.endpoint(
    "GET", "/me/waiting", guard=signed_in, query=PageQuery, answer=(200, page_of(waiting_schemas.MyTurnOut))
)
def list_my_turns(query: dict[str, Any]) -> dict[str, Any]:
    """我的候补，新的在前。"""
    by = [WaitingPlace.joined_at, WaitingPlace.id]
    answer = page(waiting_reading.turns_of(person_id()), by=by, query=query, descending=True, scalars=False)
    rows, now = answer["items"], clock.now()
    shifts = showing.shown([queries.context_of(row) for row in rows], now)
    items = [
        waiting_reading.standing_of(row.WaitingPlace, now) | {"shift": shift}
        for row, shift in zip(rows, shifts, strict=True)
    ]
    return {**answer, "items": items}
