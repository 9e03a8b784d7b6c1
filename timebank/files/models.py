"""Tables of files: what is kept, who sent it, and what uses it. The content lies on disk, under its own SHA-256."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base


class StoredFile(Base):
    """One content; whoever sends the same again gets the same file."""

    __tablename__ = "stored_file"
    __table_args__ = (UniqueConstraint("sha256"), CheckConstraint("bytes > 0", name="bytes"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(40))
    bytes: Mapped[int]


class FileUpload(Base):
    """That somebody has sent a file, and when the last time."""

    __tablename__ = "file_upload"
    __table_args__ = (Index("ix_file_upload_person_id", "person_id"),)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    uploaded_at: Mapped[datetime]


class FileAttachment(Base):
    """What uses a file; ``owner_kind`` names the domain's noun that says who may see it."""

    __tablename__ = "file_attachment"
    __table_args__ = (Index("ix_file_attachment_owner_kind_owner_id", "owner_kind", "owner_id"),)

    file_id: Mapped[UUID] = mapped_column(ForeignKey("stored_file.id"), primary_key=True)
    owner_kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    attached_by: Mapped[UUID]
    attached_at: Mapped[datetime]
