"""The verbs: keep a file, attach it to what it is for, take it off again, ask who may see it.

A domain that uses files says once, with ``owner``, which types it takes and who may see them. Nobody attaches a file
that somebody else has sent: knowing its id is no right to it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.database import is_sqlite, new_id, session
from timebank.errors import NotFound
from timebank.files import queries
from timebank.files.errors import FileTypeRefused, TooManyUnusedFiles, UnknownFile
from timebank.files.models import FileAttachment, FileUpload, StoredFile
from timebank.files.pictures import Content
from timebank.files.rules import MAX_UNUSED
from timebank.files.store import Store
from timebank.identity.rules import Actor

MaySee = Callable[[Actor, UUID], bool]


@dataclass(frozen=True, slots=True)
class Owner:
    """What one kind of owner takes, and whom it shows its files."""

    takes: Collection[str]
    may_see: MaySee


_owners: dict[str, Owner] = {}


def owner(kind: str, *, takes: Collection[str]) -> Callable[[MaySee], MaySee]:
    """Have the decorated function say who may see the files of the owners of this kind (given the owner's id)."""

    def declare(may_see: MaySee) -> MaySee:
        _owners[kind] = Owner(takes, may_see)
        return may_see

    return declare


def refuse_hoarder(person_id: UUID) -> None:
    """Raise TooManyUnusedFiles for whoever has sent many files that nothing uses."""
    if queries.unused_by(person_id) >= MAX_UNUSED:
        raise TooManyUnusedFiles(max_files=MAX_UNUSED)


def keep(*, actor_id: UUID, content: Content, store: Store) -> StoredFile:
    """Note that somebody has sent a content, which lies in the store already; the same content is the same file."""
    name, media_type = content.sha256, content.media_type
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    made = insert(StoredFile).values(id=new_id(), sha256=name, media_type=media_type, bytes=len(content.data))
    # An update that changes nothing locks the row, which keeps the sweep away.
    same = made.on_conflict_do_update(index_elements=[StoredFile.sha256], set_={"media_type": media_type})
    file = session.scalars(same.returning(StoredFile)).one()
    if not store.has(name):  # swept since it was written
        store.keep(content.data)
    sent = insert(FileUpload).values(file_id=file.id, person_id=actor_id, uploaded_at=clock.wall())
    session.execute(
        sent.on_conflict_do_update(
            index_elements=[FileUpload.file_id, FileUpload.person_id], set_={"uploaded_at": clock.wall()}
        )
    )
    return file


def attach(*, file_id: UUID, owner_kind: str, owner_id: UUID, actor: Actor) -> StoredFile:
    """Say what a file of the actor's is for; what is attached already stays so, whoever sent it.

    The lock keeps the sweep away. Raises UnknownFile, FileTypeRefused.
    """
    file = session.scalars(
        select(StoredFile).where(StoredFile.id == file_id).with_for_update(read=True, key_share=True)
    ).one_or_none()
    if file is None:
        raise UnknownFile
    if (owner_kind, owner_id) in queries.owners_of(file_id):
        return file
    if not queries.uploaded_by(file_id, actor.person_id):
        raise UnknownFile
    if file.media_type not in _owners[owner_kind].takes:
        raise FileTypeRefused
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    made = insert(FileAttachment).values(
        file_id=file_id,
        owner_kind=owner_kind,
        owner_id=owner_id,
        attached_by=actor.person_id,
        attached_at=clock.wall(),
    )
    session.execute(made.on_conflict_do_nothing())
    return file


def attach_named(*, names: Collection[str], owner_kind: str, owner_id: UUID, actor: Actor) -> None:
    """Attach those of the actor's files that have one of these names (SHA-256); other names are of files kept elsewhere.

    Raises FileTypeRefused.
    """
    for file_id in queries.own_files(actor.person_id, names):
        attach(file_id=file_id, owner_kind=owner_kind, owner_id=owner_id, actor=actor)


def attach_only(*, file_ids: Collection[UUID], owner_kind: str, owner_id: UUID, actor: Actor) -> None:
    """Attach these files to an owner and take off all others. Raises UnknownFile, FileTypeRefused."""
    for file_id in sorted(set(file_ids)):
        attach(file_id=file_id, owner_kind=owner_kind, owner_id=owner_id, actor=actor)
    session.execute(
        delete(FileAttachment).where(
            FileAttachment.owner_kind == owner_kind,
            FileAttachment.owner_id == owner_id,
            FileAttachment.file_id.not_in(file_ids),
        ),
        execution_options={"synchronize_session": False},
    )


def visible(*, file_id: UUID, actor: Actor) -> StoredFile:
    """Return a file to whoever sent it, and to whom an owner of it shows it. Raises NotFound."""
    file = queries.file(file_id)
    if file is None:
        raise NotFound
    if queries.uploaded_by(file_id, actor.person_id):
        return file
    if any(kind in _owners and _owners[kind].may_see(actor, owner_id) for kind, owner_id in queries.owners_of(file_id)):
        return file
    raise NotFound
