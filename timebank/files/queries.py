"""What is asked about files."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from timebank.database import session
from timebank.files.models import FileAttachment, FileUpload, StoredFile


def file(file_id: UUID) -> StoredFile | None:
    """Return a file."""
    return session.scalars(select(StoredFile).where(StoredFile.id == file_id)).one_or_none()


def owners_of(file_id: UUID) -> list[tuple[str, UUID]]:
    """Return what uses a file."""
    found = select(FileAttachment.owner_kind, FileAttachment.owner_id).where(FileAttachment.file_id == file_id)
    return [(kind, owner_id) for kind, owner_id in session.execute(found)]


def uploaded_by(file_id: UUID, person_id: UUID) -> bool:
    """Whether a person has sent a file."""
    found = select(FileUpload.file_id).where(FileUpload.file_id == file_id, FileUpload.person_id == person_id)
    return session.execute(found).first() is not None


def own_files(person_id: UUID, names: Collection[str]) -> list[UUID]:
    """Return those files with one of these names (SHA-256) that a person has sent."""
    found = (
        select(StoredFile.id)
        .join(FileUpload, FileUpload.file_id == StoredFile.id)
        .where(FileUpload.person_id == person_id, StoredFile.sha256.in_(names))
        .order_by(StoredFile.id)
    )
    return list(session.scalars(found))


def unused_by(person_id: UUID) -> int:
    """Return how many files a person has sent that nothing uses."""
    used = select(1).where(FileAttachment.file_id == FileUpload.file_id).exists()
    found = select(func.count()).select_from(FileUpload).where(FileUpload.person_id == person_id, ~used)
    return session.execute(found).scalar_one()


def attached(owner_kind: str, owner_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the files of several owners of one kind, in the order in which they came; none for who has none."""
    found = (
        select(FileAttachment.owner_id, FileAttachment.file_id)
        .where(FileAttachment.owner_kind == owner_kind, FileAttachment.owner_id.in_(owner_ids))
        .order_by(FileAttachment.attached_at, FileAttachment.file_id)
    )
    files: dict[UUID, list[UUID]] = {owner_id: [] for owner_id in owner_ids}
    for owner_id, file_id in session.execute(found):
        files[owner_id].append(file_id)
    return files
