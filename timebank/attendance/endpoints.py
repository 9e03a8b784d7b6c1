"""Codes, scans, check-in and check-out over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Row

from timebank import clock
from timebank.activities.queries import ShiftContext, context_of
from timebank.attendance import closing, groups, points, presence, queries, references, schemas, screens, service
from timebank.attendance.closing import Ended
from timebank.attendance.incoming import book, brought, device_hash, reader
from timebank.attendance.models import Attendance
from timebank.attendance.reading import Presented
from timebank.attendance.rules import State, forgotten_end
from timebank.attendance.sentences import checked_in_text, checked_out_text
from timebank.codes.layouts import Kind, Member
from timebank.codes.tickets import LIFE, Ticket, issue_ticket
from timebank.documents import qr
from timebank.errors import NotFound, Refusal
from timebank.identity import queries as people
from timebank.identity.guards import actor, device, on_a_screen, person_id, signed_in, signed_in_or_a_screen
from timebank.identity.rules import Actor, masked_name
from timebank.records.account import account_of
from timebank.records.rules import PENDING, Flag, flags_from_text
from timebank.records.rules import State as RecordState
from timebank.records.schemas import shown_state
from timebank.records.showing import shown, shown_anew
from timebank.web import limits
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("attendance", __name__, description="签到签退 · check-in and check-out")

PICTURES = {"svg": ("image/svg+xml", qr.svg), "png": ("image/png", qr.png)}


@blueprint.endpoint(
    "GET",
    "/shifts/<uuid:shift_id>/code",
    guard=signed_in_or_a_screen,
    query=schemas.CodeQuery,
    answer=(200, schemas.CodeOut),
    media_types=("image/svg+xml", "image/png"),
)
def get_shift_code(shift_id: UUID, query: dict[str, Any]) -> Any:
    """现场屏幕的动态码：每 15 秒一换，附后面 4 个，断网一分钟也能用；负责人、协调员，或该场地登记过的屏幕可取。"""
    if on_a_screen():
        shown = screens.codes(screen=device(), shift_id=shift_id, book=book())
    else:
        shown = points.screen(actor=actor(), shift_id=shift_id, book=book())
    if query["format"] == "json":
        return shown
    media_type, draw = PICTURES[query["format"]]
    return Response(draw(shown.token), mimetype=media_type)


@blueprint.endpoint(
    "GET",
    "/shifts/<uuid:shift_id>/presence",
    guard=signed_in,
    query=PageQuery,
    answer=(200, schemas.PresenceOut),
)
def get_shift_presence(shift_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """现场在场情况：人数，以及脱敏姓名、来源与疑点；后到的在前，报名未到的在后。负责人、协调员可看。"""
    context = points.led_by(actor(), shift_id)
    now = clock.now()
    count = presence.headcount(shift_id)
    over = closing.is_over(context, now)
    found, by = presence.listed(shift_id)
    people = page(found, by=by, query=query, descending=True, scalars=False)
    return {
        **people,
        "capacity": context.capacity,
        "signed_up": count.inside + count.left + count.absent,
        "inside": 0 if over else count.inside,
        "left": count.left + (count.inside if over else 0),
        "absent": count.absent,
        "items": [
            row._asdict() | {"name": masked_name(row.display_name)} | _as_it_counts(row, context, now)
            for row in people["items"]
        ],
    }


@blueprint.endpoint(
    "POST", "/shifts/<uuid:shift_id>/close", guard=signed_in, answer=(200, schemas.ClosedShiftOut), once=True
)
def close_shift(shift_id: UUID) -> dict[str, Any]:
    """收场：还在场的人全部签退，无疑问的当场计入余额；此后不能再签到。本人和亲属的等别人审核。"""
    closed = groups.close_shift(actor=actor(), shift_id=shift_id)
    return {
        "closed": len(closed.ended),
        "pending": closed.pending,
        "credited_minutes": closed.credited_minutes,
        "items": [_sent_home(one) for one in closed.ended],
    }


def _sent_home(one: Ended) -> dict[str, Any]:
    stay, revision = one.stay, one.revision
    return {
        "attendance_id": stay.attendance_id,
        "volunteer_no": stay.volunteer_no,
        "name": masked_name(stay.display_name),
        "state": one.state,
        "checked_in_at": stay.checked_in_at,
        "checked_out_at": revision.ended_at,
        "flags": flags_from_text(revision.flags),
        "record": {
            name: getattr(revision, name) for name in ("service_minutes", "credited_minutes", "expected_minutes")
        }
        | {"id": revision.record_id, "state": shown_state(revision)},
    }


@blueprint.endpoint(
    "GET",
    "/me/attendances",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(schemas.MyAttendanceOut)),
)
def list_my_attendances(query: dict[str, Any]) -> dict[str, Any]:
    """我的签到：最新的在前；还没签退的 state 为 open，手机重启后也知道自己在哪一场。"""
    by = [Attendance.checked_in_at, Attendance.id]
    listed = page(queries.attendances_of(person_id()), by=by, query=query, descending=True, scalars=False)
    return listed | {"items": [_mine(row) for row in listed["items"]]}


def _mine(row: Row[Any]) -> dict[str, Any]:
    return row._asdict() | _as_it_counts(row, context_of(row), clock.now())


def _as_it_counts(stay: Any, context: ShiftContext, now: datetime) -> dict[str, Any]:
    """Return how a stay stands now: one that was forgotten has ended with its shift, whether or not that is written."""
    flags = flags_from_text(stay.flags)
    if stay.attendance_state != State.OPEN or not closing.is_over(context, now):
        return {"state": stay.attendance_state, "checked_out_at": stay.checked_out_at, "flags": flags}
    return {
        "state": State.AUTO_CLOSED,
        "checked_out_at": forgotten_end(checked_in_at=stay.checked_in_at, ends_at=context.ends_at),
        "flags": sorted({*flags, Flag.AUTO_CLOSED}),
    }


@blueprint.endpoint("GET", "/me/member-code", guard=signed_in, answer=(200, schemas.MemberCodeOut))
def get_member_code() -> dict[str, Any]:
    """我的会员码：每 30 秒一换，出示给公益仓柜台或活动负责人。"""
    person = people.person(person_id())
    if person is None:
        raise NotFound
    shown = Member.at(person.member_ref, clock.now())
    return {"token": book().issue(shown), "expires_at": shown.taken_until}


@blueprint.endpoint(
    "POST",
    "/scans",
    guard=signed_in,
    body=schemas.ScanBody,
    answer=(200, schemas.ScanOut),
    limit=limits.SCANS,
)
def scan(body: dict[str, Any]) -> dict[str, Any]:
    """扫码：说明能做什么，并换取 5 分钟内有效的票据；不改变任何东西。"""
    reads = reader()
    found = service.scan(actor_id=person_id(), reader=reads, presented=_presented(body))
    # Dated by the server, to the second of the scan: a step only says when the code was shown first.
    ticket = Ticket(
        kind=Kind(found.seen.kind),
        point=found.seen.reference,
        scanned_at=found.seen.at,
        volunteer_id=person_id(),
        expires_at=found.now + LIFE,
    )
    context = found.context
    return {
        "ticket": issue_ticket(reads.keys, ticket),
        "expires_at": ticket.expires_at,
        "activity": {
            "id": context.activity_id,
            "name": context.activity_name,
            "organisation_name": context.organisation_name,
        },
        "shift": {
            "id": context.shift_id,
            "starts_at": context.starts_at,
            "ends_at": context.ends_at,
            "place": context.place,
        },
        "suggested_action": found.suggested_action,
        "warnings": [_warning(found.warning)] if found.warning else [],
    }


def _warning(refusal: Refusal) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "detail": refusal.explain()[1],
        "detail_en": refusal.explain(english=True)[1],
        "context": refusal.context,
    }


@blueprint.endpoint(
    "POST",
    "/check-ins",
    guard=signed_in,
    body=schemas.CheckBody,
    answer=(201, schemas.AttendanceOut),
    once=True,
    limit=limits.SCANS,
)
def check_in(body: dict[str, Any]) -> dict[str, Any]:
    """签到：本人扫现场屏幕；或负责人扫志愿者的会员码并注明场次。"""
    made = references.check_in(
        actor=_scanner(body), reader=reader(), presented=_presented(body), client_ref=body.get("client_ref")
    )
    text = checked_in_text(context=made.context, policy=made.policy, at=made.attendance.checked_in_at)
    return _attendance(made.attendance, made.display_name) | text


@blueprint.endpoint(
    "POST",
    "/check-outs",
    guard=signed_in,
    body=schemas.CheckBody,
    answer=(201, schemas.CheckOutOut),
    once=True,
    limit=limits.SCANS,
)
def check_out(body: dict[str, Any]) -> dict[str, Any]:
    """签退：服务随即成为记录；无疑问的当场计入余额，其余等协调员审核。"""
    left = references.check_out(
        actor=_scanner(body), reader=reader(), presented=_presented(body), client_ref=body.get("client_ref")
    )
    revision = left.revision
    text = checked_out_text(
        minutes=revision.service_minutes,
        credited=revision.credited_minutes,
        waits=revision.state in PENDING,
        on_notice=revision.state == RecordState.PENDING_NOTICE,
    )
    return {
        "attendance": _attendance(left.attendance, left.display_name) | text,
        "record": shown(revision) if left.again else shown_anew(revision),
        "account": account_of(left.attendance.volunteer_id, left.account, left.served),
    }


def _scanner(body: dict[str, Any]) -> Actor:
    """Return who scans; grants cost a query, and only a staff scan, which names its shift, needs them."""
    return actor() if "shift_id" in body else Actor(person_id())


def _presented(body: dict[str, Any]) -> Presented:
    return Presented(
        token=body.get("token"),
        ticket=body.get("ticket"),
        shift_id=body.get("shift_id"),
        device_hash=device_hash(),
        brought=brought(body),
    )


def _attendance(attendance: Attendance, display_name: str) -> dict[str, Any]:
    return {
        "id": attendance.id,
        "shift_id": attendance.shift_id,
        "state": attendance.state,
        "checked_in_at": attendance.checked_in_at,
        "checked_out_at": attendance.checked_out_at,
        "flags": flags_from_text(attendance.flags),
        "volunteer_name": masked_name(display_name),
    }
