"""The audit log over HTTP."""

from typing import Any

from timebank.identity.audit_models import AuditNote
from timebank.identity.guards import actor, requires
from timebank.organisations import audit_notes
from timebank.organisations.audit_notes import Wanted
from timebank.organisations.audit_schemas import AuditNoteOut, AuditQuery
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("audit", __name__, description="操作日志 · the audit log")


@blueprint.endpoint(
    "GET",
    "/audit",
    guard=requires(*audit_notes.READERS),
    query=AuditQuery,
    answer=(200, page_of(AuditNoteOut)),
)
def list_audit_notes(query: dict[str, Any]) -> dict[str, Any]:
    """操作日志，新的在前：谁、什么角色、做了什么、对谁、为什么；只有编号，没有姓名。审计员、管理员可查管理范围内的。"""
    wanted = Wanted(**{name: query.get(name) for name in ("person", "target", "verb", "since", "until")})
    selected = audit_notes.noted(actor(), wanted)
    return page(selected, by=[AuditNote.noted_at, AuditNote.id], query=query, descending=True)
