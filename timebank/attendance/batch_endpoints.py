"""Scans that come late, over HTTP: a phone's batch, and what coordinators see and decide of it."""

from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import Row

from timebank.attendance import batch, batch_schemas, late, points
from timebank.attendance.batch import Item, Outcome, Status
from timebank.attendance.incoming import brought, device_hash, reader
from timebank.attendance.models import Attendance, LateScan
from timebank.attendance.rules import Action, LateOutcome
from timebank.attendance.sentences import LATE_TEXTS
from timebank.errors import Forbidden, Refusal
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import masked_name
from timebank.records.rules import flags_from_text
from timebank.records.service import DECIDERS
from timebank.records.showing import shown, shown_anew
from timebank.web import limits
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("late scans", __name__, description="离线扫码补传 · scans that were kept without network")

MAX_BATCH_BYTES = 100 * 1024


def _signed_in_and_small() -> None:
    """Let in whoever is signed in, and have a body over 100 KiB refused before it is read."""
    signed_in()
    request.max_content_length = MAX_BATCH_BYTES


def _within_limits(*, body: dict[str, Any]) -> None:
    limits.spend(limits.KEPT_SCANS, len(body["items"]))


@blueprint.endpoint(
    "POST",
    "/check-ins/batch",
    guard=_signed_in_and_small,
    body=batch_schemas.KeptScansBody,
    answer=(200, batch_schemas.KeptScansOut),
    once=True,
    limit=limits.SCANS,
    prepare=_within_limits,
)
def receive_batch(body: dict[str, Any], prepared: None) -> dict[str, Any]:
    """补传离线扫码：至多 100 条、100 KiB，逐条给结果；时刻以码为准，迟到的须协调员核实后才计入。

    created 已生效 · replayed 以前收到过 · rejected 不采用（code 同单次签到）· review 等待协调员核实。
    """
    items = [_item(item) for item in body["items"]]
    outcomes = batch.receive(actor_id=person_id(), reader=reader(), items=items, device_hash=device_hash())
    return {"results": [_result(item, outcome) for item, outcome in zip(items, outcomes, strict=True)]}


def _item(sent: dict[str, Any]) -> Item:
    return Item(
        client_ref=sent["client_ref"],
        action=Action(sent["action"]),
        token=sent["token"],
        sent_at=sent["sent_at"],
        brought=brought(sent, kept=True),
    )


def _result(item: Item, outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {"client_ref": item.client_ref, "action": item.action, "status": outcome.status}
    if outcome.refusal is not None:
        result |= _why(outcome.refusal)
    if outcome.reason is not None:
        message, message_en = LATE_TEXTS[outcome.reason]
        result |= {"code": outcome.reason, "message": message, "message_en": message_en}
    if outcome.attendance is not None:
        result["attendance"] = _attendance(outcome.attendance)
    if outcome.revision is not None:
        again = outcome.status is Status.REPLAYED
        result["record"] = shown(outcome.revision) if again else shown_anew(outcome.revision)
    if outcome.late_scan_id is not None:
        result["late_scan_id"] = outcome.late_scan_id
    return result


def _why(refusal: Refusal) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "retryable": refusal.retryable,
        "message": refusal.explain()[1],
        "message_en": refusal.explain(english=True)[1],
        "context": refusal.context,
    }


def _attendance(attendance: Attendance) -> dict[str, Any]:
    return {
        "id": attendance.id,
        "shift_id": attendance.shift_id,
        "state": attendance.state,
        "checked_in_at": attendance.checked_in_at,
        "checked_out_at": attendance.checked_out_at,
        "flags": flags_from_text(attendance.flags),
    }


@blueprint.endpoint(
    "GET",
    "/late-scans",
    guard=signed_in,
    query=batch_schemas.LateScanQuery,
    answer=(200, page_of(batch_schemas.LateScanOut)),
)
def list_late_scans(query: dict[str, Any]) -> dict[str, Any]:
    """迟到的扫码：等待核实或已处理的，旧的在前；某一场的负责人可看本场，协调员可看管辖内全部。"""
    who = actor()
    if "shift" in query:
        points.led_by(who, query["shift"])
    elif not who.holds(*DECIDERS):
        raise Forbidden
    waiting = {"waiting": True, "decided": False, "all": None}[query["state"]]
    found = late.late_scans(actor=who, shift_id=query.get("shift"), waiting=waiting)
    listed = page(found, by=[LateScan.received_at, LateScan.id], query=query, scalars=False)
    return listed | {"items": [_late_scan(row) for row in listed["items"]]}


def _late_scan(row: Row[Any]) -> dict[str, Any]:
    scan: LateScan = row[0]
    decision = {"outcome": row.outcome, "reason": row.decision_reason, "decided_at": row.decided_at}
    return {
        "id": scan.id,
        "shift_id": scan.shift_id,
        "activity_name": row.activity_name,
        "volunteer_id": scan.volunteer_id,
        "volunteer_name": masked_name(row.display_name),
        "action": scan.action,
        "reason": scan.reason,
        "at": scan.at,
        "claimed_at": scan.claimed_at,
        "received_at": scan.received_at,
        "decision": decision if row.outcome else None,
    }


@blueprint.endpoint(
    "POST",
    "/late-scans/<uuid:late_scan_id>/decision",
    guard=requires(*DECIDERS),
    body=batch_schemas.LateDecisionBody,
    answer=(201, batch_schemas.LateDecisionOut),
    once=True,
    audited=noted(Verb.DECIDE, "late_scan", outcome="outcome"),
)
def decide_late_scan(late_scan_id: UUID, body: dict[str, Any]) -> Any:
    """处理迟到的扫码：已另行补录或更正，或不予采信，须写明理由；不能处理自己的。本身不计入任何时长。"""
    return late.decide(
        actor=actor(), late_scan_id=late_scan_id, outcome=LateOutcome(body["outcome"]), reason=body["reason"]
    )
