"""Tables of imports: the register and what each line has made (append-only), and by what people are known again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.imports.rules import MAX_NUMBER, MAX_REASON, Done, Kind


class ImportedFile(Base):
    """That a file was imported: who, why, what the file was, and what it did. The file itself is not kept. Append-only.

    ``organisation_id`` is the organisation that was named for all lines; nobody was, if each line named its own.
    """

    __tablename__ = "import_file"
    __table_args__ = (
        one_of("kind", Kind),
        CheckConstraint("length(sha256) = 32", name="sha256"),
        CheckConstraint("lines = created + changed + unchanged + merged", name="lines"),
        Index("ix_import_file_actor_id_id", "actor_id", "id"),
        Index("ix_import_file_sha256", "sha256"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    layout: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[UUID | None]
    sha256: Mapped[bytes]
    size_bytes: Mapped[int]
    lines: Mapped[int]
    created: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    merged: Mapped[int]
    actor_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(MAX_REASON))
    imported_at: Mapped[datetime]


class ImportedLine(Base):
    """What one line has made or changed: a person, an activity or a service record. Append-only."""

    __tablename__ = "import_line"
    __table_args__ = (
        one_of("done", Done),
        Index("ix_import_line_target_id", "target_id"),
        WITHOUT_ROWID,
    )

    import_id: Mapped[UUID] = mapped_column(ForeignKey("import_file.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    done: Mapped[str] = mapped_column(String(8))
    target_id: Mapped[UUID]


class ImportedOrganisation(Base):
    """An organisation that lines of an import belong to: who may look at the import, and approve it. Append-only."""

    __tablename__ = "import_organisation"
    __table_args__ = (WITHOUT_ROWID,)

    import_id: Mapped[UUID] = mapped_column(ForeignKey("import_file.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)


class ImportedNumber(Base):
    """The number that an organisation itself gives to one of its people (义工号). Personal: it goes with the person."""

    __tablename__ = "import_number"
    __table_args__ = (
        UniqueConstraint("organisation_id", "person_id"),
        Index("ix_import_number_person_id", "person_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(MAX_NUMBER), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))


class ImportedContact(Base):
    """A keyed hash of a name with a telephone number, by which a person is known again. Neither is stored (PIPL 6, 51)."""

    __tablename__ = "import_contact"
    __table_args__ = (Index("ix_import_contact_person_id", "person_id"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
