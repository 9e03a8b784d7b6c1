"""Activities, shifts and sign-ups over HTTP.

Everyone signed in may read them and sign up; coordinators and administrators write within their scope, and an
activity's leader publishes its shifts.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import Row, Select

from timebank import clock
from timebank.activities import clashes, discovery, queries, schemas, service, showing
from timebank.activities.discovery import Distance, Wish
from timebank.activities.models import Activity, Shift, SignUp
from timebank.activities.roles import Wanted
from timebank.activities.rules import SignUpState
from timebank.database import NIL
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import masked_name
from timebank.organisations import queries as register
from timebank.organisations.queries import within
from timebank.policies import service as policies
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("activities", __name__, description="活动、场次、报名 · activities, shifts, sign-ups")

Answer = tuple[Any, int, dict[str, str]]


@blueprint.endpoint(
    "GET",
    "/activities",
    guard=signed_in,
    query=schemas.ActivityQuery,
    answer=(200, page_of(schemas.ActivityOut)),
)
def list_activities(query: dict[str, Any]) -> dict[str, Any]:
    """活动：可按组织、区域（含下级）、类别、日期、空位、角色、远近、关键字筛选。位置取整后使用，不保存。"""
    found = queries.activities(
        organisation_id=query.get("organisation"),
        area_path=_path_of(query.get("area")),
        category=query.get("category"),
    )
    wish = replace(_wish(query), since=query.get("since"), until=query.get("until"))
    found = discovery.narrowed(found, wish=wish, keyword=query.get("q"), now=clock.now())
    return page(found, by=[Activity.created_at, Activity.id], query=query, descending=True)


@blueprint.endpoint(
    "POST",
    "/activities",
    guard=requires(*service.MANAGERS),
    body=schemas.ActivityBody,
    answer=(201, schemas.ActivityOut),
    once=True,
    audited=noted(Verb.ENTER, "activity"),
)
def add_activity(body: dict[str, Any]) -> Answer:
    """新增活动。类别只有志愿服务：会议、值班、培训不得记录（民政部令第67号第十九条）。"""
    return _with_etag(service.add_activity(actor=actor(), **body), 201)


@blueprint.endpoint("GET", "/activities/<uuid:activity_id>", guard=signed_in, answer=(200, schemas.ActivityOut))
def show_activity(activity_id: UUID) -> Answer:
    """一项活动；ETag 供修改时放入 If-Match。"""
    activity = queries.activity(activity_id)
    if activity is None:
        raise NotFound
    return _with_etag(activity, 200)


@blueprint.endpoint(
    "PUT",
    "/activities/<uuid:activity_id>",
    guard=requires(*service.MANAGERS),
    body=schemas.ActivityBody,
    answer=(200, schemas.ActivityOut),
    audited=noted(Verb.CHANGE, "activity"),
)
def change_activity(activity_id: UUID, body: dict[str, Any]) -> Answer:
    """修改活动；带 If-Match 时，若已被他人修改则为 412。已有的服务记录不变。"""
    versions = request.if_match if "If-Match" in request.headers else None
    return _with_etag(service.change_activity(actor=actor(), activity_id=activity_id, versions=versions, **body), 200)


def _with_etag(activity: Activity, status: int) -> Answer:
    return activity, status, {"ETag": f'"{activity.version}"'}


@blueprint.endpoint(
    "POST",
    "/activities/<uuid:activity_id>/shifts",
    guard=signed_in,
    body=schemas.ShiftBody,
    answer=(201, schemas.ShiftOut),
    once=True,
)
def publish_shift(activity_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """发布场次；须在开始以前。可以只写总名额，也可以分角色写人数和资质要求（如社工 1、志愿者 2、学生 5）。"""
    wanted = [Wanted(**role | {"required": tuple(role["required"])}) for role in body.pop("roles")]
    shift = service.publish_shift(actor=actor(), activity_id=activity_id, wanted=wanted, **body)
    return _existing(shift.id)


@blueprint.endpoint(
    "GET", "/shifts", guard=signed_in, query=schemas.ShiftQuery, answer=(200, page_of(schemas.ShiftOut))
)
def list_shifts(query: dict[str, Any]) -> dict[str, Any]:
    """场次：可按活动、组织、类别、时间、区域（含下级）、空位、角色、远近筛选；open=now 为现在可签到、签退的场次。"""
    path, now = _path_of(query.get("area")), clock.now()
    found = queries.shift_contexts().add_columns(Shift.id)
    found = found.where(*queries.takes_place(since=query.get("since"), until=query.get("until")))
    named = {"activity": Activity.id, "organisation": Activity.organisation_id, "category": Activity.category}
    found = found.where(*(column == query[name] for name, column in named.items() if name in query))
    if path is not None:
        found = found.where(within(path))
    found = discovery.coming(found, wish=_wish(query), now=now)
    if query.get("open") == "now":
        policy = policies.resolve(organisation_id=NIL, area_path=path or "", at=now)
        found = found.where(
            *queries.is_open(
                now,
                open_before=timedelta(minutes=policy.open_before_minutes),
                close_after=timedelta(minutes=policy.close_after_minutes),
            )
        )
    answer = page(found, by=[Shift.starts_at, Shift.id], query=query, scalars=False)
    return {**answer, "items": showing.shown([queries.context_of(row) for row in answer["items"]], now)}


def _wish(query: dict[str, Any]) -> Wish:
    return Wish(
        with_place=query.get("open") == "places",
        role=query.get("role"),
        near=query.get("near"),
        distance=Distance(query.get("distance", Distance.NEAR)),
    )


@blueprint.endpoint("GET", "/shifts/<uuid:shift_id>", guard=signed_in, answer=(200, schemas.ShiftOut))
def show_shift(shift_id: UUID) -> Answer:
    """一个场次，含剩余名额、候补人数、角色和地点；ETag 供修改时放入 If-Match。"""
    shift = _existing(shift_id)
    return shift, 200, {"ETag": f'"{shift["version"]}"'}


@blueprint.endpoint(
    "POST",
    "/shifts/<uuid:shift_id>/sign-up",
    guard=signed_in,
    body=schemas.SignUpBody,
    answer=(201, schemas.NewSignUpOut),
)
def sign_up(shift_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """报名；名额先到先得，候补有名额的报名即为确认。有人身风险的活动须确认知悉风险；风险说明改了，再确认一次即可。

    clashes 是同一时段已报名的其他场次，请取消不去的那一场。
    """
    taken = service.sign_up(shift_id=shift_id, volunteer_id=person_id(), **body)
    shift = _existing(shift_id)
    found = clashes.of(
        shift_id=shift_id, volunteer_id=taken.volunteer_id, starts_at=shift["starts_at"], ends_at=shift["ends_at"]
    )
    return {
        "id": taken.id,
        "shift_id": shift_id,
        "state": taken.state,
        "walk_in": taken.walk_in,
        "signed_up_at": taken.signed_up_at,
        "role_id": taken.role_id,
        "group_id": taken.group_id,
        "clashes": found,
    }


@blueprint.endpoint("DELETE", "/shifts/<uuid:shift_id>/sign-up", guard=signed_in, answer=(204, None))
def withdraw(shift_id: UUID) -> None:
    """取消报名，名额让给候补的下一位；没有人候补就空出来。离开始不足规定时间的，记为临时取消。"""
    service.withdraw(shift_id=shift_id, volunteer_id=person_id())


@blueprint.endpoint("GET", "/me/sign-ups", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.MySignUpOut)))
def my_sign_ups(query: dict[str, Any]) -> dict[str, Any]:
    """我的报名，新的在前。"""
    by = [SignUp.signed_up_at, SignUp.id]
    answer = page(queries.sign_ups_of(person_id()), by=by, query=query, descending=True, scalars=False)
    return {**answer, "items": _my_items(answer["items"])}


@blueprint.endpoint(
    "GET", "/me/withdrawals", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.MyWithdrawalOut))
)
def list_my_withdrawals(query: dict[str, Any]) -> dict[str, Any]:
    """我取消过的报名；late 为临近开始才取消的。只作记录。"""
    return _withdrawals(queries.withdrawals(volunteer_id=person_id()), query)


@blueprint.endpoint(
    "GET",
    "/shifts/<uuid:shift_id>/withdrawals",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(schemas.WithdrawalOut)),
)
def list_withdrawals(shift_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """这一场取消报名的人，含临时取消；本场负责人、协调员可看，姓名打码。"""
    context = queries.shift_context(shift_id)
    if context is None or not service.leads(actor(), context):
        raise NotFound
    return _withdrawals(queries.withdrawals(shift_id=shift_id), query)


def _withdrawals(found: Select[Any], query: dict[str, Any]) -> dict[str, Any]:
    # A withdrawal has its instant; the column may be empty, for it belongs to sign-ups.
    by: Any = [SignUp.withdrawn_at, SignUp.id]
    answer = page(found, by=by, query=query, descending=True, scalars=False)
    items = [
        row._asdict() | {"volunteer_name": masked_name(row.display_name), "withdrawn_late": bool(row.withdrawn_late)}
        for row in answer["items"]
    ]
    return {**answer, "items": items}


def _my_items(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    shifts = showing.shown([queries.context_of(row) for row in rows], clock.now())
    return [
        {
            "id": row.id,
            "shift_id": row.shift_id,
            "state": SignUpState.LIVE,
            "walk_in": row.walk_in,
            "signed_up_at": row.signed_up_at,
            "role_id": row.role_id,
            "group_id": row.group_id,
            "group_name": row.group_name,
            "shift": shift,
        }
        for row, shift in zip(rows, shifts, strict=True)
    ]


def _existing(shift_id: UUID) -> dict[str, Any]:
    context = queries.shift_context(shift_id)
    if context is None:
        raise NotFound
    return showing.shown([context], clock.now())[0]


def _path_of(area_id: UUID | None) -> str | None:
    if area_id is None:
        return None
    area = register.area(area_id)
    if area is None:
        raise NotFound
    return area.path
