"""Reading the audit log: auditors and administrators see what was done in their scope; the whole bank's, all of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from timebank.documents.tables import Column, Table, Type
from timebank.identity import former
from timebank.identity.audit_models import AuditNote
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope

READERS = (Role.AUDITOR, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which notes: of whom (who acted, or whom it concerned), of what, what was done, from when until before when."""

    person: UUID | None = None
    target: str | None = None
    verb: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def noted(actor: Actor, wanted: Wanted) -> Select[AuditNote]:
    """Select the notes that somebody may read. Those of no organisation are for whoever reads the whole bank."""
    found = select(AuditNote)
    if not scope.covers_path(actor, *READERS, path=""):
        found = found.where(scope.organisations_of(actor, *READERS, column=AuditNote.organisation_id))
    if wanted.person:
        whom = [wanted.person, *former.merged_into(wanted.person)]
        found = found.where(or_(AuditNote.actor_id.in_(whom), AuditNote.person_id.in_(whom)))
    if wanted.target:
        found = found.where(AuditNote.target == wanted.target)
    if wanted.verb:
        found = found.where(AuditNote.verb == wanted.verb)
    if wanted.since:
        found = found.where(AuditNote.noted_at >= wanted.since)
    return found.where(AuditNote.noted_at < wanted.until) if wanted.until else found


_COLUMNS = {
    "noted_at": Column("时间 Noted at", Type.INSTANT),
    "actor_id": Column("操作人 Actor", Type.ID),
    "role": Column("角色 Role"),
    "verb": Column("动作 Verb", Type.ID),
    "outcome": Column("结果 Outcome"),
    "target_kind": Column("对象 Kind"),
    "target": Column("编号 Target"),
    "person_id": Column("涉及的人 Person", Type.ID),
    "organisation_id": Column("组织 Organisation", Type.ID),
    "reason": Column("理由 Reason"),
    "request_id": Column("请求编号 Request"),
}


def table_of(notes: Iterable[AuditNote]) -> Table:
    """Return notes as a table, the newest last."""
    rows = ([_plain(getattr(one, name)) for name in _COLUMNS] for one in notes)
    return Table(title="操作日志 Audit log", columns=tuple(_COLUMNS.values()), rows=rows)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
