"""Shifts that change, are cancelled, or recur, over HTTP: for whoever leads the activity or manages the organisation."""

from typing import Any
from uuid import UUID

from flask import request

from timebank import clock
from timebank.activities import queries, schemas, series, series_changes, series_schemas, shift_changes, showing
from timebank.activities.roles import Wanted
from timebank.activities.series_changes import Ended
from timebank.activities.series_rules import Rule
from timebank.activities.shift_tables import ShiftSeries
from timebank.errors import NotFound
from timebank.identity.guards import actor, signed_in
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("series", __name__, description="场次变更、周期场次 · shifts that change or recur")

_OF_THE_RULE = ("frequency", "every", "weekdays", "monthly_by", "first_on", "until_on", "count", "skips_holidays")


@blueprint.endpoint(
    "PUT",
    "/shifts/<uuid:shift_id>",
    guard=signed_in,
    body=series_schemas.ChangeShiftBody,
    answer=(200, schemas.ShiftOut),
)
def change_shift(shift_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """修改场次的时间、地点或名额，没填的不变（site_id 填 null 为不设地点）；须在开始以前、无人签到。时间地点有变的，告知已报名和候补的人；加了名额，先给候补。"""
    versions = request.if_match if "If-Match" in request.headers else None
    numbers = {role["id"]: role["capacity"] for role in body.pop("roles")}
    shift_changes.change(actor=actor(), shift_id=shift_id, role_capacities=numbers, versions=versions, **body)
    return _shown(shift_id)


@blueprint.endpoint(
    "POST",
    "/shifts/<uuid:shift_id>/cancel",
    guard=signed_in,
    body=series_schemas.CancelShiftBody,
    answer=(200, schemas.ShiftOut),
    once=True,
)
def cancel_shift(shift_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """取消场次，写明理由，并告知已报名和候补的人；已有人签到的不能取消。"""
    shift_changes.cancel(actor=actor(), shift_id=shift_id, **body)
    return _shown(shift_id)


@blueprint.endpoint(
    "POST",
    "/activities/<uuid:activity_id>/series",
    guard=signed_in,
    body=series_schemas.SeriesBody,
    answer=(201, series_schemas.SeriesOut),
    once=True,
)
def begin_series(activity_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """发布周期场次，如每周三午餐：提前五周自动发布，可选法定节假日停办，可定截止日或次数。"""
    rule = Rule(**{name: body.pop(name) for name in _OF_THE_RULE})
    wanted = [Wanted(**role | {"required": tuple(role["required"])}) for role in body.pop("roles")]
    return _series_out(series.begin(actor=actor(), activity_id=activity_id, rule=rule, wanted=wanted, **body))


@blueprint.endpoint(
    "GET",
    "/activities/<uuid:activity_id>/series",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(series_schemas.SeriesOut)),
)
def list_series(activity_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """一项活动的周期场次，新的在前。"""
    by = [ShiftSeries.created_at, ShiftSeries.id]
    answer = page(series.series_of(activity_id), by=by, query=query, descending=True)
    return {**answer, "items": [_series_out(one) for one in answer["items"]]}


@blueprint.endpoint(
    "POST",
    "/series/<uuid:series_id>/end",
    guard=signed_in,
    body=series_schemas.EndSeriesBody,
    answer=(200, series_schemas.EndedSeriesOut),
    once=True,
)
def end_series(series_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """从某一天起停办，取消那天及以后的场次并告知；已开始或有人签到的不动。只停一天，请取消那一场。"""
    return _ended_out(series_changes.end(actor=actor(), series_id=series_id, **body))


@blueprint.endpoint(
    "POST",
    "/series/<uuid:series_id>/change",
    guard=signed_in,
    body=series_schemas.ChangeSeriesBody,
    answer=(200, series_schemas.EndedSeriesOut),
    once=True,
)
def change_series(series_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """从某一天起改时间、地点或名额；没写的地点、名额不变，以前的不变，已开始或有人签到的不动。只改一天，请修改那一场。"""
    return _ended_out(series_changes.change_following(actor=actor(), series_id=series_id, **body))


def _shown(shift_id: UUID) -> dict[str, Any]:
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    return showing.shown([context], clock.now())[0]


def _series_out(one: ShiftSeries) -> dict[str, Any]:
    names = series_schemas.SeriesOut._declared_fields  # noqa: SLF001 - what marshmallow keeps of a class
    return {name: getattr(one, name) for name in names} | {"weekdays": list(series.rule_of(one).weekdays)}


def _ended_out(ended: Ended) -> dict[str, Any]:
    return {"series": _series_out(ended.series), "touched": ended.touched, "left_alone": ended.left_alone}
