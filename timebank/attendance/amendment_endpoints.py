"""Annulments and adjustments over HTTP: coordinators put right what was scanned wrongly, as new facts."""

from typing import Any
from uuid import UUID

from timebank.attendance import amendment_schemas, amendments
from timebank.attendance.amendments import Amended
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.rules import masked_name
from timebank.records import correction_queries
from timebank.records.correction_schemas import correction_out
from timebank.records.rules import flags_from_text
from timebank.records.service import DECIDERS
from timebank.records.showing import shown
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("amendments", __name__, description="签到的作废与更正 · annulled and adjusted attendances")

_AS_THEY_ARE = ("id", "shift_id", "state", "checked_in_at", "checked_out_at", "in_provenance", "out_provenance")


@blueprint.endpoint(
    "POST",
    "/attendances/<uuid:attendance_id>/annul",
    guard=requires(*DECIDERS),
    body=amendment_schemas.AnnulBody,
    answer=(200, amendment_schemas.AmendedOut),
    once=True,
    audited=noted(Verb.CORRECT, "attendance"),
)
def annul_attendance(attendance_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """作废一次签到：待审的记录随即驳回；已计入的转为更正，由另一人批准。不能处理自己和亲属的。"""
    return _shown(amendments.annul(actor=actor(), attendance_id=attendance_id, **body))


@blueprint.endpoint(
    "POST",
    "/attendances/<uuid:attendance_id>/adjust",
    guard=requires(*DECIDERS),
    body=amendment_schemas.AdjustBody,
    answer=(200, amendment_schemas.AmendedOut),
    once=True,
    audited=noted(Verb.CORRECT, "attendance"),
)
def adjust_attendance(attendance_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """更正签到、签退时间：须在本场签到时段内；记录由另一位协调员审核，已计入的转为更正。"""
    return _shown(amendments.adjust(actor=actor(), attendance_id=attendance_id, **body))


def _shown(amended: Amended) -> dict[str, Any]:
    amendment, attendance = amended.amendment, amended.attendance
    correction = None
    if amended.correction is not None:
        found, state, decision, before, *_ = correction_queries.correction_with_state(amended.correction.id)
        correction = correction_out(found, state, decision, before)
    return {
        "id": amendment.id,
        "kind": amendment.kind,
        "reason": amendment.reason,
        "amended_at": amendment.amended_at,
        "attendance": {name: getattr(attendance, name) for name in _AS_THEY_ARE}
        | {"flags": flags_from_text(attendance.flags), "volunteer_name": masked_name(amended.display_name)},
        "record": shown(amended.revision) if amended.revision else None,
        "correction": correction,
    }
