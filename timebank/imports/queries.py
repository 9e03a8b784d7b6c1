"""What is asked about imports."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from timebank.database import session
from timebank.identity.rules import Actor, Role
from timebank.imports.models import ImportedFile, ImportedLine, ImportedOrganisation
from timebank.organisations import scope
from timebank.records import queries as records
from timebank.records.models import Revision
from timebank.records.rules import State

READERS = (Role.COORDINATOR, Role.ADMIN, Role.AUDITOR)


def register(actor: Actor) -> Select[ImportedFile]:
    """Select the imports that somebody may know of: their own, and those of which every line is in their scope."""
    beyond = exists().where(
        ImportedOrganisation.import_id == ImportedFile.id,
        ~scope.organisations_of(actor, *READERS, column=ImportedOrganisation.organisation_id),
    )
    any_of_it = exists().where(ImportedOrganisation.import_id == ImportedFile.id)
    return select(ImportedFile).where(or_(ImportedFile.actor_id == actor.person_id, any_of_it & ~beyond))


def one(actor: Actor, import_id: UUID) -> ImportedFile | None:
    """Return an import that somebody may know of."""
    return session.scalars(register(actor).where(ImportedFile.id == import_id)).one_or_none()


def organisations_of(import_id: UUID) -> list[UUID]:
    """Return whose lines an import had."""
    found = select(ImportedOrganisation.organisation_id).where(ImportedOrganisation.import_id == import_id)
    return list(session.scalars(found))


def last_of(sha256: bytes, kind: str, organisation_id: UUID | None) -> ImportedFile | None:
    """Return the last import of the very same file."""
    same: ColumnElement[bool] = (
        ImportedFile.organisation_id == organisation_id if organisation_id else ImportedFile.organisation_id.is_(None)
    )
    found = select(ImportedFile).where(ImportedFile.sha256 == sha256, ImportedFile.kind == kind, same)
    return session.scalars(found.order_by(ImportedFile.imported_at.desc(), ImportedFile.id.desc()).limit(1)).first()


def _waiting(import_id: UUID) -> ColumnElement[bool]:
    made = select(ImportedLine.target_id).where(ImportedLine.import_id == import_id)
    return Revision.record_id.in_(made) & (Revision.state == State.PENDING_REVIEW) & records.is_current()


def waiting(import_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """Return records that an import has made and that still wait for review, in the order of their ids."""
    found = select(Revision.record_id).where(_waiting(import_id))
    if after is not None:
        found = found.where(Revision.record_id > after)
    return list(session.scalars(found.order_by(Revision.record_id).limit(limit)))


def count_waiting(import_id: UUID) -> int:
    """Return how many of the records that an import has made still wait for review."""
    return int(session.scalar(select(func.count()).where(_waiting(import_id))) or 0)


def imported_by(record_id: UUID, actor_id: UUID) -> bool:
    """Whether somebody has imported a record."""
    found: Any = select(
        exists().where(
            ImportedLine.target_id == record_id,
            ImportedLine.import_id == ImportedFile.id,
            ImportedFile.actor_id == actor_id,
        )
    )
    return bool(session.scalar(found))
